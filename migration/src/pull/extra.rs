//! `extra.sql`: repeatable SQL of what no entity says, in two parts: what tables need before they are
//! made, and what comes after. What somebody adds under the third heading is kept by every pull.

use crate::engine::Engine;
use crate::error::Error;
use crate::schema::change::{self, Options, Statement};
use crate::schema::{LiveSchema, Table, squeezed};

use super::entity::{Entity, Names};
use super::postgres;

/// The file's name.
pub(super) const EXTRA: &str = "extra.sql";

const HEAD: &str = "-- chancery pull: ";
const BEFORE: &str = "-- == before the tables";
const AFTER: &str = "-- == after the tables";
const BY_HAND: &str = "-- == by hand";

/// What the file says.
#[derive(Clone, Debug)]
pub(super) struct Extra {
    pub(super) engine: Engine,
    pub(super) names: Names,
    pub(super) before: String,
    pub(super) after: String,
    statements: Vec<String>,
    by_hand: String,
}

impl Extra {
    pub(super) fn empty(engine: Engine) -> Self {
        Self {
            engine,
            names: match engine {
                Engine::Sqlite => Names::None,
                Engine::Postgres => Names::Given,
            },
            before: String::new(),
            after: String::new(),
            statements: Vec::new(),
            by_hand: String::new(),
        }
    }

    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let bad = || {
            Error::Option(format!(
                "{EXTRA} does not begin with {HEAD:?} and have its headings: pull into an empty \
                 directory to see how it should"
            ))
        };
        let rest = text.strip_prefix(HEAD).ok_or_else(bad)?;
        let (head, rest) = rest.split_once('\n').ok_or_else(bad)?;
        let engine = if head.starts_with("sqlite") {
            Engine::Sqlite
        } else {
            Engine::Postgres
        };
        let mut extra = Self::empty(engine);
        extra.names = if head.ends_with("unnamed keys") {
            Names::None
        } else {
            Names::Given
        };
        let (_, rest) = rest.split_once(BEFORE).ok_or_else(bad)?;
        let (before, rest) = rest.split_once(AFTER).ok_or_else(bad)?;
        let (after, by_hand) = rest.split_once(BY_HAND).unwrap_or((rest, ""));
        before.clone_into(&mut extra.before);
        extra.after = format!("{after}{by_hand}");
        by_hand.clone_into(&mut extra.by_hand);
        Ok(extra)
    }

    /// What the tables of `entities` need.
    pub(super) fn before(live: &LiveSchema, entities: &[Entity], names: Names) -> Self {
        let mut extra = Self::empty(live.engine);
        extra.names = names;
        match live.engine {
            Engine::Postgres => {
                let mut needed = live.clone();
                needed.tables.clear();
                needed.views.clear();
                needed.comments.clear();
                needed.owners.clear();
                needed.grants.clear();
                // Columns may have a collation; the rest is made of what comes later.
                needed
                    .others
                    .retain(|name, _| name.starts_with("COLLATION "));
                let texts: Vec<&String> = entities
                    .iter()
                    .flat_map(|entity| &entity.columns)
                    .flat_map(|column| column.default.iter().chain(&column.extra))
                    .chain(live.types.values())
                    .collect();
                needed.functions.retain(|signature, _| {
                    let name = signature.split('(').next().unwrap_or_default();
                    let (called, part) = (format!("{name}("), format!(" = {name}"));
                    texts
                        .iter()
                        .any(|text| text.contains(&called) || text.contains(&part))
                });
                for sequence in needed.sequences.values_mut() {
                    sequence.owned_by = None;
                }
                let mut bare = LiveSchema::empty(live.engine);
                bare.enums.clone_from(&live.enums);
                let statements = change::statements(&bare, &needed, &Options::default());
                extra.before = extra.script(&statements);
            }
            Engine::Sqlite => {
                let said = |name: &String| entities.iter().any(|entity| entity.table == *name);
                let own = live.tables.iter().filter(|(name, _)| !said(name));
                for (_, table) in own {
                    extra.add_table(table);
                }
            }
        }
        extra
    }

    /// Whole tables, where what their entities make is not what is there. Whether there are any.
    pub(super) fn add_tables(&mut self, live: &LiveSchema, made: &LiveSchema) -> bool {
        let bare = |table: &Table| {
            let mut table = table.plain();
            table.indexes.clear();
            table.triggers.clear();
            table
        };
        let mut any = false;
        for (name, table) in &live.tables {
            let same = made
                .tables
                .get(name)
                .is_some_and(|made| bare(made) == bare(table));
            if !same {
                self.add_table(table);
                any = true;
            }
        }
        any
    }

    fn add_table(&mut self, table: &Table) {
        let sql = self.repeatable(&table.source);
        self.statements.push(sql.clone());
        self.before.push_str(&sql);
        self.before.push_str(";\n\n");
    }

    /// What makes of the schema that is `made` the one that is there.
    pub(super) fn finish(&mut self, made: &LiveSchema, live: &LiveSchema) {
        let statements = change::statements(made, live, &Options::default());
        self.after = self.script(&statements);
    }

    /// Keep what somebody wrote.
    pub(super) fn keep(&mut self, by_hand: &Self) {
        self.by_hand.clone_from(&by_hand.by_hand);
    }

    fn script(&mut self, statements: &[Statement]) -> String {
        let mut script = String::new();
        for statement in statements {
            let sql = self.repeatable(&statement.sql);
            script.push_str(sql.trim_end());
            script.push_str(";\n\n");
            self.statements.push(sql);
        }
        script
    }

    fn repeatable(&self, sql: &str) -> String {
        match self.engine {
            Engine::Postgres => postgres::repeatable(sql),
            Engine::Sqlite => super::sqlite::repeatable(sql),
        }
    }

    /// A line for each statement.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |sql: &String| squeezed(sql).chars().take(100).collect();
        self.statements.iter().map(line).collect()
    }

    pub(super) fn text(&self) -> String {
        let engine = match self.engine {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        };
        let names = match self.names {
            Names::Given => "named keys",
            Names::None => "unnamed keys",
        };
        format!(
            "{HEAD}{engine}, {names}\n\
             -- What the entities beside this file cannot say. It may run again and again. The next pull writes\n\
             -- it anew, but for what stands under the last heading.\n\n\
             {BEFORE}\n{}\n{AFTER}\n{}\n{BY_HAND}{}",
            self.before.trim_end().to_owned() + "\n",
            self.after.trim_end().to_owned() + "\n",
            if self.by_hand.is_empty() {
                "\n"
            } else {
                &self.by_hand
            },
        )
    }
}
