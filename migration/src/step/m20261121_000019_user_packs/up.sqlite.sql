CREATE TABLE user_packs (
    id uuid_text NOT NULL,
    grain enum_text NOT NULL,
    start date_text NOT NULL,
    people integer NOT NULL,
    packed varbinary_blob NOT NULL,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT user_packs_pkey PRIMARY KEY (id),
    CONSTRAINT user_packs_grain_check CHECK (grain IN ('QUARTER', 'HOUR', 'DAY', 'MONTH'))
);

CREATE UNIQUE INDEX user_packs_grain_start_key ON user_packs (grain, start);
