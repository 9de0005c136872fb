CREATE TABLE configuration_settings (
    id uuid_text NOT NULL,
    key varchar(255) NOT NULL,
    environment varchar(255) NOT NULL DEFAULT 'all',
    value jsonb_text,
    ciphertext text,
    key_id varchar(255),
    value_schema jsonb_text,
    description text,
    is_active boolean NOT NULL DEFAULT TRUE,
    is_sensitive boolean NOT NULL DEFAULT FALSE,
    created_by uuid_text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT configuration_settings_pkey PRIMARY KEY (id),
    CONSTRAINT configuration_settings_value_check CHECK ((value IS NULL) <> (ciphertext IS NULL)),
    CONSTRAINT configuration_settings_key_length CHECK (length(key) <= 255),
    CONSTRAINT configuration_settings_environment_length CHECK (length(environment) <= 255),
    CONSTRAINT configuration_settings_key_id_length CHECK (length(key_id) <= 255),
    CONSTRAINT configuration_settings_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (id) ON DELETE SET NULL
);

CREATE UNIQUE INDEX configuration_settings_key_environment_key ON configuration_settings (key, environment);
CREATE INDEX configuration_settings_created_by_idx ON configuration_settings (created_by);

CREATE TABLE configuration_history (
    id uuid_text NOT NULL,
    key varchar(255) NOT NULL,
    environment varchar(255) NOT NULL,
    version integer NOT NULL,
    revision integer NOT NULL,
    action enum_text NOT NULL,
    old_value jsonb_text,
    new_value jsonb_text,
    old_ciphertext text,
    new_ciphertext text,
    changed_by uuid_text,
    reason text,
    request_id varchar(255),
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT configuration_history_pkey PRIMARY KEY (id),
    CONSTRAINT configuration_history_key_length CHECK (length(key) <= 255),
    CONSTRAINT configuration_history_environment_length CHECK (length(environment) <= 255),
    CONSTRAINT configuration_history_action_check CHECK (action IN ('create', 'update', 'delete', 'rollback')),
    CONSTRAINT configuration_history_request_id_length CHECK (length(request_id) <= 255)
);

CREATE UNIQUE INDEX configuration_history_key_environment_version_key ON configuration_history (key, environment, version);
CREATE INDEX configuration_history_created_at_id_idx ON configuration_history (created_at, id);

CREATE TABLE configuration_revision (
    id uuid_text NOT NULL,
    revision integer NOT NULL DEFAULT 0,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT configuration_revision_pkey PRIMARY KEY (id)
);

CREATE TABLE feature_flags (
    id uuid_text NOT NULL,
    key varchar(255) NOT NULL,
    environment varchar(255) NOT NULL DEFAULT 'all',
    description text,
    kind enum_text NOT NULL,
    variants jsonb_text NOT NULL DEFAULT '{}',
    default_variant varchar(255) NOT NULL,
    enabled boolean NOT NULL DEFAULT FALSE,
    rules jsonb_text NOT NULL DEFAULT '[]',
    salt varchar(255) NOT NULL,
    owner varchar(255),
    expires_at timestamp_with_timezone_text,
    archived_at timestamp_with_timezone_text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT feature_flags_pkey PRIMARY KEY (id),
    CONSTRAINT feature_flags_key_length CHECK (length(key) <= 255),
    CONSTRAINT feature_flags_environment_length CHECK (length(environment) <= 255),
    CONSTRAINT feature_flags_kind_check CHECK (kind IN ('boolean', 'string', 'number', 'object')),
    CONSTRAINT feature_flags_default_variant_length CHECK (length(default_variant) <= 255),
    CONSTRAINT feature_flags_salt_length CHECK (length(salt) <= 255),
    CONSTRAINT feature_flags_owner_length CHECK (length(owner) <= 255)
);

CREATE UNIQUE INDEX feature_flags_key_environment_key ON feature_flags (key, environment);

CREATE TABLE feature_flag_history (
    id uuid_text NOT NULL,
    key varchar(255) NOT NULL,
    environment varchar(255) NOT NULL,
    version integer NOT NULL,
    revision integer NOT NULL,
    action enum_text NOT NULL,
    before jsonb_text,
    after jsonb_text,
    changed_by uuid_text,
    reason text,
    request_id varchar(255),
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT feature_flag_history_pkey PRIMARY KEY (id),
    CONSTRAINT feature_flag_history_key_length CHECK (length(key) <= 255),
    CONSTRAINT feature_flag_history_environment_length CHECK (length(environment) <= 255),
    CONSTRAINT feature_flag_history_action_check CHECK (action IN ('create', 'update', 'archive', 'delete', 'rollback')),
    CONSTRAINT feature_flag_history_request_id_length CHECK (length(request_id) <= 255)
);

CREATE UNIQUE INDEX feature_flag_history_key_environment_version_key ON feature_flag_history (key, environment, version);
CREATE INDEX feature_flag_history_created_at_id_idx ON feature_flag_history (created_at, id);

CREATE TABLE segments (
    id uuid_text NOT NULL,
    key varchar(255) NOT NULL,
    environment varchar(255) NOT NULL DEFAULT 'all',
    description text,
    included jsonb_text NOT NULL DEFAULT '[]',
    excluded jsonb_text NOT NULL DEFAULT '[]',
    rules jsonb_text NOT NULL DEFAULT '[]',
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT segments_pkey PRIMARY KEY (id),
    CONSTRAINT segments_key_length CHECK (length(key) <= 255),
    CONSTRAINT segments_environment_length CHECK (length(environment) <= 255)
);

CREATE UNIQUE INDEX segments_key_environment_key ON segments (key, environment);

CREATE TABLE scheduled_changes (
    id uuid_text NOT NULL,
    target enum_text NOT NULL,
    key varchar(255) NOT NULL,
    environment varchar(255) NOT NULL DEFAULT 'all',
    change jsonb_text,
    ciphertext text,
    run_at timestamp_with_timezone_text NOT NULL,
    state enum_text NOT NULL,
    error text,
    requested_by uuid_text,
    reason text,
    applied_at timestamp_with_timezone_text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT scheduled_changes_pkey PRIMARY KEY (id),
    CONSTRAINT scheduled_changes_change_check CHECK ((change IS NULL) <> (ciphertext IS NULL)),
    CONSTRAINT scheduled_changes_target_check CHECK (target IN ('setting', 'flag')),
    CONSTRAINT scheduled_changes_key_length CHECK (length(key) <= 255),
    CONSTRAINT scheduled_changes_environment_length CHECK (length(environment) <= 255),
    CONSTRAINT scheduled_changes_state_check CHECK (state IN ('pending', 'applied', 'failed', 'cancelled'))
);

CREATE INDEX scheduled_changes_state_run_at_id_idx ON scheduled_changes (state, run_at, id);
CREATE INDEX scheduled_changes_key_environment_run_at_id_idx ON scheduled_changes (key, environment, run_at, id);

CREATE TABLE flag_ramps (
    id uuid_text NOT NULL,
    flag_id uuid_text NOT NULL,
    steps jsonb_text NOT NULL DEFAULT '[]',
    current_step integer NOT NULL DEFAULT 0,
    state enum_text NOT NULL,
    guardrail jsonb_text,
    baseline jsonb_text NOT NULL DEFAULT '{}',
    next_step_at timestamp_with_timezone_text,
    reason text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT flag_ramps_pkey PRIMARY KEY (id),
    CONSTRAINT flag_ramps_state_check CHECK (state IN ('running', 'paused', 'completed', 'rolled_back')),
    CONSTRAINT flag_ramps_flag_id_fkey FOREIGN KEY (flag_id) REFERENCES feature_flags (id) ON DELETE CASCADE
);

CREATE INDEX flag_ramps_flag_id_idx ON flag_ramps (flag_id);
CREATE INDEX flag_ramps_state_next_step_at_id_idx ON flag_ramps (state, next_step_at, id);

CREATE TABLE flag_evaluations (
    id uuid_text NOT NULL,
    flag varchar(255) NOT NULL,
    environment varchar(255) NOT NULL,
    variant varchar(255) NOT NULL,
    hour timestamp_with_timezone_text NOT NULL,
    count integer NOT NULL DEFAULT 0,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT flag_evaluations_pkey PRIMARY KEY (id),
    CONSTRAINT flag_evaluations_flag_length CHECK (length(flag) <= 255),
    CONSTRAINT flag_evaluations_environment_length CHECK (length(environment) <= 255),
    CONSTRAINT flag_evaluations_variant_length CHECK (length(variant) <= 255)
);

CREATE UNIQUE INDEX flag_evaluations_flag_environment_variant_hour_key ON flag_evaluations (flag, environment, variant, hour);
CREATE INDEX flag_evaluations_hour_id_idx ON flag_evaluations (hour, id);

CREATE TABLE flag_contexts (
    id uuid_text NOT NULL,
    environment varchar(255) NOT NULL,
    context_hash varchar(64) NOT NULL,
    targeting_key varchar(255) NOT NULL,
    attributes jsonb_text NOT NULL DEFAULT '{}',
    seen_at timestamp_with_timezone_text NOT NULL,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT flag_contexts_pkey PRIMARY KEY (id),
    CONSTRAINT flag_contexts_environment_length CHECK (length(environment) <= 255),
    CONSTRAINT flag_contexts_context_hash_length CHECK (length(context_hash) <= 64),
    CONSTRAINT flag_contexts_targeting_key_length CHECK (length(targeting_key) <= 255)
);

CREATE UNIQUE INDEX flag_contexts_environment_context_hash_key ON flag_contexts (environment, context_hash);
CREATE INDEX flag_contexts_environment_seen_at_id_idx ON flag_contexts (environment, seen_at, id);
CREATE INDEX flag_contexts_seen_at_id_idx ON flag_contexts (seen_at, id);
