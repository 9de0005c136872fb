ALTER TABLE rollup_state DROP COLUMN resume_from;
ALTER TABLE rollup_state DROP COLUMN charts_built_at;
DROP TRIGGER runs_count_delete;
DROP TRIGGER runs_count_update;
DROP TRIGGER runs_count_insert;
DROP TABLE run_deltas;
DROP TABLE run_rollups;
