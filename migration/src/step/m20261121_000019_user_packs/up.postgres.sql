CREATE TABLE user_packs (
    id uuid NOT NULL,
    grain rollup_grain NOT NULL,
    start date NOT NULL,
    people bigint NOT NULL,
    packed bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT user_packs_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX user_packs_grain_start_key ON user_packs (grain, start);
