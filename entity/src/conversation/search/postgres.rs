//! A `tsvector` column, kept by a trigger. Names, body and position are those of the database that
//! is shared with the Python backend, to the letter.

/// In the order in which they are made.
pub(super) const OBJECTS: &[&str] = &[
    "ALTER TABLE messages ADD COLUMN search_vector tsvector",
    "CREATE FUNCTION update_messages_search_vector() RETURNS trigger
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
$$",
    "CREATE INDEX ix_messages_search_vector ON messages USING gin (search_vector)",
    "CREATE TRIGGER messages_search_vector_trigger BEFORE INSERT OR UPDATE ON messages \
     FOR EACH ROW EXECUTE FUNCTION update_messages_search_vector()",
];
