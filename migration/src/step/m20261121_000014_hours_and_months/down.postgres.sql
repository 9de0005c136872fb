DROP TABLE user_month_rollups;
DROP TABLE token_hour_rollups;
