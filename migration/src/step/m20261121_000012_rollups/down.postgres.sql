-- irreversible token_deltas: a delta without tokens is not known before this step, and the rollups have it
DROP INDEX videos_completed_at_id_idx;
DROP INDEX agent_executions_created_at_id_idx;
DROP INDEX stage_outputs_created_at_stage_number_duration_ms_id_idx;
DROP TABLE rollup_state;
DROP TABLE token_day_rollups;
DELETE FROM token_deltas WHERE model IS NULL;
ALTER TABLE token_deltas DROP CONSTRAINT token_deltas_kind_check;
ALTER TABLE token_deltas ALTER COLUMN type SET NOT NULL;
ALTER TABLE token_deltas ALTER COLUMN task SET NOT NULL;
ALTER TABLE token_deltas ALTER COLUMN model SET NOT NULL;
