CREATE TYPE entity AS ENUM ('USER', 'AI_TOOL', 'TOOL', 'AI_MESSAGE');
CREATE TYPE reasoninglevels AS ENUM ('NONE', 'MINIMAL', 'LOW', 'MEDIUM', 'HIGH');
CREATE TYPE tokentype AS ENUM ('INPUT_NONCACHED', 'INPUT_CACHED', 'COMPLETION');
CREATE TYPE task AS ENUM ('CHAT_COMPLETION', 'TOOL_SELECTION', 'CALL_WITHIN_TOOL');

CREATE TABLE threads (
    thread_id uuid NOT NULL,
    vlab_id uuid,
    project_id uuid,
    title varchar NOT NULL,
    creation_date timestamp with time zone NOT NULL,
    update_date timestamp with time zone NOT NULL,
    user_id uuid NOT NULL,
    CONSTRAINT threads_pkey PRIMARY KEY (thread_id)
);

CREATE TABLE messages (
    message_id uuid NOT NULL,
    creation_date timestamp with time zone NOT NULL,
    content varchar NOT NULL,
    thread_id uuid NOT NULL,
    entity entity NOT NULL,
    is_complete bool NOT NULL,
    CONSTRAINT messages_pkey PRIMARY KEY (message_id),
    CONSTRAINT messages_thread_id_fkey FOREIGN KEY (thread_id) REFERENCES threads (thread_id) ON DELETE CASCADE
);

ALTER TABLE messages ADD COLUMN search_vector tsvector;

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

CREATE INDEX ix_messages_search_vector ON messages USING gin (search_vector);

CREATE TRIGGER messages_search_vector_trigger BEFORE INSERT OR UPDATE ON messages FOR EACH ROW EXECUTE FUNCTION update_messages_search_vector();

CREATE TABLE tool_calls (
    tool_call_id varchar NOT NULL,
    name varchar NOT NULL,
    arguments varchar NOT NULL,
    validated bool,
    message_id uuid NOT NULL,
    CONSTRAINT tool_calls_pkey PRIMARY KEY (tool_call_id),
    CONSTRAINT tool_calls_message_id_fkey FOREIGN KEY (message_id) REFERENCES messages (message_id) ON DELETE CASCADE
);

CREATE TABLE tool_selection (
    id uuid NOT NULL,
    message_id uuid NOT NULL,
    tool_name varchar NOT NULL,
    CONSTRAINT tool_selection_pkey PRIMARY KEY (id),
    CONSTRAINT tool_selection_message_id_fkey FOREIGN KEY (message_id) REFERENCES messages (message_id) ON DELETE CASCADE
);

CREATE TABLE complexity_estimation (
    id uuid NOT NULL,
    complexity integer,
    model varchar NOT NULL,
    reasoning reasoninglevels,
    message_id uuid NOT NULL,
    CONSTRAINT complexity_estimation_pkey PRIMARY KEY (id),
    CONSTRAINT complexity_estimation_message_id_fkey FOREIGN KEY (message_id) REFERENCES messages (message_id) ON DELETE CASCADE
);

CREATE TABLE token_consumption (
    id uuid NOT NULL,
    message_id uuid NOT NULL,
    type tokentype NOT NULL,
    task task NOT NULL,
    count integer NOT NULL,
    model varchar NOT NULL,
    CONSTRAINT token_consumption_pkey PRIMARY KEY (id),
    CONSTRAINT token_consumption_message_id_fkey FOREIGN KEY (message_id) REFERENCES messages (message_id) ON DELETE CASCADE
);

CREATE TABLE alembic_version (
    version_num varchar(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

INSERT INTO alembic_version (version_num) VALUES ('6d8986f38d7b');
