-- irreversible rollup_state.charts_built_at: the sums of charts are built anew
DROP TRIGGER stage_outputs_count_delete ON stage_outputs;
DROP TRIGGER stage_outputs_count_update ON stage_outputs;
DROP TRIGGER stage_outputs_count_insert ON stage_outputs;
DROP FUNCTION count_stage_outputs();
DROP TABLE stage_deltas;
DROP TABLE stage_rollups;
