//! Tables and their columns.

use std::fmt::Write as _;

use super::super::super::name::{literal, quoted};
use super::super::super::{Column, Filling, Table};
use super::super::table::{common, is_generated};
use super::super::{ASIDE, Statement};
use super::Plan;
use super::parts::is_foreign_key;

impl Plan<'_> {
    /// New tables, with all but their foreign keys, and those that are made anew, with their rows.
    pub(super) fn make_tables(&mut self) {
        let new: Vec<(&String, &Table)> = self
            .to
            .tables
            .iter()
            .filter(|(name, _)| {
                !self.from.tables.contains_key(*name) || self.remade.contains(*name)
            })
            .collect();
        for (name, table) in new {
            let old = self.from.tables.remove(name);
            let (written, aside) = (quoted(name), quoted(&format!("{name}{ASIDE}")));
            if old.is_some() {
                self.push(format!("ALTER TABLE {written} RENAME TO {aside}"));
            }
            self.push(create(name, table));
            let mut made = Table {
                options: table
                    .options
                    .iter()
                    .filter(|one| is_of_create(one))
                    .cloned()
                    .collect(),
                columns: table.columns.clone(),
                constraints: table.constraints.clone(),
                ..Table::default()
            };
            made.constraints.retain(|_, text| !is_foreign_key(text));
            self.touched.insert(name.clone());
            if let Some(old) = old {
                self.carry_over(name, &old, table);
            }
            self.from.tables.insert(name.clone(), made);
        }
        self.own_sequences();
    }

    /// The rows of a table that is made anew.
    fn carry_over(&mut self, name: &str, old: &Table, new: &Table) {
        let (written, aside) = (quoted(name), quoted(&format!("{name}{ASIDE}")));
        let kept = common(old, new)
            .into_iter()
            .filter(|(_, new)| !is_generated(new));
        let (mut into, mut from) = (Vec::new(), Vec::new());
        for (old, new) in kept {
            into.push(quoted(&new.name));
            from.push(if old.kind == new.kind {
                quoted(&old.name)
            } else {
                format!("{}::{}", quoted(&old.name), plain_kind(new))
            });
        }
        let identity: Vec<&Column> = new
            .columns
            .iter()
            .filter(|one| matches!(one.filling, Some(Filling::Identity(_))))
            .collect();
        let over = if identity.is_empty() {
            ""
        } else {
            " OVERRIDING SYSTEM VALUE"
        };
        if !into.is_empty() {
            let (into, from) = (into.join(", "), from.join(", "));
            self.push(format!(
                "INSERT INTO {written} ({into}){over} SELECT {from} FROM {aside}"
            ));
        }
        for column in identity {
            let (column, of) = (quoted(&column.name), literal(&column.name));
            self.push(format!(
                "SELECT setval(pg_get_serial_sequence({}, {of}), coalesce(max({column}), 0) + 1, \
                 false) FROM {written}",
                literal(&written)
            ));
        }
        // A sequence that goes with the old table would go with it.
        for (sequence, of) in &self.from.sequences.clone() {
            let column = of.owned_by.as_deref().unwrap_or_default();
            if column.starts_with(&format!("{written}.")) {
                self.push(format!("ALTER SEQUENCE {} OWNED BY NONE", quoted(sequence)));
                if let Some(known) = self.from.sequences.get_mut(sequence) {
                    known.owned_by = None;
                }
            }
        }
        let gone: Vec<&str> = old
            .columns
            .iter()
            .filter(|old| !new.columns.iter().any(|one| one.name == old.name))
            .map(|old| old.name.as_str())
            .collect();
        let sql = format!("DROP TABLE {aside}");
        self.out.push(if gone.is_empty() {
            Statement::new(sql)
        } else {
            Statement::losing(sql, format!("{} of {name}", gone.join(", ")))
        });
    }

    fn own_sequences(&mut self) {
        for (name, sequence) in &self.to.sequences {
            let known = self.from.sequences.get(name);
            let known = known.and_then(|known| known.owned_by.clone());
            if known != sequence.owned_by {
                let owner = sequence.owned_by.as_deref().unwrap_or("NONE");
                self.push(format!("ALTER SEQUENCE {} OWNED BY {owner}", quoted(name)));
            }
        }
    }

    /// The columns of the tables that stay.
    pub(super) fn alter_tables(&mut self) {
        let mut tables: Vec<_> = self.to.tables.iter().collect();
        tables.sort_by_key(|(name, _)| self.parents(name).next().is_some());
        for (name, to) in tables {
            let Some(from) = self.from.tables.get(name).cloned() else {
                continue;
            };
            let written = quoted(name);
            let has = |table: &Table, column: &Column| {
                table.columns.iter().any(|one| one.name == column.name)
            };
            for gone in from.columns.iter().filter(|old| !has(to, old)) {
                let column = quoted(&gone.name);
                // One that it has from a parent went with the parent's.
                let went = self.a_parent_has(name, |from, to| has(from, gone) && !has(to, gone));
                let there = if went { "IF EXISTS " } else { "" };
                let sql = format!("ALTER TABLE {written} DROP COLUMN {there}{column}");
                let loses = format!("what {name}.{} has", gone.name);
                self.out.push(if is_generated(gone) {
                    Statement::new(sql)
                } else {
                    Statement::losing(sql, loses)
                });
            }
            for new in to.columns.iter().filter(|new| !has(&from, new)) {
                if !self.a_parent_has(name, |from, to| !has(from, new) && has(to, new)) {
                    self.add_column(name, new);
                }
            }
            for (old, new) in common(&from, to) {
                let same = |(before, after): (&Column, &Column)| {
                    before.to_string() == old.to_string() && after.to_string() == new.to_string()
                };
                let is_done = self.a_parent_has(name, |from, to| {
                    let mut pairs = common(from, to).into_iter();
                    pairs.any(|pair| pair.1.name == new.name && same(pair))
                });
                if !is_done {
                    self.alter_column(&written, old, new);
                }
            }
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

    fn alter_column(&mut self, table: &str, old: &Column, new: &Column) {
        let column = quoted(&new.name);
        let alter = format!("ALTER TABLE {table} ALTER COLUMN {column}");
        let mut filling = old.filling.clone();
        if old.kind != new.kind {
            if matches!(filling, Some(Filling::Default(_))) {
                self.push(format!("{alter} DROP DEFAULT"));
                filling = None;
            }
            let kind = plain_kind(new);
            self.push(format!("{alter} TYPE {} USING {column}::{kind}", new.kind));
        }
        if filling != new.filling {
            match &filling {
                Some(Filling::Default(_)) if !matches!(new.filling, Some(Filling::Default(_))) => {
                    self.push(format!("{alter} DROP DEFAULT"));
                }
                Some(Filling::Generated(_)) => self.push(format!("{alter} DROP EXPRESSION")),
                Some(Filling::Identity(_))
                    if !matches!(new.filling, Some(Filling::Identity(_))) =>
                {
                    self.push(format!("{alter} DROP IDENTITY"));
                }
                _ => {}
            }
            match (&filling, &new.filling) {
                (_, Some(Filling::Default(value))) => {
                    self.push(format!("{alter} SET DEFAULT {value}"));
                }
                (Some(Filling::Identity(_)), Some(Filling::Identity(when))) => {
                    self.push(format!("{alter} SET GENERATED {when}"));
                }
                (_, Some(Filling::Identity(when))) => {
                    self.push(format!("{alter} ADD GENERATED {when} AS IDENTITY"));
                }
                _ => {}
            }
        }
        match (old.nullable, new.nullable) {
            (true, false) => self.push(format!("{alter} SET NOT NULL")),
            (false, true) => self.push(format!("{alter} DROP NOT NULL")),
            _ => {}
        }
    }

    pub(super) fn drop_tables(&mut self) {
        let gone: Vec<String> = self
            .from
            .tables
            .keys()
            .filter(|name| !self.to.tables.contains_key(*name))
            .cloned()
            .collect();
        for name in gone {
            let sql = format!("DROP TABLE {}", quoted(&name));
            self.out
                .push(Statement::losing(sql, format!("{name} and all its rows")));
            self.from.tables.remove(&name);
        }
    }
}

/// What stands in `CREATE TABLE` itself.
fn is_of_create(option: &str) -> bool {
    option == "UNLOGGED" || option.starts_with("PARTITION ")
}

fn create(name: &str, table: &Table) -> String {
    let unlogged = if table.options.contains("UNLOGGED") {
        "UNLOGGED "
    } else {
        ""
    };
    let partition = table
        .options
        .iter()
        .find(|one| one.starts_with("PARTITION "));
    let mut sql = format!("CREATE {unlogged}TABLE {}", quoted(name));
    if let Some(of) = partition.filter(|one| one.starts_with("PARTITION OF ")) {
        let _ = write!(sql, " {of}");
        return sql;
    }
    let columns = table.columns.iter().map(define);
    let constraints = table
        .constraints
        .iter()
        .filter(|(_, text)| !is_foreign_key(text));
    let constraints = constraints.map(|(name, text)| format!("CONSTRAINT {} {text}", quoted(name)));
    let lines: Vec<String> = columns.chain(constraints).collect();
    let _ = write!(sql, " (\n    {}\n)", lines.join(",\n    "));
    if let Some(by) = partition {
        let _ = write!(sql, " {by}");
    }
    sql
}

fn define(column: &Column) -> String {
    format!("{} {column}", quoted(&column.name))
}

/// A column's type without its collation, as a cast wants it.
fn plain_kind(column: &Column) -> &str {
    column
        .kind
        .split(" COLLATE ")
        .next()
        .unwrap_or(&column.kind)
}
