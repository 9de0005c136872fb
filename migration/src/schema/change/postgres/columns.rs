//! The columns of tables that stay.

use super::super::super::name::{literal, quoted, unquoted};
use super::super::super::rename::mentions;
use super::super::super::{Column, Filling, LiveSchema, Table};
use super::super::Statement;
use super::super::table::{common, is_generated};
use super::cast::cast;
use super::partitions::is_part;
use super::tables::{define, plain_kind};
use super::types::start;
use super::{Plan, ranges};

/// How a column's values become those of another type.
#[derive(Default)]
pub(super) struct Retyped {
    /// The expression, where one is needed.
    pub(super) using: Option<String>,
    pub(super) loses: Option<String>,
    pub(super) fails: Option<String>,
    /// Why nothing does.
    pub(super) refused: Option<String>,
}

impl Plan<'_> {
    /// Drop the computed columns that come again, and the defaults that would hold up what goes.
    pub(super) fn drop_columns(&mut self) {
        let mut columns: Vec<_> = self.moved.columns.iter().cloned().collect();
        // What goes of a parent goes of its children.
        columns.sort_by_key(|(table, _)| self.parents(table).next().is_some());
        for (table, column) in columns {
            let held = self.from.tables.get(&table).into_iter();
            let mut held = held.flat_map(|of| &of.columns);
            let held = held.find(|one| one.name == column);
            let is_plain = held.is_some_and(|one| !is_generated(one));
            self.drop_column(&table, &column, is_plain);
        }
        for (table, column) in &self.moved.columns {
            if let Some(of) = self.from.tables.get_mut(table) {
                of.columns.retain(|one| one.name != *column);
            }
        }
        let mut found = Vec::new();
        for (name, table) in &mut self.from.tables {
            let wanted = self.to.tables.get(name);
            for column in &mut table.columns {
                let mut new = wanted.iter().flat_map(|table| &table.columns);
                let new = new.find(|new| new.name == column.name);
                let is_identity = |one: &Column| matches!(one.filling, Some(Filling::Identity(_)));
                let what = match &column.filling {
                    Some(Filling::Default(value)) if self.moved.is_function_in(value) => "DEFAULT",
                    // A sequence that comes may have the name of the one behind it.
                    Some(Filling::Identity(_)) if new.is_some_and(|new| !is_identity(new)) => {
                        "IDENTITY"
                    }
                    _ => continue,
                };
                column.filling = None;
                let (table, column) = (quoted(name), quoted(&column.name));
                found.push(format!(
                    "ALTER TABLE {table} ALTER COLUMN {column} DROP {what}"
                ));
            }
        }
        self.out.extend(found.into_iter().map(Statement::new));
    }

    fn drop_column(&mut self, table: &str, column: &str, loses: bool) {
        let goes_above = self.goes_above(table, column);
        if goes_above && self.to.tables.get(table).is_some_and(is_part) {
            return;
        }
        // One that a child has of its own, too, stays where the parent's goes.
        let there = if goes_above { "IF EXISTS " } else { "" };
        let sql = format!(
            "ALTER TABLE {} DROP COLUMN {there}{}",
            quoted(table),
            quoted(column)
        );
        self.out.push(if loses {
            Statement::losing(sql, format!("what {table}.{column} has"))
        } else {
            Statement::new(sql)
        });
    }

    /// The columns of a table that stays.
    pub(super) fn alter_table(&mut self, name: &str) {
        let (Some(from), Some(to)) = (
            self.from.tables.get(name).cloned(),
            self.to.tables.get(name),
        ) else {
            return;
        };
        let has = |table: &Table, column: &Column| {
            table.columns.iter().any(|one| one.name == column.name)
        };
        for gone in from.columns.iter().filter(|old| !has(to, old)) {
            self.drop_column(name, &gone.name, !is_generated(gone));
        }
        for (old, new) in common(&from, to) {
            if !self.counts_above(name, old, new) {
                self.alter_column(name, old, new);
            }
        }
        // A computed one may be of those.
        for new in to.columns.iter().filter(|new| !has(&from, new)) {
            self.add_column(name, new);
            self.below_gets(name, new);
        }
    }

    fn add_column(&mut self, name: &str, new: &Column) {
        let (table, column) = (quoted(name), quoted(&new.name));
        self.touched.insert(format!("{table}.{column}"));
        let Some(fill) = self.options.fill(name, &new.name) else {
            self.push(format!("ALTER TABLE {table} ADD COLUMN {}", define(new)));
            return;
        };
        let open = Column {
            nullable: true,
            ..new.clone()
        };
        self.push(format!("ALTER TABLE {table} ADD COLUMN {}", define(&open)));
        self.push(format!("UPDATE {table} SET {column} = {fill}"));
        if !new.nullable {
            self.push(format!(
                "ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL"
            ));
        }
    }

    fn alter_column(&mut self, name: &str, old: &Column, new: &Column) {
        let (table, column) = (quoted(name), quoted(&new.name));
        let alter = format!("ALTER TABLE {table} ALTER COLUMN {column}");
        let mut filling = old.filling.clone();
        if self.moved.retypes(old, new) && !self.retypes_above(name, new) {
            if matches!(filling, Some(Filling::Default(_))) {
                self.push(format!("{alter} DROP DEFAULT"));
                self.drop_own_sequence(name, new);
                filling = None;
            } else {
                self.drop_defaults_below(name, &new.name);
            }
            self.retype(name, old, new);
            self.below_follows(name, &new.name, |below| {
                below.kind.clone_from(&new.kind);
                if matches!(below.filling, Some(Filling::Default(_))) {
                    below.filling = None;
                }
            });
        }
        // What counts takes no null before it does.
        let counts = matches!(new.filling, Some(Filling::Identity(_)));
        if counts {
            self.alter_null(name, old, new);
        }
        if filling != new.filling {
            self.refill(name, &alter, filling.as_ref(), new);
            self.below_refills(name, filling.as_ref(), new);
        }
        if !counts {
            self.alter_null(name, old, new);
        }
    }

    /// Whether the column takes null.
    fn alter_null(&mut self, name: &str, old: &Column, new: &Column) {
        if old.nullable == new.nullable {
            return;
        }
        let (table, column) = (quoted(name), quoted(&new.name));
        let alter = format!("ALTER TABLE {table} ALTER COLUMN {column}");
        if new.nullable {
            self.push(format!("{alter} DROP NOT NULL"));
        } else {
            let sql = format!("{alter} SET NOT NULL");
            if let Some(fill) = self.options.fill(name, &new.name) {
                self.push(format!(
                    "UPDATE {table} SET {column} = {fill} WHERE {column} IS NULL"
                ));
                self.push(sql);
            } else {
                let fails = format!("where a row of {name} has nothing in {}", new.name);
                self.out.push(Statement::failing(sql, fails));
            }
        }
        self.below_follows(name, &new.name, |below| below.nullable = new.nullable);
    }

    fn retype(&mut self, name: &str, old: &Column, new: &Column) {
        let how = self.retyped(name, old, new);
        if let Some(why) = how.refused {
            self.out.push(Statement::refusing(&why));
            return;
        }
        let (table, column) = (quoted(name), quoted(&new.name));
        let using = how.using.map(|value| format!(" USING {value}"));
        self.out.push(Statement {
            sql: format!(
                "ALTER TABLE {table} ALTER COLUMN {column} TYPE {}{}",
                new.kind,
                using.unwrap_or_default()
            ),
            loses: how.loses,
            fails: how.fails,
        });
    }

    /// What becomes of the values of `old` in `new`. What is too long is refused, as where a row is
    /// written: an expression would cut it.
    pub(super) fn retyped(&self, table: &str, old: &Column, new: &Column) -> Retyped {
        let (column, kind) = (quoted(&old.name), plain_kind(new));
        if let Some(how) = self.refielded(table, old, new) {
            return how;
        }
        // Of two types of which the server makes none of the other, the text is what they share.
        let is_own = is_own(&self.was, &old.kind) && is_own(self.to, &new.kind);
        let are_ranges = [old, new].iter().all(|one| one.kind.ends_with("range"));
        if self.moved.is_type_in(&old.kind) || is_own || are_ranges {
            let gone = self.gone_values(old, new);
            let fails = if !gone.is_empty() {
                Some(format!(
                    "where a row of {} has {}",
                    quoted(table),
                    gone.join(" or ")
                ))
            } else if old.kind == new.kind {
                None
            } else {
                Some(format!("where {table}.{} is no {kind}", new.name))
            };
            return Retyped {
                using: Some(format!("{column}::text::{kind}")),
                fails,
                ..Retyped::default()
            };
        }
        let Some(how) = cast(&old.kind, &new.kind) else {
            return Retyped {
                refused: Some(format!(
                    "nothing makes a value of {kind} of one of {}: say by hand how {table}.{} becomes \
                     one, with ALTER TABLE … TYPE {kind} USING …",
                    old.kind, new.name
                )),
                ..Retyped::default()
            };
        };
        let place = format!("{table}.{}", new.name);
        Retyped {
            using: how.using.then(|| format!("{column}::{kind}")),
            loses: how
                .loses
                .then(|| format!("of {place} what {kind} does not hold")),
            fails: (how.fails && !how.loses).then(|| format!("where {place} is no {kind}")),
            refused: None,
        }
    }

    /// The values that the column's enum does not have any more.
    fn gone_values(&self, old: &Column, new: &Column) -> Vec<&str> {
        if !is_own(self.to, &new.kind) {
            return Vec::new();
        }
        let was = self.was.enums.iter();
        let of = was.filter(|(name, _)| mentions(&old.kind, name));
        let gone = of.flat_map(|(name, values)| {
            let other = self.to.enums.get(&own_name(&new.kind));
            let left = other.or_else(|| self.to.enums.get(name));
            let is_left = move |value: &String| left.is_some_and(|left| left.contains(value));
            values.iter().filter(move |value| !is_left(value))
        });
        gone.map(String::as_str).collect()
    }

    fn refill(&mut self, name: &str, alter: &str, old: Option<&Filling>, new: &Column) {
        let wanted = new.filling.as_ref();
        match (old, wanted) {
            (Some(Filling::Default(_)), Some(Filling::Default(_)))
            | (Some(Filling::Identity(_)), Some(Filling::Identity(_)))
            | (None, _) => {}
            (Some(Filling::Default(_)), _) => {
                self.push(format!("{alter} DROP DEFAULT"));
                self.drop_own_sequence(name, new);
            }
            (Some(Filling::Generated(_)), _) => self.push(format!("{alter} DROP EXPRESSION")),
            (Some(Filling::Identity(_)), _) => self.push(format!("{alter} DROP IDENTITY")),
        }
        match (old, wanted) {
            (_, Some(Filling::Default(value))) => self.push(format!("{alter} SET DEFAULT {value}")),
            (Some(Filling::Identity(_)), Some(Filling::Identity(when))) => {
                self.push(format!("{alter} SET GENERATED {when}"));
            }
            (_, Some(Filling::Identity(when))) => {
                self.push(format!("{alter} ADD GENERATED {when} AS IDENTITY"));
            }
            _ => {}
        }
        if !matches!(old, Some(Filling::Identity(_))) {
            self.count_on(name, new);
        }
    }

    /// Drop the sequence that counted for the column and goes.
    fn drop_own_sequence(&mut self, table: &str, column: &Column) {
        let owner = format!("{}.{}", quoted(table), quoted(&column.name));
        let is_its = |(name, _): &(&String, &super::super::super::Sequence)| {
            !self.to.sequences.contains_key(*name)
        };
        let mut gone = self.from.sequences.iter().filter(is_its);
        let found = gone.find(|(_, one)| one.owned_by.as_ref() == Some(&owner));
        if let Some(name) = found.map(|(name, _)| name.clone()) {
            self.drop_sequence(&name);
        }
    }

    /// Have a new counter go on behind the rows that are there.
    pub(super) fn count_on(&mut self, table: &str, column: &Column) {
        if !self.was.tables.contains_key(table)
            || !["smallint", "integer", "bigint"].contains(&column.kind.as_str())
        {
            return;
        }
        let (written, called) = (quoted(table), quoted(&column.name));
        let (counter, first) = match &column.filling {
            Some(Filling::Identity(_)) => {
                let (of, column) = (literal(&written), literal(&column.name));
                (format!("pg_get_serial_sequence({of}, {column})"), "1")
            }
            Some(Filling::Default(value)) => {
                let new = self.to.sequences.iter().find(|(name, _)| {
                    !self.was.sequences.contains_key(*name) && mentions(value, name)
                });
                let Some((name, sequence)) = new else {
                    return;
                };
                (literal(&quoted(name)), start(sequence))
            }
            _ => return,
        };
        self.push(format!(
            "SELECT setval({counter}, greatest(coalesce(max({called}), 0) + 1, {first}), false) FROM \
             {written}"
        ));
    }
}

/// Whether the type is the schema's own, or an array of one.
fn is_own(schema: &LiveSchema, kind: &str) -> bool {
    let name = own_name(kind);
    let is_many = |(range, create): (&String, &String)| {
        ranges::many(range, create).is_some_and(|many| many == name)
    };
    schema.enums.contains_key(&name)
        || schema.types.contains_key(&name)
        || schema.types.iter().any(is_many)
}

/// What a type of the schema's own is called, or that of which it is an array.
fn own_name(kind: &str) -> String {
    unquoted(kind.trim_end_matches("[]"))
}
