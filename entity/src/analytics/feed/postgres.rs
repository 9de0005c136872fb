//! Inserts and deletions are counted once a statement, however many rows it has; an update row by row,
//! and only where it moves a row: a claim that is renewed does not.

/// In the order in which they are made.
pub(super) const RUNS: &[&str] = &[
    "CREATE FUNCTION count_runs() RETURNS trigger
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
$$",
    "CREATE TRIGGER runs_count_insert AFTER INSERT ON runs REFERENCING NEW TABLE AS fresh \
     FOR EACH STATEMENT EXECUTE FUNCTION count_runs()",
    "CREATE TRIGGER runs_count_update AFTER UPDATE OF status, current_stage, created_at ON \
     runs FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status OR OLD.current_stage IS \
     DISTINCT FROM NEW.current_stage OR OLD.created_at IS DISTINCT FROM NEW.created_at) \
     EXECUTE FUNCTION count_runs()",
    "CREATE TRIGGER runs_count_delete AFTER DELETE ON runs REFERENCING OLD TABLE AS gone \
     FOR EACH STATEMENT EXECUTE FUNCTION count_runs()",
];

/// In the order in which they are made.
pub(super) const STAGES: &[&str] = &[
    "CREATE FUNCTION count_stage_outputs() RETURNS trigger
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
$$",
    "CREATE TRIGGER stage_outputs_count_insert AFTER INSERT ON stage_outputs REFERENCING \
     NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION count_stage_outputs()",
    "CREATE TRIGGER stage_outputs_count_update AFTER UPDATE OF stage_number, duration_ms, \
     created_at ON stage_outputs FOR EACH ROW WHEN (OLD.stage_number IS DISTINCT FROM \
     NEW.stage_number OR OLD.duration_ms IS DISTINCT FROM NEW.duration_ms OR OLD.created_at \
     IS DISTINCT FROM NEW.created_at) EXECUTE FUNCTION count_stage_outputs()",
    "CREATE TRIGGER stage_outputs_count_delete AFTER DELETE ON stage_outputs REFERENCING \
     OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_stage_outputs()",
];
