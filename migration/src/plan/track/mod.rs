//! What becomes of the tables that are there while statements run: they are renamed, made anew, emptied
//! and dropped, and some of their rows and columns go with that.
//!
//! A table whose rows were put elsewhere first takes only what was not put there: the columns that the
//! copy leaves out, the rows that its condition leaves out.

mod copy;
mod over;

use std::collections::{BTreeMap, BTreeSet};

use super::reader::Reader;
use super::unknown;
use crate::engine::Engine;
use crate::lexer;

/// What a statement takes away of what is there. Tables are called as they are before anything runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Rows of a table: those of a condition, or all.
    Rows {
        table: String,
        which: Option<String>,
    },
    /// A column.
    Column { table: String, column: String },
    /// What a column has in the rows of a condition, or in all: something else is written over it.
    Values {
        table: String,
        column: String,
        which: Option<String>,
    },
    /// What the new type of a column does not hold.
    Narrowed { table: String, column: String },
    /// Nobody can tell, and why.
    Unknown(&'static str),
}

impl Taken {
    /// The table that it is taken from, where that is known.
    pub(super) fn table(&self) -> Option<&String> {
        match self {
            Self::Rows { table, .. }
            | Self::Column { table, .. }
            | Self::Values { table, .. }
            | Self::Narrowed { table, .. } => Some(table),
            Self::Unknown(_) => None,
        }
    }
}

/// What is called by a name that no table here has.
const ELSEWHERE: Taken = Taken::Unknown("it is about a view, or about a table of another schema");

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
    /// The types of its columns, as these were called then, where they are known.
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
    pub(super) fn run(&mut self, engine: Engine, sql: &str) -> Vec<Taken> {
        let text = lexer::plain(engine, sql);
        let mut at = Reader::of(engine, &text);
        if let Some(why) = unknown::why(engine, &at.tokens) {
            return vec![Taken::Unknown(why)];
        }
        let first = at.tokens.first().map(|one| one.text.to_uppercase());
        at.next = 1;
        match first.as_deref() {
            Some("ALTER") if at.eat("TABLE") => self.alter(at),
            Some("DROP") if at.eat("TABLE") => {
                at.eat_all(&["IF", "EXISTS"]);
                let mut taken = Vec::new();
                while let Some(name) = at.name() {
                    if std::mem::take(&mut at.elsewhere) {
                        taken.push(ELSEWHERE);
                    } else {
                        taken.extend(self.drop(&name));
                    }
                    if !at.eat(",") {
                        break;
                    }
                }
                taken
            }
            Some("TRUNCATE") => {
                at.eat("TABLE");
                let mut taken = Vec::new();
                loop {
                    at.eat("ONLY");
                    taken.extend(self.rows(&mut at, false));
                    at.eat("*");
                    if !at.eat(",") {
                        return taken;
                    }
                }
            }
            Some("DELETE") if at.eat("FROM") => {
                at.eat("ONLY");
                self.rows(&mut at, true)
            }
            Some("UPDATE") => self.update(at),
            Some("CREATE") => {
                self.create(at);
                Vec::new()
            }
            Some("INSERT") if at.eat("INTO") => {
                if let Some(name) = at.name() {
                    self.copy(&name, at);
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn create(&mut self, mut at: Reader<'_>) {
        // What stands in a table that goes with the session is kept nowhere.
        let is_kept = !at.is("TEMP") && !at.is("TEMPORARY");
        at.eat_all(&["TEMP", "TEMPORARY", "UNLOGGED", "VIRTUAL"]);
        if !at.eat("TABLE") {
            return;
        }
        at.eat_all(&["IF", "NOT", "EXISTS"]);
        if let Some(name) = at.name() {
            // Where there is one already, it stays.
            self.tables.entry(name.clone()).or_default();
            if at.eat("AS") && is_kept {
                self.copy(&name, at);
            }
        }
    }

    fn alter(&mut self, mut at: Reader<'_>) -> Vec<Taken> {
        at.eat_all(&["IF", "EXISTS", "ONLY"]);
        let Some(table) = at.name() else {
            return Vec::new();
        };
        at.eat("*");
        let table = known(&self.tables, &table);
        let is_elsewhere = at.elsewhere;
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
            } else if at.eat("DROP") && !at.is("CONSTRAINT") {
                at.eat("COLUMN");
                at.eat_all(&["IF", "EXISTS"]);
                if is_elsewhere {
                    taken.push(ELSEWHERE);
                } else if let Some(column) = at.name() {
                    taken.extend(self.column(&table, &column));
                }
            } else if at.eat("ALTER") {
                taken.extend(self.another_type(&table, &mut at));
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
        Some(Taken::Column {
            table: held.origin.clone()?,
            column: was,
        })
    }

    /// Rows of the table that is named next go: those that a condition tells, where it `asks`, or all.
    fn rows(&self, at: &mut Reader<'_>, asks: bool) -> Vec<Taken> {
        let name = at.name().unwrap_or_default();
        let held = self.tables.get(&known(&self.tables, &name));
        let Some(held) = held.filter(|_| !at.elsewhere) else {
            return vec![ELSEWHERE];
        };
        let which = (asks && at.seek("WHERE")).then(|| at.rest().to_owned());
        match &held.origin {
            Some(table) if held.copied.is_none() => {
                let table = table.clone();
                vec![Taken::Rows { table, which }]
            }
            _ => Vec::new(),
        }
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
            return vec![Taken::Rows {
                table: origin,
                which: None,
            }];
        };
        let mut taken = Vec::new();
        if let Some(which) = copied.which {
            taken.push(Taken::Rows {
                table: origin.clone(),
                which: Some(format!("({which}) IS NOT TRUE")),
            });
        }
        let left = held.columns.into_iter();
        let left = left.filter(|(now, _)| !copied.columns.contains(now));
        taken.extend(left.map(|(_, column)| Taken::Column {
            table: origin.clone(),
            column,
        }));
        taken
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
