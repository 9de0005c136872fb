-- chancery-lint: ignore ban-drop-not-null because only the fold reads deltas, and it comes with this step
ALTER TABLE token_deltas ALTER COLUMN model DROP NOT NULL;
-- chancery-lint: ignore ban-drop-not-null because only the fold reads deltas, and it comes with this step
ALTER TABLE token_deltas ALTER COLUMN task DROP NOT NULL;
-- chancery-lint: ignore ban-drop-not-null because only the fold reads deltas, and it comes with this step
ALTER TABLE token_deltas ALTER COLUMN type DROP NOT NULL;
ALTER TABLE token_deltas ADD CONSTRAINT token_deltas_kind_check CHECK ((model IS NULL) = (task IS NULL) AND (model IS NULL) = (type IS NULL));

CREATE TABLE token_day_rollups (
    id uuid NOT NULL,
    day date NOT NULL,
    model varchar(255) NOT NULL,
    task task NOT NULL,
    type tokentype NOT NULL,
    count bigint NOT NULL DEFAULT 0,
    messages bigint NOT NULL DEFAULT 0,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT token_day_rollups_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX token_day_rollups_day_model_task_type_key ON token_day_rollups (day, model, task, type);

CREATE TABLE rollup_state (
    id uuid NOT NULL,
    built_at timestamp with time zone,
    reconciled_to timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT rollup_state_pkey PRIMARY KEY (id)
);

CREATE INDEX stage_outputs_created_at_stage_number_duration_ms_id_idx ON stage_outputs (created_at, stage_number, duration_ms, id);
CREATE INDEX agent_executions_created_at_id_idx ON agent_executions (created_at, id);
CREATE INDEX videos_completed_at_id_idx ON videos (completed_at, id);
