//! What only `SQLite` has: what its columns say beside their types, and how it is said again.

use std::borrow::Cow;

use super::entity::Field;
use crate::schema::{Column, Filling, Part, Table};

/// How a column counts up.
pub(super) const COUNTING: &str = " PRIMARY KEY AUTOINCREMENT";

/// A default as a definition takes it: the catalogue tells an expression without the brackets that it must
/// stand in. A number, a word or a text goes without, and a word in brackets would be a column.
pub(super) fn default(text: &str) -> Cow<'_, str> {
    let number = text.trim_start_matches(['+', '-', ' ']);
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let is_bare = number.parse::<f64>().is_ok()
        || text.chars().all(is_word)
        || is_quoted(text, '\'')
        || is_quoted(text, '"')
        || is_quoted(text.trim_start_matches(['x', 'X']), '\'');
    if is_bare {
        text.into()
    } else {
        format!("({text})").into()
    }
}

/// Whether all of it stands in one pair of quotes.
fn is_quoted(text: &str, quote: char) -> bool {
    let inner = text
        .strip_prefix(quote)
        .and_then(|rest| rest.strip_suffix(quote));
    inner.is_some_and(|inner| {
        !inner
            .replace(&format!("{quote}{quote}"), "")
            .contains(quote)
    })
}

/// The type alone, and what stands with it: `COLLATE NOCASE`.
pub(super) fn kind(kind: &str) -> (String, Option<String>) {
    let kind = kind.replace(" autoincrement", "");
    match kind.split_once(" collate ") {
        Some((kind, name)) => (
            kind.to_owned(),
            Some(format!("COLLATE {}", name.to_uppercase())),
        ),
        None => (kind, None),
    }
}

/// What fills the column by itself, as its definition says it.
pub(super) fn generated(column: &Column) -> Option<String> {
    let Some(Filling::Generated(text)) = &column.filling else {
        return None;
    };
    Some(match text.strip_suffix(" /* virtual */") {
        Some(text) => format!("GENERATED ALWAYS AS ({text}) VIRTUAL"),
        None => format!("GENERATED ALWAYS AS ({text}) STORED"),
    })
}

/// The checks of the table, each put to the first column that it speaks of: a table of this engine
/// takes no check afterwards.
pub(super) fn checks(table: &Table, columns: &mut [Field]) {
    for (name, text) in &table.constraints {
        if !text.starts_with("CHECK ") {
            continue;
        }
        let words: Vec<&str> = text
            .split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
            .collect();
        let speaks = |column: &&mut Field| {
            words
                .iter()
                .any(|word| word.eq_ignore_ascii_case(&column.column))
        };
        if let Some(column) = columns.iter_mut().find(speaks) {
            let written = table.written.or(Part::Check, name, text);
            let check = if name == text {
                written.to_owned()
            } else {
                format!("CONSTRAINT {} {written}", crate::schema::quoted(name))
            };
            column.extra = Some(match column.extra.take() {
                Some(extra) => format!("{extra} {check}"),
                None => check,
            });
        }
    }
}

/// The statement in such a form that it may run where it has run before.
pub(super) fn repeatable(sql: &str) -> String {
    for head in [
        "CREATE TABLE ",
        "CREATE VIRTUAL TABLE ",
        "CREATE INDEX ",
        "CREATE UNIQUE INDEX ",
        "CREATE TRIGGER ",
        "CREATE VIEW ",
    ] {
        let starts = sql
            .get(..head.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(head));
        let rest = sql.get(head.len()..).unwrap_or_default();
        if starts && !rest.to_uppercase().starts_with("IF NOT EXISTS") {
            return format!("{head}IF NOT EXISTS {rest}");
        }
    }
    for head in ["DROP INDEX ", "DROP TRIGGER ", "DROP VIEW ", "DROP TABLE "] {
        if let Some(rest) = sql.strip_prefix(head) {
            return format!("{head}IF EXISTS {rest}");
        }
    }
    sql.to_owned()
}
