//! The statements of `SQLite`, which alters little: a table whose columns or constraints change is
//! made anew, by the text that it has where it is right, with its rows.

mod anew;

use super::super::name::quoted;
use super::super::rename::mentions;
use super::super::tokens::{Quotes, tokens};
use super::super::{Column, Filling, LiveSchema, Part, Table, View, row_number};
use super::table::{appended, common};
use super::{Options, Statement};
use anew::Anew;

const FOLLOW: &str = "PRAGMA legacy_alter_table = OFF";
const STAY: &str = "PRAGMA legacy_alter_table = ON";

pub(super) fn statements(from: &LiveSchema, to: &LiveSchema, options: &Options) -> Vec<Statement> {
    let mut out = Vec::new();
    let is_moved = |name: &String| {
        let plain = |schema: &LiveSchema| schema.tables.get(name).map(Table::plain);
        plain(from) != plain(to)
    };
    let moved: Vec<&String> = from.tables.keys().filter(|name| is_moved(name)).collect();
    let is_over = |view: &View| moved.iter().any(|table| mentions(&view.create, table));
    for (name, view) in &from.views {
        if to.views.get(name) != Some(view) || is_over(view) {
            out.push(Statement::new(format!("DROP VIEW {}", quoted(name))));
        }
    }
    rename(options, &mut out);
    let renamed = options.renames.applied(from);
    for (name, table) in &renamed.tables {
        match to.tables.get(name) {
            None => drop_table(name, table, &mut out),
            Some(wanted) => {
                let anew = Anew {
                    name,
                    from: table,
                    to: wanted,
                    aside: anew::aside(name, &renamed, to),
                };
                alter(&anew, options, &mut out);
            }
        }
    }
    for (name, table) in &to.tables {
        if !renamed.tables.contains_key(name) {
            out.push(Statement::new(table.source.clone()));
            parts(&Table::default(), table, &mut out);
        }
    }
    for (name, view) in &to.views {
        if from.views.get(name) != Some(view) || is_over(view) {
            let written = |part, name: &str, text| view.written.or(part, name, text).to_owned();
            out.push(Statement::new(written(Part::View, name, &view.create)));
            for (name, text) in &view.triggers {
                out.push(Statement::new(written(Part::Trigger, name, text)));
            }
        }
    }
    out
}

/// Give tables and columns their new names.
fn rename(options: &Options, out: &mut Vec<Statement>) {
    let mut push = |sql: String| out.push(Statement::new(sql));
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
}

/// The statements with what `SQLite` must be told before and after them, where they make tables anew.
pub(super) fn framed(statements: Vec<Statement>) -> Vec<Statement> {
    let before = ["PRAGMA foreign_keys = OFF", STAY, "BEGIN IMMEDIATE"];
    let after = ["COMMIT", FOLLOW, "PRAGMA foreign_keys = ON"];
    let frame = |all: [&str; 3]| all.map(Statement::new);
    let all = frame(before).into_iter().chain(statements);
    all.chain(frame(after)).collect()
}

fn drop_table(name: &str, table: &Table, out: &mut Vec<Statement>) {
    let sql = format!("DROP TABLE {}", quoted(name));
    let is_virtual = table.source.to_uppercase().starts_with("CREATE VIRTUAL");
    out.push(if is_virtual {
        Statement::new(sql)
    } else {
        Statement::losing(sql, format!("{name} and all its rows"))
    });
}

fn alter(anew: &Anew<'_>, options: &Options, out: &mut Vec<Statement>) {
    let (name, from, to) = (anew.name, anew.from, anew.to);
    let written = quoted(name);
    let in_order = !options.in_order
        || appended(from, to)
            .iter()
            .eq(to.columns.iter().map(|one| &one.name));
    let kept = common(from, to);
    let same = kept.iter().all(|(old, new)| is_alike(old, new))
        && from.options == to.options
        && from.constraints == to.constraints
        && row_number(&from.source).is_some() == row_number(&to.source).is_some()
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
    anew.statements(options, out);
}

fn is_alike(old: &Column, new: &Column) -> bool {
    (&old.kind, old.nullable, &old.filling) == (&new.kind, new.nullable, &new.filling)
}

/// What `ALTER TABLE … ADD COLUMN` takes: a constant default, and one at all where null is none.
fn can_be_added(column: &Column) -> bool {
    match &column.filling {
        None => column.nullable,
        Some(Filling::Default(value)) => {
            is_constant(value) && (column.nullable || !value.eq_ignore_ascii_case("null"))
        }
        Some(_) => false,
    }
}

/// Whether it is a number, a text, bytes or a word such as `true`. The catalogue tells any other expression
/// without the brackets that it must stand in.
fn is_constant(value: &str) -> bool {
    let number = value.trim_start_matches(['+', '-', ' ']);
    let mut tokens = tokens(value, Quotes::Sqlite);
    let first = tokens.next().unwrap_or_default();
    let is_text = first.starts_with('\'') && tokens.next().is_none();
    let bytes = value.strip_prefix(['x', 'X']);
    let is_bytes = bytes.is_some_and(|rest| rest.starts_with('\'') && rest.ends_with('\''));
    let is_word = ["null", "true", "false"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word));
    is_text || is_bytes || is_word || number.parse::<f64>().is_ok()
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
    let written = &to.written;
    for (kind, part, from, to) in [
        ("INDEX", Part::Index, &from.indexes, &to.indexes),
        ("TRIGGER", Part::Trigger, &from.triggers, &to.triggers),
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
        for (name, text) in new {
            out.push(Statement::new(written.or(part, name, text)));
        }
    }
}
