//! The catalogue of `SQLite`: pragmas for the structure, and the text of each `CREATE` for what no
//! pragma tells (checks, constraint names, triggers, partial indexes).

mod create_table;

use sea_orm_migration::sea_orm::{
    ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value,
};

use self::create_table::squeezed;
use super::{Column, LiveSchema, Table};
use crate::engine::Engine;

const TABLES: &str = "SELECT l.name, l.type, l.wr, l.strict, m.sql
    FROM pragma_table_list l JOIN sqlite_master m ON m.name = l.name
    WHERE l.schema = 'main' AND l.type IN ('table', 'view', 'virtual')
      AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

const COLUMNS: &str = "SELECT name, type, \"notnull\", dflt_value, hidden
    FROM pragma_table_xinfo(?) ORDER BY cid";

const FOREIGN_KEYS: &str = "SELECT group_concat(\"from\", ', '), \"table\",
        group_concat(\"to\", ', '), on_delete, on_update
    FROM (SELECT * FROM pragma_foreign_key_list(?) ORDER BY id, seq) GROUP BY id";

const KEYS: &str = "SELECT CASE l.origin WHEN 'pk' THEN 'primary key' ELSE 'unique' END,
        (SELECT group_concat(name, ', ') FROM
            (SELECT name FROM pragma_index_xinfo(l.name) WHERE key ORDER BY seqno))
    FROM pragma_index_list(?) l WHERE l.origin IN ('pk', 'u')";

const INDEXES: &str = "SELECT name, sql FROM sqlite_master
    WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL";

const TRIGGERS: &str =
    "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?";

pub(super) async fn read(db: &impl ConnectionTrait) -> Result<LiveSchema, DbErr> {
    let mut schema = LiveSchema::empty(Engine::Sqlite);
    for row in rows(db, TABLES, None).await? {
        let (name, sql): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(4)?);
        match text(&row, 1)?.as_str() {
            "view" => {
                schema.views.insert(name, squeezed(&sql));
            }
            "virtual" => {
                let table = Table {
                    options: squeezed(&sql),
                    ..table(db, &name).await?
                };
                schema.tables.insert(name, table);
            }
            _ => {
                let mut table = table(db, &name).await?;
                let (without_rowid, strict): (bool, bool) =
                    (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
                table.options = [(without_rowid, "WITHOUT ROWID"), (strict, "STRICT")]
                    .into_iter()
                    .filter_map(|(set, word)| set.then_some(word))
                    .collect::<Vec<_>>()
                    .join(", ");
                table.constraints.extend(create_table::constraints(&sql));
                schema.tables.insert(name, table);
            }
        }
    }
    Ok(schema)
}

async fn table(db: &impl ConnectionTrait, name: &str) -> Result<Table, DbErr> {
    let mut table = Table::default();
    for row in rows(db, COLUMNS, Some(name)).await? {
        let hidden: i32 = row.try_get_by_index(4)?;
        let default: Option<String> = row.try_get_by_index(3)?;
        // 1 is a virtual table's own; 2 and 3 are generated, from an expression that only the
        // text of CREATE TABLE tells.
        if hidden != 1 {
            table.columns.push(Column {
                name: text(&row, 0)?,
                kind: text(&row, 1)?.to_lowercase(),
                nullable: !row.try_get_by_index::<bool>(2)?,
                default: if hidden == 0 {
                    default
                } else {
                    Some("generated".to_owned())
                },
            });
        }
    }
    for row in rows(db, FOREIGN_KEYS, Some(name)).await? {
        let to: Option<String> = row.try_get_by_index(2)?;
        table.constraints.insert(
            format!("foreign key ({})", text(&row, 0)?),
            format!(
                "{} ({}) on delete {} on update {}",
                text(&row, 1)?,
                to.unwrap_or_default(),
                text(&row, 3)?,
                text(&row, 4)?,
            ),
        );
    }
    for row in rows(db, KEYS, Some(name)).await? {
        table.constraints.insert(
            format!("{} ({})", text(&row, 0)?, text(&row, 1)?),
            String::new(),
        );
    }
    for row in rows(db, INDEXES, Some(name)).await? {
        let sql = squeezed(&text(&row, 1)?).replacen(" IF NOT EXISTS", "", 1);
        table.indexes.insert(text(&row, 0)?, sql);
    }
    for row in rows(db, TRIGGERS, Some(name)).await? {
        table
            .triggers
            .insert(text(&row, 0)?, squeezed(&text(&row, 1)?));
    }
    Ok(table)
}

fn text(row: &QueryResult, at: usize) -> Result<String, DbErr> {
    row.try_get_by_index(at)
}

async fn rows(
    db: &impl ConnectionTrait,
    sql: &str,
    argument: Option<&str>,
) -> Result<Vec<QueryResult>, DbErr> {
    let arguments: Vec<Value> = argument.into_iter().map(Into::into).collect();
    db.query_all_raw(Statement::from_sql_and_values(
        DbBackend::Sqlite,
        sql,
        arguments,
    ))
    .await
}
