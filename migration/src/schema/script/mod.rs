//! The statements of a script that somebody else wrote, so that each can run by itself where nothing of
//! it shall stay: what would end the transaction that is rolled back, or reach another file, is not among
//! them.

mod sqlite;

use super::tokens::{Quotes, next};
use crate::engine::Engine;
use crate::error::Error;

/// The statements of `script` that make its schema. What begins and commits is left out, since all of it
/// is one transaction, and so are the lines that only `psql` or the shell of `SQLite` knows.
pub(super) fn statements(engine: Engine, script: &str) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let all = split(engine, script);
    let all = match engine {
        Engine::Sqlite => sqlite::without_rows(all),
        Engine::Postgres => all,
    };
    for one in all {
        if is_kept(engine, &one)? {
            found.push(one.text.trim().to_owned());
        }
    }
    Ok(found)
}

/// A statement, as far as it is read.
#[derive(Debug, Default)]
struct Open {
    text: String,
    /// Its first words, in capitals.
    words: Vec<String>,
    /// The last word, in capitals.
    last: String,
    brackets: usize,
    /// How deep in a body: of a trigger, or of a function that is not quoted.
    body: usize,
}

impl Open {
    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    fn push(&mut self, token: &str) {
        self.text.push_str(token);
        match token {
            "(" => self.brackets += 1,
            ")" => self.brackets = self.brackets.saturating_sub(1),
            _ if token.starts_with(char::is_alphabetic) => self.word(token.to_ascii_uppercase()),
            _ => {}
        }
    }

    fn word(&mut self, word: String) {
        match word.as_str() {
            "BEGIN" if self.is(&["CREATE"]) && self.words.iter().any(|one| one == "TRIGGER") => {
                self.body += 1;
            }
            "ATOMIC" if self.last == "BEGIN" => self.body += 1,
            "CASE" if self.body > 0 => self.body += 1,
            "END" => self.body = self.body.saturating_sub(1),
            _ => {}
        }
        if self.words.len() < 4 {
            self.words.push(word.clone());
        }
        self.last = word;
    }

    /// Whether it begins with these words.
    fn is(&self, words: &[&str]) -> bool {
        self.words.len() >= words.len() && self.words.iter().zip(words).all(|(a, b)| a == b)
    }
}

fn split(engine: Engine, script: &str) -> Vec<Open> {
    let (quotes, shell) = match engine {
        Engine::Sqlite => (Quotes::Sqlite, '.'),
        Engine::Postgres => (Quotes::Postgres, '\\'),
    };
    let mut found = Vec::new();
    let mut open = Open::default();
    let mut rest = script;
    loop {
        if open.is_blank() && rest.starts_with(shell) {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        }
        let Some((token, after)) = next(rest, quotes) else {
            break;
        };
        rest = after;
        if token == ";" && open.brackets == 0 && open.body == 0 {
            found.push(std::mem::take(&mut open));
        } else {
            open.push(token);
        }
    }
    found.push(open);
    found.retain(|one| !one.is_blank());
    found
}

/// Whether the statement runs; refused where it may not.
fn is_kept(engine: Engine, one: &Open) -> Result<bool, Error> {
    let is = |all: &[&[&str]]| all.iter().any(|words| one.is(words));
    let refused = |why: &str| Err(Error::Option(format!("{}: {why}", head(&one.text))));
    match engine {
        Engine::Sqlite if is(&[&["ATTACH"], &["DETACH"], &["VACUUM"]]) => refused(
            "a file of SQL is read in a database of its own, in memory, and may not reach another; leave \
             the statement out",
        ),
        Engine::Sqlite => Ok(!is(&[&["PRAGMA"]]) || is(&[&["PRAGMA", "WRITABLE_SCHEMA"]])),
        Engine::Postgres if is(&[&["COPY"]]) => refused(
            "a schema has no rows; make the file with `pg_dump --schema-only`, or leave the statement out",
        ),
        Engine::Postgres
            if is(&[
                &["ROLLBACK"],
                &["ABORT"],
                &["SAVEPOINT"],
                &["RELEASE"],
                &["PREPARE", "TRANSACTION"],
                &["COMMIT", "PREPARED"],
            ]) =>
        {
            refused(
                "a file of SQL is read in a transaction that is rolled back, and may not end it; leave the \
                 statement out",
            )
        }
        Engine::Postgres => Ok(!is(&[&["BEGIN"], &["START"], &["COMMIT"], &["END"]])),
    }
}

/// As much of a statement as names it.
fn head(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(6).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_its_statements_without_what_begins_and_ends() {
        for (engine, script, expected) in [
            (
                Engine::Postgres,
                "\\restrict it's\nBEGIN;\nCREATE TABLE a (begin date, b text DEFAULT E'\\';');\n-- c\nCOMMIT;\n\
                 CREATE FUNCTION f() AS $$ BEGIN; END; $$;CREATE RULE r AS ON INSERT TO a DO (SELECT 1; SELECT 2);\n\
                 CREATE FUNCTION g() BEGIN ATOMIC SELECT CASE 1 WHEN 1 THEN 2 END; END;\n\\unrestrict",
                &[
                    "CREATE TABLE a (begin date, b text DEFAULT E'\\';')",
                    "CREATE FUNCTION f() AS $$ BEGIN; END; $$",
                    "CREATE RULE r AS ON INSERT TO a DO (SELECT 1; SELECT 2)",
                    "CREATE FUNCTION g() BEGIN ATOMIC SELECT CASE 1 WHEN 1 THEN 2 END; END",
                ][..],
            ),
            (
                Engine::Sqlite,
                "CREATE TABLE IF NOT EXISTS 'f_data'(id INTEGER PRIMARY KEY, block BLOB);\n\
                 INSERT INTO f_data VALUES(1,X'00');\nCREATE TABLE f_rows (n);\n\
                 INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table','f','f',0,'CREATE \
                 VIRTUAL TABLE f USING fts5(a, tokenize=''porter'')');\n\
                 CREATE TABLE sqlite_sequence(name,seq);",
                &[
                    "CREATE TABLE f_rows (n)",
                    "CREATE VIRTUAL TABLE f USING fts5(a, tokenize='porter')",
                ],
            ),
            (
                Engine::Sqlite,
                ".mode list\nPRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE [it's] (a);\n\
                 CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; SELECT 1; END;\nCOMMIT;",
                &[
                    "BEGIN TRANSACTION",
                    "CREATE TABLE [it's] (a)",
                    "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; SELECT 1; END",
                    "COMMIT",
                ],
            ),
        ] {
            assert_eq!(statements(engine, script).expect("statements"), expected);
        }
    }

    #[test]
    fn what_would_end_the_transaction_or_reach_another_file_is_refused() {
        for (engine, script) in [
            (Engine::Postgres, "CREATE TABLE a (); /* x */ rollback"),
            (Engine::Postgres, "--\r ABORT"),
            (Engine::Postgres, "PREPARE TRANSACTION 'a'"),
            (Engine::Postgres, "COPY a FROM stdin;"),
            (Engine::Sqlite, "CREATE TABLE [it's](a); ATTACH 'f' AS g"),
            (Engine::Sqlite, "vacuum into 'f'"),
        ] {
            let refused = statements(engine, script).expect_err("a refusal");
            assert!(refused.to_string().contains("leave"), "{refused}");
        }
    }
}
