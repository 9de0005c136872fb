//! Rules of `SQLite`, where whoever writes has the whole file: nobody else writes meanwhile.

use std::collections::BTreeMap;

use super::{Danger, Rule, Tested, drops_column};
use crate::engine::Engine;

pub(super) fn rules(
    text: &str,
    words: &str,
    tested: &Tested<'_>,
    rows: &BTreeMap<String, i64>,
) -> Vec<Rule> {
    let copied = words.starts_with("INSERT INTO ") && copies(text, rows);
    // A table that is not there yet is in nobody's way.
    let words = if tested.table.is_some() { words } else { "" };
    let starts = |head: &str| words.starts_with(head);
    let has = |part: &str| words.contains(part);
    let alter = starts("ALTER TABLE");
    let rules = [
        (
            copied,
            "table-made-anew",
            Danger::Size,
            "every row of the table is copied, and nobody writes meanwhile",
            "add or drop a column where that is all; else choose an hour without writers",
        ),
        (
            starts("CREATE INDEX") || starts("CREATE UNIQUE INDEX"),
            "index-holds-the-file",
            Danger::Size,
            "every row is read and sorted, and nobody writes meanwhile",
            "choose an hour without writers",
        ),
        (
            starts("CREATE UNIQUE INDEX"),
            "unique-may-fail",
            Danger::Size,
            "it fails where two rows are alike",
            "look for equal rows first: SELECT … GROUP BY … HAVING count(*) > 1",
        ),
        (
            starts("DROP TABLE"),
            "drops-table",
            Danger::Rows,
            "the rows are lost, and a program that still reads them fails",
            "drop it a release after the last program that reads it, with a backup",
        ),
        (
            alter && drops_column(Engine::Sqlite, tested.sql),
            "drops-column",
            Danger::Rows,
            "what the column holds is lost, and every row is written anew",
            "drop it a release after the last program that reads it, with a backup",
        ),
        (
            alter && has(" RENAME ") && !has("__BEFORE") && !keeps_name(text, tested),
            "renames",
            Danger::Programs,
            "a program that knows the old name fails until it is replaced",
            "add the new name beside the old, write both, then drop the old",
        ),
        (
            alter && has(" ADD ") && has(" NOT NULL") && !has(" DEFAULT "),
            "required-column",
            Danger::Rows,
            "the rows that are there have nothing in it, so it fails",
            "give it a default",
        ),
        (
            (starts("UPDATE ") || starts("DELETE FROM ")) && !has(" WHERE "),
            "every-row-in-one-statement",
            Danger::Size,
            "every row is written in one transaction, and nobody else writes meanwhile",
            "do it in batches: `migrate backfill`",
        ),
        (
            starts("VACUUM"),
            "vacuum-in-a-step",
            Danger::Programs,
            "it fails in a transaction, and a step is one",
            "run it by hand",
        ),
    ];
    rules.into_iter().map(Rule::from).collect()
}

/// Whether a table that was made anew gets the name that it had.
fn keeps_name(text: &str, tested: &Tested<'_>) -> bool {
    let name = text.rsplit(' ').next().unwrap_or_default();
    let is_of_table = text.to_uppercase().contains(" RENAME TO ");
    is_of_table && tested.table == Some(name.trim_matches('"'))
}

/// Whether all rows of a table that is there go elsewhere.
fn copies(text: &str, rows: &BTreeMap<String, i64>) -> bool {
    let Some(at) = text.to_uppercase().rfind(" FROM ") else {
        return false;
    };
    let source = text[at + 6..].split([' ', ';']).next().unwrap_or_default();
    let source = source.trim_matches('"').trim_end_matches("__before");
    rows.contains_key(source)
}
