CREATE TABLE stage_rollups (
    id uuid NOT NULL,
    grain rollup_grain NOT NULL,
    bucket_start timestamp with time zone NOT NULL,
    stage_number integer NOT NULL,
    count bigint NOT NULL DEFAULT 0,
    total_ms bigint NOT NULL DEFAULT 0,
    histogram bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT stage_rollups_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX stage_rollups_grain_bucket_start_stage_number_key ON stage_rollups (grain, bucket_start, stage_number);

CREATE TABLE stage_deltas (
    id uuid NOT NULL,
    bucket_start timestamp with time zone NOT NULL,
    stage_number integer NOT NULL,
    duration_ms bigint NOT NULL,
    count bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT stage_deltas_pkey PRIMARY KEY (id)
);

CREATE INDEX stage_deltas_bucket_start_id_idx ON stage_deltas (bucket_start, id);

CREATE FUNCTION count_stage_outputs() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO stage_deltas (id, bucket_start, stage_number, duration_ms, count, created_at, updated_at)
        SELECT gen_random_uuid(), to_timestamp(floor(extract(epoch FROM created_at) / 900) * 900), stage_number, duration_ms, count(*),
               max(updated_at), max(updated_at)
        FROM fresh WHERE duration_ms IS NOT NULL GROUP BY 2, stage_number, duration_ms;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO stage_deltas (id, bucket_start, stage_number, duration_ms, count, created_at, updated_at)
        SELECT gen_random_uuid(), to_timestamp(floor(extract(epoch FROM created_at) / 900) * 900), stage_number, duration_ms, -count(*),
               max(updated_at), max(updated_at)
        FROM gone WHERE duration_ms IS NOT NULL GROUP BY 2, stage_number, duration_ms;
    ELSE
        INSERT INTO stage_deltas (id, bucket_start, stage_number, duration_ms, count, created_at, updated_at)
        SELECT gen_random_uuid(), to_timestamp(floor(extract(epoch FROM OLD.created_at) / 900) * 900), OLD.stage_number, OLD.duration_ms, -1,
               NEW.updated_at, NEW.updated_at WHERE OLD.duration_ms IS NOT NULL;
        INSERT INTO stage_deltas (id, bucket_start, stage_number, duration_ms, count, created_at, updated_at)
        SELECT gen_random_uuid(), to_timestamp(floor(extract(epoch FROM NEW.created_at) / 900) * 900), NEW.stage_number, NEW.duration_ms, 1,
               NEW.updated_at, NEW.updated_at WHERE NEW.duration_ms IS NOT NULL;
    END IF;
    RETURN NULL;
END;
$$;

CREATE TRIGGER stage_outputs_count_insert AFTER INSERT ON stage_outputs REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION count_stage_outputs();

CREATE TRIGGER stage_outputs_count_update AFTER UPDATE OF stage_number, duration_ms, created_at ON stage_outputs FOR EACH ROW WHEN (OLD.stage_number IS DISTINCT FROM NEW.stage_number OR OLD.duration_ms IS DISTINCT FROM NEW.duration_ms OR OLD.created_at IS DISTINCT FROM NEW.created_at) EXECUTE FUNCTION count_stage_outputs();

CREATE TRIGGER stage_outputs_count_delete AFTER DELETE ON stage_outputs REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_stage_outputs();

UPDATE rollup_state SET charts_built_at = NULL;
