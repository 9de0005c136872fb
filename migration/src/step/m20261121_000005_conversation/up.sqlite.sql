CREATE TABLE threads (
    thread_id uuid_text NOT NULL,
    vlab_id uuid_text,
    project_id uuid_text,
    title varchar NOT NULL,
    creation_date timestamp_with_timezone_text NOT NULL,
    update_date timestamp_with_timezone_text NOT NULL,
    user_id uuid_text NOT NULL,
    CONSTRAINT threads_pkey PRIMARY KEY (thread_id)
);

CREATE TABLE messages (
    message_id uuid_text NOT NULL,
    creation_date timestamp_with_timezone_text NOT NULL,
    content varchar NOT NULL,
    thread_id uuid_text NOT NULL,
    entity enum_text NOT NULL,
    is_complete boolean NOT NULL,
    CONSTRAINT messages_pkey PRIMARY KEY (message_id),
    CONSTRAINT messages_entity_check CHECK (entity IN ('USER', 'AI_TOOL', 'TOOL', 'AI_MESSAGE')),
    CONSTRAINT messages_thread_id_fkey FOREIGN KEY (thread_id) REFERENCES threads (thread_id) ON DELETE CASCADE
);

CREATE TABLE messages_fts_map (
    docid integer NOT NULL PRIMARY KEY,
    message_id uuid_text NOT NULL CONSTRAINT messages_fts_map_message_id_key UNIQUE
);

CREATE VIRTUAL TABLE messages_fts USING fts5(
    message_id UNINDEXED, content, tokenize = 'porter unicode61 remove_diacritics 0'
);

CREATE TRIGGER messages_fts_insert AFTER INSERT ON messages
WHEN NEW.entity IN ('USER', 'AI_MESSAGE')
BEGIN
    SELECT RAISE(ABORT, 'message content is not JSON') WHERE NOT json_valid(NEW.content);
    INSERT INTO messages_fts_map (message_id) VALUES (NEW.message_id);
    INSERT INTO messages_fts (rowid, message_id, content)
    SELECT docid, message_id, CASE json_type(NEW.content, '$.content')
        WHEN 'true' THEN 'true'
        WHEN 'false' THEN 'false'
        ELSE coalesce(json_extract(NEW.content, '$.content'), '')
    END
    FROM messages_fts_map WHERE message_id = NEW.message_id;
END;

CREATE TRIGGER messages_fts_delete AFTER DELETE ON messages
WHEN OLD.entity IN ('USER', 'AI_MESSAGE')
BEGIN
    DELETE FROM messages_fts
    WHERE rowid = (SELECT docid FROM messages_fts_map WHERE message_id = OLD.message_id);
    DELETE FROM messages_fts_map WHERE message_id = OLD.message_id;
END;

CREATE TRIGGER messages_fts_update_out AFTER UPDATE OF message_id, entity, content ON messages
WHEN OLD.entity IN ('USER', 'AI_MESSAGE') AND NEW.entity NOT IN ('USER', 'AI_MESSAGE')
BEGIN
    DELETE FROM messages_fts
    WHERE rowid = (SELECT docid FROM messages_fts_map WHERE message_id = OLD.message_id);
    DELETE FROM messages_fts_map WHERE message_id = OLD.message_id;
END;

CREATE TRIGGER messages_fts_update_in AFTER UPDATE OF message_id, entity, content ON messages
WHEN NEW.entity IN ('USER', 'AI_MESSAGE')
BEGIN
    SELECT RAISE(ABORT, 'message content is not JSON') WHERE NOT json_valid(NEW.content);
    DELETE FROM messages_fts
    WHERE rowid = (SELECT docid FROM messages_fts_map WHERE message_id = OLD.message_id);
    DELETE FROM messages_fts_map WHERE message_id = OLD.message_id;
    INSERT INTO messages_fts_map (message_id) VALUES (NEW.message_id);
    INSERT INTO messages_fts (rowid, message_id, content)
    SELECT docid, message_id, CASE json_type(NEW.content, '$.content')
        WHEN 'true' THEN 'true'
        WHEN 'false' THEN 'false'
        ELSE coalesce(json_extract(NEW.content, '$.content'), '')
    END
    FROM messages_fts_map WHERE message_id = NEW.message_id;
END;

CREATE TABLE tool_calls (
    tool_call_id varchar NOT NULL,
    name varchar NOT NULL,
    arguments varchar NOT NULL,
    validated boolean,
    message_id uuid_text NOT NULL,
    CONSTRAINT tool_calls_pkey PRIMARY KEY (tool_call_id),
    CONSTRAINT tool_calls_message_id_fkey FOREIGN KEY (message_id) REFERENCES messages (message_id) ON DELETE CASCADE
);

CREATE TABLE tool_selection (
    id uuid_text NOT NULL,
    message_id uuid_text NOT NULL,
    tool_name varchar NOT NULL,
    CONSTRAINT tool_selection_pkey PRIMARY KEY (id),
    CONSTRAINT tool_selection_message_id_fkey FOREIGN KEY (message_id) REFERENCES messages (message_id) ON DELETE CASCADE
);

CREATE TABLE complexity_estimation (
    id uuid_text NOT NULL,
    complexity integer,
    model varchar NOT NULL,
    reasoning enum_text,
    message_id uuid_text NOT NULL,
    CONSTRAINT complexity_estimation_pkey PRIMARY KEY (id),
    CONSTRAINT complexity_estimation_reasoning_check CHECK (reasoning IN ('NONE', 'MINIMAL', 'LOW', 'MEDIUM', 'HIGH')),
    CONSTRAINT complexity_estimation_message_id_fkey FOREIGN KEY (message_id) REFERENCES messages (message_id) ON DELETE CASCADE
);

CREATE TABLE token_consumption (
    id uuid_text NOT NULL,
    message_id uuid_text NOT NULL,
    type enum_text NOT NULL,
    task enum_text NOT NULL,
    count integer NOT NULL,
    model varchar NOT NULL,
    CONSTRAINT token_consumption_pkey PRIMARY KEY (id),
    CONSTRAINT token_consumption_type_check CHECK (type IN ('INPUT_NONCACHED', 'INPUT_CACHED', 'COMPLETION')),
    CONSTRAINT token_consumption_task_check CHECK (task IN ('CHAT_COMPLETION', 'TOOL_SELECTION', 'CALL_WITHIN_TOOL')),
    CONSTRAINT token_consumption_message_id_fkey FOREIGN KEY (message_id) REFERENCES messages (message_id) ON DELETE CASCADE
);

CREATE TABLE alembic_version (
    version_num varchar(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

INSERT INTO alembic_version (version_num) VALUES ('6d8986f38d7b');
