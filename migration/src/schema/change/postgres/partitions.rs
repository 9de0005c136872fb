//! Partitions: what their parent has they have from it, and most of it is said to the parent only.

use super::super::super::name::quoted;
use super::super::super::rename::mentions;
use super::super::super::{Column, Filling, LiveSchema, Table};
use super::super::Statement;
use super::super::table::{Part, common};
use super::Plan;
use super::triggers::key_states;

const BY: &str = "PARTITION BY ";
pub(super) const OF: &str = "PARTITION OF ";

/// How the table is cut into partitions, where it is.
pub(super) fn cut(table: &Table) -> Option<&str> {
    table.options.iter().find_map(|one| one.strip_prefix(BY))
}

/// What the table is a partition of, where it is one: the parent, and for which rows.
pub(super) fn parent(table: &Table) -> Option<(String, &str)> {
    let of = table.options.iter().find_map(|one| one.strip_prefix(OF))?;
    let at = of.rfind(" FOR VALUES ").or_else(|| of.rfind(" DEFAULT"))?;
    let name = of[..at].trim_matches('"').replace("\"\"", "\"");
    Some((name, of[at..].trim()))
}

/// Whether the table is cut into partitions, or one of them.
pub(super) fn is_part(table: &Table) -> bool {
    cut(table).is_some() || parent(table).is_some()
}

/// How a table is made as a partition, where that makes its columns as they are: its parent, what it says of
/// columns besides, and for which rows it is.
pub(super) fn made_of<'t>(
    table: &'t Table,
    schema: &LiveSchema,
) -> Option<(String, Vec<String>, &'t str)> {
    let (name, rows) = parent(table)?;
    let above = schema.tables.get(&name)?;
    let names = |table: &'_ Table| -> Vec<String> {
        let all = table.columns.iter();
        all.map(|column| column.name.clone()).collect()
    };
    if names(table) != names(above) {
        return None;
    }
    let both = above.columns.iter().zip(&table.columns);
    let own = both.filter_map(|(above, own)| own_words(above, own));
    Some((name, own.collect(), rows))
}

/// What a partition says of a column that its parent does not.
fn own_words(above: &Column, own: &Column) -> Option<String> {
    let mut words = quoted(&own.name);
    let bare = words.len();
    match (&above.filling, &own.filling) {
        (None | Some(Filling::Default(_)), Some(Filling::Default(value)))
            if above.filling != own.filling =>
        {
            words.push_str(" DEFAULT ");
            words.push_str(value);
        }
        (Some(Filling::Default(_)), None) => words.push_str(" DEFAULT NULL"),
        _ => {}
    }
    if above.nullable && !own.nullable {
        words.push_str(" NOT NULL");
    }
    (words.len() > bare).then_some(words)
}

/// What an index is on, without its own name and its table's.
fn columns_of(index: &str) -> &str {
    index.split_once(" USING ").map_or(index, |(_, rest)| rest)
}

/// Whether a part of a partition is its parent's, too.
pub(super) fn is_inherited(
    schema: &LiveSchema,
    table: &str,
    part: Part,
    name: &str,
    text: &str,
) -> bool {
    let of = schema.tables.get(table).and_then(parent);
    let Some(above) = of.and_then(|(above, _)| schema.tables.get(&above)) else {
        return false;
    };
    match part {
        Part::Constraint => {
            let mut all = above.constraints.values();
            all.any(|one| key_states(one).0 == key_states(text).0)
        }
        Part::Index => above
            .indexes
            .values()
            .any(|one| columns_of(one) == columns_of(text)),
        Part::Trigger => above.triggers.contains_key(name),
        Part::Policy => false,
    }
}

impl Plan<'_> {
    /// Say what no statement makes of a table.
    pub(super) fn refuse(&mut self) {
        for (name, from) in &self.from.tables {
            let Some(to) = self.to.tables.get(name) else {
                continue;
            };
            if cut(from) != cut(to) {
                let how = cut(to).map_or_else(
                    || "one without partitions".to_owned(),
                    |by| format!("one partitioned by {by}"),
                );
                self.out.push(Statement::refusing(&format!(
                    "no statement makes of {name} {how}: make a new table, put the rows into it, \
                     and give it the name"
                )));
            }
        }
    }

    /// Say which columns no statement gives another type.
    pub(super) fn refuse_keys(&mut self) {
        for (name, from) in &self.from.tables {
            let (Some(by), Some(to)) = (cut(from), self.to.tables.get(name)) else {
                continue;
            };
            let mut both = common(from, to).into_iter();
            let key =
                both.find(|(old, new)| self.moved.retypes(old, new) && mentions(by, &old.name));
            if let Some((_, new)) = key
                && cut(to) == Some(by)
            {
                self.out.push(Statement::refusing(&format!(
                    "no statement gives {name}.{} another type, by which the table is partitioned: make a \
                     new table, put the rows into it, and give it the name",
                    new.name
                )));
            }
        }
    }

    /// Take away from their parents what shall be tables of their own.
    pub(super) fn detach(&mut self) {
        let mut found = Vec::new();
        for (name, from) in &mut self.from.tables {
            let Some(to) = self.to.tables.get(name) else {
                continue;
            };
            if let Some((above, _)) = parent(from)
                && parent(from) != parent(to)
            {
                found.push(format!(
                    "ALTER TABLE {} DETACH PARTITION {}",
                    quoted(&above),
                    quoted(name)
                ));
                from.options.retain(|one| !one.starts_with(OF));
            }
        }
        self.out.extend(found.into_iter().map(Statement::new));
    }

    /// Give tables to their parents.
    pub(super) fn attach(&mut self) {
        for (name, to) in &self.to.tables {
            let is_known = self
                .from
                .tables
                .get(name)
                .is_some_and(|from| parent(from) == parent(to));
            if let Some((above, rows)) = parent(to)
                && !is_known
            {
                self.push(format!(
                    "ALTER TABLE {} ATTACH PARTITION {} {rows}",
                    quoted(&above),
                    quoted(name)
                ));
            }
        }
    }

    /// Whether the table's parent has had such an index before.
    pub(super) fn is_indexed_above(&self, table: &str, text: &str) -> bool {
        let above = self.to.tables.get(table).and_then(parent);
        let above = above.and_then(|(above, _)| self.from.tables.get(&above));
        let mut indexes = above.iter().flat_map(|above| above.indexes.values());
        indexes.any(|one| columns_of(one) == columns_of(text))
    }

    /// Have the indexes of partitions be parts of their parents' new ones.
    pub(super) fn attach_indexes(&mut self, made: &[String]) {
        for to in self.to.tables.values() {
            let above = parent(to).and_then(|(above, _)| self.to.tables.get(&above));
            let Some(above) = above else {
                continue;
            };
            for (index, text) in &to.indexes {
                let is_its = |(of, wanted): &(&String, &String)| {
                    made.contains(*of) && columns_of(wanted) == columns_of(text)
                };
                if let Some((of, _)) = above.indexes.iter().find(is_its) {
                    let (of, index) = (quoted(of), quoted(index));
                    self.push(format!("ALTER INDEX {of} ATTACH PARTITION {index}"));
                }
            }
        }
    }
}
