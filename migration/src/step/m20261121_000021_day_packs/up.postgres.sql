CREATE TYPE pack_subject AS ENUM ('TOKENS', 'RUNS');

CREATE TABLE day_packs (
    id uuid NOT NULL,
    subject pack_subject NOT NULL,
    day date NOT NULL,
    totals bytea NOT NULL,
    hours bytea NOT NULL,
    quarters bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT day_packs_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX day_packs_subject_day_key ON day_packs (subject, day);
