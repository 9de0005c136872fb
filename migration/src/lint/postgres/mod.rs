//! Rules of `PostgreSQL`: what takes a lock for as long as the table is big, what breaks programs,
//! what loses rows.

pub(super) mod squawk;

use super::{Danger, Rule, Tested, drops_column};
use crate::engine::Engine;

#[expect(
    clippy::too_many_lines,
    reason = "a list of rules, one after the other"
)]
pub(super) fn rules(words: &str, tested: &Tested<'_>) -> Vec<Rule> {
    // A table that is not there yet is in nobody's way.
    let words = if tested.table.is_some() { words } else { "" };
    let starts = |head: &str| words.starts_with(head);
    let has = |part: &str| words.contains(part);
    let alter = starts("ALTER TABLE");
    let rules = [
        (
            (starts("CREATE INDEX") || starts("CREATE UNIQUE INDEX")) && !has(" CONCURRENTLY "),
            "require-concurrent-index-creation",
            Danger::Size,
            "nobody writes the table until the index is made",
            "CREATE INDEX CONCURRENTLY, in a step that runs each statement by itself",
        ),
        (
            has(" CONCURRENTLY ") && tested.in_transaction,
            "concurrently-in-a-transaction",
            Danger::Programs,
            "it fails in a transaction, and this step is one",
            "put it into a step that runs each statement by itself (`apart: true`)",
        ),
        (
            alter && changes_type(words),
            "changing-column-type",
            Danger::Size,
            "every row is written anew while nobody reads or writes",
            "add a column of the new type, fill it in batches, exchange the two",
        ),
        (
            alter && tested.narrows,
            "narrows-column",
            Danger::Rows,
            "what the new type does not hold is rounded, cut or read otherwise, and nothing brings it back",
            "add a column of the new type beside the old, fill it, and drop the old one with a backup",
        ),
        (
            alter && has(" SET NOT NULL"),
            "not-null-reads-every-row",
            Danger::Size,
            "every row is read while nobody reads or writes",
            "add CHECK (… IS NOT NULL) NOT VALID, VALIDATE it, then SET NOT NULL",
        ),
        (
            alter && has(" FOREIGN KEY ") && !has(" NOT VALID"),
            "foreign-key-reads-every-row",
            Danger::Size,
            "every row is read while nobody writes either table",
            "add it NOT VALID, and VALIDATE CONSTRAINT in a later step",
        ),
        (
            alter && has(" ADD ") && has(" CHECK ") && !has(" NOT VALID") && !has(" ADD COLUMN "),
            "constraint-missing-not-valid",
            Danger::Size,
            "every row is read while nobody reads or writes",
            "add it NOT VALID, and VALIDATE CONSTRAINT in a later step",
        ),
        (
            alter
                && (has(" UNIQUE ") || has(" PRIMARY KEY "))
                && has(" ADD ")
                && !has(" USING INDEX "),
            "unique-builds-an-index",
            Danger::Size,
            "an index is made while nobody reads or writes",
            "CREATE UNIQUE INDEX CONCURRENTLY first, then ADD CONSTRAINT … USING INDEX",
        ),
        (
            alter && has(" ADD ") && is_volatile(words),
            "default-writes-every-row",
            Danger::Size,
            "each row has a value of its own, so every row is written anew while nobody reads or writes",
            "add the column without a default, fill it in batches, then set the default",
        ),
        (
            alter
                && has(" ADD COLUMN ")
                && has(" NOT NULL")
                && !has(" DEFAULT ")
                && !has(" GENERATED "),
            "required-column",
            Danger::Rows,
            "the rows that are there have nothing in it, so it fails",
            "give it a default",
        ),
        (
            alter && drops_column(Engine::Postgres, tested.sql),
            "drops-column",
            Danger::Rows,
            "what the column holds is lost, and a program that still reads it fails",
            "drop it a release after the last program that reads it, with a backup",
        ),
        (
            starts("DROP TABLE") || starts("TRUNCATE"),
            "drops-table",
            Danger::Rows,
            "the rows are lost, and a program that still reads them fails",
            "drop it a release after the last program that reads it, with a backup",
        ),
        (
            alter && has(" RENAME ") && !has(" RENAME CONSTRAINT "),
            "renames",
            Danger::Programs,
            "a program that knows the old name fails until it is replaced",
            "add the new name beside the old, write both, then drop the old",
        ),
        (
            (starts("UPDATE ") || starts("DELETE FROM ")) && !has(" WHERE "),
            "every-row-in-one-statement",
            Danger::Size,
            "every row is written, and locked until the step is done",
            "do it in batches: `migrate backfill`",
        ),
        (
            starts("CLUSTER ") || starts("VACUUM FULL"),
            "writes-the-table-anew",
            Danger::Size,
            "nobody reads or writes meanwhile",
            "choose an hour without users",
        ),
    ];
    rules.into_iter().map(Rule::from).collect()
}

/// Whether a column gets another type: a column may be called `type`, too.
fn changes_type(words: &str) -> bool {
    let words: Vec<&str> = words.split(' ').collect();
    words.iter().enumerate().skip(2).any(|(at, word)| {
        let column = match words.get(at + 1) {
            Some(&"COLUMN") => at + 2,
            _ => at + 1,
        };
        let after = words.get(column + 1..).unwrap_or_default();
        *word == "ALTER"
            && (after.starts_with(&["TYPE"]) || after.starts_with(&["SET", "DATA", "TYPE"]))
    })
}

/// Whether a new column has another value in each row.
fn is_volatile(words: &str) -> bool {
    [
        "RANDOM()",
        "RANDOM ()",
        "GEN_RANDOM_UUID",
        "UUID_GENERATE",
        "CLOCK_TIMESTAMP",
        "NEXTVAL",
        " GENERATED ALWAYS AS (",
        " AS IDENTITY",
        " SERIAL",
        " BIGSERIAL",
    ]
    .iter()
    .any(|part| words.contains(part))
}
