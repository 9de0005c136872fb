//! The catalogue of `PostgreSQL`: it spells every definition itself, and leaves out the schema's
//! name where the schema is the one that the connection works in.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};

use super::{Column, LiveSchema, Table};
use crate::engine::Engine;

const COLUMNS: &str = "SELECT c.relname::text, a.attname::text,
        format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
        CASE WHEN a.attidentity <> '' THEN 'identity ' || a.attidentity::text
             WHEN a.attgenerated <> '' THEN 'generated ' || pg_get_expr(d.adbin, d.adrelid)
             ELSE pg_get_expr(d.adbin, d.adrelid) END
    FROM pg_class c
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
    ORDER BY c.relname, a.attnum";

const CONSTRAINTS: &str =
    "SELECT c.relname::text, k.conname::text, pg_get_constraintdef(k.oid, true)
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND k.contype <> 't'";

const INDEXES: &str = "SELECT c.relname::text, x.relname::text,
        pg_get_indexdef(i.indexrelid, 0, true) || CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_class x ON x.oid = i.indexrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT EXISTS (SELECT 1 FROM pg_constraint k
                      WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))";

const TRIGGERS: &str = "SELECT c.relname::text, t.tgname::text,
        pg_get_triggerdef(t.oid, true)
            || CASE t.tgenabled WHEN 'O' THEN '' ELSE ' ENABLED ' || t.tgenabled::text END
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal";

const VIEWS: &str = "SELECT c.relname::text, pg_get_viewdef(c.oid, true)
    FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('v', 'm')
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')";

const ENUMS: &str = "SELECT t.typname::text, e.enumlabel::text
    FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid
    WHERE t.typnamespace = current_schema()::regnamespace
    ORDER BY t.typname, e.enumsortorder";

// The one definition that always names the schema.
const FUNCTIONS: &str = "SELECT p.oid::regprocedure::text,
        replace(pg_get_functiondef(p.oid), quote_ident(current_schema()) || '.', '')
    FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace AND p.prokind IN ('f', 'p')
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')";

pub(super) async fn read(db: &impl ConnectionTrait) -> Result<LiveSchema, DbErr> {
    let mut schema = LiveSchema::empty(Engine::Postgres);
    for row in rows(db, COLUMNS).await? {
        let table: &mut Table = schema.tables.entry(row.try_get_by_index(0)?).or_default();
        if let Some(name) = row.try_get_by_index(1)? {
            table.columns.push(Column {
                name,
                kind: row.try_get_by_index(2)?,
                nullable: row.try_get_by_index(3)?,
                default: row.try_get_by_index(4)?,
            });
        }
    }
    for row in rows(db, CONSTRAINTS).await? {
        table(&mut schema, &row)?
            .constraints
            .insert(text(&row, 1)?, text(&row, 2)?);
    }
    for row in rows(db, INDEXES).await? {
        table(&mut schema, &row)?
            .indexes
            .insert(text(&row, 1)?, text(&row, 2)?);
    }
    for row in rows(db, TRIGGERS).await? {
        table(&mut schema, &row)?
            .triggers
            .insert(text(&row, 1)?, text(&row, 2)?);
    }
    for row in rows(db, VIEWS).await? {
        schema.views.insert(text(&row, 0)?, text(&row, 1)?);
    }
    for row in rows(db, ENUMS).await? {
        schema
            .enums
            .entry(text(&row, 0)?)
            .or_default()
            .push(text(&row, 1)?);
    }
    for row in rows(db, FUNCTIONS).await? {
        schema.functions.insert(text(&row, 0)?, text(&row, 1)?);
    }
    Ok(schema)
}

fn table<'s>(schema: &'s mut LiveSchema, row: &QueryResult) -> Result<&'s mut Table, DbErr> {
    Ok(schema.tables.entry(text(row, 0)?).or_default())
}

fn text(row: &QueryResult, at: usize) -> Result<String, DbErr> {
    row.try_get_by_index(at)
}

async fn rows(db: &impl ConnectionTrait, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
    db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql))
        .await
}
