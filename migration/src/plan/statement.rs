//! A statement as a plan tells it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Size;
use super::track::{Taken, Track};
use crate::engine::Engine;
use crate::schema::squeezed;

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Planned {
    /// The SQL.
    pub sql: String,
    /// The table that it is about, where it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The lock that it takes on the table (`PostgreSQL`, "Explicit Locking"), where it takes one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock: Option<&'static str>,
    /// How many rows the table has, as last counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<i64>,
    /// How many bytes it takes, with its indexes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<i64>,
    /// Whether every row is written anew or looked at.
    pub every_row: bool,
    /// What is lost by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loses: Option<String>,
    /// The same, to be counted.
    #[serde(skip)]
    pub(super) taken: Vec<Taken>,
}

impl Planned {
    /// A statement that runs on what `track` knows of.
    pub(super) fn of(
        sql: &str,
        engine: Engine,
        sizes: &BTreeMap<String, Size>,
        track: &mut Track,
    ) -> Self {
        let words = squeezed(sql).to_uppercase();
        let table = table_of(sql).and_then(|name| {
            if sizes.contains_key(&name) {
                return Some(name);
            }
            // What was set aside goes under another name.
            let origin = track.origin(&name).map(str::to_owned);
            origin.filter(|_| words.starts_with("DROP TABLE"))
        });
        let taken = track.run(engine, sql);
        let size = table.as_ref().and_then(|name| sizes.get(name));
        let lock = match engine {
            // A writer of SQLite has the whole file.
            Engine::Sqlite => None,
            Engine::Postgres => table.as_ref().and_then(|_| lock(&words)),
        };
        let every_row = [
            " TYPE ",
            "SET NOT NULL",
            "CREATE INDEX",
            "CREATE UNIQUE INDEX",
            "VALIDATE",
        ]
        .iter()
        .any(|part| words.contains(part))
            || words.starts_with("UPDATE ");
        Self {
            sql: sql.to_owned(),
            lock,
            rows: size.map(|size| size.rows),
            bytes: size.and_then(|size| size.bytes),
            every_row: every_row && table.is_some(),
            loses: loses(&taken),
            taken,
            table,
        }
    }
}

/// What is lost, in words.
fn loses(taken: &[Taken]) -> Option<String> {
    let told = taken.iter().map(|one| match one {
        Taken::Column { table, column } => format!("the column {column} of {table}"),
        Taken::Values { table, column, .. } => format!("what the column {column} of {table} has"),
        Taken::Narrowed { table, column } => {
            format!("what the new type of {column} of {table} does not hold")
        }
        Taken::Rows {
            table,
            which: Some(_),
        } => format!("rows of {table}"),
        Taken::Rows { table, .. } => format!("all rows of {table}"),
        Taken::Unknown(why) => format!("what nobody can tell: {why}"),
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// The lock that a statement takes on its table.
fn lock(words: &str) -> Option<&'static str> {
    let starts = |with: &str| words.starts_with(with);
    let has = |part: &str| words.contains(part);
    Some(if has(" CONCURRENTLY ") {
        "SHARE UPDATE EXCLUSIVE"
    } else if starts("CREATE INDEX") || starts("CREATE UNIQUE INDEX") {
        "SHARE"
    } else if starts("CREATE TRIGGER") || starts("CREATE CONSTRAINT TRIGGER") {
        "SHARE ROW EXCLUSIVE"
    } else if starts("ALTER TABLE") {
        if has(" VALIDATE CONSTRAINT ") || has(" SET (") || has(" RESET (") {
            "SHARE UPDATE EXCLUSIVE"
        } else if has(" FOREIGN KEY ") || has(" TRIGGER ") {
            "SHARE ROW EXCLUSIVE"
        } else {
            "ACCESS EXCLUSIVE"
        }
    } else if starts("DROP ") || starts("TRUNCATE") || starts("ALTER INDEX") {
        "ACCESS EXCLUSIVE"
    } else if starts("COMMENT ON ") {
        "SHARE UPDATE EXCLUSIVE"
    } else if starts("INSERT ") || starts("UPDATE ") || starts("DELETE ") {
        "ROW EXCLUSIVE"
    } else {
        return None;
    })
}

/// The table that a statement is about.
fn table_of(sql: &str) -> Option<String> {
    let text = squeezed(sql);
    let words: Vec<&str> = text.split(' ').collect();
    let upper: Vec<String> = words.iter().map(|word| word.to_uppercase()).collect();
    let after = |word: &str| upper.iter().position(|one| one == word).map(|at| at + 1);
    let mut at = match upper.first()?.as_str() {
        "ALTER" | "DROP" if upper.get(1)? == "TABLE" => 2,
        "CREATE" | "DROP" | "ALTER" | "COMMENT" => after("ON")?,
        "INSERT" => after("INTO")?,
        "DELETE" => after("FROM")?,
        "UPDATE" | "TRUNCATE" => 1,
        _ => return None,
    };
    while matches!(
        upper.get(at)?.as_str(),
        "IF" | "EXISTS" | "ONLY" | "TABLE" | "COLUMN" | "NOT"
    ) {
        at += 1;
    }
    let name = words.get(at)?.split(['(', '.', ';']).next()?;
    Some(name.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_about_a_table() {
        for (sql, table) in [
            ("ALTER TABLE ONLY runs ADD COLUMN a text", Some("runs")),
            ("ALTER TABLE IF EXISTS \"runs\" DROP COLUMN a", Some("runs")),
            (
                "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON runs (a)",
                Some("runs"),
            ),
            ("CREATE INDEX i ON runs(a)", Some("runs")),
            ("DROP TABLE runs", Some("runs")),
            ("INSERT INTO runs (a) SELECT 1", Some("runs")),
            ("UPDATE runs SET a = 1", Some("runs")),
            ("DELETE FROM runs WHERE true", Some("runs")),
            ("COMMENT ON COLUMN runs.a IS 'x'", Some("runs")),
            ("SELECT 1", None),
        ] {
            assert_eq!(table_of(sql).as_deref(), table, "{sql}");
        }
    }

    #[test]
    fn the_lock_is_that_of_the_manual() {
        for (sql, expected) in [
            ("ALTER TABLE runs ADD COLUMN a text", "ACCESS EXCLUSIVE"),
            (
                "ALTER TABLE runs VALIDATE CONSTRAINT c",
                "SHARE UPDATE EXCLUSIVE",
            ),
            (
                "ALTER TABLE runs SET (fillfactor = 50)",
                "SHARE UPDATE EXCLUSIVE",
            ),
            (
                "ALTER TABLE runs ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES b",
                "SHARE ROW EXCLUSIVE",
            ),
            ("ALTER TABLE runs DISABLE TRIGGER t", "SHARE ROW EXCLUSIVE"),
            ("CREATE INDEX i ON runs (a)", "SHARE"),
            (
                "CREATE INDEX CONCURRENTLY i ON runs (a)",
                "SHARE UPDATE EXCLUSIVE",
            ),
            (
                "CREATE TRIGGER t BEFORE INSERT ON runs",
                "SHARE ROW EXCLUSIVE",
            ),
            ("UPDATE runs SET a = 1", "ROW EXCLUSIVE"),
            ("DROP TABLE runs", "ACCESS EXCLUSIVE"),
        ] {
            let sizes = [("runs".to_owned(), Size::default())].into();
            let told = |engine| Planned::of(sql, engine, &sizes, &mut Track::default()).lock;
            assert_eq!(told(Engine::Postgres), Some(expected), "{sql}");
            assert_eq!(told(Engine::Sqlite), None);
        }
    }

    #[test]
    fn what_is_lost_is_told() {
        let sizes = [(
            "runs".to_owned(),
            Size {
                rows: 3,
                bytes: None,
            },
        )]
        .into();
        let columns = BTreeMap::from([("runs".to_owned(), vec!["a".to_owned(), "b".to_owned()])]);
        for (sql, loses) in [
            ("DROP TABLE runs", Some("all rows of runs")),
            (
                "ALTER TABLE runs DROP COLUMN a, DROP COLUMN b",
                Some("the column a of runs, the column b of runs"),
            ),
            ("DELETE FROM runs WHERE true", Some("rows of runs")),
            ("DROP TABLE others", None),
            ("ALTER TABLE runs ADD COLUMN a text", None),
        ] {
            let told = Planned::of(sql, Engine::Postgres, &sizes, &mut Track::of(&columns));
            assert_eq!(told.loses.as_deref(), loses, "{sql}");
        }
        let mut track = Track::of(&columns);
        let aside = "ALTER TABLE runs RENAME TO runs__before";
        Planned::of(aside, Engine::Sqlite, &sizes, &mut track);
        let told = Planned::of(
            "DROP TABLE runs__before",
            Engine::Sqlite,
            &sizes,
            &mut track,
        );
        assert_eq!((told.table.as_deref(), told.rows), (Some("runs"), Some(3)));
    }
}
