CREATE TYPE rollup_grain AS ENUM ('QUARTER', 'HOUR', 'DAY', 'MONTH');

CREATE TABLE run_rollups (
    id uuid NOT NULL,
    grain rollup_grain NOT NULL,
    bucket_start timestamp with time zone NOT NULL,
    status run_status NOT NULL,
    current_stage integer NOT NULL,
    count bigint NOT NULL DEFAULT 0,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT run_rollups_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX run_rollups_grain_bucket_start_status_current_stage_key ON run_rollups (grain, bucket_start, status, current_stage);

CREATE TABLE run_deltas (
    id uuid NOT NULL,
    bucket_start timestamp with time zone NOT NULL,
    status run_status NOT NULL,
    current_stage integer NOT NULL,
    count bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT run_deltas_pkey PRIMARY KEY (id)
);

CREATE INDEX run_deltas_bucket_start_id_idx ON run_deltas (bucket_start, id);

CREATE FUNCTION count_runs() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO run_deltas (id, bucket_start, status, current_stage, count, created_at, updated_at)
        SELECT gen_random_uuid(), to_timestamp(floor(extract(epoch FROM created_at) / 900) * 900), status, current_stage, count(*),
               max(updated_at), max(updated_at)
        FROM fresh GROUP BY 2, status, current_stage;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO run_deltas (id, bucket_start, status, current_stage, count, created_at, updated_at)
        SELECT gen_random_uuid(), to_timestamp(floor(extract(epoch FROM created_at) / 900) * 900), status, current_stage, -count(*),
               max(updated_at), max(updated_at)
        FROM gone GROUP BY 2, status, current_stage;
    ELSE
        INSERT INTO run_deltas (id, bucket_start, status, current_stage, count, created_at, updated_at)
        SELECT gen_random_uuid(), to_timestamp(floor(extract(epoch FROM OLD.created_at) / 900) * 900), OLD.status, OLD.current_stage, -1,
               NEW.updated_at, NEW.updated_at;
        INSERT INTO run_deltas (id, bucket_start, status, current_stage, count, created_at, updated_at)
        SELECT gen_random_uuid(), to_timestamp(floor(extract(epoch FROM NEW.created_at) / 900) * 900), NEW.status, NEW.current_stage, 1,
               NEW.updated_at, NEW.updated_at;
    END IF;
    RETURN NULL;
END;
$$;

CREATE TRIGGER runs_count_insert AFTER INSERT ON runs REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION count_runs();

CREATE TRIGGER runs_count_update AFTER UPDATE OF status, current_stage, created_at ON runs FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status OR OLD.current_stage IS DISTINCT FROM NEW.current_stage OR OLD.created_at IS DISTINCT FROM NEW.created_at) EXECUTE FUNCTION count_runs();

CREATE TRIGGER runs_count_delete AFTER DELETE ON runs REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_runs();

-- What stands already is counted by the next rebuild; until then the charts read the rows.
ALTER TABLE rollup_state ADD COLUMN charts_built_at timestamp with time zone;
ALTER TABLE rollup_state ADD COLUMN resume_from text;
