CREATE TYPE execution_status AS ENUM ('pending', 'running', 'completed', 'failed', 'cancelled');
CREATE TYPE integration_status AS ENUM ('connected', 'expired', 'revoked', 'error');

CREATE TABLE agent_templates_v2 (
    id uuid NOT NULL,
    name varchar(255) NOT NULL,
    role varchar(255),
    purpose text,
    icon varchar(255),
    category varchar(255),
    required_integrations jsonb NOT NULL DEFAULT '[]',
    capabilities jsonb NOT NULL DEFAULT '[]',
    default_workflow jsonb,
    is_active bool NOT NULL DEFAULT TRUE,
    usage_count bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT agent_templates_v2_pkey PRIMARY KEY (id)
);

CREATE INDEX agent_templates_v2_category_id_idx ON agent_templates_v2 (category, id);
CREATE INDEX agent_templates_v2_is_active_usage_count_id_idx ON agent_templates_v2 (is_active, usage_count, id);

CREATE TABLE user_agents (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    template_id uuid,
    name varchar(255) NOT NULL,
    description text,
    icon varchar(255),
    category varchar(255),
    goal text,
    required_integrations jsonb NOT NULL DEFAULT '[]',
    steps jsonb NOT NULL DEFAULT '[]',
    config jsonb NOT NULL DEFAULT '{}',
    is_active bool NOT NULL DEFAULT TRUE,
    is_favorite bool NOT NULL DEFAULT FALSE,
    last_used timestamp with time zone,
    execution_count bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT user_agents_pkey PRIMARY KEY (id),
    CONSTRAINT user_agents_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT user_agents_template_id_fkey FOREIGN KEY (template_id) REFERENCES agent_templates_v2 (id) ON DELETE SET NULL
);

CREATE INDEX user_agents_list_idx ON user_agents (user_id, is_favorite DESC, last_used DESC NULLS LAST, created_at DESC, id DESC);
CREATE INDEX user_agents_template_id_idx ON user_agents (template_id);

CREATE TABLE user_workflows (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    name varchar(255) NOT NULL,
    description text,
    definition jsonb NOT NULL DEFAULT '{}',
    is_active bool NOT NULL DEFAULT TRUE,
    last_run_at timestamp with time zone,
    run_count bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT user_workflows_pkey PRIMARY KEY (id),
    CONSTRAINT user_workflows_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX user_workflows_user_id_created_at_id_idx ON user_workflows (user_id, created_at, id);

CREATE TABLE agent_executions (
    id uuid NOT NULL,
    agent_id uuid,
    workflow_id uuid,
    user_id uuid NOT NULL,
    status execution_status NOT NULL,
    input jsonb NOT NULL DEFAULT '{}',
    output jsonb,
    error_message text,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    duration_ms bigint,
    claimed_by varchar(255),
    lease_token uuid,
    lease_until timestamp with time zone,
    attempt integer NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT agent_executions_pkey PRIMARY KEY (id),
    CONSTRAINT agent_executions_subject_check CHECK ((agent_id IS NULL) <> (workflow_id IS NULL)),
    CONSTRAINT agent_executions_agent_id_fkey FOREIGN KEY (agent_id) REFERENCES user_agents (id) ON DELETE CASCADE,
    CONSTRAINT agent_executions_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES user_workflows (id) ON DELETE CASCADE,
    CONSTRAINT agent_executions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX agent_executions_agent_id_created_at_id_idx ON agent_executions (agent_id, created_at, id);
CREATE INDEX agent_executions_workflow_id_created_at_id_idx ON agent_executions (workflow_id, created_at, id);
CREATE INDEX agent_executions_user_id_created_at_id_idx ON agent_executions (user_id, created_at, id);
CREATE INDEX agent_executions_status_created_at_id_idx ON agent_executions (status, created_at, id);

CREATE TABLE execution_events (
    id uuid NOT NULL,
    execution_id uuid NOT NULL,
    seq bigint NOT NULL,
    kind varchar(255) NOT NULL,
    data jsonb NOT NULL DEFAULT '{}',
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT execution_events_pkey PRIMARY KEY (id),
    CONSTRAINT execution_events_execution_id_fkey FOREIGN KEY (execution_id) REFERENCES agent_executions (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX execution_events_execution_id_seq_key ON execution_events (execution_id, seq);

CREATE TABLE integrations (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    provider varchar(255) NOT NULL,
    status integration_status NOT NULL,
    credentials text,
    scopes jsonb NOT NULL DEFAULT '[]',
    metadata jsonb NOT NULL DEFAULT '{}',
    expires_at timestamp with time zone,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT integrations_pkey PRIMARY KEY (id),
    CONSTRAINT integrations_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX integrations_user_id_provider_key ON integrations (user_id, provider);
