CREATE TABLE token_hour_rollups (
    id uuid NOT NULL,
    bucket_start timestamp with time zone NOT NULL,
    model varchar(255) NOT NULL,
    task task NOT NULL,
    type tokentype NOT NULL,
    count bigint NOT NULL DEFAULT 0,
    messages bigint NOT NULL DEFAULT 0,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT token_hour_rollups_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX token_hour_rollups_bucket_start_model_task_type_key ON token_hour_rollups (bucket_start, model, task, type);

CREATE TABLE user_month_rollups (
    id uuid NOT NULL,
    month date NOT NULL,
    user_id uuid NOT NULL,
    messages bigint NOT NULL DEFAULT 0,
    tokens bigint NOT NULL DEFAULT 0,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT user_month_rollups_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX user_month_rollups_month_user_id_key ON user_month_rollups (month, user_id);
CREATE INDEX user_month_rollups_user_id_month_id_idx ON user_month_rollups (user_id, month, id);

-- What was summed up so far. Processes of the version before do not know of these tables and may go on folding for a while: the
-- rollups are proven anew as soon as one of this version looks.
INSERT INTO token_hour_rollups (id, bucket_start, model, task, type, count, messages, created_at, updated_at)
    SELECT (array_agg(id ORDER BY id))[1], date_trunc('hour', bucket_start AT TIME ZONE 'UTC') AT TIME ZONE 'UTC', model, task, type, sum(count), sum(messages), min(created_at), max(updated_at)
    FROM token_rollups GROUP BY date_trunc('hour', bucket_start AT TIME ZONE 'UTC') AT TIME ZONE 'UTC', model, task, type;
INSERT INTO user_month_rollups (id, month, user_id, messages, tokens, created_at, updated_at)
    SELECT (array_agg(id ORDER BY id))[1], CAST(date_trunc('month', day) AS date), user_id, sum(messages), sum(tokens), min(created_at), max(updated_at)
    FROM user_day_rollups GROUP BY CAST(date_trunc('month', day) AS date), user_id;
UPDATE rollup_state SET built_at = NULL;
