CREATE TABLE model_prices (
    id uuid NOT NULL,
    model varchar(255) NOT NULL,
    type tokentype NOT NULL,
    micro_dollars_per_million bigint NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT model_prices_pkey PRIMARY KEY (id),
    CONSTRAINT model_prices_price_check CHECK (micro_dollars_per_million >= 0)
);

CREATE UNIQUE INDEX model_prices_model_type_valid_from_key ON model_prices (model, type, valid_from);

CREATE TABLE token_rollups (
    id uuid NOT NULL,
    bucket_start timestamp with time zone NOT NULL,
    model varchar(255) NOT NULL,
    task task NOT NULL,
    type tokentype NOT NULL,
    count bigint NOT NULL DEFAULT 0,
    messages bigint NOT NULL DEFAULT 0,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT token_rollups_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX token_rollups_bucket_start_model_task_type_key ON token_rollups (bucket_start, model, task, type);

CREATE TABLE token_user_rollups (
    id uuid NOT NULL,
    bucket_start timestamp with time zone NOT NULL,
    user_id uuid NOT NULL,
    model varchar(255) NOT NULL,
    task task NOT NULL,
    type tokentype NOT NULL,
    count bigint NOT NULL DEFAULT 0,
    messages bigint NOT NULL DEFAULT 0,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT token_user_rollups_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX token_user_rollups_bucket_start_user_id_model_task_type_key ON token_user_rollups (bucket_start, user_id, model, task, type);
CREATE INDEX token_user_rollups_user_id_bucket_start_id_idx ON token_user_rollups (user_id, bucket_start, id);

CREATE TABLE user_day_rollups (
    id uuid NOT NULL,
    day date NOT NULL,
    user_id uuid NOT NULL,
    messages bigint NOT NULL DEFAULT 0,
    tokens bigint NOT NULL DEFAULT 0,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT user_day_rollups_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX user_day_rollups_day_user_id_key ON user_day_rollups (day, user_id);
CREATE INDEX user_day_rollups_user_id_day_id_idx ON user_day_rollups (user_id, day, id);

CREATE TABLE thread_rollups (
    id uuid NOT NULL,
    thread_id uuid NOT NULL,
    messages bigint NOT NULL DEFAULT 0,
    tokens bigint NOT NULL DEFAULT 0,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT thread_rollups_pkey PRIMARY KEY (id),
    CONSTRAINT thread_rollups_thread_id_key UNIQUE (thread_id)
);

CREATE TABLE token_deltas (
    id uuid NOT NULL,
    bucket_start timestamp with time zone NOT NULL,
    user_id uuid NOT NULL,
    thread_id uuid NOT NULL,
    model varchar(255) NOT NULL,
    task task NOT NULL,
    type tokentype NOT NULL,
    count bigint NOT NULL,
    messages bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT token_deltas_pkey PRIMARY KEY (id)
);

CREATE INDEX token_deltas_bucket_start_id_idx ON token_deltas (bucket_start, id);
