//! Views, types, routines, sequences, and what is said of all of them.

pub(super) const VIEWS: &str = "SELECT c.relname::text, c.relkind = 'm',
        'CREATE ' || CASE c.relkind WHEN 'm' THEN 'MATERIALIZED ' ELSE '' END || 'VIEW '
            || quote_ident(c.relname)
            || coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '')
            || ' AS' || E'\\n' || rtrim(pg_get_viewdef(c.oid, true), ';')
    FROM pg_class c
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('v', 'm')
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')";

pub(super) const ENUMS: &str = "SELECT t.typname::text, e.enumlabel::text
    FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid
    WHERE t.typnamespace = quote_ident(current_schema())::regnamespace
    ORDER BY t.typname, e.enumsortorder";

// What a range is made of beside its subtype is told where it is not what the server would take.
pub(super) const TYPES: &str = "SELECT t.typname::text, CASE t.typtype
        WHEN 'd' THEN 'CREATE DOMAIN ' || quote_ident(t.typname) || ' AS '
            || format_type(t.typbasetype, t.typtypmod)
            || coalesce(' DEFAULT ' || t.typdefault, '')
            || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
            || coalesce((SELECT string_agg(' CONSTRAINT ' || quote_ident(k.conname) || ' '
                    || pg_get_constraintdef(k.oid, true), '' ORDER BY k.conname)
                FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'), '')
        WHEN 'r' THEN 'CREATE TYPE ' || quote_ident(t.typname) || ' AS RANGE (SUBTYPE = '
            || (SELECT format_type(g.rngsubtype, NULL)
                    || coalesce((SELECT ', SUBTYPE_OPCLASS = ' || quote_ident(o.opcname)
                        FROM pg_opclass o WHERE o.oid = g.rngsubopc AND NOT o.opcdefault), '')
                    || coalesce((SELECT ', COLLATION = ' || quote_ident(l.collname)
                        FROM pg_collation l JOIN pg_type s ON s.oid = g.rngsubtype
                        WHERE l.oid = g.rngcollation AND l.oid <> s.typcollation), '')
                    || coalesce((SELECT ', CANONICAL = ' || quote_ident(p.proname)
                        FROM pg_proc p WHERE p.oid = g.rngcanonical), '')
                    || coalesce((SELECT ', SUBTYPE_DIFF = ' || quote_ident(p.proname)
                        FROM pg_proc p WHERE p.oid = g.rngsubdiff), '')
                    || coalesce((SELECT ', MULTIRANGE_TYPE_NAME = ' || quote_ident(m.typname)
                        FROM pg_type m WHERE m.oid = (to_jsonb(g) ->> 'rngmultitypid')::oid
                          AND m.typname <> CASE WHEN t.typname LIKE '%range%'
                              THEN regexp_replace(t.typname, 'range', 'multirange')
                              ELSE t.typname || '_multirange' END), '')
                FROM pg_range g WHERE g.rngtypid = t.oid)
            || ')'
        ELSE 'CREATE TYPE ' || quote_ident(t.typname) || ' AS ('
            || coalesce((SELECT string_agg(quote_ident(a.attname) || ' '
                    || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
                FROM pg_attribute a
                WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '')
            || ')' END
    FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE t.typnamespace = quote_ident(current_schema())::regnamespace
      AND (t.typtype IN ('d', 'r') OR (t.typtype = 'c' AND c.relkind = 'c'))
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')";

// The head always names the schema, which is left out there and nowhere else: what stands in a body,
// or in a setting of the function, is its author's word. A range's own constructors come with it.
pub(super) const FUNCTIONS: &str = "SELECT p.oid::regprocedure::text, h.head || substr(
        pg_get_functiondef(p.oid),
        length(h.head || quote_ident(current_schema()) || '.') + 1)
    FROM pg_proc p, LATERAL (SELECT 'CREATE OR REPLACE '
        || CASE p.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END) h (head)
    WHERE p.pronamespace = quote_ident(current_schema())::regnamespace AND p.prokind IN ('f', 'p')
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass
                      AND d.objid = p.oid AND d.deptype IN ('e', 'i'))";

pub(super) const SEQUENCES: &str = "SELECT c.relname::text,
        format('AS %s START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s',
            format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
            s.seqcache, CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END),
        (SELECT quote_ident(o.relname) || '.' || quote_ident(a.attname)
         FROM pg_depend d JOIN pg_class o ON o.oid = d.refobjid
         JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum = d.refobjsubid
         WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'a')
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('i', 'e'))";

// Each with its schema where that is another.
pub(super) const EXTENSIONS: &str =
    "SELECT e.extname::text, nullif(n.nspname, current_schema())::text
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql'";

// An identity is either `schema.name` or `part on schema.name`; that of a routine names the schemas
// of its arguments' types, too.
pub(super) const COMMENTS: &str = "SELECT CASE
            WHEN o.type = 'domain constraint' THEN 'CONSTRAINT '
                || replace(b.body, ' on ', ' ON DOMAIN ')
            ELSE upper(CASE WHEN o.type LIKE '% column' THEN 'column'
                            WHEN o.type = 'table constraint' THEN 'constraint'
                            WHEN o.type = 'statistics object' THEN 'statistics'
                            ELSE o.type END) || ' ' || b.body END,
        d.description
    FROM pg_description d
    CROSS JOIN (SELECT quote_ident(current_schema()) || '.') s (head),
    LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) o,
    LATERAL (SELECT CASE
        WHEN d.classoid = 'pg_proc'::regclass THEN d.objoid::regprocedure::text
        WHEN starts_with(o.identity, s.head) THEN substr(o.identity, length(s.head) + 1)
        ELSE overlay(o.identity PLACING ' on '
            FROM strpos(o.identity, ' on ' || s.head) FOR length(' on ' || s.head)) END) b (body)
    WHERE (o.schema = current_schema() OR strpos(o.identity, ' on ' || s.head) > 0)
      AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.objid = d.objoid AND e.deptype = 'e')";

pub(super) const OWNERS: &str =
    "SELECT CASE c.relkind WHEN 'v' THEN 'VIEW ' WHEN 'm' THEN 'MATERIALIZED VIEW '
            WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || quote_ident(c.relname),
        pg_get_userbyid(c.relowner)::text
    FROM pg_class c
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
      AND NOT EXISTS (SELECT 1 FROM pg_depend d
                      WHERE d.objid = c.oid AND d.deptype IN ('e', 'i', 'a') AND c.relkind = 'S')
    UNION ALL
    SELECT 'FUNCTION ' || p.oid::regprocedure::text, pg_get_userbyid(p.proowner)::text
    FROM pg_proc p
    WHERE p.pronamespace = quote_ident(current_schema())::regnamespace AND p.prokind = 'f'
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass
                      AND d.objid = p.oid AND d.deptype IN ('e', 'i'))
    UNION ALL
    SELECT 'TYPE ' || quote_ident(t.typname), pg_get_userbyid(t.typowner)::text
    FROM pg_type t
    WHERE t.typnamespace = quote_ident(current_schema())::regnamespace AND t.typtype IN ('e', 'd')
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')";
