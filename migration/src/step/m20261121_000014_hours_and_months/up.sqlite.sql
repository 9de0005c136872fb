CREATE TABLE token_hour_rollups (
    id uuid_text NOT NULL,
    bucket_start timestamp_with_timezone_text NOT NULL,
    model varchar(255) NOT NULL,
    task enum_text NOT NULL,
    type enum_text NOT NULL,
    count integer NOT NULL DEFAULT 0,
    messages integer NOT NULL DEFAULT 0,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT token_hour_rollups_pkey PRIMARY KEY (id),
    CONSTRAINT token_hour_rollups_model_length CHECK (length(model) <= 255),
    CONSTRAINT token_hour_rollups_task_check CHECK (task IN ('CHAT_COMPLETION', 'TOOL_SELECTION', 'CALL_WITHIN_TOOL')),
    CONSTRAINT token_hour_rollups_type_check CHECK (type IN ('INPUT_NONCACHED', 'INPUT_CACHED', 'COMPLETION'))
);

CREATE UNIQUE INDEX token_hour_rollups_bucket_start_model_task_type_key ON token_hour_rollups (bucket_start, model, task, type);

CREATE TABLE user_month_rollups (
    id uuid_text NOT NULL,
    month date_text NOT NULL,
    user_id uuid_text NOT NULL,
    messages integer NOT NULL DEFAULT 0,
    tokens integer NOT NULL DEFAULT 0,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT user_month_rollups_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX user_month_rollups_month_user_id_key ON user_month_rollups (month, user_id);
CREATE INDEX user_month_rollups_user_id_month_id_idx ON user_month_rollups (user_id, month, id);

-- What was summed up so far. Processes of the version before do not know of these tables and may go on folding for a while: the
-- rollups are proven anew as soon as one of this version looks.
INSERT INTO token_hour_rollups (id, bucket_start, model, task, type, count, messages, created_at, updated_at)
    SELECT min(id), substr(bucket_start, 1, 14) || '00:00' || substr(bucket_start, 20), model, task, type, sum(count), sum(messages), min(created_at), max(updated_at)
    FROM token_rollups GROUP BY substr(bucket_start, 1, 14) || '00:00' || substr(bucket_start, 20), model, task, type;
INSERT INTO user_month_rollups (id, month, user_id, messages, tokens, created_at, updated_at)
    SELECT min(id), substr(day, 1, 8) || '01', user_id, sum(messages), sum(tokens), min(created_at), max(updated_at)
    FROM user_day_rollups GROUP BY substr(day, 1, 8) || '01', user_id;
UPDATE rollup_state SET built_at = NULL;
