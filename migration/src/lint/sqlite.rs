//! Rules of `SQLite`, where whoever writes has the whole file: nobody else writes meanwhile.

use std::collections::BTreeMap;

use super::{Danger, Said, Tested};

pub(super) fn said(
    text: &str,
    words: &str,
    tested: &Tested<'_>,
    rows: &BTreeMap<String, i64>,
) -> Vec<Said> {
    let starts = |head: &str| words.starts_with(head);
    let has = |part: &str| words.contains(part);
    let mut said = Vec::new();
    let mut say = |rule: &str, danger, what: &str, instead: &str| {
        said.push(Said::new(rule, danger, what, instead));
    };
    if starts("INSERT INTO ") && copies(text, rows) {
        say(
            "table-made-anew",
            Danger::Size,
            "every row of the table is copied, and nobody writes meanwhile",
            "add or drop a column where that is all; else choose an hour without writers",
        );
    }
    if tested.table.is_none() {
        return said;
    }
    if starts("CREATE INDEX") || starts("CREATE UNIQUE INDEX") {
        say(
            "index-holds-the-file",
            Danger::Size,
            "every row is read and sorted, and nobody writes meanwhile",
            "choose an hour without writers",
        );
    }
    if starts("CREATE UNIQUE INDEX") {
        say(
            "unique-may-fail",
            Danger::Size,
            "it fails where two rows are alike",
            "look for equal rows first: SELECT … GROUP BY … HAVING count(*) > 1",
        );
    }
    if starts("DROP TABLE") {
        say(
            "drops-table",
            Danger::Rows,
            "the rows are lost, and a program that still reads them fails",
            "drop it a release after the last program that reads it, with a backup",
        );
    }
    if starts("ALTER TABLE") && has(" DROP COLUMN ") {
        say(
            "drops-column",
            Danger::Rows,
            "what the column holds is lost, and every row is written anew",
            "drop it a release after the last program that reads it, with a backup",
        );
    }
    if starts("ALTER TABLE") && has(" RENAME ") && !has("__BEFORE") {
        say(
            "renames",
            Danger::Programs,
            "a program that knows the old name fails until it is replaced",
            "add the new name beside the old, write both, then drop the old",
        );
    }
    if starts("ALTER TABLE") && has(" ADD ") && has(" NOT NULL") && !has(" DEFAULT ") {
        say(
            "required-column",
            Danger::Rows,
            "the rows that are there have nothing in it, so it fails",
            "give it a default",
        );
    }
    if (starts("UPDATE ") || starts("DELETE FROM ")) && !has(" WHERE ") {
        say(
            "every-row-in-one-statement",
            Danger::Size,
            "every row is written in one transaction, and nobody else writes meanwhile",
            "do it in batches: `migrate backfill`",
        );
    }
    if starts("VACUUM") {
        say(
            "vacuum-in-a-step",
            Danger::Programs,
            "it fails in a transaction, and a step is one",
            "run it by hand",
        );
    }
    said
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
