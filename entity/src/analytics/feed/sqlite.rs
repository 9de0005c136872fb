//! Row by row: `SQLite` has no triggers of statements. Times are text.

/// In the order in which they are made.
pub(super) const RUNS: &[&str] = &[
    "CREATE TRIGGER runs_count_insert AFTER INSERT ON runs
BEGIN
    INSERT INTO run_deltas (id, bucket_start, status, current_stage, count, created_at, updated_at)
    SELECT randomblob(16), substr(NEW.created_at, 1, 14) || printf('%02d', substr(NEW.created_at, 15, 2) / 15 * 15) || ':00+00:00',
           NEW.status, NEW.current_stage, 1, NEW.updated_at, NEW.updated_at;
END",
    "CREATE TRIGGER runs_count_update AFTER UPDATE OF status, current_stage, created_at ON runs
WHEN OLD.status IS NOT NEW.status OR OLD.current_stage IS NOT NEW.current_stage OR OLD.created_at IS NOT NEW.created_at
BEGIN
    INSERT INTO run_deltas (id, bucket_start, status, current_stage, count, created_at, updated_at)
    SELECT randomblob(16), substr(OLD.created_at, 1, 14) || printf('%02d', substr(OLD.created_at, 15, 2) / 15 * 15) || ':00+00:00',
           OLD.status, OLD.current_stage, -1, NEW.updated_at, NEW.updated_at;
    INSERT INTO run_deltas (id, bucket_start, status, current_stage, count, created_at, updated_at)
    SELECT randomblob(16), substr(NEW.created_at, 1, 14) || printf('%02d', substr(NEW.created_at, 15, 2) / 15 * 15) || ':00+00:00',
           NEW.status, NEW.current_stage, 1, NEW.updated_at, NEW.updated_at;
END",
    "CREATE TRIGGER runs_count_delete AFTER DELETE ON runs
BEGIN
    INSERT INTO run_deltas (id, bucket_start, status, current_stage, count, created_at, updated_at)
    SELECT randomblob(16), substr(OLD.created_at, 1, 14) || printf('%02d', substr(OLD.created_at, 15, 2) / 15 * 15) || ':00+00:00',
           OLD.status, OLD.current_stage, -1, OLD.updated_at, OLD.updated_at;
END",
];

/// In the order in which they are made.
pub(super) const STAGES: &[&str] = &[
    "CREATE TRIGGER stage_outputs_count_insert AFTER INSERT ON stage_outputs
WHEN NEW.duration_ms IS NOT NULL
BEGIN
    INSERT INTO stage_deltas (id, bucket_start, stage_number, duration_ms, count, created_at, updated_at)
    SELECT randomblob(16), substr(NEW.created_at, 1, 14) || printf('%02d', substr(NEW.created_at, 15, 2) / 15 * 15) || ':00+00:00',
           NEW.stage_number, NEW.duration_ms, 1, NEW.updated_at, NEW.updated_at;
END",
    "CREATE TRIGGER stage_outputs_count_update AFTER UPDATE OF stage_number, duration_ms, created_at ON stage_outputs
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
END",
    "CREATE TRIGGER stage_outputs_count_delete AFTER DELETE ON stage_outputs
WHEN OLD.duration_ms IS NOT NULL
BEGIN
    INSERT INTO stage_deltas (id, bucket_start, stage_number, duration_ms, count, created_at, updated_at)
    SELECT randomblob(16), substr(OLD.created_at, 1, 14) || printf('%02d', substr(OLD.created_at, 15, 2) / 15 * 15) || ':00+00:00',
           OLD.stage_number, OLD.duration_ms, -1, OLD.updated_at, OLD.updated_at;
END",
];
