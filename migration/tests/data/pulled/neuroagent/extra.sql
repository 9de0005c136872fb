-- chancery pull: postgres, named keys
-- What the entities beside this file cannot say. It may run again and again. The next pull writes
-- it anew, but for what stands under the last heading.

-- == before the tables


-- == after the tables
CREATE OR REPLACE FUNCTION update_messages_search_vector()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    indexed text := '';
BEGIN
    IF NEW.entity IN ('USER', 'AI_MESSAGE') THEN
        indexed := coalesce(NEW.content::jsonb ->> 'content', '');
    END IF;

    NEW.search_vector := to_tsvector('english', indexed);
    RETURN NEW;
END;
$function$;

CREATE INDEX IF NOT EXISTS ix_messages_search_vector ON messages USING gin (search_vector);

CREATE OR REPLACE TRIGGER messages_search_vector_trigger BEFORE INSERT OR UPDATE ON messages FOR EACH ROW EXECUTE FUNCTION update_messages_search_vector();

-- == by hand
