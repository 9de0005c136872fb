//! A database as Prisma keeps it, made from the dump of one: on `PostgreSQL` as it is, on `SQLite` as
//! Prisma writes there (moments in milliseconds or as text, truths as numbers, lists as JSON).

use std::fmt::Write as _;

use migration::engine::Engine;
use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::sea_orm::sqlx::postgres::PgPoolCopyExt as _;

use crate::database::Scratch;
use crate::importing::data;

/// A database of `engine` with what is in the dump `name`.
pub(crate) async fn made(engine: Engine, name: &str) -> Scratch {
    let dump = std::fs::read_to_string(data(name)).expect("the dump");
    let scratch = Scratch::new(engine).await;
    for part in parts(&dump) {
        match (engine, part) {
            (Engine::Postgres, Part::Script(sql)) => {
                scratch.db.execute_unprepared(&sql).await.expect("a script");
            }
            (Engine::Postgres, Part::Copy { head, rows }) => {
                let pool = scratch.db.get_postgres_connection_pool();
                let mut copy = pool.copy_in_raw(head).await.expect("a copy");
                let text = format!("{}\n", rows.join("\n"));
                copy.send(text.as_bytes()).await.expect("sent");
                copy.finish().await.expect("copied");
            }
            (Engine::Sqlite, Part::Script(_)) => {}
            (Engine::Sqlite, Part::Copy { head, rows }) => {
                let sql = for_sqlite(head, &rows);
                scratch.db.execute_unprepared(&sql).await.expect("a table");
            }
        }
    }
    scratch
}

/// What a dump makes, without its rows.
pub(crate) fn schema(dump: &str) -> String {
    let scripts = parts(dump).into_iter().filter_map(|part| match part {
        Part::Script(sql) => Some(sql),
        Part::Copy { .. } => None,
    });
    scripts.collect()
}

enum Part<'d> {
    Script(String),
    Copy { head: &'d str, rows: Vec<&'d str> },
}

fn parts(dump: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut script = String::new();
    let mut lines = dump.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("COPY ") {
            parts.push(Part::Script(std::mem::take(&mut script)));
            let rows = lines.by_ref().take_while(|line| *line != "\\.").collect();
            parts.push(Part::Copy { head: line, rows });
        } else if !line.starts_with("SELECT pg_catalog.set_config") && !line.starts_with('\\') {
            script.push_str(line);
            script.push('\n');
        }
    }
    parts.push(Part::Script(script));
    parts
}

/// The table that `COPY` names, made and filled.
fn for_sqlite(head: &str, rows: &[&str]) -> String {
    let head = head.trim_start_matches("COPY public.");
    let (table, rest) = head.split_once(" (").expect("columns");
    let (columns, _) = rest.split_once(')').expect("columns");
    let names: Vec<&str> = columns.split(", ").collect();
    let mut sql = format!("CREATE TABLE {table} ({columns});\n");
    for row in rows {
        let cells = row.split('\t').zip(&names);
        let cells: Vec<String> = cells
            .map(|(cell, name)| literal(cell, name, table))
            .collect();
        let cells = cells.join(", ");
        let _ = writeln!(sql, "INSERT INTO {table} VALUES ({cells});");
    }
    sql
}

fn literal(cell: &str, name: &str, table: &str) -> String {
    let name = name.trim_matches('"');
    let list = name.ends_with("Elements")
        || (table == "agent_templates_v2"
            && ["capabilities", "required_integrations"].contains(&name));
    let text = match cell {
        "\\N" => return "NULL".to_owned(),
        "t" if name.starts_with("is_") || name == "starred" => return "1".to_owned(),
        "f" if name.starts_with("is_") || name == "starred" => return "0".to_owned(),
        _ => unescaped(cell),
    };
    let text = match name {
        _ if list => serde_json::to_string(&elements(&text)).expect("JSON"),
        "createdAt" | "updatedAt" | "completedAt" => {
            let time = sea_orm_migration::sea_orm::prelude::ChronoDateTime::parse_from_str(
                &text,
                "%Y-%m-%d %H:%M:%S%.f",
            );
            return time
                .expect("a moment")
                .and_utc()
                .timestamp_millis()
                .to_string();
        }
        _ => text,
    };
    format!("'{}'", text.replace('\'', "''"))
}

fn unescaped(cell: &str) -> String {
    let mut out = String::new();
    let mut letters = cell.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                other => out.extend(other),
            },
            _ => out.push(letter),
        }
    }
    out
}

/// The elements of a list as `PostgreSQL` spells it.
fn elements(text: &str) -> Vec<String> {
    let (mut all, mut one) = (Vec::new(), String::new());
    let (mut quoted, mut any) = (false, false);
    let mut letters = text.trim_start_matches('{').chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => one.extend(letters.next()),
            '"' => {
                quoted = !quoted;
                any = true;
            }
            ',' | '}' if !quoted => {
                if any || !one.is_empty() {
                    all.push(std::mem::take(&mut one));
                }
                any = false;
            }
            _ => one.push(letter),
        }
    }
    all
}
