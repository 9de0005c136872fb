//! What somebody said of a change that there is not: a name that was mistyped, or an option that is left
//! of an earlier call.

use crate::error::Error;
use crate::schema::{Column, LiveSchema, Renames};

use super::Said;

/// What is renamed all in all between two schemas, and the two.
pub(crate) type Side = (Renames, LiveSchema, LiveSchema);

/// Refuse whatever of `said` names nothing that changes on any side.
pub(crate) fn refuse(said: &Said, sides: &[Side]) -> Result<(), Error> {
    // A column is named by its table's new name.
    let named: Vec<(LiveSchema, &LiveSchema)> = sides
        .iter()
        .map(|(renames, from, to)| {
            let tables = Renames {
                tables: renames.tables.clone(),
                ..Renames::default()
            };
            (tables.applied(from), to)
        })
        .collect();
    let mut wrong = Vec::new();
    for (old, new) in &said.renames.tables {
        let is_it = |(_, from, to): &Side| {
            from.tables.contains_key(old)
                && !from.tables.contains_key(new)
                && to.tables.contains_key(new)
        };
        if !sides.iter().any(is_it) {
            wrong.push(format!("--rename {old}:{new} (no table {old} becomes one)"));
        }
    }
    for ((table, old), new) in &said.renames.columns {
        let is_it = |(from, to): &(LiveSchema, &LiveSchema)| {
            column(from, table, old).is_some()
                && column(from, table, new).is_none()
                && column(to, table, new).is_some()
        };
        if !named.iter().any(is_it) {
            wrong.push(format!(
                "--rename {table}.{old}:{new} (no column {old} of {table} becomes one)"
            ));
        }
    }
    for table in &said.gone {
        let is_it = |(from, to): &(LiveSchema, &LiveSchema)| {
            from.tables.contains_key(table) && !to.tables.contains_key(table)
        };
        if !named.iter().any(is_it) {
            wrong.push(format!("--drop {table} (no such table goes)"));
        }
    }
    for (table, name) in &said.drops {
        let is_it = |(from, to): &(LiveSchema, &LiveSchema)| {
            column(from, table, name).is_some() && column(to, table, name).is_none()
        };
        if !named.iter().any(is_it) {
            wrong.push(format!("--drop {table}.{name} (no such column goes)"));
        }
    }
    for ((table, name), value) in &said.fills {
        let is_it = |(from, to): &(LiveSchema, &LiveSchema)| {
            let Some(new) = column(to, table, name) else {
                return false;
            };
            // A new table has no rows.
            from.tables.contains_key(table)
                && column(from, table, name).is_none_or(|old| old.nullable && !new.nullable)
        };
        if !named.iter().any(is_it) {
            wrong.push(format!(
                "--fill {table}.{name}={value} (no such column comes, nor one that takes no null \
                 any more)"
            ));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Error::Option(format!(
        "this names nothing that changes: {}; leave it out, or name what was meant (`migrate diff` tells \
         what changes, and a column goes by its table's new name)",
        wrong.join(", ")
    )))
}

fn column<'s>(schema: &'s LiveSchema, table: &str, name: &str) -> Option<&'s Column> {
    let mut columns = schema.tables.get(table)?.columns.iter();
    columns.find(|one| one.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::schema::Table;

    fn schema(table: &str, columns: &[(&str, bool)]) -> LiveSchema {
        let columns = columns.iter().map(|&(name, nullable)| Column {
            name: name.to_owned(),
            kind: "integer".to_owned(),
            nullable,
            filling: None,
            number: 0,
        });
        let made = Table {
            columns: columns.collect(),
            ..Table::default()
        };
        let mut schema = LiveSchema::empty(Engine::Sqlite);
        schema.tables.insert(table.to_owned(), made);
        schema
    }

    fn key(column: &str) -> (String, String) {
        ("b".to_owned(), column.to_owned())
    }

    #[test]
    fn what_names_a_change_is_taken_and_what_names_none_is_refused() {
        let from = [("id", false), ("old", true), ("gone", true), ("open", true)];
        let to = [
            ("id", false),
            ("new", true),
            ("more", false),
            ("open", false),
        ];
        let table = |old: &str, new: &str| (old.to_owned(), new.to_owned());
        let known = Renames {
            tables: [table("a", "b")].into(),
            ..Renames::default()
        };
        let sides = [(known, schema("a", &from), schema("b", &to))];
        let good = Said {
            renames: Renames {
                tables: [table("a", "b")].into(),
                columns: [(key("old"), "new".to_owned())].into(),
            },
            drops: [key("gone")].into(),
            gone: [].into(),
            fills: [(key("more"), "1".to_owned()), (key("open"), "2".to_owned())].into(),
        };
        refuse(&good, &sides).expect("each names a change");
        let bad = Said {
            renames: Renames {
                tables: [table("a", "b"), table("c", "d")].into(),
                columns: [(key("old"), "no".to_owned())].into(),
            },
            drops: [key("id"), key("nothing")].into(),
            gone: ["b".to_owned()].into(),
            fills: [(key("id"), "1".to_owned()), (key("no"), "2".to_owned())].into(),
        };
        let told = refuse(&bad, &sides).expect_err("none does").to_string();
        for part in [
            "--rename c:d",
            "--rename b.old:no",
            "--drop b (",
            "--drop b.id",
            "--drop b.nothing",
            "--fill b.id=1",
            "--fill b.no=2",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(!told.contains("a:b"), "{told}");
    }
}
