CREATE TYPE upload_kind AS ENUM ('avatar', 'document');
CREATE TYPE upload_status AS ENUM ('pending', 'complete', 'rejected');

CREATE TABLE uploads (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind upload_kind NOT NULL,
    file_name varchar(255) NOT NULL,
    content_type varchar(255) NOT NULL,
    size bigint NOT NULL,
    "offset" bigint NOT NULL DEFAULT 0,
    parts jsonb NOT NULL DEFAULT '[]',
    sha256 varchar(64),
    storage_key varchar(255) NOT NULL,
    status upload_status NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    expires_at timestamp with time zone,
    lock_token uuid,
    lock_until timestamp with time zone,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT uploads_pkey PRIMARY KEY (id),
    CONSTRAINT uploads_offset_check CHECK ("offset" >= 0 AND "offset" <= size),
    CONSTRAINT uploads_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX uploads_user_id_created_at_id_idx ON uploads (user_id, created_at, id);
CREATE INDEX uploads_status_expires_at_idx ON uploads (status, expires_at);
