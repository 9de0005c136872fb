CREATE TYPE job_state AS ENUM ('queued', 'running', 'succeeded', 'dead', 'cancelled');
CREATE TYPE idempotency_state AS ENUM ('in_flight', 'done');
CREATE TYPE audit_actor AS ENUM ('anonymous', 'user', 'api_key', 'worker', 'system');
CREATE TYPE import_state AS ENUM ('running', 'completed', 'partial', 'failed', 'undone');

CREATE TABLE jobs (
    id uuid NOT NULL,
    kind varchar(255) NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    queue varchar(255) NOT NULL DEFAULT 'default',
    state job_state NOT NULL,
    priority integer NOT NULL DEFAULT 0,
    run_at timestamp with time zone NOT NULL,
    attempt integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL DEFAULT 10,
    unique_key varchar(255),
    owner_id uuid,
    worker varchar(255),
    lease_until timestamp with time zone,
    fence bigint NOT NULL DEFAULT 0,
    progress integer NOT NULL DEFAULT 0,
    cancel_requested_at timestamp with time zone,
    last_error text,
    finished_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT jobs_pkey PRIMARY KEY (id),
    CONSTRAINT jobs_progress_check CHECK (progress BETWEEN 0 AND 100),
    CONSTRAINT jobs_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX jobs_unique_key_key ON jobs (unique_key) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_queue_priority_run_at_id_idx ON jobs (queue, priority, run_at, id) WHERE state = 'queued';
CREATE INDEX jobs_lease_until_idx ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_state_created_at_id_idx ON jobs (state, created_at, id);
CREATE INDEX jobs_owner_id_created_at_id_idx ON jobs (owner_id, created_at, id);

CREATE TABLE job_schedules (
    id uuid NOT NULL,
    name varchar(255) NOT NULL,
    kind varchar(255) NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    queue varchar(255) NOT NULL DEFAULT 'default',
    cron varchar(255) NOT NULL,
    time_zone varchar(255) NOT NULL DEFAULT 'UTC',
    is_active bool NOT NULL DEFAULT TRUE,
    next_run_at timestamp with time zone,
    last_run_at timestamp with time zone,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT job_schedules_pkey PRIMARY KEY (id),
    CONSTRAINT job_schedules_name_key UNIQUE (name)
);

CREATE INDEX job_schedules_is_active_next_run_at_id_idx ON job_schedules (is_active, next_run_at, id);

CREATE TABLE idempotency_keys (
    id uuid NOT NULL,
    actor varchar(255) NOT NULL,
    route varchar(255) NOT NULL,
    key varchar(255) NOT NULL,
    fingerprint varchar(64) NOT NULL,
    state idempotency_state NOT NULL,
    resource varchar(255),
    status integer,
    body text,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX idempotency_keys_actor_route_key_key ON idempotency_keys (actor, route, key);
CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at);

CREATE TABLE audit_log (
    id uuid NOT NULL,
    actor_kind audit_actor NOT NULL,
    actor_id varchar(255) NOT NULL,
    action varchar(255) NOT NULL,
    resource_type varchar(255) NOT NULL,
    resource_id varchar(255) NOT NULL,
    before jsonb,
    after jsonb,
    request_id varchar(255),
    address varchar(64),
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT audit_log_pkey PRIMARY KEY (id)
);

CREATE INDEX audit_log_resource_type_resource_id_created_at_id_idx ON audit_log (resource_type, resource_id, created_at, id);
CREATE INDEX audit_log_actor_id_created_at_id_idx ON audit_log (actor_id, created_at, id);
CREATE INDEX audit_log_created_at_id_idx ON audit_log (created_at, id);

CREATE FUNCTION audit_log_refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'audit_log is append-only' USING ERRCODE = 'check_violation';
END;
$$;

CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_log_refuse();

CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse();

CREATE TABLE saved_views (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    name varchar(255) NOT NULL,
    shared bool NOT NULL DEFAULT FALSE,
    resource varchar(255) NOT NULL,
    filter jsonb NOT NULL DEFAULT '{}',
    columns jsonb NOT NULL DEFAULT '[]',
    "order" jsonb NOT NULL DEFAULT '[]',
    chart jsonb,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT saved_views_pkey PRIMARY KEY (id),
    CONSTRAINT saved_views_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX saved_views_user_id_resource_idx ON saved_views (user_id, resource);
CREATE INDEX saved_views_shared_idx ON saved_views (resource, id) WHERE shared;

CREATE TABLE saved_reports (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    name varchar(255) NOT NULL,
    shared bool NOT NULL DEFAULT FALSE,
    resource varchar(255) NOT NULL,
    filter jsonb NOT NULL DEFAULT '{}',
    columns jsonb NOT NULL DEFAULT '[]',
    "order" jsonb NOT NULL DEFAULT '[]',
    chart jsonb,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT saved_reports_pkey PRIMARY KEY (id),
    CONSTRAINT saved_reports_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX saved_reports_user_id_resource_idx ON saved_reports (user_id, resource);
CREATE INDEX saved_reports_shared_idx ON saved_reports (resource, id) WHERE shared;

CREATE TABLE trusted_documents (
    id uuid NOT NULL,
    hash varchar(64) NOT NULL,
    text text NOT NULL,
    name varchar(255),
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT trusted_documents_pkey PRIMARY KEY (id),
    CONSTRAINT trusted_documents_hash_key UNIQUE (hash)
);

CREATE TABLE import_batches (
    id uuid NOT NULL,
    source varchar(255) NOT NULL,
    state import_state NOT NULL,
    counts jsonb NOT NULL DEFAULT '{}',
    checkpoint jsonb,
    finished_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT import_batches_pkey PRIMARY KEY (id)
);

CREATE INDEX import_batches_source_created_at_id_idx ON import_batches (source, created_at, id);

CREATE TABLE import_records (
    id uuid NOT NULL,
    source varchar(255) NOT NULL,
    collection varchar(255) NOT NULL,
    external_id varchar(255) NOT NULL,
    row_table varchar(255) NOT NULL,
    row_id uuid NOT NULL,
    content_hash varchar(64) NOT NULL,
    batch_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT import_records_pkey PRIMARY KEY (id),
    CONSTRAINT import_records_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES import_batches (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX import_records_source_collection_external_id_key ON import_records (source, collection, external_id);
CREATE INDEX import_records_batch_id_id_idx ON import_records (batch_id, id);
CREATE INDEX import_records_row_table_row_id_idx ON import_records (row_table, row_id);
