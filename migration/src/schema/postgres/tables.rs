//! Tables, and what belongs to them.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, QueryResult};

use super::{pairs_of, rows, text};
use crate::schema::{Column, Filling, LiveSchema, Table};

const COLUMNS: &str = "SELECT c.relname::text, c.oid::bigint, a.attname::text, a.attnum::int,
        format_type(a.atttypid, a.atttypmod) || CASE
            WHEN a.attcollation <> 0 AND a.attcollation <> t.typcollation
            THEN ' COLLATE ' || quote_ident(l.collname) ELSE '' END,
        NOT a.attnotnull, a.attidentity::text, a.attgenerated::text,
        pg_get_expr(d.adbin, d.adrelid)
    FROM pg_class c
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.objid = c.oid AND e.deptype = 'e')
    ORDER BY c.relname, a.attnum";

const OPTIONS: &str = "SELECT c.relname::text, unnest(array_remove(
        ARRAY[CASE WHEN c.relpersistence = 'u' THEN 'UNLOGGED' END,
              CASE WHEN c.relrowsecurity THEN 'ROW LEVEL SECURITY' END,
              CASE WHEN c.relforcerowsecurity THEN 'FORCE ROW LEVEL SECURITY' END,
              'PARTITION BY ' || pg_get_partkeydef(c.oid),
              CASE WHEN c.relispartition
                   THEN 'PARTITION OF ' || (SELECT i.inhparent::regclass::text FROM pg_inherits i
                       WHERE i.inhrelid = c.oid) || ' ' || pg_get_expr(c.relpartbound, c.oid) END,
              CASE c.relreplident WHEN 'f' THEN 'REPLICA IDENTITY FULL'
                   WHEN 'n' THEN 'REPLICA IDENTITY NOTHING'
                   WHEN 'i' THEN 'REPLICA IDENTITY USING INDEX ' || (SELECT quote_ident(x.relname)
                       FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
                       WHERE i.indrelid = c.oid AND i.indisreplident) END,
              'CLUSTER ON ' || (SELECT quote_ident(x.relname)
                   FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
                   WHERE i.indrelid = c.oid AND i.indisclustered)]
            || ARRAY(SELECT 'INHERITS ' || i.inhparent::regclass::text FROM pg_inherits i
                     WHERE i.inhrelid = c.oid AND NOT c.relispartition)
            || ARRAY(SELECT 'toast.' || o.one FROM pg_class x, unnest(x.reloptions) o (one)
                     WHERE x.oid = c.reltoastrelid)
            || c.reloptions, NULL))
    FROM pg_class c
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')";

// What is said of columns beside what they are, as `ALTER TABLE … ALTER` has it; and of the sequence
// behind an identity column, where it does not simply count from one.
const SETTINGS: &str = "SELECT c.relname::text, 'COLUMN ' || quote_ident(a.attname) || ' SET ' || s.one
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid,
    LATERAL (VALUES
        (CASE WHEN a.attstorage <> t.typstorage THEN format('STORAGE %s, not %s',
            CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
                WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END,
            CASE t.typstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
                WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END) END),
        ('COMPRESSION ' || CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END),
        (CASE WHEN a.attstattarget >= 0 THEN 'STATISTICS ' || a.attstattarget END),
        ('(' || array_to_string(a.attoptions, ', ') || ')')) s (one)
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
      AND s.one IS NOT NULL
    UNION ALL
    SELECT c.relname::text, 'COLUMN ' || quote_ident(a.attname) || format(' SET START WITH %s \
SET INCREMENT BY %s SET MINVALUE %s SET MAXVALUE %s SET CACHE %s SET %sCYCLE',
        s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
        CASE WHEN s.seqcycle THEN '' ELSE 'NO ' END)
    FROM pg_sequence s
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.deptype = 'i'
    JOIN pg_class c ON c.oid = d.refobjid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p')
      AND (s.seqstart, s.seqincrement, s.seqmin, s.seqcache, s.seqcycle, s.seqmax)
        <> (1, 1, 1, 1, false, CASE s.seqtypid WHEN 'smallint'::regtype THEN 32767
            WHEN 'integer'::regtype THEN 2147483647 ELSE 9223372036854775807 END)";

// A foreign key is kept by triggers of its own, on both tables, which can be turned off.
// A key to a table that is cut into partitions has one more to each of them, which comes with it.
const CONSTRAINTS: &str =
    "SELECT c.relname::text, k.conname::text, pg_get_constraintdef(k.oid, true)
        || coalesce((SELECT string_agg(DISTINCT ' ENABLED ' || t.tgenabled::text || ' ON '
                || t.tgrelid::regclass::text, '')
            FROM pg_trigger t
            WHERE k.contype = 'f' AND t.tgconstraint = k.oid AND t.tgenabled <> 'O'), '')
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND k.contype IN ('p', 'u', 'x', 'c', 'f')
      AND NOT EXISTS (SELECT 1 FROM pg_constraint a
                      WHERE a.oid = k.conparentid AND a.conrelid = k.conrelid)";

const INDEXES: &str = "SELECT c.relkind IN ('r', 'p'), c.relname::text, x.relname::text,
        pg_get_indexdef(i.indexrelid, 0, true) || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_class x ON x.oid = i.indexrelid
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p', 'm')
      AND NOT EXISTS (SELECT 1 FROM pg_constraint k
                      WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT true, c.relname::text, s.stxname::text, 'CREATE STATISTICS ' || substr(
        pg_get_statisticsobjdef(s.oid),
        length('CREATE STATISTICS ' || quote_ident(n.nspname) || '.') + 1)
    FROM pg_statistic_ext s JOIN pg_class c ON c.oid = s.stxrelid
    JOIN pg_namespace n ON n.oid = s.stxnamespace
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace";

const TRIGGERS: &str = "SELECT c.relkind IN ('r', 'p'), c.relname::text, t.tgname::text,
        pg_get_triggerdef(t.oid, true)
            || CASE t.tgenabled WHEN 'O' THEN '' ELSE ' ENABLED ' || t.tgenabled::text END
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND NOT t.tgisinternal
      AND c.relkind IN ('r', 'p', 'v')
    UNION ALL
    SELECT c.relkind IN ('r', 'p'), c.relname::text, r.rulename::text,
        pg_get_ruledef(r.oid, true)
            || CASE r.ev_enabled WHEN 'O' THEN '' ELSE ' ENABLED ' || r.ev_enabled::text END
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
    WHERE c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p', 'v')
      AND r.rulename <> '_RETURN'
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')";

const POLICIES: &str = "SELECT tablename::text, policyname::text,
        'CREATE POLICY ' || quote_ident(policyname) || ' ON ' || quote_ident(tablename)
            || ' AS ' || permissive || ' FOR ' || cmd
            || ' TO ' || (SELECT string_agg(CASE r WHEN 'public' THEN 'PUBLIC' ELSE quote_ident(r) END, ', ')
                          FROM unnest(roles) r)
            || coalesce(' USING (' || qual || ')', '')
            || coalesce(' WITH CHECK (' || with_check || ')', '')
    FROM pg_policies WHERE schemaname = current_schema()";

pub(super) async fn read(db: &impl ConnectionTrait, schema: &mut LiveSchema) -> Result<(), DbErr> {
    for row in rows(db, COLUMNS).await? {
        let table: &mut Table = schema.tables.entry(text(&row, 0)?).or_default();
        table.oid = row.try_get_by_index(1)?;
        table.columns.extend(column(&row)?);
    }
    for query in [OPTIONS, SETTINGS] {
        for (table, option) in pairs_of(db, query).await? {
            if let Some(table) = schema.tables.get_mut(&table) {
                table.options.insert(option);
            }
        }
    }
    Ok(())
}

/// What belongs to tables, and to views, which are known by now.
pub(super) async fn parts(db: &impl ConnectionTrait, schema: &mut LiveSchema) -> Result<(), DbErr> {
    for row in rows(db, CONSTRAINTS).await? {
        if let Some(table) = schema.tables.get_mut(&text(&row, 0)?) {
            table.constraints.insert(text(&row, 1)?, text(&row, 2)?);
        }
    }
    for row in rows(db, INDEXES).await? {
        let (on, name, definition) = (text(&row, 1)?, text(&row, 2)?, text(&row, 3)?);
        let indexes = if row.try_get_by_index(0)? {
            schema.tables.get_mut(&on).map(|table| &mut table.indexes)
        } else {
            schema.views.get_mut(&on).map(|view| &mut view.indexes)
        };
        if let Some(indexes) = indexes {
            indexes.insert(name, definition);
        }
    }
    for row in rows(db, TRIGGERS).await? {
        let (on, name, definition) = (text(&row, 1)?, text(&row, 2)?, text(&row, 3)?);
        let triggers = if row.try_get_by_index(0)? {
            schema.tables.get_mut(&on).map(|table| &mut table.triggers)
        } else {
            schema.views.get_mut(&on).map(|view| &mut view.triggers)
        };
        if let Some(triggers) = triggers {
            triggers.insert(name, definition);
        }
    }
    for row in rows(db, POLICIES).await? {
        if let Some(table) = schema.tables.get_mut(&text(&row, 0)?) {
            table.policies.insert(text(&row, 1)?, text(&row, 2)?);
        }
    }
    Ok(())
}

/// The column that the row tells of; a table may have none.
fn column(row: &QueryResult) -> Result<Option<Column>, DbErr> {
    let Some(name) = row.try_get_by_index(2)? else {
        return Ok(None);
    };
    let expression: Option<String> = row.try_get_by_index(8)?;
    let filling = match (text(row, 6)?.as_str(), text(row, 7)?.as_str()) {
        ("a", _) => Some(Filling::Identity("ALWAYS".to_owned())),
        ("d", _) => Some(Filling::Identity("BY DEFAULT".to_owned())),
        (_, "") => expression.map(Filling::Default),
        _ => expression.map(Filling::Generated),
    };
    Ok(Some(Column {
        name,
        kind: text(row, 4)?,
        nullable: row.try_get_by_index(5)?,
        filling,
        number: row.try_get_by_index(3)?,
    }))
}
