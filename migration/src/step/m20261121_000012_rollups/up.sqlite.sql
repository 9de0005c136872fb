CREATE TABLE token_deltas_next (
    id uuid_text NOT NULL,
    bucket_start timestamp_with_timezone_text NOT NULL,
    user_id uuid_text NOT NULL,
    thread_id uuid_text NOT NULL,
    model varchar(255),
    task enum_text,
    type enum_text,
    count integer NOT NULL,
    messages integer NOT NULL,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT token_deltas_pkey PRIMARY KEY (id),
    CONSTRAINT token_deltas_kind_check CHECK ((model IS NULL) = (task IS NULL) AND (model IS NULL) = (type IS NULL)),
    CONSTRAINT token_deltas_model_length CHECK (length(model) <= 255),
    CONSTRAINT token_deltas_task_check CHECK (task IN ('CHAT_COMPLETION', 'TOOL_SELECTION', 'CALL_WITHIN_TOOL')),
    CONSTRAINT token_deltas_type_check CHECK (type IN ('INPUT_NONCACHED', 'INPUT_CACHED', 'COMPLETION'))
);

INSERT INTO token_deltas_next SELECT * FROM token_deltas;
DROP TABLE token_deltas;
ALTER TABLE token_deltas_next RENAME TO token_deltas;

CREATE INDEX token_deltas_bucket_start_id_idx ON token_deltas (bucket_start, id);

CREATE TABLE token_day_rollups (
    id uuid_text NOT NULL,
    day date_text NOT NULL,
    model varchar(255) NOT NULL,
    task enum_text NOT NULL,
    type enum_text NOT NULL,
    count integer NOT NULL DEFAULT 0,
    messages integer NOT NULL DEFAULT 0,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT token_day_rollups_pkey PRIMARY KEY (id),
    CONSTRAINT token_day_rollups_model_length CHECK (length(model) <= 255),
    CONSTRAINT token_day_rollups_task_check CHECK (task IN ('CHAT_COMPLETION', 'TOOL_SELECTION', 'CALL_WITHIN_TOOL')),
    CONSTRAINT token_day_rollups_type_check CHECK (type IN ('INPUT_NONCACHED', 'INPUT_CACHED', 'COMPLETION'))
);

CREATE UNIQUE INDEX token_day_rollups_day_model_task_type_key ON token_day_rollups (day, model, task, type);

CREATE TABLE rollup_state (
    id uuid_text NOT NULL,
    built_at timestamp_with_timezone_text,
    reconciled_to timestamp_with_timezone_text,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT rollup_state_pkey PRIMARY KEY (id)
);

CREATE INDEX stage_outputs_created_at_stage_number_duration_ms_id_idx ON stage_outputs (created_at, stage_number, duration_ms, id);
CREATE INDEX agent_executions_created_at_id_idx ON agent_executions (created_at, id);
CREATE INDEX videos_completed_at_id_idx ON videos (completed_at, id);
