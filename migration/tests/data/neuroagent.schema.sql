CREATE TYPE entity AS ENUM (
    'USER',
    'AI_TOOL',
    'TOOL',
    'AI_MESSAGE'
);
CREATE TYPE reasoninglevels AS ENUM (
    'NONE',
    'MINIMAL',
    'LOW',
    'MEDIUM',
    'HIGH'
);
CREATE TYPE task AS ENUM (
    'CHAT_COMPLETION',
    'TOOL_SELECTION',
    'CALL_WITHIN_TOOL'
);
CREATE TYPE tokentype AS ENUM (
    'INPUT_NONCACHED',
    'INPUT_CACHED',
    'COMPLETION'
);
CREATE FUNCTION update_messages_search_vector() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    indexed text := '';
BEGIN
    IF NEW.entity IN ('USER', 'AI_MESSAGE') THEN
        indexed := coalesce(NEW.content::jsonb ->> 'content', '');
    END IF;
    NEW.search_vector := to_tsvector('english', indexed);
    RETURN NEW;
END;
$$;
CREATE TABLE alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE complexity_estimation (
    id uuid NOT NULL,
    complexity integer,
    model character varying NOT NULL,
    reasoning reasoninglevels,
    message_id uuid NOT NULL
);
CREATE TABLE messages (
    message_id uuid NOT NULL,
    creation_date timestamp with time zone NOT NULL,
    content character varying NOT NULL,
    thread_id uuid NOT NULL,
    entity entity NOT NULL,
    is_complete boolean NOT NULL,
    search_vector tsvector
);
CREATE TABLE threads (
    thread_id uuid NOT NULL,
    vlab_id uuid,
    project_id uuid,
    title character varying NOT NULL,
    creation_date timestamp with time zone NOT NULL,
    update_date timestamp with time zone NOT NULL,
    user_id uuid NOT NULL
);
CREATE TABLE token_consumption (
    id uuid NOT NULL,
    message_id uuid NOT NULL,
    type tokentype NOT NULL,
    task task NOT NULL,
    count integer NOT NULL,
    model character varying NOT NULL
);
CREATE TABLE tool_calls (
    tool_call_id character varying NOT NULL,
    name character varying NOT NULL,
    arguments character varying NOT NULL,
    validated boolean,
    message_id uuid NOT NULL
);
CREATE TABLE tool_selection (
    id uuid NOT NULL,
    message_id uuid NOT NULL,
    tool_name character varying NOT NULL
);
ALTER TABLE ONLY alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY complexity_estimation
    ADD CONSTRAINT complexity_estimation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY messages
    ADD CONSTRAINT messages_pkey PRIMARY KEY (message_id);
ALTER TABLE ONLY threads
    ADD CONSTRAINT threads_pkey PRIMARY KEY (thread_id);
ALTER TABLE ONLY token_consumption
    ADD CONSTRAINT token_consumption_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tool_calls
    ADD CONSTRAINT tool_calls_pkey PRIMARY KEY (tool_call_id);
ALTER TABLE ONLY tool_selection
    ADD CONSTRAINT tool_selection_pkey PRIMARY KEY (id);
CREATE INDEX ix_messages_search_vector ON messages USING gin (search_vector);
CREATE TRIGGER messages_search_vector_trigger BEFORE INSERT OR UPDATE ON messages FOR EACH ROW EXECUTE FUNCTION update_messages_search_vector();
ALTER TABLE ONLY complexity_estimation
    ADD CONSTRAINT complexity_estimation_message_id_fkey FOREIGN KEY (message_id) REFERENCES messages(message_id);
ALTER TABLE ONLY messages
    ADD CONSTRAINT messages_thread_id_fkey FOREIGN KEY (thread_id) REFERENCES threads(thread_id);
ALTER TABLE ONLY token_consumption
    ADD CONSTRAINT token_consumption_message_id_fkey FOREIGN KEY (message_id) REFERENCES messages(message_id);
ALTER TABLE ONLY tool_calls
    ADD CONSTRAINT tool_calls_message_id_fkey FOREIGN KEY (message_id) REFERENCES messages(message_id);
ALTER TABLE ONLY tool_selection
    ADD CONSTRAINT tool_selection_message_id_fkey FOREIGN KEY (message_id) REFERENCES messages(message_id);
