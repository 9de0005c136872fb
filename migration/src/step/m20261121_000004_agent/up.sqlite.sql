CREATE TABLE agent_templates_v2 (
    id uuid_text NOT NULL,
    name varchar(255) NOT NULL,
    role varchar(255),
    purpose text,
    icon varchar(255),
    category varchar(255),
    required_integrations jsonb_text NOT NULL DEFAULT '[]',
    capabilities jsonb_text NOT NULL DEFAULT '[]',
    default_workflow jsonb_text,
    is_active boolean NOT NULL DEFAULT TRUE,
    usage_count integer NOT NULL DEFAULT 0,
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT agent_templates_v2_pkey PRIMARY KEY (id),
    CONSTRAINT agent_templates_v2_name_length CHECK (length(name) <= 255),
    CONSTRAINT agent_templates_v2_role_length CHECK (length(role) <= 255),
    CONSTRAINT agent_templates_v2_icon_length CHECK (length(icon) <= 255),
    CONSTRAINT agent_templates_v2_category_length CHECK (length(category) <= 255)
);

CREATE INDEX agent_templates_v2_category_id_idx ON agent_templates_v2 (category, id);
CREATE INDEX agent_templates_v2_is_active_usage_count_id_idx ON agent_templates_v2 (is_active, usage_count, id);

CREATE TABLE user_agents (
    id uuid_text NOT NULL,
    user_id uuid_text NOT NULL,
    template_id uuid_text,
    name varchar(255) NOT NULL,
    description text,
    icon varchar(255),
    category varchar(255),
    goal text,
    required_integrations jsonb_text NOT NULL DEFAULT '[]',
    steps jsonb_text NOT NULL DEFAULT '[]',
    config jsonb_text NOT NULL DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT TRUE,
    is_favorite boolean NOT NULL DEFAULT FALSE,
    last_used timestamp_with_timezone_text,
    execution_count integer NOT NULL DEFAULT 0,
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT user_agents_pkey PRIMARY KEY (id),
    CONSTRAINT user_agents_name_length CHECK (length(name) <= 255),
    CONSTRAINT user_agents_icon_length CHECK (length(icon) <= 255),
    CONSTRAINT user_agents_category_length CHECK (length(category) <= 255),
    CONSTRAINT user_agents_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT user_agents_template_id_fkey FOREIGN KEY (template_id) REFERENCES agent_templates_v2 (id) ON DELETE SET NULL
);

CREATE INDEX user_agents_list_idx ON user_agents (user_id, is_favorite DESC, last_used DESC, created_at DESC, id DESC);
CREATE INDEX user_agents_template_id_idx ON user_agents (template_id);

CREATE TABLE user_workflows (
    id uuid_text NOT NULL,
    user_id uuid_text NOT NULL,
    name varchar(255) NOT NULL,
    description text,
    definition jsonb_text NOT NULL DEFAULT '{}',
    is_active boolean NOT NULL DEFAULT TRUE,
    last_run_at timestamp_with_timezone_text,
    run_count integer NOT NULL DEFAULT 0,
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT user_workflows_pkey PRIMARY KEY (id),
    CONSTRAINT user_workflows_name_length CHECK (length(name) <= 255),
    CONSTRAINT user_workflows_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX user_workflows_user_id_created_at_id_idx ON user_workflows (user_id, created_at, id);

CREATE TABLE agent_executions (
    id uuid_text NOT NULL,
    agent_id uuid_text,
    workflow_id uuid_text,
    user_id uuid_text NOT NULL,
    status enum_text NOT NULL,
    input jsonb_text NOT NULL DEFAULT '{}',
    output jsonb_text,
    error_message text,
    started_at timestamp_with_timezone_text,
    completed_at timestamp_with_timezone_text,
    duration_ms integer,
    claimed_by varchar(255),
    lease_token uuid_text,
    lease_until timestamp_with_timezone_text,
    attempt integer NOT NULL DEFAULT 0,
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT agent_executions_pkey PRIMARY KEY (id),
    CONSTRAINT agent_executions_subject_check CHECK ((agent_id IS NULL) <> (workflow_id IS NULL)),
    CONSTRAINT agent_executions_status_check CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled')),
    CONSTRAINT agent_executions_claimed_by_length CHECK (length(claimed_by) <= 255),
    CONSTRAINT agent_executions_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES user_agents (id) ON DELETE CASCADE,
    CONSTRAINT agent_executions_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES user_workflows (id) ON DELETE CASCADE,
    CONSTRAINT agent_executions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX agent_executions_agent_id_created_at_id_idx ON agent_executions (agent_id, created_at, id);
CREATE INDEX agent_executions_workflow_id_created_at_id_idx ON agent_executions (workflow_id, created_at, id);
CREATE INDEX agent_executions_user_id_created_at_id_idx ON agent_executions (user_id, created_at, id);
CREATE INDEX agent_executions_status_created_at_id_idx ON agent_executions (status, created_at, id);

CREATE TABLE execution_events (
    id uuid_text NOT NULL,
    execution_id uuid_text NOT NULL,
    seq integer NOT NULL,
    kind varchar(255) NOT NULL,
    data jsonb_text NOT NULL DEFAULT '{}',
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT execution_events_pkey PRIMARY KEY (id),
    CONSTRAINT execution_events_kind_length CHECK (length(kind) <= 255),
    CONSTRAINT execution_events_execution_id_fkey FOREIGN KEY (execution_id) REFERENCES agent_executions (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX execution_events_execution_id_seq_key ON execution_events (execution_id, seq);

CREATE TABLE integrations (
    id uuid_text NOT NULL,
    user_id uuid_text NOT NULL,
    provider varchar(255) NOT NULL,
    status enum_text NOT NULL,
    credentials text,
    scopes jsonb_text NOT NULL DEFAULT '[]',
    metadata jsonb_text NOT NULL DEFAULT '{}',
    expires_at timestamp_with_timezone_text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT integrations_pkey PRIMARY KEY (id),
    CONSTRAINT integrations_provider_length CHECK (length(provider) <= 255),
    CONSTRAINT integrations_status_check CHECK (status IN ('connected', 'expired', 'revoked', 'error')),
    CONSTRAINT integrations_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX integrations_user_id_provider_key ON integrations (user_id, provider);
