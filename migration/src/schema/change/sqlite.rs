//! The statements of `SQLite`, which alters little: a table whose columns or constraints change is
//! made anew, by the text that it has where it is right, with its rows.
//!
//! The old table is set aside under another name, with `foreign_keys` off and `legacy_alter_table`
//! on, so that nothing that refers to the table by its name follows it.

use super::super::name::quoted;
use super::super::rename::mentions;
use super::super::{Column, Filling, LiveSchema, Table, View};
use super::table::{appended, common, is_generated};
use super::{ASIDE, Options, Statement};

const FOLLOW: &str = "PRAGMA legacy_alter_table = OFF";
const STAY: &str = "PRAGMA legacy_alter_table = ON";

pub(super) fn statements(from: &LiveSchema, to: &LiveSchema, options: &Options) -> Vec<Statement> {
    let mut out = Vec::new();
    let mut push = |sql: String| out.push(Statement::new(sql));
    let is_moved = |name: &String| {
        let plain = |schema: &LiveSchema| schema.tables.get(name).map(Table::plain);
        plain(from) != plain(to)
    };
    let moved: Vec<&String> = from.tables.keys().filter(|name| is_moved(name)).collect();
    let is_over = |view: &View| moved.iter().any(|table| mentions(&view.create, table));
    for (name, view) in &from.views {
        if to.views.get(name) != Some(view) || is_over(view) {
            push(format!("DROP VIEW {}", quoted(name)));
        }
    }
    // What refers to a table that is renamed follows it, unlike one that is set aside.
    let follow = !options.renames.tables.is_empty();
    if follow {
        push(FOLLOW.to_owned());
    }
    for (old, new) in &options.renames.tables {
        push(format!(
            "ALTER TABLE {} RENAME TO {}",
            quoted(old),
            quoted(new)
        ));
    }
    if follow {
        push(STAY.to_owned());
    }
    for ((table, old), new) in &options.renames.columns {
        let (table, old, new) = (quoted(table), quoted(old), quoted(new));
        push(format!("ALTER TABLE {table} RENAME COLUMN {old} TO {new}"));
    }
    let renamed = options.renames.applied(from);
    for (name, table) in &renamed.tables {
        match to.tables.get(name) {
            None => drop_table(name, table, to, &mut out),
            Some(wanted) => alter(name, table, wanted, options, &mut out),
        }
    }
    for (name, table) in &to.tables {
        if !renamed.tables.contains_key(name) && !is_shadow(name, to) {
            out.push(Statement::new(table.source.clone()));
            parts(&Table::default(), table, &mut out);
        }
    }
    for (name, view) in &to.views {
        if from.views.get(name) != Some(view) || is_over(view) {
            out.push(Statement::new(view.create.clone()));
        }
    }
    out
}

/// Whether the table is one that a virtual table keeps its own things in.
fn is_shadow(name: &str, schema: &LiveSchema) -> bool {
    let is_virtual = |table: &Table| table.source.to_uppercase().starts_with("CREATE VIRTUAL");
    schema.tables.iter().any(|(other, table)| {
        is_virtual(table)
            && name
                .strip_prefix(other.as_str())
                .is_some_and(|rest| rest.starts_with('_'))
    })
}

fn drop_table(name: &str, table: &Table, to: &LiveSchema, out: &mut Vec<Statement>) {
    if is_shadow(name, to) {
        return;
    }
    let sql = format!("DROP TABLE {}", quoted(name));
    let is_virtual = table.source.to_uppercase().starts_with("CREATE VIRTUAL");
    out.push(if is_virtual {
        Statement::new(sql)
    } else {
        Statement::losing(sql, format!("{name} and all its rows"))
    });
}

fn alter(name: &str, from: &Table, to: &Table, options: &Options, out: &mut Vec<Statement>) {
    let written = quoted(name);
    let in_order = !options.in_order
        || appended(from, to)
            .iter()
            .eq(to.columns.iter().map(|one| &one.name));
    let kept = common(from, to);
    let same = kept.iter().all(|(old, new)| is_alike(old, new))
        && from.options == to.options
        && from.constraints == to.constraints
        && in_order;
    let has = |table: &Table, column: &Column| {
        let mut columns = table.columns.iter();
        columns.any(|one| one.name == column.name)
    };
    let new: Vec<&Column> = to.columns.iter().filter(|one| !has(from, one)).collect();
    let gone: Vec<&Column> = from.columns.iter().filter(|one| !has(to, one)).collect();
    let fill = |column: &Column| options.fill(name, &column.name);
    if same
        && new
            .iter()
            .all(|one| can_be_added(one) && fill(one).is_none())
        && gone.iter().all(|one| can_be_dropped(one, from))
    {
        for column in gone {
            out.push(Statement::losing(
                format!("ALTER TABLE {written} DROP COLUMN {}", quoted(&column.name)),
                format!("what {name}.{} has", column.name),
            ));
        }
        for column in new {
            out.push(Statement::new(format!(
                "ALTER TABLE {written} ADD COLUMN {} {column}",
                quoted(&column.name)
            )));
        }
        parts(from, to, out);
        return;
    }
    let aside = quoted(&format!("{name}{ASIDE}"));
    for index in from.indexes.keys() {
        out.push(Statement::new(format!("DROP INDEX {}", quoted(index))));
    }
    for trigger in from.triggers.keys() {
        out.push(Statement::new(format!("DROP TRIGGER {}", quoted(trigger))));
    }
    out.push(Statement::new(format!(
        "ALTER TABLE {written} RENAME TO {aside}"
    )));
    out.push(Statement::new(to.source.clone()));
    let kept = kept.iter().filter(|(_, new)| !is_generated(new));
    let kept = kept.map(|(old, new)| {
        let called = quoted(&new.name);
        // A column that takes no null any more has what somebody said instead.
        match fill(new) {
            Some(value) if old.nullable => (called.clone(), format!("coalesce({called}, {value})")),
            _ => (called.clone(), called),
        }
    });
    let filled = new
        .iter()
        .filter_map(|new| Some((quoted(&new.name), fill(new)?.clone())));
    let (into, values): (Vec<_>, Vec<_>) = kept.chain(filled).unzip();
    if !into.is_empty() {
        let (into, values) = (into.join(", "), values.join(", "));
        out.push(Statement::new(format!(
            "INSERT INTO {written} ({into}) SELECT {values} FROM {aside}"
        )));
    }
    let gone: Vec<&str> = gone
        .iter()
        .filter(|old| !is_generated(old))
        .map(|old| old.name.as_str())
        .collect();
    let sql = format!("DROP TABLE {aside}");
    out.push(if gone.is_empty() {
        Statement::new(sql)
    } else {
        Statement::losing(sql, format!("{} of {name}", gone.join(", ")))
    });
    let bare = Table::default();
    parts(&bare, to, out);
}

fn is_alike(old: &Column, new: &Column) -> bool {
    (&old.kind, old.nullable, &old.filling) == (&new.kind, new.nullable, &new.filling)
}

/// What `ALTER TABLE … ADD COLUMN` takes: a constant default, and one at all where null is none.
fn can_be_added(column: &Column) -> bool {
    match &column.filling {
        None => column.nullable,
        Some(Filling::Default(value)) => {
            !value.starts_with('(') && !value.to_uppercase().starts_with("CURRENT_")
        }
        Some(_) => false,
    }
}

/// What `ALTER TABLE … DROP COLUMN` takes: a column that nothing else speaks of.
fn can_be_dropped(column: &Column, table: &Table) -> bool {
    let is_spoken_of = |text: &String| mentions(text, &column.name);
    let keys = table.constraints.keys().chain(table.constraints.values());
    !keys
        .chain(table.indexes.values())
        .chain(table.triggers.values())
        .any(is_spoken_of)
}

/// Indexes and triggers.
fn parts(from: &Table, to: &Table, out: &mut Vec<Statement>) {
    for (kind, from, to) in [
        ("INDEX", &from.indexes, &to.indexes),
        ("TRIGGER", &from.triggers, &to.triggers),
    ] {
        let gone = from
            .iter()
            .filter(|(name, text)| to.get(*name) != Some(text));
        for (name, _) in gone {
            out.push(Statement::new(format!("DROP {kind} {}", quoted(name))));
        }
        let new = to
            .iter()
            .filter(|(name, text)| from.get(*name) != Some(text));
        for (_, text) in new {
            out.push(Statement::new(text.clone()));
        }
    }
}
