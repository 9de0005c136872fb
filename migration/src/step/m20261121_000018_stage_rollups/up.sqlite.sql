CREATE TABLE stage_rollups (
    id uuid_text NOT NULL,
    grain enum_text NOT NULL,
    bucket_start timestamp_with_timezone_text NOT NULL,
    stage_number integer NOT NULL,
    count integer NOT NULL DEFAULT 0,
    total_ms integer NOT NULL DEFAULT 0,
    histogram varbinary_blob NOT NULL,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT stage_rollups_pkey PRIMARY KEY (id),
    CONSTRAINT stage_rollups_grain_check CHECK (grain IN ('QUARTER', 'HOUR', 'DAY', 'MONTH'))
);

CREATE UNIQUE INDEX stage_rollups_grain_bucket_start_stage_number_key ON stage_rollups (grain, bucket_start, stage_number);

CREATE TABLE stage_deltas (
    id uuid_text NOT NULL,
    bucket_start timestamp_with_timezone_text NOT NULL,
    stage_number integer NOT NULL,
    duration_ms integer NOT NULL,
    count integer NOT NULL,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT stage_deltas_pkey PRIMARY KEY (id)
);

CREATE INDEX stage_deltas_bucket_start_id_idx ON stage_deltas (bucket_start, id);

CREATE TRIGGER stage_outputs_count_insert AFTER INSERT ON stage_outputs
WHEN NEW.duration_ms IS NOT NULL
BEGIN
    INSERT INTO stage_deltas (id, bucket_start, stage_number, duration_ms, count, created_at, updated_at)
    SELECT randomblob(16), substr(NEW.created_at, 1, 14) || printf('%02d', substr(NEW.created_at, 15, 2) / 15 * 15) || ':00+00:00',
           NEW.stage_number, NEW.duration_ms, 1, NEW.updated_at, NEW.updated_at;
END;

CREATE TRIGGER stage_outputs_count_update AFTER UPDATE OF stage_number, duration_ms, created_at ON stage_outputs
WHEN OLD.stage_number IS NOT NEW.stage_number OR OLD.duration_ms IS NOT NEW.duration_ms OR OLD.created_at IS NOT NEW.created_at
BEGIN
    INSERT INTO stage_deltas (id, bucket_start, stage_number, duration_ms, count, created_at, updated_at)
    SELECT randomblob(16), substr(OLD.created_at, 1, 14) || printf('%02d', substr(OLD.created_at, 15, 2) / 15 * 15) || ':00+00:00',
           OLD.stage_number, OLD.duration_ms, -1, NEW.updated_at, NEW.updated_at
    WHERE OLD.duration_ms IS NOT NULL;
    INSERT INTO stage_deltas (id, bucket_start, stage_number, duration_ms, count, created_at, updated_at)
    SELECT randomblob(16), substr(NEW.created_at, 1, 14) || printf('%02d', substr(NEW.created_at, 15, 2) / 15 * 15) || ':00+00:00',
           NEW.stage_number, NEW.duration_ms, 1, NEW.updated_at, NEW.updated_at
    WHERE NEW.duration_ms IS NOT NULL;
END;

CREATE TRIGGER stage_outputs_count_delete AFTER DELETE ON stage_outputs
WHEN OLD.duration_ms IS NOT NULL
BEGIN
    INSERT INTO stage_deltas (id, bucket_start, stage_number, duration_ms, count, created_at, updated_at)
    SELECT randomblob(16), substr(OLD.created_at, 1, 14) || printf('%02d', substr(OLD.created_at, 15, 2) / 15 * 15) || ':00+00:00',
           OLD.stage_number, OLD.duration_ms, -1, OLD.updated_at, OLD.updated_at;
END;

UPDATE rollup_state SET charts_built_at = NULL;
