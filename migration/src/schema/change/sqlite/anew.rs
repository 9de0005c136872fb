//! A table that is made anew, with its rows.
//!
//! The old table is set aside under another name, with `foreign_keys` off and `legacy_alter_table` on, so
//! that nothing that refers to the table by its name follows it. It goes once its rows are in the new one.
//! A client that goes on after an error would drop it all the same, so where somebody runs the statements
//! by hand ([`Options::guarded`]) a failed check takes everything back first, and there is nothing left
//! that the `DROP` could be about.

use super::super::super::name::{literal, quoted};
use super::super::super::row_number;
use super::super::super::{Column, LiveSchema, Table};
use super::super::table::{common, is_generated};
use super::super::{ASIDE, Options, Statement};
use super::parts;

/// What the checks are written in, and what is taken back where one fails.
const GUARD: &str = "chancery_anew";

/// The table and what it becomes.
pub(super) struct Anew<'t> {
    pub(super) name: &'t str,
    pub(super) from: &'t Table,
    pub(super) to: &'t Table,
    /// What it is called meanwhile.
    pub(super) aside: String,
}

/// A name that no table has.
pub(super) fn aside(name: &str, from: &LiveSchema, to: &LiveSchema) -> String {
    let mut aside = format!("{name}{ASIDE}");
    while [from, to].iter().any(|one| one.tables.contains_key(&aside)) {
        aside.push('_');
    }
    aside
}

impl Anew<'_> {
    pub(super) fn statements(&self, options: &Options, out: &mut Vec<Statement>) {
        let mut push = |sql: String| out.push(Statement::new(sql));
        let (written, aside) = (quoted(self.name), quoted(&self.aside));
        if options.guarded {
            push(format!("SAVEPOINT {GUARD}"));
            push(format!(
                "CREATE TEMP TABLE IF NOT EXISTS {GUARD} (\
                 is_made integer CONSTRAINT the_table_is_made CHECK (is_made), \
                 is_off integer CONSTRAINT foreign_keys_are_off CHECK (is_off), \
                 is_whole integer CONSTRAINT every_row_is_in_the_new_table CHECK (is_whole))"
            ));
        }
        for index in self.from.indexes.keys() {
            push(format!("DROP INDEX {}", quoted(index)));
        }
        for trigger in self.from.triggers.keys() {
            push(format!("DROP TRIGGER {}", quoted(trigger)));
        }
        push(format!("ALTER TABLE {written} RENAME TO {aside}"));
        push(self.to.source.clone());
        if options.guarded {
            push(format!(
                "INSERT OR ROLLBACK INTO temp.{GUARD} (is_made, is_off) SELECT EXISTS (SELECT 1 FROM \
                 sqlite_master WHERE type = 'table' AND name = {}), (SELECT NOT foreign_keys FROM \
                 pragma_foreign_keys)",
                literal(self.name)
            ));
        }
        let (into, values): (Vec<_>, Vec<_>) = self.values(options).into_iter().unzip();
        if !into.is_empty() {
            let (into, values) = (into.join(", "), values.join(", "));
            push(format!(
                "INSERT INTO {written} ({into}) SELECT {values} FROM {aside}"
            ));
            if options.guarded {
                push(format!(
                    "INSERT OR ROLLBACK INTO temp.{GUARD} (is_whole) SELECT (SELECT count(*) FROM {written}) = \
                     (SELECT count(*) FROM {aside})"
                ));
            }
        }
        self.count_on(&mut push);
        let gone: Vec<&str> = self.gone().map(|old| old.name.as_str()).collect();
        let sql = format!("DROP TABLE {aside}");
        out.push(if gone.is_empty() {
            Statement::new(sql)
        } else {
            Statement::losing(sql, format!("{} of {}", gone.join(", "), self.name))
        });
        if options.guarded {
            out.push(Statement::new(format!("DROP TABLE temp.{GUARD}")));
        }
        parts(&Table::default(), self.to, out);
        if options.guarded {
            out.push(Statement::new(format!("RELEASE {GUARD}")));
        }
    }

    /// The columns whose values are lost.
    fn gone(&self) -> impl Iterator<Item = &Column> {
        let new = &self.to.columns;
        let is_gone = |old: &&Column| !new.iter().any(|one| one.name == old.name);
        let old = self.from.columns.iter().filter(|old| !is_generated(old));
        old.filter(is_gone)
    }

    /// What rows are put into the new table: each column, and its value.
    fn values(&self, options: &Options) -> Vec<(String, String)> {
        let fill = |column: &Column| options.fill(self.name, &column.name);
        let kept = common(self.from, self.to).into_iter();
        let kept = kept.filter(|(_, new)| !is_generated(new));
        let kept = kept.map(|(old, new)| {
            let called = quoted(&new.name);
            // A column that takes no null any more has what somebody said instead.
            match fill(new) {
                Some(value) if old.nullable => {
                    (called.clone(), format!("coalesce({called}, {value})"))
                }
                _ => (called.clone(), called),
            }
        });
        let has = |one: &&Column| self.from.columns.iter().any(|old| old.name == one.name);
        let new = self.to.columns.iter().filter(|one| !has(one));
        let filled = new.filter_map(|new| Some((quoted(&new.name), fill(new)?.clone())));
        let number = self
            .row_number()
            .map(|name| (name.to_owned(), name.to_owned()));
        number.into_iter().chain(kept).chain(filled).collect()
    }

    /// What the number of a row is called, where no column has it and the rows of another table, such as a
    /// search, may know it.
    fn row_number(&self) -> Option<&'static str> {
        let tables = [self.from, self.to];
        let has_none = |one: &&Table| one.options.contains("WITHOUT ROWID");
        if tables.iter().any(has_none) || row_number(&self.to.source).is_some() {
            return None;
        }
        let is_free = |name: &&str| {
            let mut columns = tables.iter().flat_map(|one| &one.columns);
            !columns.any(|one| one.name.eq_ignore_ascii_case(name))
        };
        ["rowid", "_rowid_", "oid"].into_iter().find(is_free)
    }

    /// Have `AUTOINCREMENT` go on where it was: it gives no number a second time, of rows that are gone
    /// either.
    fn count_on(&self, push: &mut impl FnMut(String)) {
        let counts = |table: &Table| {
            let mut columns = table.columns.iter();
            columns.any(|one| one.kind.ends_with(" autoincrement"))
        };
        if !counts(self.from) || !counts(self.to) {
            return;
        }
        let (name, aside) = (literal(self.name), literal(&self.aside));
        push(format!(
            "INSERT INTO sqlite_sequence (name, seq) SELECT {name}, 0 WHERE {name} NOT IN (SELECT name FROM \
             sqlite_sequence)"
        ));
        push(format!(
            "UPDATE sqlite_sequence SET seq = max(seq, coalesce((SELECT seq FROM sqlite_sequence WHERE name = \
             {aside}), 0)) WHERE name = {name}"
        ));
    }
}
