CREATE TYPE video_status AS ENUM ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED');
CREATE TYPE notification_type AS ENUM ('VIDEO_COMPLETED', 'VIDEO_FAILED', 'SYSTEM_ANNOUNCEMENT', 'NFT_VERIFIED', 'PROFILE_UPDATE', 'MISSION_COMPLETED');

CREATE TABLE videos (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    nft_id varchar(255) NOT NULL,
    job_id varchar(255) NOT NULL,
    status video_status NOT NULL,
    title text,
    description text,
    video_url text,
    thumbnail_url text,
    error_message text,
    provider varchar(255),
    provider_job_id varchar(255),
    completed_at timestamp with time zone,
    is_public bool NOT NULL DEFAULT FALSE,
    metadata jsonb NOT NULL DEFAULT '{}',
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT videos_pkey PRIMARY KEY (id),
    CONSTRAINT videos_job_id_key UNIQUE (job_id),
    CONSTRAINT videos_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX videos_provider_provider_job_id_key ON videos (provider, provider_job_id);
CREATE INDEX videos_user_id_created_at_id_idx ON videos (user_id, created_at, id);
CREATE INDEX videos_status_created_at_id_idx ON videos (status, created_at, id);
CREATE INDEX videos_nft_id_idx ON videos (nft_id);
CREATE INDEX videos_public_idx ON videos (created_at, id) WHERE is_public AND status = 'COMPLETED';

CREATE TABLE notifications (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    type notification_type NOT NULL,
    title text NOT NULL,
    message text NOT NULL,
    data jsonb,
    is_read bool NOT NULL DEFAULT FALSE,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT notifications_pkey PRIMARY KEY (id),
    CONSTRAINT notifications_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX notifications_user_id_created_at_id_idx ON notifications (user_id, created_at, id);
CREATE INDEX notifications_unread_idx ON notifications (user_id) WHERE NOT is_read;

CREATE TABLE nft_ownership (
    id uuid NOT NULL,
    nft_id varchar(255) NOT NULL,
    user_id uuid,
    wallet_address varchar(255) NOT NULL,
    contract_address varchar(255) NOT NULL,
    token_id varchar(255) NOT NULL,
    verified bool NOT NULL DEFAULT FALSE,
    last_verified timestamp with time zone,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT nft_ownership_pkey PRIMARY KEY (id),
    CONSTRAINT nft_ownership_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL
);

CREATE UNIQUE INDEX nft_ownership_nft_id_wallet_address_key ON nft_ownership (nft_id, wallet_address);
CREATE INDEX nft_ownership_wallet_address_idx ON nft_ownership (wallet_address);
CREATE INDEX nft_ownership_user_id_idx ON nft_ownership (user_id);
