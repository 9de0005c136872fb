-- irreversible rollup_state.charts_built_at: the sums of charts are built anew
DROP TABLE active_rollups;
