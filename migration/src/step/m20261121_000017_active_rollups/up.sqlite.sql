CREATE TABLE active_rollups (
    id uuid_text NOT NULL,
    day date_text NOT NULL,
    gap integer NOT NULL,
    people integer NOT NULL DEFAULT 0,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT active_rollups_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX active_rollups_day_gap_key ON active_rollups (day, gap);

UPDATE rollup_state SET charts_built_at = NULL;
