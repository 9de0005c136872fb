//! Whether the program can read and write a column as it stands.

use super::{Findings, Verdict};
use crate::engine::Engine;
use crate::schema::{Column, Filling, Object, Table};

/// Compare the columns of `table` as they should be and as they are.
pub(super) fn judge(
    engine: Engine,
    table: &str,
    expected: &Table,
    actual: &Table,
    findings: &mut Findings,
) {
    for column in &expected.columns {
        let object = Object::Column(table.to_owned(), column.name.clone());
        match actual.columns.iter().find(|one| one.name == column.name) {
            None => findings.add(object, Verdict::Refuse, "is missing".to_owned()),
            Some(live) => {
                let (verdict, note) = one(engine, column, live);
                findings.add(object, verdict, note);
            }
        }
    }
    for column in &actual.columns {
        if expected.columns.iter().any(|one| one.name == column.name) {
            continue;
        }
        let object = Object::Column(table.to_owned(), column.name.clone());
        if column.nullable || column.filling.is_some() {
            let note = "is not ours, and stays as our rows leave it".to_owned();
            findings.add(object, Verdict::Warn, note);
        } else {
            let note = "is not ours, and takes none of our rows: it has no default".to_owned();
            findings.add(object, Verdict::Refuse, note);
        }
    }
}

fn one(engine: Engine, expected: &Column, live: &Column) -> (Verdict, String) {
    let (kind, told) = match engine {
        Engine::Sqlite => super::sqlite::kind(&expected.kind, &live.kind),
        Engine::Postgres => super::postgres::kind(&expected.kind, &live.kind),
    };
    if kind == Verdict::Refuse {
        return (kind, format!("is {live}, and should be {expected}; {told}"));
    }
    let said = |verdict, text: &str| (verdict, text.to_owned());
    match (&live.filling, &expected.filling) {
        (Some(Filling::Generated(_)), Some(Filling::Generated(_))) => {}
        (Some(Filling::Generated(_)), _) => {
            return said(Verdict::Refuse, "is computed, so that nobody can write it");
        }
        (Some(Filling::Identity(when)), _) if when == "ALWAYS" => {
            return said(Verdict::Refuse, "is numbered, so that nobody can write it");
        }
        _ => {}
    }
    match (expected.nullable, live.nullable) {
        (false, true) => return said(Verdict::Refuse, "may be null, and must not"),
        (true, false) => return said(Verdict::Refuse, "may not be null, and must be able to"),
        _ => {}
    }
    if expected.filling.is_some() && live.filling.is_none() {
        let note = "has no default; our program always says what it is";
        return said(Verdict::Warn, note);
    }
    (kind, told)
}
