ALTER TABLE rollup_state DROP COLUMN resume_from;
ALTER TABLE rollup_state DROP COLUMN charts_built_at;
DROP TRIGGER runs_count_delete ON runs;
DROP TRIGGER runs_count_update ON runs;
DROP TRIGGER runs_count_insert ON runs;
DROP FUNCTION count_runs();
DROP TABLE run_deltas;
DROP TABLE run_rollups;
DROP TYPE rollup_grain;
