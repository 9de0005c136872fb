CREATE TABLE jobs (
    id uuid_text NOT NULL,
    kind varchar(255) NOT NULL,
    payload jsonb_text NOT NULL DEFAULT '{}',
    queue varchar(255) NOT NULL DEFAULT 'default',
    state enum_text NOT NULL,
    priority integer NOT NULL DEFAULT 0,
    run_at timestamp_with_timezone_text NOT NULL,
    attempt integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL DEFAULT 10,
    unique_key varchar(255),
    owner_id uuid_text,
    worker varchar(255),
    lease_until timestamp_with_timezone_text,
    fence integer NOT NULL DEFAULT 0,
    progress integer NOT NULL DEFAULT 0,
    cancel_requested_at timestamp_with_timezone_text,
    last_error text,
    finished_at timestamp_with_timezone_text,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT jobs_pkey PRIMARY KEY (id),
    CONSTRAINT jobs_progress_check CHECK (progress BETWEEN 0 AND 100),
    CONSTRAINT jobs_kind_length CHECK (length(kind) <= 255),
    CONSTRAINT jobs_queue_length CHECK (length(queue) <= 255),
    CONSTRAINT jobs_state_check CHECK (state IN ('queued', 'running', 'succeeded', 'dead', 'cancelled')),
    CONSTRAINT jobs_unique_key_length CHECK (length(unique_key) <= 255),
    CONSTRAINT jobs_worker_length CHECK (length(worker) <= 255),
    CONSTRAINT jobs_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX jobs_unique_key_key ON jobs (unique_key) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_queue_priority_run_at_id_idx ON jobs (queue, priority, run_at, id) WHERE state = 'queued';
CREATE INDEX jobs_lease_until_idx ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_state_created_at_id_idx ON jobs (state, created_at, id);
CREATE INDEX jobs_owner_id_created_at_id_idx ON jobs (owner_id, created_at, id);

CREATE TABLE job_schedules (
    id uuid_text NOT NULL,
    name varchar(255) NOT NULL,
    kind varchar(255) NOT NULL,
    payload jsonb_text NOT NULL DEFAULT '{}',
    queue varchar(255) NOT NULL DEFAULT 'default',
    cron varchar(255) NOT NULL,
    time_zone varchar(255) NOT NULL DEFAULT 'UTC',
    is_active boolean NOT NULL DEFAULT TRUE,
    next_run_at timestamp_with_timezone_text,
    last_run_at timestamp_with_timezone_text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT job_schedules_pkey PRIMARY KEY (id),
    CONSTRAINT job_schedules_name_key UNIQUE (name),
    CONSTRAINT job_schedules_name_length CHECK (length(name) <= 255),
    CONSTRAINT job_schedules_kind_length CHECK (length(kind) <= 255),
    CONSTRAINT job_schedules_queue_length CHECK (length(queue) <= 255),
    CONSTRAINT job_schedules_cron_length CHECK (length(cron) <= 255),
    CONSTRAINT job_schedules_time_zone_length CHECK (length(time_zone) <= 255)
);

CREATE INDEX job_schedules_is_active_next_run_at_id_idx ON job_schedules (is_active, next_run_at, id);

CREATE TABLE idempotency_keys (
    id uuid_text NOT NULL,
    actor varchar(255) NOT NULL,
    route varchar(255) NOT NULL,
    key varchar(255) NOT NULL,
    fingerprint varchar(64) NOT NULL,
    state enum_text NOT NULL,
    resource varchar(255),
    status integer,
    body text,
    expires_at timestamp_with_timezone_text NOT NULL,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (id),
    CONSTRAINT idempotency_keys_actor_length CHECK (length(actor) <= 255),
    CONSTRAINT idempotency_keys_route_length CHECK (length(route) <= 255),
    CONSTRAINT idempotency_keys_key_length CHECK (length(key) <= 255),
    CONSTRAINT idempotency_keys_fingerprint_length CHECK (length(fingerprint) <= 64),
    CONSTRAINT idempotency_keys_state_check CHECK (state IN ('in_flight', 'done')),
    CONSTRAINT idempotency_keys_resource_length CHECK (length(resource) <= 255)
);

CREATE UNIQUE INDEX idempotency_keys_actor_route_key_key ON idempotency_keys (actor, route, key);
CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at);

CREATE TABLE audit_log (
    id uuid_text NOT NULL,
    actor_kind enum_text NOT NULL,
    actor_id varchar(255) NOT NULL,
    action varchar(255) NOT NULL,
    resource_type varchar(255) NOT NULL,
    resource_id varchar(255) NOT NULL,
    before jsonb_text,
    after jsonb_text,
    request_id varchar(255),
    address varchar(64),
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT audit_log_pkey PRIMARY KEY (id),
    CONSTRAINT audit_log_actor_kind_check CHECK (actor_kind IN ('anonymous', 'user', 'api_key', 'worker', 'system')),
    CONSTRAINT audit_log_actor_id_length CHECK (length(actor_id) <= 255),
    CONSTRAINT audit_log_action_length CHECK (length(action) <= 255),
    CONSTRAINT audit_log_resource_type_length CHECK (length(resource_type) <= 255),
    CONSTRAINT audit_log_resource_id_length CHECK (length(resource_id) <= 255),
    CONSTRAINT audit_log_request_id_length CHECK (length(request_id) <= 255),
    CONSTRAINT audit_log_address_length CHECK (length(address) <= 64)
);

CREATE INDEX audit_log_resource_type_resource_id_created_at_id_idx ON audit_log (resource_type, resource_id, created_at, id);
CREATE INDEX audit_log_actor_id_created_at_id_idx ON audit_log (actor_id, created_at, id);
CREATE INDEX audit_log_created_at_id_idx ON audit_log (created_at, id);

CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only');
END;

CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only');
END;

CREATE TABLE saved_views (
    id uuid_text NOT NULL,
    user_id uuid_text NOT NULL,
    name varchar(255) NOT NULL,
    shared boolean NOT NULL DEFAULT FALSE,
    resource varchar(255) NOT NULL,
    filter jsonb_text NOT NULL DEFAULT '{}',
    columns jsonb_text NOT NULL DEFAULT '[]',
    "order" jsonb_text NOT NULL DEFAULT '[]',
    chart jsonb_text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT saved_views_pkey PRIMARY KEY (id),
    CONSTRAINT saved_views_name_length CHECK (length(name) <= 255),
    CONSTRAINT saved_views_resource_length CHECK (length(resource) <= 255),
    CONSTRAINT saved_views_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX saved_views_user_id_resource_idx ON saved_views (user_id, resource);
CREATE INDEX saved_views_shared_idx ON saved_views (resource, id) WHERE shared;

CREATE TABLE saved_reports (
    id uuid_text NOT NULL,
    user_id uuid_text NOT NULL,
    name varchar(255) NOT NULL,
    shared boolean NOT NULL DEFAULT FALSE,
    resource varchar(255) NOT NULL,
    filter jsonb_text NOT NULL DEFAULT '{}',
    columns jsonb_text NOT NULL DEFAULT '[]',
    "order" jsonb_text NOT NULL DEFAULT '[]',
    chart jsonb_text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT saved_reports_pkey PRIMARY KEY (id),
    CONSTRAINT saved_reports_name_length CHECK (length(name) <= 255),
    CONSTRAINT saved_reports_resource_length CHECK (length(resource) <= 255),
    CONSTRAINT saved_reports_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX saved_reports_user_id_resource_idx ON saved_reports (user_id, resource);
CREATE INDEX saved_reports_shared_idx ON saved_reports (resource, id) WHERE shared;

CREATE TABLE trusted_documents (
    id uuid_text NOT NULL,
    hash varchar(64) NOT NULL,
    text text NOT NULL,
    name varchar(255),
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT trusted_documents_pkey PRIMARY KEY (id),
    CONSTRAINT trusted_documents_hash_key UNIQUE (hash),
    CONSTRAINT trusted_documents_hash_length CHECK (length(hash) <= 64),
    CONSTRAINT trusted_documents_name_length CHECK (length(name) <= 255)
);

CREATE TABLE import_batches (
    id uuid_text NOT NULL,
    source varchar(255) NOT NULL,
    state enum_text NOT NULL,
    counts jsonb_text NOT NULL DEFAULT '{}',
    checkpoint jsonb_text,
    finished_at timestamp_with_timezone_text,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT import_batches_pkey PRIMARY KEY (id),
    CONSTRAINT import_batches_source_length CHECK (length(source) <= 255),
    CONSTRAINT import_batches_state_check CHECK (state IN ('running', 'completed', 'partial', 'failed', 'undone'))
);

CREATE INDEX import_batches_source_created_at_id_idx ON import_batches (source, created_at, id);

CREATE TABLE import_records (
    id uuid_text NOT NULL,
    source varchar(255) NOT NULL,
    collection varchar(255) NOT NULL,
    external_id varchar(255) NOT NULL,
    row_table varchar(255) NOT NULL,
    row_id uuid_text NOT NULL,
    content_hash varchar(64) NOT NULL,
    batch_id uuid_text NOT NULL,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT import_records_pkey PRIMARY KEY (id),
    CONSTRAINT import_records_source_length CHECK (length(source) <= 255),
    CONSTRAINT import_records_collection_length CHECK (length(collection) <= 255),
    CONSTRAINT import_records_external_id_length CHECK (length(external_id) <= 255),
    CONSTRAINT import_records_row_table_length CHECK (length(row_table) <= 255),
    CONSTRAINT import_records_content_hash_length CHECK (length(content_hash) <= 64),
    CONSTRAINT import_records_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES import_batches (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX import_records_source_collection_external_id_key ON import_records (source, collection, external_id);
CREATE INDEX import_records_batch_id_id_idx ON import_records (batch_id, id);
CREATE INDEX import_records_row_table_row_id_idx ON import_records (row_table, row_id);
