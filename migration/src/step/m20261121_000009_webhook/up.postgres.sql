CREATE TYPE webhook_endpoint_status AS ENUM ('enabled', 'disabled');
CREATE TYPE webhook_delivery_state AS ENUM ('pending', 'delivered', 'failed');
CREATE TYPE webhook_scheme AS ENUM ('standard', 'github', 'stripe');
CREATE TYPE inbound_event_state AS ENUM ('received', 'processed', 'ignored', 'failed');

CREATE TABLE webhook_endpoints (
    id uuid NOT NULL,
    user_id uuid,
    url text NOT NULL,
    description text,
    event_types jsonb NOT NULL DEFAULT '[]',
    secrets text NOT NULL,
    status webhook_endpoint_status NOT NULL,
    failing_since timestamp with time zone,
    disabled_reason text,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_endpoints_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX webhook_endpoints_user_id_created_at_id_idx ON webhook_endpoints (user_id, created_at, id);
CREATE INDEX webhook_endpoints_status_id_idx ON webhook_endpoints (status, id);

CREATE TABLE webhook_messages (
    id uuid NOT NULL,
    user_id uuid,
    event_type varchar(255) NOT NULL,
    payload bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT webhook_messages_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_messages_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX webhook_messages_user_id_idx ON webhook_messages (user_id);
CREATE INDEX webhook_messages_created_at_id_idx ON webhook_messages (created_at, id);

CREATE TABLE webhook_deliveries (
    id uuid NOT NULL,
    message_id uuid NOT NULL,
    endpoint_id uuid NOT NULL,
    state webhook_delivery_state NOT NULL,
    attempt integer NOT NULL DEFAULT 0,
    next_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_deliveries_message_id_fkey FOREIGN KEY (message_id) REFERENCES webhook_messages (id) ON DELETE CASCADE,
    CONSTRAINT webhook_deliveries_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoints (id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX webhook_deliveries_message_id_endpoint_id_key ON webhook_deliveries (message_id, endpoint_id);
CREATE INDEX webhook_deliveries_next_at_idx ON webhook_deliveries (next_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_endpoint_id_created_at_id_idx ON webhook_deliveries (endpoint_id, created_at, id);
CREATE INDEX webhook_deliveries_state_created_at_id_idx ON webhook_deliveries (state, created_at, id);

CREATE TABLE webhook_attempts (
    id uuid NOT NULL,
    delivery_id uuid NOT NULL,
    number integer NOT NULL,
    status integer,
    duration_ms bigint NOT NULL,
    error text,
    answer text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT webhook_attempts_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_attempts_delivery_id_fkey FOREIGN KEY (delivery_id) REFERENCES webhook_deliveries (id) ON DELETE CASCADE
);

CREATE INDEX webhook_attempts_delivery_id_number_idx ON webhook_attempts (delivery_id, number);

CREATE TABLE webhook_sources (
    id uuid NOT NULL,
    name varchar(255) NOT NULL,
    scheme webhook_scheme NOT NULL,
    secrets text NOT NULL,
    is_active bool NOT NULL DEFAULT TRUE,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT webhook_sources_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_sources_name_key UNIQUE (name)
);

CREATE TABLE inbound_events (
    id uuid NOT NULL,
    source varchar(255) NOT NULL,
    external_id varchar(255) NOT NULL,
    headers jsonb NOT NULL DEFAULT '{}',
    body bytea NOT NULL,
    state inbound_event_state NOT NULL,
    error text,
    processed_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT inbound_events_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX inbound_events_source_external_id_key ON inbound_events (source, external_id);
CREATE INDEX inbound_events_state_created_at_id_idx ON inbound_events (state, created_at, id);
CREATE INDEX inbound_events_source_created_at_id_idx ON inbound_events (source, created_at, id);
