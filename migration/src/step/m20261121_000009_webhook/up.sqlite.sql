CREATE TABLE webhook_endpoints (
    id uuid_text NOT NULL,
    user_id uuid_text,
    url text NOT NULL,
    description text,
    event_types jsonb_text NOT NULL DEFAULT '[]',
    secrets text NOT NULL,
    status enum_text NOT NULL,
    failing_since timestamp_with_timezone_text,
    disabled_reason text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_endpoints_status_check CHECK (status IN ('enabled', 'disabled')),
    CONSTRAINT webhook_endpoints_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX webhook_endpoints_user_id_created_at_id_idx ON webhook_endpoints (user_id, created_at, id);
CREATE INDEX webhook_endpoints_status_id_idx ON webhook_endpoints (status, id);

CREATE TABLE webhook_messages (
    id uuid_text NOT NULL,
    user_id uuid_text,
    event_type varchar(255) NOT NULL,
    payload varbinary_blob NOT NULL,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT webhook_messages_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_messages_event_type_length CHECK (length(event_type) <= 255),
    CONSTRAINT webhook_messages_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX webhook_messages_user_id_idx ON webhook_messages (user_id);
CREATE INDEX webhook_messages_created_at_id_idx ON webhook_messages (created_at, id);

CREATE TABLE webhook_deliveries (
    id uuid_text NOT NULL,
    message_id uuid_text NOT NULL,
    endpoint_id uuid_text NOT NULL,
    state enum_text NOT NULL,
    attempt integer NOT NULL DEFAULT 0,
    next_at timestamp_with_timezone_text,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_deliveries_state_check CHECK (state IN ('pending', 'delivered', 'failed')),
    CONSTRAINT webhook_deliveries_message_id_fkey FOREIGN KEY (message_id) REFERENCES webhook_messages (id) ON DELETE CASCADE,
    CONSTRAINT webhook_deliveries_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoints (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX webhook_deliveries_message_id_endpoint_id_key ON webhook_deliveries (message_id, endpoint_id);
CREATE INDEX webhook_deliveries_next_at_idx ON webhook_deliveries (next_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_endpoint_id_created_at_id_idx ON webhook_deliveries (endpoint_id, created_at, id);
CREATE INDEX webhook_deliveries_state_created_at_id_idx ON webhook_deliveries (state, created_at, id);

CREATE TABLE webhook_attempts (
    id uuid_text NOT NULL,
    delivery_id uuid_text NOT NULL,
    number integer NOT NULL,
    status integer,
    duration_ms integer NOT NULL,
    error text,
    answer text,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT webhook_attempts_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_attempts_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES webhook_deliveries (id) ON DELETE CASCADE
);

CREATE INDEX webhook_attempts_delivery_id_number_idx ON webhook_attempts (delivery_id, number);

CREATE TABLE webhook_sources (
    id uuid_text NOT NULL,
    name varchar(255) NOT NULL,
    scheme enum_text NOT NULL,
    secrets text NOT NULL,
    is_active boolean NOT NULL DEFAULT TRUE,
    version integer NOT NULL DEFAULT 1,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT webhook_sources_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_sources_name_key UNIQUE (name),
    CONSTRAINT webhook_sources_name_length CHECK (length(name) <= 255),
    CONSTRAINT webhook_sources_scheme_check CHECK (scheme IN ('standard', 'github', 'stripe'))
);

CREATE TABLE inbound_events (
    id uuid_text NOT NULL,
    source varchar(255) NOT NULL,
    external_id varchar(255) NOT NULL,
    headers jsonb_text NOT NULL DEFAULT '{}',
    body varbinary_blob NOT NULL,
    state enum_text NOT NULL,
    error text,
    processed_at timestamp_with_timezone_text,
    created_at timestamp_with_timezone_text NOT NULL,
    updated_at timestamp_with_timezone_text NOT NULL,
    CONSTRAINT inbound_events_pkey PRIMARY KEY (id),
    CONSTRAINT inbound_events_source_length CHECK (length(source) <= 255),
    CONSTRAINT inbound_events_external_id_length CHECK (length(external_id) <= 255),
    CONSTRAINT inbound_events_state_check CHECK (state IN ('received', 'processed', 'ignored', 'failed'))
);

CREATE UNIQUE INDEX inbound_events_source_external_id_key ON inbound_events (source, external_id);
CREATE INDEX inbound_events_state_created_at_id_idx ON inbound_events (state, created_at, id);
CREATE INDEX inbound_events_source_created_at_id_idx ON inbound_events (source, created_at, id);
