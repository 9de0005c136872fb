//! The catalogue of `SQLite`: pragmas for the structure, and the text of each `CREATE` for what no
//! pragma tells (checks, constraint names, triggers, partial indexes).

mod conflicts;
mod create_table;

use std::collections::BTreeMap;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};

use self::create_table::plain;
pub(crate) use self::create_table::{row_number, squeezed};
use super::{Column, Filling, LiveSchema, Part, Table, View, Written};
use crate::engine::Engine;

const TABLES: &str = "SELECT l.name, l.type, l.wr, l.strict, m.sql, m.rootpage
    FROM pragma_table_list l JOIN sqlite_master m ON m.name = l.name
    WHERE l.schema = 'main' AND l.type IN ('table', 'view', 'virtual')
      AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

// Each tells of all tables at once, and of which in its last column.
const COLUMNS: &str = "SELECT x.name, x.type, x.\"notnull\", x.dflt_value, x.hidden, x.cid, m.name
    FROM sqlite_master m JOIN pragma_table_xinfo(m.name) x
    WHERE m.type = 'table' ORDER BY m.name, x.cid";

const FOREIGN_KEYS: &str = "SELECT group_concat(f.\"from\", ', ' ORDER BY f.seq), f.\"table\",
        group_concat(f.\"to\", ', ' ORDER BY f.seq), f.on_delete, f.on_update, m.name
    FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
    WHERE m.type = 'table' GROUP BY m.name, f.id";

const KEYS: &str = "SELECT CASE l.origin WHEN 'pk' THEN 'primary key' ELSE 'unique' END,
        (SELECT group_concat(name, ', ') FROM
            (SELECT name FROM pragma_index_xinfo(l.name) WHERE key ORDER BY seqno)), m.name
    FROM sqlite_master m JOIN pragma_index_list(m.name) l
    WHERE m.type = 'table' AND l.origin IN ('pk', 'u')";

const INDEXES: &str = "SELECT name, sql, tbl_name FROM sqlite_master
    WHERE type = 'index' AND sql IS NOT NULL";

const TRIGGERS: &str = "SELECT name, sql, tbl_name FROM sqlite_master WHERE type = 'trigger'";

/// What a catalogue tells of each table.
type ByTable = BTreeMap<String, Vec<QueryResult>>;

/// The parts of all tables.
struct Parts {
    columns: ByTable,
    foreign_keys: ByTable,
    keys: ByTable,
    indexes: ByTable,
    triggers: ByTable,
}

impl Parts {
    async fn read(db: &impl ConnectionTrait) -> Result<Self, DbErr> {
        Ok(Self {
            columns: by_table(db, COLUMNS, 6).await?,
            foreign_keys: by_table(db, FOREIGN_KEYS, 5).await?,
            keys: by_table(db, KEYS, 2).await?,
            indexes: by_table(db, INDEXES, 2).await?,
            triggers: by_table(db, TRIGGERS, 2).await?,
        })
    }
}

/// The rows by the table that stands in their column `at`.
async fn by_table(db: &impl ConnectionTrait, sql: &str, at: usize) -> Result<ByTable, DbErr> {
    let mut found = ByTable::new();
    for row in rows(db, sql).await? {
        found.entry(text(&row, at)?).or_default().push(row);
    }
    Ok(found)
}

pub(super) async fn read(db: &impl ConnectionTrait) -> Result<LiveSchema, DbErr> {
    let mut schema = LiveSchema::empty(Engine::Sqlite);
    let parts = Parts::read(db).await?;
    for row in rows(db, TABLES).await? {
        let (name, sql): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(4)?);
        match text(&row, 1)?.as_str() {
            "view" => {
                let view = view(&parts, &name, sql)?;
                schema.views.insert(name, view);
            }
            "virtual" => {
                let table = Table {
                    options: [plain(&sql)].into(),
                    source: sql.clone(),
                    ..table(&parts, &name, "")?
                };
                schema.tables.insert(name, table);
            }
            _ => {
                let mut table = table(&parts, &name, &sql)?;
                let (without_rowid, strict): (bool, bool) =
                    (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
                table.options = [(without_rowid, "WITHOUT ROWID"), (strict, "STRICT")]
                    .into_iter()
                    .filter(|(set, _)| *set)
                    .map(|(_, word)| word.to_owned())
                    .collect();
                for (name, found) in create_table::constraints(&sql) {
                    table.written.keep(Part::Check, &name, found.written);
                    table.constraints.insert(name, found.plain);
                }
                table.constraints.extend(conflicts::told(&sql));
                table.oid = row.try_get_by_index(5)?;
                table.source = sql;
                schema.tables.insert(name, table);
            }
        }
    }
    Ok(schema)
}

fn table(parts: &Parts, name: &str, sql: &str) -> Result<Table, DbErr> {
    let mut table = Table::default();
    let told = create_table::columns(sql);
    for row in parts.columns.get(name).into_iter().flatten() {
        let hidden: i32 = row.try_get_by_index(4)?;
        let default: Option<String> = row.try_get_by_index(3)?;
        // 1 is a virtual table's own; 2 and 3 are generated, from an expression that only the
        // text of CREATE TABLE tells.
        if hidden == 1 {
            continue;
        }
        let name = text(row, 0)?;
        let words = told.get(&name.to_lowercase());
        let generated = words.and_then(|words| words.generated.clone());
        let mut kind = text(row, 1)?.to_lowercase();
        for word in words.iter().flat_map(|words| &words.more) {
            kind.push(' ');
            kind.push_str(word);
        }
        table.columns.push(Column {
            name,
            kind,
            nullable: !row.try_get_by_index::<bool>(2)?,
            filling: match hidden {
                0 => default.map(Filling::Default),
                _ => Some(Filling::Generated(generated.unwrap_or_default())),
            },
            number: row.try_get_by_index(5)?,
        });
    }
    for row in parts.foreign_keys.get(name).into_iter().flatten() {
        let to: Option<String> = row.try_get_by_index(2)?;
        table.constraints.insert(
            format!("foreign key ({})", text(row, 0)?),
            format!(
                "{} ({}) on delete {} on update {}",
                text(row, 1)?,
                to.unwrap_or_default(),
                text(row, 3)?,
                text(row, 4)?,
            ),
        );
    }
    for row in parts.keys.get(name).into_iter().flatten() {
        table.constraints.insert(
            format!("{} ({})", text(row, 0)?, text(row, 1)?),
            String::new(),
        );
    }
    for row in parts.indexes.get(name).into_iter().flatten() {
        let (name, sql) = (text(row, 0)?, text(row, 1)?);
        let compared = plain(&sql).replacen(" IF NOT EXISTS", "", 1);
        table.indexes.insert(name.clone(), compared);
        table.written.keep(Part::Index, &name, sql);
    }
    table.triggers = triggers(parts, name, &mut table.written)?;
    Ok(table)
}

fn view(parts: &Parts, name: &str, sql: String) -> Result<View, DbErr> {
    let mut view = View {
        create: plain(&sql),
        ..View::default()
    };
    view.written.keep(Part::View, name, sql);
    view.triggers = triggers(parts, name, &mut view.written)?;
    Ok(view)
}

/// The triggers of a table or a view, by name.
fn triggers(
    parts: &Parts,
    on: &str,
    written: &mut Written,
) -> Result<BTreeMap<String, String>, DbErr> {
    let mut found = BTreeMap::new();
    for row in parts.triggers.get(on).into_iter().flatten() {
        let (name, sql) = (text(row, 0)?, text(row, 1)?);
        found.insert(name.clone(), plain(&sql));
        written.keep(Part::Trigger, &name, sql);
    }
    Ok(found)
}

fn text(row: &QueryResult, at: usize) -> Result<String, DbErr> {
    row.try_get_by_index(at)
}

async fn rows(db: &impl ConnectionTrait, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
    db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql))
        .await
}
