CREATE TYPE setting_action AS ENUM ('create', 'update', 'delete', 'rollback');
CREATE TYPE flag_kind AS ENUM ('boolean', 'string', 'number', 'object');
CREATE TYPE flag_action AS ENUM ('create', 'update', 'archive', 'delete', 'rollback');
CREATE TYPE scheduled_change_target AS ENUM ('setting', 'flag');
CREATE TYPE scheduled_change_state AS ENUM ('pending', 'applied', 'failed', 'cancelled');
CREATE TYPE flag_ramp_state AS ENUM ('running', 'paused', 'completed', 'rolled_back');

CREATE TABLE configuration_settings (
    id uuid NOT NULL,
    key varchar(255) NOT NULL,
    environment varchar(255) NOT NULL DEFAULT 'all',
    value jsonb,
    ciphertext text,
    key_id varchar(255),
    value_schema jsonb,
    description text,
    is_active bool NOT NULL DEFAULT TRUE,
    is_sensitive bool NOT NULL DEFAULT FALSE,
    created_by uuid,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT configuration_settings_pkey PRIMARY KEY (id),
    CONSTRAINT configuration_settings_value_check CHECK ((value IS NULL) <> (ciphertext IS NULL)),
    CONSTRAINT configuration_settings_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL
);

CREATE UNIQUE INDEX configuration_settings_key_environment_key ON configuration_settings (key, environment);
CREATE INDEX configuration_settings_created_by_idx ON configuration_settings (created_by);

CREATE TABLE configuration_history (
    id uuid NOT NULL,
    key varchar(255) NOT NULL,
    environment varchar(255) NOT NULL,
    version bigint NOT NULL,
    revision bigint NOT NULL,
    action setting_action NOT NULL,
    old_value jsonb,
    new_value jsonb,
    old_ciphertext text,
    new_ciphertext text,
    changed_by uuid,
    reason text,
    request_id varchar(255),
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT configuration_history_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX configuration_history_key_environment_version_key ON configuration_history (key, environment, version);
CREATE INDEX configuration_history_created_at_id_idx ON configuration_history (created_at, id);

CREATE TABLE configuration_revision (
    id uuid NOT NULL,
    revision bigint NOT NULL DEFAULT 0,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT configuration_revision_pkey PRIMARY KEY (id)
);

CREATE TABLE feature_flags (
    id uuid NOT NULL,
    key varchar(255) NOT NULL,
    environment varchar(255) NOT NULL DEFAULT 'all',
    description text,
    kind flag_kind NOT NULL,
    variants jsonb NOT NULL DEFAULT '{}',
    default_variant varchar(255) NOT NULL,
    enabled bool NOT NULL DEFAULT FALSE,
    rules jsonb NOT NULL DEFAULT '[]',
    salt varchar(255) NOT NULL,
    owner varchar(255),
    expires_at timestamp with time zone,
    archived_at timestamp with time zone,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT feature_flags_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX feature_flags_key_environment_key ON feature_flags (key, environment);

CREATE TABLE feature_flag_history (
    id uuid NOT NULL,
    key varchar(255) NOT NULL,
    environment varchar(255) NOT NULL,
    version bigint NOT NULL,
    revision bigint NOT NULL,
    action flag_action NOT NULL,
    before jsonb,
    after jsonb,
    changed_by uuid,
    reason text,
    request_id varchar(255),
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT feature_flag_history_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX feature_flag_history_key_environment_version_key ON feature_flag_history (key, environment, version);
CREATE INDEX feature_flag_history_created_at_id_idx ON feature_flag_history (created_at, id);

CREATE TABLE segments (
    id uuid NOT NULL,
    key varchar(255) NOT NULL,
    environment varchar(255) NOT NULL DEFAULT 'all',
    description text,
    included jsonb NOT NULL DEFAULT '[]',
    excluded jsonb NOT NULL DEFAULT '[]',
    rules jsonb NOT NULL DEFAULT '[]',
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT segments_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX segments_key_environment_key ON segments (key, environment);

CREATE TABLE scheduled_changes (
    id uuid NOT NULL,
    target scheduled_change_target NOT NULL,
    key varchar(255) NOT NULL,
    environment varchar(255) NOT NULL DEFAULT 'all',
    change jsonb,
    ciphertext text,
    run_at timestamp with time zone NOT NULL,
    state scheduled_change_state NOT NULL,
    error text,
    requested_by uuid,
    reason text,
    applied_at timestamp with time zone,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT scheduled_changes_pkey PRIMARY KEY (id),
    CONSTRAINT scheduled_changes_change_check CHECK ((change IS NULL) <> (ciphertext IS NULL))
);

CREATE INDEX scheduled_changes_state_run_at_id_idx ON scheduled_changes (state, run_at, id);
CREATE INDEX scheduled_changes_key_environment_run_at_id_idx ON scheduled_changes (key, environment, run_at, id);

CREATE TABLE flag_ramps (
    id uuid NOT NULL,
    flag_id uuid NOT NULL,
    steps jsonb NOT NULL DEFAULT '[]',
    current_step integer NOT NULL DEFAULT 0,
    state flag_ramp_state NOT NULL,
    guardrail jsonb,
    baseline jsonb NOT NULL DEFAULT '{}',
    next_step_at timestamp with time zone,
    reason text,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT flag_ramps_pkey PRIMARY KEY (id),
    CONSTRAINT flag_ramps_flag_id_fkey FOREIGN KEY (flag_id) REFERENCES feature_flags (id) ON DELETE CASCADE
);

CREATE INDEX flag_ramps_flag_id_idx ON flag_ramps (flag_id);
CREATE INDEX flag_ramps_state_next_step_at_id_idx ON flag_ramps (state, next_step_at, id);

CREATE TABLE flag_evaluations (
    id uuid NOT NULL,
    flag varchar(255) NOT NULL,
    environment varchar(255) NOT NULL,
    variant varchar(255) NOT NULL,
    hour timestamp with time zone NOT NULL,
    count bigint NOT NULL DEFAULT 0,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT flag_evaluations_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX flag_evaluations_flag_environment_variant_hour_key ON flag_evaluations (flag, environment, variant, hour);
CREATE INDEX flag_evaluations_hour_id_idx ON flag_evaluations (hour, id);

CREATE TABLE flag_contexts (
    id uuid NOT NULL,
    environment varchar(255) NOT NULL,
    context_hash varchar(64) NOT NULL,
    targeting_key varchar(255) NOT NULL,
    attributes jsonb NOT NULL DEFAULT '{}',
    seen_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT flag_contexts_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX flag_contexts_environment_context_hash_key ON flag_contexts (environment, context_hash);
CREATE INDEX flag_contexts_environment_seen_at_id_idx ON flag_contexts (environment, seen_at, id);
CREATE INDEX flag_contexts_seen_at_id_idx ON flag_contexts (seen_at, id);
