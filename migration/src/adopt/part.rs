//! What one statement of a step makes, takes away or touches.
//!
//! Steps are written by one house rule (one statement, one object; a constraint a line), so their
//! first words tell it.

use std::collections::BTreeMap;

use crate::engine::Engine;
use crate::lexer::split;
use crate::schema::squeezed;

/// What a statement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It makes or takes away a table.
    Table(String),
    /// It makes or takes away an index of a table.
    Index {
        /// Of which; unknown where only the index is named.
        table: Option<String>,
        /// Its name.
        name: String,
    },
    /// It makes or takes away a trigger of a table.
    Trigger {
        /// Of which; unknown where only the trigger is named.
        table: Option<String>,
        /// Its name.
        name: String,
    },
    /// It makes or takes away an enum or another type.
    Type(String),
    /// It makes or takes away a function.
    Function(String),
    /// It changes a table, or gives it another name.
    Change {
        /// Which.
        table: String,
        /// The name that it has afterwards, where that is another one.
        renamed: Option<String>,
    },
    /// It writes rows of a table.
    Rows(String),
    /// Anything else.
    Other,
}

impl Part {
    /// What `sql` is about.
    pub(super) fn of(sql: &str) -> Self {
        let text = squeezed(sql);
        let words: Vec<&str> = text.split(' ').collect();
        let upper: Vec<String> = words.iter().map(|word| word.to_uppercase()).collect();
        let name = |mut at: usize| {
            while upper.get(at).is_some_and(|word| is_filler(word)) {
                at += 1;
            }
            words.get(at).map(|word| bare(word)).unwrap_or_default()
        };
        let on = || {
            let at = upper.iter().position(|word| word == "ON")?;
            Some(name(at + 1))
        };
        let first = upper.first().map(String::as_str).unwrap_or_default();
        match first {
            "CREATE" | "DROP" => {
                let mut at = 1;
                while matches!(
                    upper.get(at).map(String::as_str),
                    Some("UNIQUE" | "VIRTUAL" | "OR" | "REPLACE" | "CONSTRAINT" | "TEMP")
                ) {
                    at += 1;
                }
                let named = name(at + 1);
                match upper.get(at).map(String::as_str).unwrap_or_default() {
                    "TABLE" => Self::Table(named),
                    "INDEX" => Self::Index {
                        table: on(),
                        name: named,
                    },
                    // "… BEFORE INSERT ON messages", and "UPDATE OF a, b ON messages".
                    "TRIGGER" => Self::Trigger {
                        table: on(),
                        name: named,
                    },
                    "TYPE" | "DOMAIN" => Self::Type(named),
                    "FUNCTION" => Self::Function(named),
                    _ => Self::Other,
                }
            }
            "ALTER" if upper.get(1).is_some_and(|word| word == "TABLE") => {
                let to = upper.windows(2).position(|two| two == ["RENAME", "TO"]);
                Self::Change {
                    table: name(2),
                    renamed: to.map(|at| name(at + 2)),
                }
            }
            "INSERT" | "DELETE" => Self::Rows(name(2)),
            "UPDATE" | "TRUNCATE" => Self::Rows(name(1)),
            _ => Self::Other,
        }
    }
}

impl Part {
    /// Whether `sql` makes what it is about.
    pub(super) fn makes(sql: &str) -> bool {
        let text = squeezed(sql);
        let first = text.split(' ').next().unwrap_or_default();
        first.eq_ignore_ascii_case("create")
    }
}

fn is_filler(word: &str) -> bool {
    matches!(
        word,
        "CONCURRENTLY" | "IF" | "NOT" | "EXISTS" | "ONLY" | "TABLE"
    )
}

/// A name without quotes, brackets and what follows them.
fn bare(word: &str) -> String {
    let end = word.find(['(', ';', ',']).unwrap_or(word.len());
    word[..end].trim_matches(['"', '`']).to_owned()
}

/// Which table each index and trigger of `scripts` is on, by its name.
pub(super) fn places<'s>(
    engine: Engine,
    scripts: impl Iterator<Item = &'s str>,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for sql in scripts.flat_map(|script| split(engine, script)) {
        if let Part::Index {
            table: Some(table),
            name,
        }
        | Part::Trigger {
            table: Some(table),
            name,
        } = Part::of(sql)
        {
            found.insert(name, table);
        }
    }
    found
}

/// A `CREATE TABLE` without its foreign keys to the tables that `is_theirs` knows, and the names of
/// these keys; `None` where it has no such key.
pub(super) fn unkeyed(
    sql: &str,
    is_theirs: impl Fn(&str) -> bool,
) -> Option<(String, Vec<String>)> {
    let mut left_out = Vec::new();
    let mut lines: Vec<String> = Vec::new();
    for line in sql.lines() {
        let text = squeezed(line);
        let key = text
            .strip_prefix("CONSTRAINT ")
            .filter(|rest| rest.contains(" FOREIGN KEY "))
            .and_then(|rest| Some((rest.split(' ').next()?, target(rest)?)))
            .filter(|(_, table)| is_theirs(table));
        match key {
            Some((name, _)) => {
                left_out.push(bare(name));
                // The one before is the last now, if this one was.
                if !text.ends_with(',')
                    && let Some(before) = lines.last_mut()
                    && before.trim_end().ends_with(',')
                {
                    let end = before.trim_end().len() - 1;
                    before.truncate(end);
                }
            }
            None => lines.push(line.to_owned()),
        }
    }
    (!left_out.is_empty()).then(|| (lines.join("\n"), left_out))
}

/// The line of a statement that makes the constraint called `name`.
pub(super) fn line(sql: &str, name: &str) -> Option<String> {
    let at = sql.find(&format!("CONSTRAINT {name} "))?;
    let line = sql[at..].lines().next()?.trim().trim_end_matches(',');
    Some(line.to_owned())
}

/// The table that a foreign key leads to.
pub(super) fn target(key: &str) -> Option<String> {
    let upper = key.to_uppercase();
    let at = upper.find("REFERENCES ")? + "REFERENCES ".len();
    let name = key.get(at..)?.split([' ', '(']).next()?;
    Some(bare(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_known_by_its_first_words() {
        let index = |table, name: &str| Part::Index {
            table,
            name: name.to_owned(),
        };
        let trigger = |table, name: &str| Part::Trigger {
            table,
            name: name.to_owned(),
        };
        let change = |table: &str, renamed| Part::Change {
            table: table.to_owned(),
            renamed,
        };
        for (sql, part) in [
            (
                "-- why\nCREATE TABLE runs (id uuid)",
                Part::Table("runs".into()),
            ),
            (
                "CREATE VIRTUAL TABLE f USING fts5(a)",
                Part::Table("f".into()),
            ),
            ("DROP TABLE runs", Part::Table("runs".into())),
            (
                "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON runs (a)",
                index(Some("runs".to_owned()), "i"),
            ),
            ("DROP INDEX IF EXISTS i", index(None, "i")),
            (
                "CREATE TRIGGER t AFTER UPDATE OF a, b ON runs BEGIN DELETE FROM x; END",
                trigger(Some("runs".to_owned()), "t"),
            ),
            (
                "DROP TRIGGER t ON runs",
                trigger(Some("runs".to_owned()), "t"),
            ),
            ("CREATE TYPE e AS ENUM ('a')", Part::Type("e".into())),
            (
                "CREATE FUNCTION f() RETURNS trigger",
                Part::Function("f".into()),
            ),
            ("ALTER TABLE runs ADD COLUMN a text", change("runs", None)),
            (
                "ALTER TABLE runs_next RENAME TO runs",
                change("runs_next", Some("runs".to_owned())),
            ),
            ("INSERT INTO runs (a) SELECT 1", Part::Rows("runs".into())),
            ("UPDATE runs SET a = 1", Part::Rows("runs".into())),
            ("SELECT 1", Part::Other),
        ] {
            assert_eq!(Part::of(sql), part, "{sql}");
        }
    }

    #[test]
    fn a_table_loses_its_keys_to_other_programs_tables_and_nothing_else() {
        let sql = "CREATE TABLE a (\n    b uuid NOT NULL,\n    CONSTRAINT a_pkey PRIMARY KEY (b),\n    \
                   CONSTRAINT a_c_fkey FOREIGN KEY (c) REFERENCES theirs (id),\n    \
                   CONSTRAINT a_b_fkey FOREIGN KEY (b) REFERENCES theirs (id) ON DELETE CASCADE\n)";
        let (left, names) = unkeyed(sql, |table| table == "theirs").expect("keys");
        assert_eq!(names, ["a_c_fkey", "a_b_fkey"]);
        assert_eq!(
            left,
            "CREATE TABLE a (\n    b uuid NOT NULL,\n    CONSTRAINT a_pkey PRIMARY KEY (b)\n)"
        );
        assert!(unkeyed(sql, |table| table == "others").is_none());
    }
}
