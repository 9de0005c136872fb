//! The catalogue of `PostgreSQL`: it spells every definition itself, and leaves out the schema's
//! name where the schema is the one that the connection works in.

use std::collections::BTreeMap;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};

use super::{Column, Filling, LiveSchema, Sequence, Table};
use crate::engine::Engine;

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
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.objid = c.oid AND e.deptype = 'e')
    ORDER BY c.relname, a.attnum";

const OPTIONS: &str = "SELECT c.relname::text, unnest(array_remove(
        ARRAY[CASE WHEN c.relpersistence = 'u' THEN 'UNLOGGED' END,
              CASE WHEN c.relrowsecurity THEN 'ROW LEVEL SECURITY' END,
              CASE WHEN c.relforcerowsecurity THEN 'FORCE ROW LEVEL SECURITY' END,
              'PARTITION BY ' || pg_get_partkeydef(c.oid),
              'PARTITION OF ' || (SELECT i.inhparent::regclass::text FROM pg_inherits i
                  WHERE i.inhrelid = c.oid) || ' ' || pg_get_expr(c.relpartbound, c.oid)]
            || c.reloptions, NULL))
    FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')";

const CONSTRAINTS: &str =
    "SELECT c.relname::text, k.conname::text, pg_get_constraintdef(k.oid, true)
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND k.contype IN ('p', 'u', 'x', 'c', 'f')";

const INDEXES: &str = "SELECT c.relkind IN ('r', 'p'), c.relname::text, x.relname::text,
        pg_get_indexdef(i.indexrelid, 0, true) || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_class x ON x.oid = i.indexrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'm')
      AND NOT EXISTS (SELECT 1 FROM pg_constraint k
                      WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT true, c.relname::text, s.stxname::text,
        replace(pg_get_statisticsobjdef(s.oid), quote_ident(current_schema()) || '.', '')
    FROM pg_statistic_ext s JOIN pg_class c ON c.oid = s.stxrelid
    WHERE c.relnamespace = current_schema()::regnamespace";

const TRIGGERS: &str = "SELECT c.relname::text, t.tgname::text,
        pg_get_triggerdef(t.oid, true)
            || CASE t.tgenabled WHEN 'O' THEN '' ELSE ' ENABLED ' || t.tgenabled::text END
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal
    UNION ALL
    SELECT c.relname::text, r.rulename::text,
        replace(pg_get_ruledef(r.oid, true), quote_ident(current_schema()) || '.', '')
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')";

const POLICIES: &str = "SELECT tablename::text, policyname::text,
        'CREATE POLICY ' || quote_ident(policyname) || ' ON ' || quote_ident(tablename)
            || ' AS ' || permissive || ' FOR ' || cmd
            || ' TO ' || (SELECT string_agg(CASE r WHEN 'public' THEN 'PUBLIC' ELSE quote_ident(r) END, ', ')
                          FROM unnest(roles) r)
            || coalesce(' USING (' || qual || ')', '')
            || coalesce(' WITH CHECK (' || with_check || ')', '')
    FROM pg_policies WHERE schemaname = current_schema()";

const VIEWS: &str = "SELECT c.relname::text, c.relkind = 'm',
        'CREATE ' || CASE c.relkind WHEN 'm' THEN 'MATERIALIZED ' ELSE '' END || 'VIEW '
            || quote_ident(c.relname)
            || coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '')
            || ' AS' || E'\\n' || rtrim(pg_get_viewdef(c.oid, true), ';')
    FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('v', 'm')
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')";

const ENUMS: &str = "SELECT t.typname::text, e.enumlabel::text
    FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid
    WHERE t.typnamespace = current_schema()::regnamespace
    ORDER BY t.typname, e.enumsortorder";

const TYPES: &str = "SELECT t.typname::text, CASE t.typtype
        WHEN 'd' THEN 'CREATE DOMAIN ' || quote_ident(t.typname) || ' AS '
            || format_type(t.typbasetype, t.typtypmod)
            || coalesce(' DEFAULT ' || t.typdefault, '')
            || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
            || coalesce((SELECT string_agg(' CONSTRAINT ' || quote_ident(k.conname) || ' '
                    || pg_get_constraintdef(k.oid, true), '' ORDER BY k.conname)
                FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'), '')
        WHEN 'r' THEN 'CREATE TYPE ' || quote_ident(t.typname) || ' AS RANGE (SUBTYPE = '
            || (SELECT format_type(g.rngsubtype, NULL) FROM pg_range g WHERE g.rngtypid = t.oid)
            || ')'
        ELSE 'CREATE TYPE ' || quote_ident(t.typname) || ' AS ('
            || coalesce((SELECT string_agg(quote_ident(a.attname) || ' '
                    || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
                FROM pg_attribute a
                WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '')
            || ')' END
    FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE t.typnamespace = current_schema()::regnamespace
      AND (t.typtype IN ('d', 'r') OR (t.typtype = 'c' AND c.relkind = 'c'))
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')";

// The one definition that always names the schema.
const FUNCTIONS: &str = "SELECT p.oid::regprocedure::text,
        replace(pg_get_functiondef(p.oid), quote_ident(current_schema()) || '.', '')
    FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace AND p.prokind IN ('f', 'p')
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')";

const SEQUENCES: &str = "SELECT c.relname::text,
        format('AS %s START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s',
            format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
            s.seqcache, CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END),
        (SELECT quote_ident(o.relname) || '.' || quote_ident(a.attname)
         FROM pg_depend d JOIN pg_class o ON o.oid = d.refobjid
         JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum = d.refobjsubid
         WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'a')
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
    WHERE c.relnamespace = current_schema()::regnamespace
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('i', 'e'))";

const EXTENSIONS: &str = "SELECT extname::text FROM pg_extension WHERE extname <> 'plpgsql'";

const COMMENTS: &str = "SELECT upper(CASE WHEN o.type LIKE '% column' THEN 'column'
                                 WHEN o.type LIKE 'table constraint' THEN 'constraint'
                                 ELSE o.type END) || ' '
            || replace(o.identity, quote_ident(current_schema()) || '.', ''),
        d.description
    FROM pg_description d, LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) o
    WHERE (o.schema = current_schema()
           OR o.identity LIKE '% on ' || quote_ident(current_schema()) || '.%')
      AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.objid = d.objoid AND e.deptype = 'e')";

const OWNERS: &str =
    "SELECT CASE c.relkind WHEN 'v' THEN 'VIEW ' WHEN 'm' THEN 'MATERIALIZED VIEW '
            WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || quote_ident(c.relname),
        pg_get_userbyid(c.relowner)::text
    FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
      AND NOT EXISTS (SELECT 1 FROM pg_depend d
                      WHERE d.objid = c.oid AND d.deptype IN ('e', 'i', 'a') AND c.relkind = 'S')
    UNION ALL
    SELECT 'FUNCTION ' || p.oid::regprocedure::text, pg_get_userbyid(p.proowner)::text
    FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace AND p.prokind = 'f'
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL
    SELECT 'TYPE ' || quote_ident(t.typname), pg_get_userbyid(t.typowner)::text
    FROM pg_type t
    WHERE t.typnamespace = current_schema()::regnamespace AND t.typtype IN ('e', 'd')
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')";

pub(super) async fn read(db: &impl ConnectionTrait) -> Result<LiveSchema, DbErr> {
    let mut schema = LiveSchema::empty(Engine::Postgres);
    for row in rows(db, COLUMNS).await? {
        let table: &mut Table = schema.tables.entry(text(&row, 0)?).or_default();
        table.oid = row.try_get_by_index(1)?;
        table.columns.extend(column(&row)?);
    }
    parts(db, &mut schema).await?;
    for row in rows(db, VIEWS).await? {
        let view = schema.views.entry(text(&row, 0)?).or_default();
        view.materialized = row.try_get_by_index(1)?;
        view.create = text(&row, 2)?;
    }
    for row in rows(db, ENUMS).await? {
        let values = schema.enums.entry(text(&row, 0)?).or_default();
        values.push(text(&row, 1)?);
    }
    schema.types = pairs(db, TYPES).await?;
    schema.functions = pairs(db, FUNCTIONS).await?;
    for row in rows(db, SEQUENCES).await? {
        let sequence = Sequence {
            definition: text(&row, 1)?,
            owned_by: row.try_get_by_index(2)?,
        };
        schema.sequences.insert(text(&row, 0)?, sequence);
    }
    for row in rows(db, EXTENSIONS).await? {
        schema.extensions.insert(text(&row, 0)?);
    }
    schema.comments = pairs(db, COMMENTS).await?;
    let mut owners = pairs(db, OWNERS).await?;
    let owner = most(owners.values());
    owners.retain(|_, one| Some(&*one) != owner.as_ref());
    schema.owners = owners;
    schema.owner = owner;
    Ok(schema)
}

/// What belongs to tables.
async fn parts(db: &impl ConnectionTrait, schema: &mut LiveSchema) -> Result<(), DbErr> {
    for row in rows(db, OPTIONS).await? {
        if let Some(table) = schema.tables.get_mut(&text(&row, 0)?) {
            table.options.insert(text(&row, 1)?);
        }
    }
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
            Some(&mut schema.views.entry(on).or_default().indexes)
        };
        if let Some(indexes) = indexes {
            indexes.insert(name, definition);
        }
    }
    for row in rows(db, TRIGGERS).await? {
        if let Some(table) = schema.tables.get_mut(&text(&row, 0)?) {
            table.triggers.insert(text(&row, 1)?, text(&row, 2)?);
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

/// The name that occurs most; of several the first.
fn most<'n>(names: impl Iterator<Item = &'n String>) -> Option<String> {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let counts = counts.into_iter().rev();
    counts
        .max_by_key(|(_, count)| *count)
        .map(|(name, _)| name.clone())
}

async fn pairs(db: &impl ConnectionTrait, sql: &str) -> Result<BTreeMap<String, String>, DbErr> {
    let rows = rows(db, sql).await?;
    rows.iter()
        .map(|row| Ok((text(row, 0)?, text(row, 1)?)))
        .collect()
}

fn text(row: &QueryResult, at: usize) -> Result<String, DbErr> {
    row.try_get_by_index(at)
}

async fn rows(db: &impl ConnectionTrait, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
    db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql))
        .await
}
