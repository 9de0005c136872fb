-- irreversible rollup_state.charts_built_at: the sums of charts are built anew
DROP TRIGGER stage_outputs_count_delete;
DROP TRIGGER stage_outputs_count_update;
DROP TRIGGER stage_outputs_count_insert;
DROP TABLE stage_deltas;
DROP TABLE stage_rollups;
