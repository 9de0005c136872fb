CREATE TABLE day_packs (
    id uuid_text NOT NULL,
    subject enum_text NOT NULL,
    day date_text NOT NULL,
    totals varbinary_blob NOT NULL,
    hours varbinary_blob NOT NULL,
    quarters varbinary_blob NOT NULL,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT day_packs_pkey PRIMARY KEY (id),
    CONSTRAINT day_packs_subject_check CHECK (subject IN ('TOKENS', 'RUNS'))
);

CREATE UNIQUE INDEX day_packs_subject_day_key ON day_packs (subject, day);
