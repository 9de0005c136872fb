//! What stands, held against what the entities want: ok, to be lived with, or not ours.

mod columns;
mod facts;
pub(super) mod postgres;
pub(super) mod sqlite;

use std::collections::BTreeSet;

use sea_orm_migration::sea_orm::ConnectionTrait;
use serde::Serialize;

use self::facts::Facts;
use super::{LeftOut, Optional};
use crate::engine::Engine;
use crate::error::Error;
use crate::schema::{LiveSchema, Object, Table, difference};

/// What is said of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// It is as the entities want it.
    Ok,
    /// It differs, and the program works.
    Warn,
    /// The program could not work on it.
    Refuse,
}

/// What is said of one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// Which: `column threads.title`.
    pub(crate) object: String,
    /// How it stands.
    pub(crate) verdict: Verdict,
    /// Why, where it is not ok.
    pub(crate) note: String,
}

/// What was found.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "what was judged is done with"
    )]
    fn add(&mut self, object: Object, verdict: Verdict, note: String) {
        self.0.push(Finding {
            object: object.to_string(),
            verdict,
            note,
        });
    }

    fn ok(&mut self, object: Object) {
        self.add(object, Verdict::Ok, String::new());
    }

    fn warn(&mut self, object: Object, note: impl Into<String>) {
        self.add(object, Verdict::Warn, note.into());
    }

    fn refuse(&mut self, object: Object, note: impl Into<String>) {
        self.add(object, Verdict::Refuse, note.into());
    }
}

/// What was found, and what follows from it.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Of each object.
    pub(crate) findings: Vec<Finding>,
    /// Our tables that stand.
    pub(crate) tables: BTreeSet<String>,
    /// Our types that stand.
    pub(crate) types: BTreeSet<String>,
    /// Our functions that stand.
    pub(crate) functions: BTreeSet<String>,
    /// All differences, as `drift` says them.
    pub(crate) accepted: BTreeSet<String>,
    /// What is good to have and does not stand.
    pub(crate) left_out: BTreeSet<LeftOut>,
}

impl Report {
    /// How many objects stand so.
    pub(crate) fn count(&self, verdict: Verdict) -> usize {
        let found = self.findings.iter();
        found.filter(|one| one.verdict == verdict).count()
    }
}

/// Hold what stands against what the entities want. `all` are tables that must stand.
pub(super) async fn judge(
    db: &impl ConnectionTrait,
    expected: &LiveSchema,
    actual: &LiveSchema,
    all: &[&str],
) -> Result<Report, Error> {
    let engine = expected.engine;
    let mut findings = Findings::default();
    let mut report = Report::default();
    for (name, wanted) in &expected.tables {
        let object = Object::Table(name.clone());
        let Some(live) = actual.tables.get(name) else {
            if all.contains(&name.as_str()) {
                findings.refuse(object, "is missing");
            }
            continue;
        };
        findings.ok(object);
        report.tables.insert(name.clone());
        columns::judge(engine, name, wanted, live, &mut findings);
        report
            .left_out
            .extend(parts(name, wanted, live, &mut findings));
        if engine == Engine::Sqlite && !wanted.source.to_uppercase().contains(" VIRTUAL ") {
            values(db, name, wanted, live, &mut findings).await?;
        }
    }
    for name in actual.tables.keys() {
        if !expected.tables.contains_key(name) {
            let note = "is not ours, and is left alone".to_owned();
            findings.add(Object::Table(name.clone()), Verdict::Ok, note);
        }
    }
    types(expected, actual, &mut report, &mut findings);
    report.accepted = accepted(expected, actual, &report);
    report.findings = findings.0;
    Ok(report)
}

/// Keys, indexes, triggers, and what is said of a table as a whole.
fn parts(table: &str, wanted: &Table, live: &Table, findings: &mut Findings) -> Vec<LeftOut> {
    let constraint = |name: &str| Object::Constraint(table.to_owned(), name.to_owned());
    let (want, have) = (Facts::of(wanted), Facts::of(live));
    let primary = constraint("primary key");
    if want.primary == have.primary {
        findings.ok(primary);
    } else {
        let told = |one: &Facts| one.primary.clone().unwrap_or_else(|| "none".to_owned());
        let note = format!("is {}, and should be {}", told(&have), told(&want));
        findings.refuse(primary, note);
    }
    uniques(table, &want, &have, findings);
    keys(table, &want, &have, findings);
    for check in want.checks.difference(&have.checks) {
        findings.warn(
            constraint(check),
            "is missing: the program alone sees to it",
        );
    }
    for check in have.checks.difference(&want.checks) {
        findings.warn(constraint(check), "is not ours");
    }
    let mut left_out = optional(table, wanted, live, (&want, &have), findings);
    for option in live.options.difference(&wanted.options) {
        let object = Object::Option(table.to_owned(), option.clone());
        findings.warn(object, "is not ours");
    }
    for option in wanted.options.difference(&live.options) {
        let object = Object::Option(table.to_owned(), option.clone());
        findings.refuse(object, "is missing");
    }
    for policy in live.policies.keys() {
        let object = Object::Policy(table.to_owned(), policy.clone());
        findings.warn(object, "may hide rows from us");
    }
    left_out.sort();
    left_out
}

/// Which columns tell rows apart.
fn uniques(table: &str, want: &Facts, have: &Facts, findings: &mut Findings) {
    let constraint = |name: &str| Object::Constraint(table.to_owned(), name.to_owned());
    for columns in &want.unique {
        let object = constraint(&format!("unique {columns}"));
        if have.unique.contains(columns) || have.primary.as_ref() == Some(columns) {
            findings.ok(object);
        } else {
            findings.refuse(object, "is missing, and the program relies on it");
        }
    }
    for columns in have.unique.difference(&want.unique) {
        let object = constraint(&format!("unique {columns}"));
        findings.warn(object, "is not ours: rows that we may write can be refused");
    }
}

/// Which rows of others rows name.
fn keys(table: &str, want: &Facts, have: &Facts, findings: &mut Findings) {
    let constraint = |name: &str| Object::Constraint(table.to_owned(), name.to_owned());
    for (columns, key) in &want.foreign {
        let object = constraint(&key.name);
        match have.foreign.get(columns) {
            None => findings.warn(object, "is missing: nothing guards it"),
            Some(live) if live.to != key.to => {
                let note = format!("leads to {}, and should lead to {}", live.to, key.to);
                findings.refuse(object, note);
            }
            Some(live) if live.rules != key.rules => {
                let rules = |rules: &BTreeSet<String>| {
                    let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
                    if rules.is_empty() {
                        "no rule".to_owned()
                    } else {
                        rules.join(", ")
                    }
                };
                let (live, ours) = (rules(&live.rules), rules(&key.rules));
                let note = format!("has {live} where ours has {ours}; it stays");
                findings.warn(object, note);
            }
            Some(_) => findings.ok(object),
        }
    }
    for (columns, key) in &have.foreign {
        if !want.foreign.contains_key(columns) {
            findings.warn(constraint(&key.name), "is not ours");
        }
    }
}

/// What is good to have.
fn optional(
    table: &str,
    wanted: &Table,
    live: &Table,
    (want, have): (&Facts, &Facts),
    findings: &mut Findings,
) -> Vec<LeftOut> {
    let mut left_out = Vec::new();
    let mut left = |kind, name: &String| {
        left_out.push(LeftOut {
            kind,
            table: table.to_owned(),
            name: name.clone(),
        });
    };
    for (name, definition) in &wanted.indexes {
        let object = Object::Index(table.to_owned(), name.clone());
        let shape = &want.indexes[name];
        if have.indexes.values().any(|one| one == shape) {
            findings.ok(object);
        } else if definition.to_uppercase().starts_with("CREATE UNIQUE ") {
            // Judged as what it guarantees.
        } else {
            findings.warn(object, "is left out; `up --with indexes` makes it");
            left(Optional::Indexes, name);
        }
    }
    for (name, definition) in &wanted.triggers {
        let object = Object::Trigger(table.to_owned(), name.clone());
        match live.triggers.get(name) {
            None => {
                findings.warn(object, "is left out; `up --with triggers` makes it");
                left(Optional::Triggers, name);
            }
            Some(one) if one != definition => {
                let lost = lost(table);
                let how = if postgres::is_disabled(one, definition) {
                    "is disabled".to_owned()
                } else {
                    format!("is {one}, and should be {definition}")
                };
                let note = format!("{how}; {lost} until `up --with triggers` makes it work");
                findings.warn(object, note);
                left(Optional::Triggers, name);
            }
            Some(_) => findings.ok(object),
        }
    }
    for name in live.triggers.keys() {
        if !wanted.triggers.contains_key(name) {
            let object = Object::Trigger(table.to_owned(), name.clone());
            findings.warn(object, "is not ours, and follows what we write");
        }
    }
    left_out
}

/// What comes of a trigger of `table` that is not as it should be.
fn lost(table: &str) -> &'static str {
    match table {
        "messages" => "search may not find what is said from now on",
        "runs" | "stage_outputs" => "the sums of charts may not follow",
        _ => "what it keeps may not follow",
    }
}

/// Values that our program could not read: only `SQLite` keeps any value in any column.
async fn values(
    db: &impl ConnectionTrait,
    table: &str,
    wanted: &Table,
    live: &Table,
    findings: &mut Findings,
) -> Result<(), Error> {
    for column in &wanted.columns {
        if !live.columns.iter().any(|one| one.name == column.name) {
            continue;
        }
        if let Some((rows, what)) = sqlite::unreadable(db, table, column).await? {
            let object = Object::Column(table.to_owned(), column.name.clone());
            let note = format!("has {rows} values that are none of ours: we keep {what}");
            findings.refuse(object, note);
        }
    }
    Ok(())
}

/// Types and functions.
fn types(expected: &LiveSchema, actual: &LiveSchema, report: &mut Report, findings: &mut Findings) {
    for (name, values) in &expected.enums {
        let Some(live) = actual.enums.get(name) else {
            continue;
        };
        report.types.insert(name.clone());
        let object = Object::Enum(name.clone());
        if live == values {
            findings.ok(object);
        } else {
            let (live, values) = (live.join(", "), values.join(", "));
            findings.refuse(object, format!("is {live}, and should be {values}"));
        }
    }
    for (name, definition) in &expected.functions {
        let Some(live) = actual.functions.get(name) else {
            continue;
        };
        report.functions.insert(name.clone());
        let object = Object::Function(name.clone());
        if live == definition {
            findings.ok(object);
        } else {
            function(name, object, expected, report, findings);
        }
    }
}

/// A function that is not as ours: whoever calls it does something else.
fn function(
    signature: &str,
    object: Object,
    expected: &LiveSchema,
    report: &mut Report,
    findings: &mut Findings,
) {
    let named = signature.split('(').next();
    let calls = expected.tables.iter().flat_map(|(table, shape)| {
        let triggers = shape.triggers.iter();
        let calling = triggers.filter(|(_, one)| super::postgres::called(one) == named);
        calling.map(move |(name, _)| (table, name))
    });
    let calls: Vec<(&String, &String)> = calls.collect();
    let ours = calls
        .iter()
        .find(|(table, _)| !report.tables.contains(*table));
    if let Some((table, _)) = ours {
        let note = format!("has another body than ours, and triggers of {table} would call it");
        findings.refuse(object, note);
    } else if let Some((table, _)) = calls.first() {
        let lost = lost(table);
        let note = format!(
            "has another body than ours; {lost} until `up --with triggers` puts ours in its place"
        );
        findings.warn(object, note);
    } else {
        findings.warn(object, "has another body than ours; it stays");
    }
    let left = calls.into_iter().map(|(table, name)| LeftOut {
        kind: Optional::Triggers,
        table: table.clone(),
        name: name.clone(),
    });
    report.left_out.extend(left);
}

/// All in which what stands differs from what the entities want of it.
fn accepted(expected: &LiveSchema, actual: &LiveSchema, report: &Report) -> BTreeSet<String> {
    let mut expected = expected.clone();
    expected
        .tables
        .retain(|name, _| report.tables.contains(name));
    expected.enums.retain(|name, _| report.types.contains(name));
    expected
        .functions
        .retain(|name, _| report.functions.contains(name));
    // No column of ours is of another kind of type.
    expected.types.clear();
    expected.sequences.clear();
    expected.comments.clear();
    let found = difference(&expected, actual);
    found.iter().map(ToString::to_string).collect()
}
