CREATE TABLE active_rollups (
    id uuid NOT NULL,
    day date NOT NULL,
    gap integer NOT NULL,
    people bigint NOT NULL DEFAULT 0,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT active_rollups_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX active_rollups_day_gap_key ON active_rollups (day, gap);

UPDATE rollup_state SET charts_built_at = NULL;
