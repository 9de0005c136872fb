CREATE TABLE uploads (
    id uuid_text NOT NULL,
    user_id uuid_text NOT NULL,
    kind enum_text NOT NULL,
    file_name varchar(255) NOT NULL,
    content_type varchar(255) NOT NULL,
    size integer NOT NULL,
    "offset" integer NOT NULL DEFAULT 0,
    parts jsonb_text NOT NULL DEFAULT '[]',
    sha256 varchar(64),
    storage_key varchar(255) NOT NULL,
    status enum_text NOT NULL,
    metadata jsonb_text NOT NULL DEFAULT '{}',
    expires_at timestamp_with_timezone_text,
    lock_token uuid_text,
    lock_until timestamp_with_timezone_text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT uploads_pkey PRIMARY KEY (id),
    CONSTRAINT uploads_offset_check CHECK ("offset" >= 0 AND "offset" <= size),
    CONSTRAINT uploads_kind_check CHECK (kind IN ('avatar', 'document')),
    CONSTRAINT uploads_file_name_length CHECK (length(file_name) <= 255),
    CONSTRAINT uploads_content_type_length CHECK (length(content_type) <= 255),
    CONSTRAINT uploads_sha256_length CHECK (length(sha256) <= 64),
    CONSTRAINT uploads_storage_key_length CHECK (length(storage_key) <= 255),
    CONSTRAINT uploads_status_check CHECK (status IN ('pending', 'complete', 'rejected')),
    CONSTRAINT uploads_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX uploads_user_id_created_at_id_idx ON uploads (user_id, created_at, id);
CREATE INDEX uploads_status_expires_at_idx ON uploads (status, expires_at);
