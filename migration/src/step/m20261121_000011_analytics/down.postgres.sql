DROP TABLE token_deltas;
DROP TABLE thread_rollups;
DROP TABLE user_day_rollups;
DROP TABLE token_user_rollups;
DROP TABLE token_rollups;
DROP TABLE model_prices;
