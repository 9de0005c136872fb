//! An FTS5 table, kept by triggers.
//!
//! An FTS5 row is found quickly by its rowid alone, and the rowid of `messages` is no stable name:
//! the key is a blob, so VACUUM may renumber it. `messages_fts_map` gives each indexed message a
//! number of its own, an `INTEGER PRIMARY KEY`, which VACUUM keeps.

/// In the order in which they are made.
pub(super) const OBJECTS: &[&str] = &[
    "CREATE TABLE messages_fts_map (
    docid integer NOT NULL PRIMARY KEY,
    message_id uuid_text NOT NULL CONSTRAINT messages_fts_map_message_id_key UNIQUE
)",
    "CREATE VIRTUAL TABLE messages_fts USING fts5(
    message_id UNINDEXED, content, tokenize = 'porter unicode61 remove_diacritics 0'
)",
    "CREATE TRIGGER messages_fts_insert AFTER INSERT ON messages
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
END",
    "CREATE TRIGGER messages_fts_delete AFTER DELETE ON messages
WHEN OLD.entity IN ('USER', 'AI_MESSAGE')
BEGIN
    DELETE FROM messages_fts
    WHERE rowid = (SELECT docid FROM messages_fts_map WHERE message_id = OLD.message_id);
    DELETE FROM messages_fts_map WHERE message_id = OLD.message_id;
END",
    // A message that becomes one of the other kinds leaves the index …
    "CREATE TRIGGER messages_fts_update_out AFTER UPDATE OF message_id, entity, content ON messages
WHEN OLD.entity IN ('USER', 'AI_MESSAGE') AND NEW.entity NOT IN ('USER', 'AI_MESSAGE')
BEGIN
    DELETE FROM messages_fts
    WHERE rowid = (SELECT docid FROM messages_fts_map WHERE message_id = OLD.message_id);
    DELETE FROM messages_fts_map WHERE message_id = OLD.message_id;
END",
    // … and every other change of an indexed one replaces its row: the id may change too.
    "CREATE TRIGGER messages_fts_update_in AFTER UPDATE OF message_id, entity, content ON messages
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
END",
];
