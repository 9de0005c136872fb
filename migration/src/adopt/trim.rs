//! What is left of a step on a database that was taken over.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::part::{self, Part};
use super::{Adoption, LeftOut, Optional};
use crate::engine::Engine;
use crate::lexer::split;
use crate::step::{Direction, STEPS, Step};

/// Python's version goes with the tables of conversations, whoever has these.
const VERSION: (&str, &str) = ("alembic_version", "threads");

/// Which table each index and trigger of all steps is on.
fn places(engine: Engine) -> &'static BTreeMap<String, String> {
    static SQLITE: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| all(Engine::Sqlite));
    static POSTGRES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| all(Engine::Postgres));
    fn all(engine: Engine) -> BTreeMap<String, String> {
        part::places(
            engine,
            STEPS.iter().map(|one| one.script(engine, Direction::Up)),
        )
    }
    match engine {
        Engine::Sqlite => &SQLITE,
        Engine::Postgres => &POSTGRES,
    }
}

/// What is left of a script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trimmed {
    /// The statements that run.
    pub(crate) statements: Vec<Cow<'static, str>>,
    /// What was left out and is good to have, but for what stands already.
    pub(crate) left_out: Vec<LeftOut>,
    /// Everything that was left out, as the history tells it.
    pub(crate) omitted: Vec<String>,
    /// The statements that would change a table of another program, made after that was taken over:
    /// nobody has compared them with what stands.
    pub(crate) changes: Vec<String>,
    /// The tables that it is about.
    pub(crate) tables: BTreeSet<String>,
}

impl Trimmed {
    fn omit(&mut self, one: LeftOut) {
        self.omitted.push(one.to_string());
        self.left_out.push(one);
    }

    /// What the history says of a step that was not run whole.
    pub(crate) fn reason(&self) -> Option<String> {
        (!self.omitted.is_empty()).then(|| format!("left out: {}", self.omitted.join(", ")))
    }

    /// As one script.
    pub(crate) fn script(&self) -> String {
        self.statements.iter().fold(String::new(), |mut all, one| {
            all.push_str(one);
            all.push_str(";\n");
            all
        })
    }
}

impl Adoption {
    /// What is left of a step.
    pub(crate) fn trim(&self, step: &Step, engine: Engine, direction: Direction) -> Trimmed {
        let place = |name: &str| STEPS.iter().position(|step| step.name == name);
        let later = place(step.name) > place(&self.known);
        self.trimmed(
            engine,
            step.script(engine, direction),
            places(engine),
            direction,
            later,
        )
    }

    fn trimmed(
        &self,
        engine: Engine,
        script: &'static str,
        places: &BTreeMap<String, String>,
        direction: Direction,
        later: bool,
    ) -> Trimmed {
        let statements = split(engine, script);
        let parts: Vec<Part> = statements.iter().map(|sql| Part::of(sql)).collect();
        let theirs = self.theirs(&parts);
        let is_theirs = |table: &str| theirs.contains(table);
        let mut trimmed = Trimmed::default();
        for (sql, part) in statements.into_iter().zip(parts) {
            let named = |table: &Option<String>, name: &String| {
                table.clone().or_else(|| places.get(name).cloned())
            };
            let (table, optional) = match &part {
                Part::Table(table) | Part::Rows(table) | Part::Change { table, .. } => {
                    (Some(table.clone()), None)
                }
                Part::Index { table, name } => {
                    (named(table, name), Some((Optional::Indexes, name.clone())))
                }
                Part::Trigger { table, name } => {
                    (named(table, name), Some((Optional::Triggers, name.clone())))
                }
                Part::Type(name) if self.types.contains(name) => {
                    trimmed.omitted.push(format!("type {name}"));
                    continue;
                }
                Part::Function(name) if self.has_function(name) => {
                    trimmed.omitted.push(format!("function {name}"));
                    continue;
                }
                Part::Type(_) | Part::Function(_) | Part::Other => (None, None),
            };
            trimmed.tables.extend(table.clone());
            match table.filter(|table| is_theirs(table)) {
                None => Self::keep(sql, &part, is_theirs, &mut trimmed),
                // A script is about the name that a table made anew ends up with.
                Some(table) => match optional {
                    Some((kind, name)) => {
                        let left = LeftOut { kind, table, name };
                        trimmed.omitted.push(left.to_string());
                        let wanted = direction == Direction::Up && later;
                        if wanted && !trimmed.left_out.contains(&left) {
                            trimmed.left_out.push(left);
                        }
                    }
                    None if later && matches!(part, Part::Change { .. } | Part::Rows(_)) => {
                        trimmed.changes.push(sql.to_owned());
                        trimmed.statements.push(Cow::Borrowed(sql));
                    }
                    None => {
                        let what = format!("what it does to {table}");
                        if !trimmed.omitted.contains(&what) {
                            trimmed.omitted.push(what);
                        }
                    }
                },
            }
        }
        trimmed
    }

    /// A statement about what is ours, without keys to what is theirs.
    fn keep(
        sql: &'static str,
        part: &Part,
        is_theirs: impl Fn(&str) -> bool,
        trimmed: &mut Trimmed,
    ) {
        let key = |table: &str, name: String| LeftOut {
            kind: Optional::Keys,
            table: table.to_owned(),
            name,
        };
        match part {
            Part::Table(table) => match part::unkeyed(sql, is_theirs) {
                Some((sql, names)) => {
                    for name in names {
                        trimmed.omit(key(table, name));
                    }
                    trimmed.statements.push(Cow::Owned(sql));
                }
                None => trimmed.statements.push(Cow::Borrowed(sql)),
            },
            Part::Change { table, .. }
                if part::target(sql).is_some_and(|target| is_theirs(&target)) =>
            {
                let name = sql
                    .split_whitespace()
                    .skip_while(|word| *word != "CONSTRAINT");
                if let Some(name) = name.skip(1).map(str::to_owned).next() {
                    trimmed.omit(key(table, name));
                }
            }
            _ => trimmed.statements.push(Cow::Borrowed(sql)),
        }
    }

    /// Their tables, by every name that these have within a script.
    fn theirs(&self, parts: &[Part]) -> BTreeSet<String> {
        let mut theirs = self.tables.clone();
        if theirs.contains(VERSION.1) {
            theirs.insert(VERSION.0.to_owned());
        }
        for part in parts.iter().rev() {
            if let Part::Change {
                table,
                renamed: Some(to),
            } = part
                && theirs.contains(to)
            {
                theirs.insert(table.clone());
            }
        }
        theirs
    }

    fn has_function(&self, name: &str) -> bool {
        let named = |signature: &String| signature.split('(').next() == Some(name);
        self.functions.iter().any(named)
    }

    /// The steps that are nothing but what stands: nothing is left of them, and what they are about
    /// is made by themselves or by others of these.
    pub(crate) fn covered(&self, engine: Engine) -> Vec<&'static Step> {
        let mut made: BTreeSet<String> = BTreeSet::new();
        let mut found = Vec::new();
        for step in STEPS {
            let trimmed = self.trim(step, engine, Direction::Up);
            let makes = split(engine, step.script(engine, Direction::Up));
            let makes = makes.into_iter().filter_map(|sql| match Part::of(sql) {
                Part::Table(table) if sql.contains("CREATE") => Some(table),
                _ => None,
            });
            let makes: BTreeSet<String> = makes.collect();
            let known = |table: &String| makes.contains(table) || made.contains(table);
            if trimmed.statements.is_empty() && trimmed.tables.iter().all(known) {
                made.extend(makes);
                found.push(step);
            }
        }
        found
    }
}

/// What `steps` would change of tables of another program, but for those that may.
pub(crate) fn changes(
    adoption: &Adoption,
    engine: Engine,
    steps: &[&Step],
    allowed: &[String],
) -> Vec<String> {
    let unsaid = steps
        .iter()
        .filter(|step| !allowed.iter().any(|name| name == step.name));
    let found = unsaid.flat_map(|step| {
        let changes = adoption
            .trim(step, engine, Direction::Up)
            .changes
            .into_iter();
        changes.map(|sql| format!("{}: {sql}", step.name))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adopt::Tool;

    fn adoption(tables: &[&str], known: &str) -> Adoption {
        Adoption {
            tool: Tool::None,
            revision: None,
            known: known.to_owned(),
            tables: tables.iter().map(|name| (*name).to_owned()).collect(),
            types: ["entity", "reasoninglevels", "task", "tokentype"]
                .map(str::to_owned)
                .into(),
            functions: ["update_messages_search_vector()".to_owned()].into(),
            accepted: BTreeSet::new(),
            left_out: BTreeSet::new(),
        }
    }

    const CONVERSATION: &[&str] = &[
        "threads",
        "messages",
        "tool_calls",
        "tool_selection",
        "complexity_estimation",
        "token_consumption",
    ];

    fn last() -> &'static str {
        STEPS.last().expect("a step").name
    }

    #[test]
    fn the_steps_of_conversations_are_nothing_where_these_stand() {
        let adoption = adoption(CONVERSATION, last());
        let covered = adoption.covered(Engine::Postgres);
        let names: Vec<&str> = covered.iter().map(|step| &step.name[10..16]).collect();
        assert_eq!(names, ["000005", "000006", "000013"]);
        let is_covered = |step: &&Step| covered.iter().any(|one| one.name == step.name);
        for step in STEPS.iter().filter(|step| !is_covered(step)) {
            let trimmed = adoption.trim(step, Engine::Postgres, Direction::Up);
            let all = split(
                Engine::Postgres,
                step.script(Engine::Postgres, Direction::Up),
            )
            .len();
            assert_eq!(trimmed.statements.len(), all, "{}", step.name);
            assert!(trimmed.left_out.is_empty(), "{}", step.name);
        }
    }

    #[test]
    fn no_statement_of_any_step_reaches_a_table_that_stood() {
        let tables = [
            "users",
            "runs",
            "jobs",
            "token_deltas",
            "videos",
            "stage_outputs",
        ];
        let adoption = adoption(&tables, last());
        for engine in [Engine::Sqlite, Engine::Postgres] {
            for direction in [Direction::Up, Direction::Down] {
                for step in STEPS {
                    for sql in adoption.trim(step, engine, direction).statements {
                        let part = Part::of(&sql);
                        let reaches = match &part {
                            Part::Table(table) | Part::Rows(table) | Part::Change { table, .. } => {
                                adoption.has(table)
                            }
                            Part::Index { table, .. } | Part::Trigger { table, .. } => {
                                table.as_ref().is_some_and(|table| adoption.has(table))
                            }
                            _ => false,
                        };
                        assert!(!reaches, "{}: {sql}", step.name);
                        let key = part::target(&sql).filter(|_| sql.contains("FOREIGN KEY"));
                        let keyed = tables.iter().any(|table| {
                            key.is_some() && sql.contains(&format!("REFERENCES {table} "))
                        });
                        assert!(!keyed, "{}: {sql}", step.name);
                    }
                }
            }
        }
    }

    #[test]
    fn a_step_that_came_later_says_what_it_would_change() {
        let adoption = adoption(&["videos"], STEPS[18].name);
        let trimmed = adoption.trim(&STEPS[19], Engine::Postgres, Direction::Up);
        assert_eq!(
            trimmed.changes,
            ["ALTER TABLE videos ADD COLUMN submitted_at timestamp with time zone"]
        );
    }
}
