CREATE TABLE model_prices (
    id uuid_text NOT NULL,
    model varchar(255) NOT NULL,
    type enum_text NOT NULL,
    micro_dollars_per_million integer NOT NULL,
    valid_from timestamp_with_timezone_text NOT NULL,
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT model_prices_pkey PRIMARY KEY (id),
    CONSTRAINT model_prices_price_check CHECK (micro_dollars_per_million >= 0),
    CONSTRAINT model_prices_model_length CHECK (length(model) <= 255),
    CONSTRAINT model_prices_type_check CHECK (type IN ('INPUT_NONCACHED', 'INPUT_CACHED', 'COMPLETION'))
);

CREATE UNIQUE INDEX model_prices_model_type_valid_from_key ON model_prices (model, type, valid_from);

CREATE TABLE token_rollups (
    id uuid_text NOT NULL,
    bucket_start timestamp_with_timezone_text NOT NULL,
    model varchar(255) NOT NULL,
    task enum_text NOT NULL,
    type enum_text NOT NULL,
    count integer NOT NULL DEFAULT 0,
    messages integer NOT NULL DEFAULT 0,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT token_rollups_pkey PRIMARY KEY (id),
    CONSTRAINT token_rollups_model_length CHECK (length(model) <= 255),
    CONSTRAINT token_rollups_task_check CHECK (task IN ('CHAT_COMPLETION', 'TOOL_SELECTION', 'CALL_WITHIN_TOOL')),
    CONSTRAINT token_rollups_type_check CHECK (type IN ('INPUT_NONCACHED', 'INPUT_CACHED', 'COMPLETION'))
);

CREATE UNIQUE INDEX token_rollups_bucket_start_model_task_type_key ON token_rollups (bucket_start, model, task, type);

CREATE TABLE token_user_rollups (
    id uuid_text NOT NULL,
    bucket_start timestamp_with_timezone_text NOT NULL,
    user_id uuid_text NOT NULL,
    model varchar(255) NOT NULL,
    task enum_text NOT NULL,
    type enum_text NOT NULL,
    count integer NOT NULL DEFAULT 0,
    messages integer NOT NULL DEFAULT 0,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT token_user_rollups_pkey PRIMARY KEY (id),
    CONSTRAINT token_user_rollups_model_length CHECK (length(model) <= 255),
    CONSTRAINT token_user_rollups_task_check CHECK (task IN ('CHAT_COMPLETION', 'TOOL_SELECTION', 'CALL_WITHIN_TOOL')),
    CONSTRAINT token_user_rollups_type_check CHECK (type IN ('INPUT_NONCACHED', 'INPUT_CACHED', 'COMPLETION'))
);

CREATE UNIQUE INDEX token_user_rollups_bucket_start_user_id_model_task_type_key ON token_user_rollups (bucket_start, user_id, model, task, type);
CREATE INDEX token_user_rollups_user_id_bucket_start_id_idx ON token_user_rollups (user_id, bucket_start, id);

CREATE TABLE user_day_rollups (
    id uuid_text NOT NULL,
    day date_text NOT NULL,
    user_id uuid_text NOT NULL,
    messages integer NOT NULL DEFAULT 0,
    tokens integer NOT NULL DEFAULT 0,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT user_day_rollups_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX user_day_rollups_day_user_id_key ON user_day_rollups (day, user_id);
CREATE INDEX user_day_rollups_user_id_day_id_idx ON user_day_rollups (user_id, day, id);

CREATE TABLE thread_rollups (
    id uuid_text NOT NULL,
    thread_id uuid_text NOT NULL,
    messages integer NOT NULL DEFAULT 0,
    tokens integer NOT NULL DEFAULT 0,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT thread_rollups_pkey PRIMARY KEY (id),
    CONSTRAINT thread_rollups_thread_id_key UNIQUE (thread_id)
);

CREATE TABLE token_deltas (
    id uuid_text NOT NULL,
    bucket_start timestamp_with_timezone_text NOT NULL,
    user_id uuid_text NOT NULL,
    thread_id uuid_text NOT NULL,
    model varchar(255) NOT NULL,
    task enum_text NOT NULL,
    type enum_text NOT NULL,
    count integer NOT NULL,
    messages integer NOT NULL,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT token_deltas_pkey PRIMARY KEY (id),
    CONSTRAINT token_deltas_model_length CHECK (length(model) <= 255),
    CONSTRAINT token_deltas_task_check CHECK (task IN ('CHAT_COMPLETION', 'TOOL_SELECTION', 'CALL_WITHIN_TOOL')),
    CONSTRAINT token_deltas_type_check CHECK (type IN ('INPUT_NONCACHED', 'INPUT_CACHED', 'COMPLETION'))
);

CREATE INDEX token_deltas_bucket_start_id_idx ON token_deltas (bucket_start, id);
