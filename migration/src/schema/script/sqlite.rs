//! What the shell of `SQLite` writes and no statement makes: a virtual table as a row of the catalogue,
//! the tables in which it keeps what it holds, and those of the engine itself.

use super::Open;
use crate::schema::tokens::{Quotes, bare, tokens};

/// What the tables of a virtual one are called behind its name: those of `fts5`, `fts3` and `fts4`, `rtree`.
const SHADOWS: [&str; 11] = [
    "config", "content", "data", "docsize", "idx", "node", "parent", "rowid", "segdir", "segments",
    "stat",
];

/// The statements without rows, which a schema has none of, and without tables that come with others.
pub(super) fn without_rows(all: Vec<Open>) -> Vec<Open> {
    let is_row = |one: &Open| one.is(&["INSERT"]) || one.is(&["REPLACE"]);
    let read = all.into_iter().filter_map(|one| match virtual_of(&one) {
        Some(made) => Some(made),
        None => (!is_row(&one)).then_some(one),
    });
    let mut found: Vec<Open> = read.collect();
    let virtuals: Vec<String> = found
        .iter()
        .filter(|one| one.is(&["CREATE", "VIRTUAL", "TABLE"]))
        .filter_map(|one| name(&one.text))
        .collect();
    found.retain(|one| {
        let table = name(&one.text).filter(|_| one.is(&["CREATE", "TABLE"]));
        table.is_none_or(|table| !table.starts_with("sqlite_") && !is_shadow(&table, &virtuals))
    });
    found
}

/// The virtual table that a row of the catalogue is.
fn virtual_of(row: &Open) -> Option<Open> {
    let is_of_catalogue = row.is(&["INSERT", "INTO", "SQLITE_SCHEMA"])
        || row.is(&["INSERT", "INTO", "SQLITE_MASTER"]);
    if !is_of_catalogue {
        return None;
    }
    let last = tokens(&row.text, Quotes::Sqlite).filter(|one| one.starts_with('\''));
    let sql = text(last.last()?);
    let mut made = Open::default();
    tokens(&sql, Quotes::Sqlite).for_each(|token| made.push(token));
    made.is(&["CREATE", "VIRTUAL", "TABLE"]).then_some(made)
}

fn is_shadow(table: &str, virtuals: &[String]) -> bool {
    let of = table.rsplit_once('_');
    of.is_some_and(|(of, what)| SHADOWS.contains(&what) && virtuals.iter().any(|one| one == of))
}

/// The name of the table that `CREATE … TABLE` makes, in small letters.
fn name(create: &str) -> Option<String> {
    let mut all = tokens(create, Quotes::Sqlite)
        .filter(|one| !one.trim().is_empty())
        .skip_while(|one| !one.eq_ignore_ascii_case("TABLE"))
        .skip(1)
        .skip_while(|one| {
            ["IF", "NOT", "EXISTS"]
                .iter()
                .any(|word| one.eq_ignore_ascii_case(word))
        });
    let (first, next) = (all.next()?, all.next());
    let name = if next == Some(".") {
        all.next()?
    } else {
        first
    };
    Some(
        if name.starts_with('\'') {
            text(name)
        } else {
            bare(name)
        }
        .to_lowercase(),
    )
}

/// What stands in the quotes.
fn text(literal: &str) -> String {
    let inner = literal
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''));
    inner.unwrap_or(literal).replace("''", "'")
}
