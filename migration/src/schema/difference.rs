//! What one schema has that another has not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::{Column, LiveSchema, Table};

/// One thing in which two schemas differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is about: `column runs.status`.
    pub object: String,
    /// In what they differ.
    #[serde(flatten)]
    pub change: Change,
}

/// In what two schemas differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// The first has it, the second has not.
    Missing,
    /// The second has it, the first has not.
    Added,
    /// Both have it, in different shapes.
    Changed {
        /// The first's.
        from: String,
        /// The second's.
        to: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.change {
            Change::Missing => write!(f, "{} is missing", self.object),
            Change::Added => write!(f, "{} is not expected", self.object),
            Change::Changed { from, to } => {
                write!(
                    f,
                    "{} is\n    {to}\n  and should be\n    {from}",
                    self.object
                )
            }
        }
    }
}

/// In what `actual` differs from `expected`. Equal schemas have none.
pub fn difference(expected: &LiveSchema, actual: &LiveSchema) -> Vec<Difference> {
    let mut found = Vec::new();
    for (name, pair) in paired(&expected.tables, &actual.tables) {
        if let Some((from, to)) = existing(&mut found, &format!("table {name}"), pair) {
            tables(&mut found, name, from, to);
        }
    }
    texts(&mut found, "view ", &expected.views, &actual.views);
    texts(
        &mut found,
        "function ",
        &expected.functions,
        &actual.functions,
    );
    for (name, pair) in paired(&expected.enums, &actual.enums) {
        let object = format!("enum {name}");
        if let Some((from, to)) = existing(&mut found, &object, pair) {
            changed(&mut found, object, from.join(", "), to.join(", "));
        }
    }
    found
}

fn tables(found: &mut Vec<Difference>, name: &str, from: &Table, to: &Table) {
    changed(
        found,
        format!("table {name}"),
        from.options.clone(),
        to.options.clone(),
    );
    columns(found, name, &from.columns, &to.columns);
    texts(
        found,
        &format!("constraint {name}."),
        &from.constraints,
        &to.constraints,
    );
    texts(found, &format!("index {name}."), &from.indexes, &to.indexes);
    texts(
        found,
        &format!("trigger {name}."),
        &from.triggers,
        &to.triggers,
    );
}

fn columns(found: &mut Vec<Difference>, table: &str, from: &[Column], to: &[Column]) {
    let by_name = |columns: &[Column]| -> BTreeMap<String, Column> {
        columns
            .iter()
            .map(|column| (column.name.clone(), column.clone()))
            .collect()
    };
    let before = found.len();
    for (name, pair) in paired(&by_name(from), &by_name(to)) {
        let object = format!("column {table}.{name}");
        if let Some((from, to)) = existing(found, &object, pair) {
            changed(found, object, from.to_string(), to.to_string());
        }
    }
    if found.len() == before {
        let order = |columns: &[Column]| {
            let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            names.join(", ")
        };
        changed(
            found,
            format!("order of the columns of {table}"),
            order(from),
            order(to),
        );
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if !self.nullable {
            f.write_str(" NOT NULL")?;
        }
        if let Some(default) = &self.default {
            write!(f, " DEFAULT {default}")?;
        }
        Ok(())
    }
}

fn texts(
    found: &mut Vec<Difference>,
    what: &str,
    from: &BTreeMap<String, String>,
    to: &BTreeMap<String, String>,
) {
    for (name, pair) in paired(from, to) {
        let object = format!("{what}{name}");
        if let Some((from, to)) = existing(found, &object, pair) {
            changed(found, object, from.clone(), to.clone());
        }
    }
}

type Pair<'m, T> = (Option<&'m T>, Option<&'m T>);

fn paired<'m, T>(
    from: &'m BTreeMap<String, T>,
    to: &'m BTreeMap<String, T>,
) -> impl Iterator<Item = (&'m str, Pair<'m, T>)> {
    let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    names
        .into_iter()
        .map(|name| (name.as_str(), (from.get(name), to.get(name))))
}

/// Both of the pair, or a word about the one that is not there.
fn existing<'m, T>(
    found: &mut Vec<Difference>,
    object: &str,
    pair: Pair<'m, T>,
) -> Option<(&'m T, &'m T)> {
    let change = match pair {
        (Some(from), Some(to)) => return Some((from, to)),
        (Some(_), None) => Change::Missing,
        (None, _) => Change::Added,
    };
    found.push(Difference {
        object: object.to_owned(),
        change,
    });
    None
}

fn changed(found: &mut Vec<Difference>, object: String, from: String, to: String) {
    if from != to {
        found.push(Difference {
            object,
            change: Change::Changed { from, to },
        });
    }
}
