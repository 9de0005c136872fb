//! Tables: new ones, those that are made anew, those that go.

use std::fmt::Write as _;

use super::super::super::name::{literal, quoted};
use super::super::super::{Column, Filling, LiveSchema, Table};
use super::super::table::{Part, is_generated};
use super::super::{ASIDE, Statement};
use super::Plan;
use super::partitions::{OF, cut, is_inherited, made_of, parent};
use super::parts::{is_foreign_key, referenced};

impl Plan<'_> {
    /// A new table, with all but its foreign keys, or one that is made anew, with its rows.
    pub(super) fn make_table(&mut self, name: &str) {
        let Some(table) = self.to.tables.get(name) else {
            return;
        };
        let old = self.from.tables.remove(name);
        let (written, aside) = (quoted(name), quoted(&format!("{name}{ASIDE}")));
        if old.is_some() {
            self.push(format!("ALTER TABLE {written} RENAME TO {aside}"));
        }
        self.push(create(name, table, self.to));
        let is_partition = made_of(table, self.to).is_some();
        let mut made = Table {
            options: table
                .options
                .iter()
                .filter(|one| is_of_create(one) && (is_partition || !one.starts_with(OF)))
                .cloned()
                .collect(),
            columns: table.columns.clone(),
            constraints: table.constraints.clone(),
            ..Table::default()
        };
        made.constraints.retain(|key, text| {
            !is_foreign_key(text)
                && (!is_partition || is_inherited(self.to, name, Part::Constraint, key, text))
        });
        self.touched.insert(name.to_owned());
        if let Some(old) = old {
            self.carry_over(name, &old, table);
        }
        self.from.tables.insert(name.to_owned(), made);
    }

    /// The rows of a table that is made anew.
    fn carry_over(&mut self, name: &str, old: &Table, new: &Table) {
        let (written, aside) = (quoted(name), quoted(&format!("{name}{ASIDE}")));
        let (mut into, mut from) = (Vec::new(), Vec::new());
        let (mut loses, mut fails) = (Vec::new(), Vec::new());
        for column in new.columns.iter().filter(|one| !is_generated(one)) {
            let known = old.columns.iter().find(|old| old.name == column.name);
            let fill = self.options.fill(name, &column.name);
            let called = quoted(&column.name);
            let Some(known) = known else {
                into.extend(fill.map(|_| called));
                from.extend(fill.cloned());
                continue;
            };
            let kept = if self.moved.retypes(known, column) {
                let kept = self.retyped(name, known, column);
                self.out
                    .extend(kept.refused.as_deref().map(Statement::refusing));
                loses.extend(kept.loses);
                fails.extend(kept.fails);
                kept.using.unwrap_or_else(|| called.clone())
            } else {
                called.clone()
            };
            into.push(called);
            from.push(match fill {
                Some(fill) if known.nullable => format!("coalesce({kept}, {fill})"),
                _ => kept,
            });
        }
        let has_identity = new
            .columns
            .iter()
            .any(|one| matches!(one.filling, Some(Filling::Identity(_))));
        let over = if has_identity {
            " OVERRIDING SYSTEM VALUE"
        } else {
            ""
        };
        if !into.is_empty() {
            let (into, from) = (into.join(", "), from.join(", "));
            let joined = |words: Vec<String>| (!words.is_empty()).then(|| words.join(" and "));
            self.out.push(Statement {
                sql: format!("INSERT INTO {written} ({into}){over} SELECT {from} FROM {aside}"),
                loses: joined(loses),
                fails: joined(fails),
            });
        }
        for column in &new.columns {
            self.count_on(name, column);
        }
        self.drop_aside(name, old, new);
    }

    /// Drop the old table, whose rows are in the new one.
    fn drop_aside(&mut self, name: &str, old: &Table, new: &Table) {
        let (written, aside) = (quoted(name), quoted(&format!("{name}{ASIDE}")));
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
        self.push(guard(name));
        let sql = format!("DROP TABLE {aside}");
        self.out.push(if gone.is_empty() {
            Statement::new(sql)
        } else {
            Statement::losing(sql, format!("{} of {name}", gone.join(", ")))
        });
    }

    pub(super) fn own_sequences(&mut self) {
        for (name, sequence) in &self.to.sequences {
            let known = self.from.sequences.get(name);
            let known = known.and_then(|known| known.owned_by.clone());
            if known != sequence.owned_by {
                let owner = sequence.owned_by.as_deref().unwrap_or("NONE");
                self.push(format!("ALTER SEQUENCE {} OWNED BY {owner}", quoted(name)));
            }
        }
    }

    /// Take a partition that goes from its parent first, where keys lead to that: they hold it.
    fn leave_referenced(&mut self, above: &str, name: &str) {
        let mut tables = self.to.tables.iter();
        let from = tables.find(|(_, table)| {
            let mut keys = table.constraints.values();
            keys.any(|text| is_foreign_key(text) && referenced(text) == above)
        });
        if let Some((table, _)) = from {
            self.out.push(Statement::failing(
                format!(
                    "ALTER TABLE {} DETACH PARTITION {}",
                    quoted(above),
                    quoted(name)
                ),
                format!("where a row of {table} names one of {name}"),
            ));
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
            let above = self.from.tables.get(&name).and_then(parent);
            if let Some((above, _)) = above {
                if !self.to.tables.contains_key(&above) {
                    // It goes with its parent.
                    continue;
                }
                self.leave_referenced(&above, &name);
            }
            let sql = format!("DROP TABLE {}", quoted(&name));
            self.out
                .push(Statement::losing(sql, format!("{name} and all its rows")));
        }
        let to = self.to;
        self.from
            .tables
            .retain(|name, _| to.tables.contains_key(name));
    }
}

/// What stops the rest where not every row was put into the table that was made anew.
fn guard(name: &str) -> String {
    let (table, aside) = (quoted(name), quoted(&format!("{name}{ASIDE}")));
    let told = format!("{name} was not made anew: it has other rows than before");
    format!(
        "DO $$ BEGIN IF (SELECT count(*) FROM {table}) <> (SELECT count(*) FROM {aside}) THEN RAISE \
         EXCEPTION {}; END IF; END $$",
        literal(&told.replace('%', "%%"))
    )
}

/// What stands in `CREATE TABLE` itself.
fn is_of_create(option: &str) -> bool {
    option == "UNLOGGED" || option.starts_with("PARTITION ")
}

/// The statement that makes a table of `schema`. One whose columns stand as its parent's do is made as a
/// partition; another is one of its own that its parent takes over.
pub(super) fn create(name: &str, table: &Table, schema: &LiveSchema) -> String {
    let unlogged = if table.options.contains("UNLOGGED") {
        "UNLOGGED "
    } else {
        ""
    };
    let mut sql = format!("CREATE {unlogged}TABLE {}", quoted(name));
    if let Some((above, own, rows)) = made_of(table, schema) {
        let _ = write!(sql, " PARTITION OF {}", quoted(&above));
        if !own.is_empty() {
            let _ = write!(sql, " ({})", own.join(", "));
        }
        let _ = write!(sql, " {rows}");
    } else {
        let columns = table.columns.iter().map(define);
        let constraints = table
            .constraints
            .iter()
            .filter(|(_, text)| !is_foreign_key(text));
        let constraints =
            constraints.map(|(name, text)| format!("CONSTRAINT {} {text}", quoted(name)));
        let lines: Vec<String> = columns.chain(constraints).collect();
        let _ = write!(sql, " (\n    {}\n)", lines.join(",\n    "));
    }
    if let Some(by) = cut(table) {
        let _ = write!(sql, " PARTITION BY {by}");
    }
    sql
}

pub(super) fn define(column: &Column) -> String {
    format!("{} {column}", quoted(&column.name))
}

/// A column's type without its collation, as a cast wants it.
pub(super) fn plain_kind(column: &Column) -> &str {
    column
        .kind
        .split(" COLLATE ")
        .next()
        .unwrap_or(&column.kind)
}
