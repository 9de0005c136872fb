//! What becomes of the tables that are there while statements run: they are renamed, made anew, emptied
//! and dropped, and some of their rows and columns go with that.
//!
//! A table whose rows were put elsewhere first takes only what was not put there: the columns that the
//! copy leaves out, the rows that its condition leaves out.

use std::collections::{BTreeMap, BTreeSet};

use super::reader::{Reader, Token};
use crate::schema::change::cast;
use crate::schema::squeezed;

/// What a statement takes away of a table that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The table, as it is called before anything runs.
    pub(crate) table: String,
    /// The column; rows where there is none.
    pub(crate) column: Option<String>,
    /// Which rows, as a condition; all where there is none.
    pub(crate) which: Option<String>,
    /// Whether the column stays, with another type that does not hold all that it had.
    pub(crate) narrowed: bool,
}

/// The tables as they stand between two statements, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Track {
    tables: BTreeMap<String, Held>,
}

/// What a table holds.
#[derive(Clone, Debug, Default)]
struct Held {
    /// The table whose rows it has, as that is called before anything runs.
    origin: Option<String>,
    /// Its columns as they are called now, and as they were called then.
    columns: BTreeMap<String, String>,
    /// The types of its columns, as these were called then.
    kinds: BTreeMap<String, String>,
    /// What of it stands elsewhere, too.
    copied: Option<Copied>,
}

/// What was put elsewhere.
#[derive(Clone, Debug)]
struct Copied {
    columns: BTreeSet<String>,
    which: Option<String>,
}

/// What makes one row of many: nothing that was read so stands elsewhere.
const SUMS: [&str; 10] = [
    "count",
    "sum",
    "min",
    "max",
    "avg",
    "total",
    "array_agg",
    "string_agg",
    "group_concat",
    "json_agg",
];

/// Behind the table that is read, these leave rows out or bring others in.
const NARROWS: [&str; 8] = [
    "GROUP",
    "HAVING",
    "LIMIT",
    "JOIN",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "OFFSET",
];

impl Track {
    /// The tables that are there, with their columns.
    pub(super) fn of(tables: &BTreeMap<String, Vec<String>>) -> Self {
        let held = tables.iter().map(|(name, columns)| {
            let columns = columns.iter().map(|one| (one.clone(), one.clone()));
            let held = Held {
                origin: Some(name.clone()),
                columns: columns.collect(),
                ..Held::default()
            };
            (name.clone(), held)
        });
        Self {
            tables: held.collect(),
        }
    }

    /// The same, where the columns are of `kinds`.
    pub(super) fn with_kinds(
        mut self,
        mut kinds: BTreeMap<String, BTreeMap<String, String>>,
    ) -> Self {
        for (name, held) in &mut self.tables {
            held.kinds = kinds.remove(name).unwrap_or_default();
        }
        self
    }

    /// The table whose rows the one called `name` has by now.
    pub(super) fn origin(&self, name: &str) -> Option<&str> {
        self.tables
            .get(&known(&self.tables, name))?
            .origin
            .as_deref()
    }

    /// Run a statement, and tell what it takes away.
    pub(super) fn run(&mut self, sql: &str) -> Vec<Taken> {
        let text = squeezed(sql);
        let mut at = Reader::of(&text);
        if at.eat("ALTER") && at.eat("TABLE") {
            return self.alter(at);
        }
        at.next = 0;
        if at.eat("DROP") && at.eat("TABLE") {
            at.eat_all(&["IF", "EXISTS"]);
            let mut taken = Vec::new();
            while let Some(name) = at.name() {
                taken.extend(self.drop(&name));
                if !at.eat(",") {
                    break;
                }
            }
            return taken;
        }
        at.next = 0;
        if at.eat("TRUNCATE") {
            at.eat_all(&["TABLE", "ONLY"]);
            let mut taken = Vec::new();
            while let Some(name) = at.name() {
                taken.extend(self.rows(&name, None));
                if !at.eat(",") {
                    break;
                }
            }
            return taken;
        }
        at.next = 0;
        if at.eat("DELETE") && at.eat("FROM") {
            at.eat_all(&["ONLY"]);
            let name = at.name().unwrap_or_default();
            let which = at.seek("WHERE").then(|| at.rest().to_owned());
            return self.rows(&name, which).into_iter().collect();
        }
        at.next = 0;
        if at.eat("CREATE") {
            at.eat_all(&["TEMP", "TEMPORARY", "UNLOGGED"]);
            if at.eat("TABLE") {
                at.eat_all(&["IF", "NOT", "EXISTS"]);
                if let Some(name) = at.name() {
                    // Where there is one already, it stays.
                    self.tables.entry(name.clone()).or_default();
                    if at.eat("AS") {
                        self.copy(&name, at);
                    }
                }
            }
            return Vec::new();
        }
        at.next = 0;
        if at.eat("INSERT")
            && at.eat("INTO")
            && let Some(name) = at.name()
        {
            self.copy(&name, at);
        }
        Vec::new()
    }

    fn alter(&mut self, mut at: Reader<'_>) -> Vec<Taken> {
        at.eat_all(&["IF", "EXISTS", "ONLY"]);
        let Some(table) = at.name() else {
            return Vec::new();
        };
        let table = known(&self.tables, &table);
        let mut taken = Vec::new();
        loop {
            if at.eat("RENAME") {
                if at.eat("TO") {
                    if let (Some(new), Some(held)) = (at.name(), self.tables.remove(&table)) {
                        self.tables.insert(new, held);
                    }
                    return taken;
                }
                at.eat("COLUMN");
                if let Some(old) = at.name()
                    && at.eat("TO")
                    && let Some(new) = at.name()
                {
                    self.rename(&table, &old, new);
                }
            } else if at.eat("ALTER") {
                at.eat("COLUMN");
                if let Some(column) = at.name() {
                    at.eat_all(&["SET", "DATA"]);
                    if at.eat("TYPE") {
                        taken.extend(self.retype(&table, &column, at.definition()));
                    }
                }
            } else if at.eat("DROP") && !at.is("CONSTRAINT") {
                at.eat("COLUMN");
                at.eat_all(&["IF", "EXISTS"]);
                if let Some(column) = at.name() {
                    taken.extend(self.column(&table, &column));
                }
            }
            if !at.seek(",") {
                return taken;
            }
        }
    }

    fn rename(&mut self, table: &str, old: &str, new: String) {
        let Some(held) = self.tables.get_mut(table) else {
            return;
        };
        let old = known(&held.columns, old);
        if let Some(first) = held.columns.remove(&old) {
            held.columns.insert(new.clone(), first);
        }
        if let Some(copied) = &mut held.copied
            && copied.columns.remove(&old)
        {
            copied.columns.insert(new);
        }
    }

    /// A column goes.
    fn column(&mut self, table: &str, column: &str) -> Option<Taken> {
        let held = self.tables.get_mut(table)?;
        let column = known(&held.columns, column);
        let was = held.columns.remove(&column)?;
        let copied = held.copied.as_ref();
        if copied.is_some_and(|copied| copied.which.is_none() && copied.columns.contains(&column)) {
            return None;
        }
        Some(Taken {
            table: held.origin.clone()?,
            column: Some(was),
            which: None,
            narrowed: false,
        })
    }

    /// A column gets another type: `definition`, with its expression where it has one.
    fn retype(&mut self, table: &str, column: &str, definition: &str) -> Option<Taken> {
        let held = self.tables.get_mut(table)?;
        let was = held.columns.get(&known(&held.columns, column))?.clone();
        let upper = definition.to_uppercase();
        let at = upper.find(" USING ").unwrap_or(definition.len());
        let new = definition[..at].trim().to_owned();
        let old = held.kinds.insert(was.clone(), new.clone())?;
        let how = cast(&old, &new);
        // What an expression makes of what does not fit is seen by nobody.
        let has_expression = at < definition.len();
        let narrows =
            how.is_none_or(|how| how.loses || (how.fails && has_expression && !how.using));
        narrows.then(|| Taken {
            table: held.origin.clone().unwrap_or_default(),
            column: Some(was),
            which: None,
            narrowed: true,
        })
    }

    /// Rows go.
    fn rows(&self, table: &str, which: Option<String>) -> Option<Taken> {
        let held = self.tables.get(&known(&self.tables, table))?;
        if held.copied.is_some() {
            return None;
        }
        Some(Taken {
            table: held.origin.clone()?,
            column: None,
            which,
            narrowed: false,
        })
    }

    /// A table goes.
    fn drop(&mut self, table: &str) -> Vec<Taken> {
        let name = known(&self.tables, table);
        let Some(held) = self.tables.remove(&name) else {
            return Vec::new();
        };
        let Some(origin) = held.origin else {
            return Vec::new();
        };
        let Some(copied) = held.copied else {
            // A copy that goes again was none.
            let mut others = self.tables.values_mut();
            if let Some(first) = others.find(|one| one.origin.as_ref() == Some(&origin)) {
                first.copied = None;
                return Vec::new();
            }
            return vec![Taken {
                table: origin,
                column: None,
                which: None,
                narrowed: false,
            }];
        };
        let mut taken = Vec::new();
        if let Some(which) = copied.which {
            taken.push(Taken {
                table: origin.clone(),
                column: None,
                which: Some(format!("({which}) IS NOT TRUE")),
                narrowed: false,
            });
        }
        let left = held.columns.into_iter();
        let left = left.filter(|(now, _)| !copied.columns.contains(now));
        taken.extend(left.map(|(_, was)| Taken {
            table: origin.clone(),
            column: Some(was),
            which: None,
            narrowed: false,
        }));
        taken
    }

    /// Rows are put into `to`, as the rest of the statement says.
    fn copy(&mut self, to: &str, mut at: Reader<'_>) {
        let into = at.names_in_brackets();
        if !at.eat("SELECT") || at.is("DISTINCT") {
            return;
        }
        let from = at.next;
        if !at.seek("FROM") {
            return;
        }
        let list = at.tokens[from..at.next - 1].to_vec();
        let Some(source) = at.name().map(|name| known(&self.tables, &name)) else {
            return;
        };
        let behind = at.next;
        let narrows = at.tokens[behind..].iter().any(|one| {
            NARROWS
                .iter()
                .any(|word| one.text.eq_ignore_ascii_case(word))
        });
        if narrows || at.is(",") {
            return;
        }
        let which = at.seek("WHERE").then(|| at.rest().to_owned());
        let Some(held) = self.tables.get(&source) else {
            return;
        };
        let sums = list.windows(2).any(|two| {
            two[1].text == "(" && SUMS.iter().any(|sum| two[0].text.eq_ignore_ascii_case(sum))
        });
        if sums {
            return;
        }
        let is_all = list.first().is_some_and(|one| one.text == "*");
        let columns: BTreeSet<String> = if is_all {
            held.columns.keys().cloned().collect()
        } else {
            let said = list.iter().map(|one| known(&held.columns, one.plain()));
            said.filter(|name| held.columns.contains_key(name))
                .collect()
        };
        let values: Vec<&[Token<'_>]> = list.split(|one| one.text == ",").collect();
        let mut put = Held {
            origin: held.origin.clone(),
            ..Held::default()
        };
        if is_all {
            put.columns.clone_from(&held.columns);
        } else {
            for (at, value) in values.iter().enumerate() {
                let [one] = value else { continue };
                let was = held.columns.get(&known(&held.columns, one.plain()));
                let now = into
                    .get(at)
                    .map_or_else(|| one.plain().to_owned(), Clone::clone);
                put.columns.extend(was.map(|was| (now, was.clone())));
            }
        }
        let to = known(&self.tables, to);
        let is_free = self
            .tables
            .get(&to)
            .is_none_or(|held| held.origin.is_none());
        if is_free {
            self.tables.insert(to, put);
        }
        if let Some(held) = self.tables.get_mut(&source) {
            held.copied = Some(match held.copied.take() {
                None => Copied { columns, which },
                Some(before) => Copied {
                    columns: before.columns.union(&columns).cloned().collect(),
                    which: before
                        .which
                        .zip(which)
                        .map(|(one, two)| format!("({one}) OR ({two})")),
                },
            });
        }
    }
}

/// The key that is meant by `name`: without quotes, capitals do not count.
fn known<V>(all: &BTreeMap<String, V>, name: &str) -> String {
    if all.contains_key(name) {
        return name.to_owned();
    }
    let alike = all.keys().find(|one| one.eq_ignore_ascii_case(name));
    alike.map_or_else(|| name.to_owned(), Clone::clone)
}

#[cfg(test)]
mod tests;
