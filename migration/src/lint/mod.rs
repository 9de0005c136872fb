//! What is unsafe about a step on the database that is there: what holds up its readers or writers,
//! what breaks the programs that run meanwhile, what loses rows.
//!
//! The size of the live table decides: to write twelve rows anew harms nobody, five million do. An
//! ignore stands in the script, above the statement, and has a reason:
//! `-- chancery-lint: ignore RULE because …`.

mod postgres;
mod sqlite;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::engine::Engine;
use crate::lexer;
use crate::schema::squeezed;

/// So many rows are read or written anew before anybody notices.
const FEW_ROWS: i64 = 10_000;

/// So many bytes, too.
const FEW_BYTES: i64 = 16 << 20;

const IGNORE: &str = "-- chancery-lint: ignore ";

/// An ignore must have a reason.
const UNREASONED: &str = "ignore-without-reason";

/// One thing that is unsafe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// The rule, by which it is ignored or allowed.
    pub rule: String,
    /// What happens.
    pub what: String,
    /// What to do instead.
    pub instead: String,
    /// The table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// How many rows it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<i64>,
    /// The statement, in few words.
    pub statement: String,
    /// Whether the table's size makes it a danger.
    pub is_unsafe: bool,
    /// Why somebody ignores it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignored: Option<String>,
}

/// How a danger depends on the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Danger {
    /// It takes as long as the table is big.
    Size,
    /// It hits whatever rows are there.
    Rows,
    /// It hits the programs that run meanwhile.
    Programs,
}

/// A rule, held against a statement.
struct Rule {
    /// Whether the statement breaks it.
    broken: bool,
    name: &'static str,
    danger: Danger,
    what: &'static str,
    instead: &'static str,
}

impl From<(bool, &'static str, Danger, &'static str, &'static str)> for Rule {
    fn from(
        (broken, name, danger, what, instead): (
            bool,
            &'static str,
            Danger,
            &'static str,
            &'static str,
        ),
    ) -> Self {
        Self {
            broken,
            name,
            danger,
            what,
            instead,
        }
    }
}

/// The names of all rules, of both engines: a line that allows one may be said to either.
pub(crate) fn rules() -> BTreeSet<String> {
    let nothing = Tested {
        sql: "",
        table: None,
        rows: None,
        bytes: None,
        in_transaction: false,
        narrows: false,
    };
    let sqlite = sqlite::rules("", "", &nothing, &BTreeMap::new());
    let postgres = postgres::rules("", &nothing);
    let names = sqlite.into_iter().chain(postgres).map(|rule| rule.name);
    let names = names.chain([UNREASONED]).map(str::to_owned);
    names.chain(postgres::squawk::rules()).collect()
}

/// A statement under test.
pub(crate) struct Tested<'s> {
    /// The SQL, with the comments above it.
    pub(crate) sql: &'s str,
    /// The table that it is about, where that is there.
    pub(crate) table: Option<&'s str>,
    /// How many rows that has.
    pub(crate) rows: Option<i64>,
    /// How many bytes.
    pub(crate) bytes: Option<i64>,
    /// Whether it runs in a transaction.
    pub(crate) in_transaction: bool,
    /// Whether a column gets a type that does not hold all that it has.
    pub(crate) narrows: bool,
}

/// What is unsafe about the statements of a step. A table that is not there yet is in nobody's way.
/// `rows` are those of each table that is there.
pub(crate) fn findings(
    step: &[Tested<'_>],
    engine: Engine,
    rows: &BTreeMap<String, i64>,
) -> Vec<Finding> {
    let mut all: Vec<Finding> = step
        .iter()
        .flat_map(|tested| of_statement(tested, engine, rows))
        .collect();
    if engine == Engine::Postgres {
        all.extend(postgres::squawk::findings(step, !rows.is_empty()));
    }
    all
}

/// What our own rules say of a statement.
fn of_statement(tested: &Tested<'_>, engine: Engine, rows: &BTreeMap<String, i64>) -> Vec<Finding> {
    let text = squeezed(tested.sql);
    let words = text.to_uppercase();
    let rules = match engine {
        Engine::Sqlite => sqlite::rules(&text, &words, tested, rows),
        Engine::Postgres => postgres::rules(&words, tested),
    };
    let broken = rules.into_iter().filter(|rule| rule.broken);
    let mut all: Vec<Finding> = broken
        .map(|rule| {
            let told = (rule.what, rule.instead);
            found(tested, &text, rule.name, rule.danger, told)
        })
        .collect();
    for (rule, why) in ignores_without_reason(tested.sql) {
        all.push(Finding {
            rule: UNREASONED.to_owned(),
            what: format!("{rule} is ignored without a reason ({why:?})"),
            instead: format!("say `{IGNORE}{rule} because …`"),
            table: tested.table.map(str::to_owned),
            rows: tested.rows,
            statement: text.chars().take(120).collect(),
            is_unsafe: true,
            ignored: None,
        });
    }
    all
}

/// A rule that a statement breaks, weighed with the table that it is about.
fn found(
    tested: &Tested<'_>,
    text: &str,
    rule: &str,
    danger: Danger,
    (what, instead): (&str, &str),
) -> Finding {
    let big = tested.rows.is_some_and(|rows| rows > FEW_ROWS)
        || tested.bytes.is_some_and(|bytes| bytes > FEW_BYTES);
    let is_unsafe = match danger {
        Danger::Size => big,
        Danger::Rows => tested.rows.is_some_and(|rows| rows > 0),
        Danger::Programs => true,
    };
    let excuse = ignores(tested.sql)
        .remove(rule)
        .filter(|why| !why.is_empty());
    Finding {
        rule: rule.to_owned(),
        what: what.to_owned(),
        instead: instead.to_owned(),
        table: tested.table.map(str::to_owned),
        rows: tested.rows,
        statement: text.chars().take(120).collect(),
        is_unsafe: is_unsafe && excuse.is_none(),
        ignored: excuse,
    }
}

/// Whether an `ALTER TABLE` takes a column away: `COLUMN` need not be said, and quotes may be.
fn drops_column(engine: Engine, sql: &str) -> bool {
    let words = lexer::words(engine, sql);
    let (mut depth, mut begins) = (0_usize, true);
    words.windows(2).skip(2).any(|two| {
        let [one, next] = two else { return false };
        let drops = depth == 0 && begins && one.is("DROP") && !next.is("CONSTRAINT");
        if one.is("(") {
            depth += 1;
        } else if one.is(")") {
            depth = depth.saturating_sub(1);
        }
        // Behind the table's name, and behind each comma.
        let is_action = ["ADD", "ALTER", "DROP", "RENAME"]
            .iter()
            .any(|word| one.is(word));
        begins = one.is(",") || (begins && !is_action);
        drops
    })
}

/// The rules that the comments above a statement ignore, and why.
fn ignores(sql: &str) -> BTreeMap<String, String> {
    let lines = sql
        .lines()
        .filter_map(|line| line.trim().strip_prefix(IGNORE));
    let pair = |line: &str| {
        let (rule, why) = line.split_once(" because ")?;
        Some((rule.trim().to_owned(), why.trim().to_owned()))
    };
    lines.filter_map(pair).collect()
}

fn ignores_without_reason(sql: &str) -> Vec<(String, String)> {
    let lines = sql
        .lines()
        .filter_map(|line| line.trim().strip_prefix(IGNORE));
    lines
        .filter_map(|line| {
            let (rule, why) = line.split_once(" because").unwrap_or((line, ""));
            why.trim()
                .is_empty()
                .then(|| (rule.trim().to_owned(), line.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(engine: Engine, sql: &str, rows: i64) -> Vec<(String, bool)> {
        let tested = Tested {
            sql,
            table: Some("runs"),
            rows: Some(rows),
            bytes: None,
            in_transaction: true,
            narrows: false,
        };
        let all = BTreeMap::from([("runs".to_owned(), rows)]);
        let found = findings(&[tested], engine, &all);
        found
            .into_iter()
            .map(|one| (one.rule, one.is_unsafe))
            .collect()
    }

    #[test]
    fn a_type_that_does_not_hold_all_is_told_where_there_are_rows() {
        let found = |narrows, rows| {
            let tested = Tested {
                sql: "ALTER TABLE runs ALTER COLUMN a TYPE date",
                table: Some("runs"),
                rows: Some(rows),
                bytes: None,
                in_transaction: true,
                narrows,
            };
            let all = BTreeMap::from([("runs".to_owned(), rows)]);
            let found = findings(&[tested], Engine::Postgres, &all);
            let mut found = found.iter();
            found.any(|one| one.rule == "narrows-column" && one.is_unsafe)
        };
        assert!(found(true, 1));
        assert!(!found(true, 0));
        assert!(!found(false, 1));
    }

    #[test]
    fn the_size_of_the_table_decides() {
        for (engine, sql, rule) in [
            (
                Engine::Postgres,
                "CREATE INDEX i ON runs (a)",
                "require-concurrent-index-creation",
            ),
            (
                Engine::Postgres,
                "ALTER TABLE runs ALTER COLUMN a TYPE bigint",
                "changing-column-type",
            ),
            (
                Engine::Postgres,
                "UPDATE runs SET a = 1",
                "every-row-in-one-statement",
            ),
            (
                Engine::Sqlite,
                "CREATE INDEX i ON runs (a)",
                "index-holds-the-file",
            ),
            (
                Engine::Sqlite,
                "INSERT INTO runs_new SELECT * FROM runs",
                "table-made-anew",
            ),
            (
                Engine::Sqlite,
                "INSERT INTO runs_new (a) SELECT a FROM \"runs\"",
                "table-made-anew",
            ),
        ] {
            let on = |rows| {
                let found = told(engine, sql, rows);
                found
                    .iter()
                    .find(|(name, _)| name == rule)
                    .map(|(_, danger)| *danger)
            };
            assert_eq!(on(12), Some(false), "{sql}");
            assert_eq!(on(5_000_000), Some(true), "{sql}");
        }
    }

    #[test]
    fn a_column_called_type_is_no_change_of_one() {
        let changes = |what: &str| {
            let sql = format!("ALTER TABLE runs {what}");
            let found = told(Engine::Postgres, &sql, 1);
            found.iter().any(|(rule, _)| rule == "changing-column-type")
        };
        assert!(changes("ALTER a TYPE bigint") && changes("ALTER COLUMN type TYPE text"));
        assert!(changes(
            "ADD COLUMN b text, ALTER COLUMN a SET DATA TYPE text"
        ));
        assert!(
            !changes("ALTER COLUMN type DROP NOT NULL") && !changes("ALTER type SET DEFAULT 1")
        );
    }

    #[test]
    fn what_breaks_programs_or_loses_rows_is_unsafe_at_any_size() {
        for engine in [Engine::Postgres, Engine::Sqlite] {
            let unsafe_on =
                |sql: &str, rows| told(engine, sql, rows).iter().any(|(_, danger)| *danger);
            assert!(
                unsafe_on("ALTER TABLE runs RENAME COLUMN a TO b", 0),
                "{engine:?}"
            );
            assert!(unsafe_on("ALTER TABLE runs DROP COLUMN a", 1), "{engine:?}");
            assert!(
                unsafe_on("ALTER TABLE \"runs\" DROP \"a\"", 1),
                "{engine:?}"
            );
            assert!(
                unsafe_on("ALTER TABLE runs ADD b numeric(3, 1), DROP a", 1),
                "{engine:?}"
            );
            let kept = "ALTER TABLE runs DROP CONSTRAINT c";
            assert!(!unsafe_on(kept, 1), "{engine:?}");
            assert!(unsafe_on("DROP TABLE runs", 1), "{engine:?}");
            assert!(!unsafe_on("DROP TABLE runs", 0), "{engine:?}");
            assert!(
                unsafe_on("ALTER TABLE runs ADD COLUMN a text NOT NULL", 1),
                "{engine:?}"
            );
            assert!(
                !unsafe_on("ALTER TABLE runs ADD COLUMN a text", 9_000_000),
                "{engine:?}"
            );
        }
    }

    #[test]
    fn every_rule_has_a_name_to_be_allowed_by() {
        let all = rules();
        for name in [
            "drops-table",
            "index-holds-the-file",
            "require-concurrent-index-creation",
            "identifier-too-long",
            UNREASONED,
        ] {
            assert!(all.contains(name), "{name}: {all:?}");
        }
    }

    #[test]
    fn an_ignore_has_a_reason() {
        let drop = "DROP TABLE runs";
        let with = |comment: &str| told(Engine::Sqlite, &format!("{comment}\n{drop}"), 5);
        assert!(with("").iter().any(|(_, danger)| *danger));
        let good = with("-- chancery-lint: ignore drops-table because nobody reads it since 2.0");
        assert!(!good.iter().any(|(_, danger)| *danger), "{good:?}");
        for bad in [
            "-- chancery-lint: ignore drops-table",
            "-- chancery-lint: ignore drops-table because ",
        ] {
            let bad = with(bad);
            assert!(
                bad.contains(&("ignore-without-reason".to_owned(), true)),
                "{bad:?}"
            );
            assert!(bad.contains(&("drops-table".to_owned(), true)), "{bad:?}");
        }
    }
}
