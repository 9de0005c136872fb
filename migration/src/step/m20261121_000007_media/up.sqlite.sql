CREATE TABLE videos (
    id uuid_text NOT NULL,
    user_id uuid_text NOT NULL,
    nft_id varchar(255) NOT NULL,
    job_id varchar(255) NOT NULL,
    status enum_text NOT NULL,
    title text,
    description text,
    video_url text,
    thumbnail_url text,
    error_message text,
    provider varchar(255),
    provider_job_id varchar(255),
    completed_at timestamp_with_timezone_text,
    is_public boolean NOT NULL DEFAULT FALSE,
    metadata jsonb_text NOT NULL DEFAULT '{}',
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT videos_pkey PRIMARY KEY (id),
    CONSTRAINT videos_job_id_key UNIQUE (job_id),
    CONSTRAINT videos_nft_id_length CHECK (length(nft_id) <= 255),
    CONSTRAINT videos_job_id_length CHECK (length(job_id) <= 255),
    CONSTRAINT videos_status_check CHECK (status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED')),
    CONSTRAINT videos_provider_length CHECK (length(provider) <= 255),
    CONSTRAINT videos_provider_job_id_length CHECK (length(provider_job_id) <= 255),
    CONSTRAINT videos_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX videos_provider_provider_job_id_key ON videos (provider, provider_job_id);
CREATE INDEX videos_user_id_created_at_id_idx ON videos (user_id, created_at, id);
CREATE INDEX videos_status_created_at_id_idx ON videos (status, created_at, id);
CREATE INDEX videos_nft_id_idx ON videos (nft_id);
CREATE INDEX videos_public_idx ON videos (created_at, id) WHERE is_public AND status = 'COMPLETED';

CREATE TABLE notifications (
    id uuid_text NOT NULL,
    user_id uuid_text NOT NULL,
    type enum_text NOT NULL,
    title text NOT NULL,
    message text NOT NULL,
    data jsonb_text,
    is_read boolean NOT NULL DEFAULT FALSE,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT notifications_pkey PRIMARY KEY (id),
    CONSTRAINT notifications_type_check CHECK (type IN ('VIDEO_COMPLETED', 'VIDEO_FAILED', 'SYSTEM_ANNOUNCEMENT', 'NFT_VERIFIED', 'PROFILE_UPDATE', 'MISSION_COMPLETED')),
    CONSTRAINT notifications_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX notifications_user_id_created_at_id_idx ON notifications (user_id, created_at, id);
CREATE INDEX notifications_unread_idx ON notifications (user_id) WHERE NOT is_read;

CREATE TABLE nft_ownership (
    id uuid_text NOT NULL,
    nft_id varchar(255) NOT NULL,
    user_id uuid_text,
    wallet_address varchar(255) NOT NULL,
    contract_address varchar(255) NOT NULL,
    token_id varchar(255) NOT NULL,
    verified boolean NOT NULL DEFAULT FALSE,
    last_verified timestamp_with_timezone_text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT nft_ownership_pkey PRIMARY KEY (id),
    CONSTRAINT nft_ownership_nft_id_length CHECK (length(nft_id) <= 255),
    CONSTRAINT nft_ownership_wallet_address_length CHECK (length(wallet_address) <= 255),
    CONSTRAINT nft_ownership_contract_address_length CHECK (length(contract_address) <= 255),
    CONSTRAINT nft_ownership_token_id_length CHECK (length(token_id) <= 255),
    CONSTRAINT nft_ownership_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE UNIQUE INDEX nft_ownership_nft_id_wallet_address_key ON nft_ownership (nft_id, wallet_address);
CREATE INDEX nft_ownership_wallet_address_idx ON nft_ownership (wallet_address);
CREATE INDEX nft_ownership_user_id_idx ON nft_ownership (user_id);
