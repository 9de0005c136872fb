-- irreversible rollup_state.built_at: the rollups are proven anew
DROP TABLE user_month_rollups;
DROP TABLE token_hour_rollups;
