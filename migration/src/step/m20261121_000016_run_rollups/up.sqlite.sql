CREATE TABLE run_rollups (
    id uuid_text NOT NULL,
    grain enum_text NOT NULL,
    bucket_start timestamp_with_timezone_text NOT NULL,
    status enum_text NOT NULL,
    current_stage integer NOT NULL,
    count integer NOT NULL DEFAULT 0,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT run_rollups_pkey PRIMARY KEY (id),
    CONSTRAINT run_rollups_grain_check CHECK (grain IN ('QUARTER', 'HOUR', 'DAY', 'MONTH')),
    CONSTRAINT run_rollups_status_check CHECK (status IN ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED'))
);

CREATE UNIQUE INDEX run_rollups_grain_bucket_start_status_current_stage_key ON run_rollups (grain, bucket_start, status, current_stage);

CREATE TABLE run_deltas (
    id uuid_text NOT NULL,
    bucket_start timestamp_with_timezone_text NOT NULL,
    status enum_text NOT NULL,
    current_stage integer NOT NULL,
    count integer NOT NULL,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT run_deltas_pkey PRIMARY KEY (id),
    CONSTRAINT run_deltas_status_check CHECK (status IN ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED'))
);

CREATE INDEX run_deltas_bucket_start_id_idx ON run_deltas (bucket_start, id);

CREATE TRIGGER runs_count_insert AFTER INSERT ON runs
BEGIN
    INSERT INTO run_deltas (id, bucket_start, status, current_stage, count, created_at, updated_at)
    SELECT randomblob(16), substr(NEW.created_at, 1, 14) || printf('%02d', substr(NEW.created_at, 15, 2) / 15 * 15) || ':00+00:00',
           NEW.status, NEW.current_stage, 1, NEW.updated_at, NEW.updated_at;
END;

CREATE TRIGGER runs_count_update AFTER UPDATE OF status, current_stage, created_at ON runs
WHEN OLD.status IS NOT NEW.status OR OLD.current_stage IS NOT NEW.current_stage OR OLD.created_at IS NOT NEW.created_at
BEGIN
    INSERT INTO run_deltas (id, bucket_start, status, current_stage, count, created_at, updated_at)
    SELECT randomblob(16), substr(OLD.created_at, 1, 14) || printf('%02d', substr(OLD.created_at, 15, 2) / 15 * 15) || ':00+00:00',
           OLD.status, OLD.current_stage, -1, NEW.updated_at, NEW.updated_at;
    INSERT INTO run_deltas (id, bucket_start, status, current_stage, count, created_at, updated_at)
    SELECT randomblob(16), substr(NEW.created_at, 1, 14) || printf('%02d', substr(NEW.created_at, 15, 2) / 15 * 15) || ':00+00:00',
           NEW.status, NEW.current_stage, 1, NEW.updated_at, NEW.updated_at;
END;

CREATE TRIGGER runs_count_delete AFTER DELETE ON runs
BEGIN
    INSERT INTO run_deltas (id, bucket_start, status, current_stage, count, created_at, updated_at)
    SELECT randomblob(16), substr(OLD.created_at, 1, 14) || printf('%02d', substr(OLD.created_at, 15, 2) / 15 * 15) || ':00+00:00',
           OLD.status, OLD.current_stage, -1, OLD.updated_at, OLD.updated_at;
END;

-- What stands already is counted by the next rebuild; until then the charts read the rows.
ALTER TABLE rollup_state ADD COLUMN charts_built_at timestamp_with_timezone_text;
ALTER TABLE rollup_state ADD COLUMN resume_from text;
