//! A backfill as it is written: one `UPDATE` below a line that names it and the key that it goes by.

use crate::engine::Engine;
use crate::error::Error;
use crate::lexer;
use crate::schema::{quoted, squeezed};

/// What stands before a backfill's name.
const MARK: &str = "-- backfill ";

/// How many rows a batch has, where it does not say.
const BATCH: u64 = 1000;

/// A backfill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Backfill {
    /// Its name, by which it goes on.
    pub(crate) name: String,
    /// The table.
    pub(crate) table: String,
    /// The column that the table is gone through by.
    pub(crate) key: String,
    /// How many rows a batch has.
    pub(crate) batch: u64,
    /// What is set: `column = expression, …`.
    pub(crate) set: String,
    /// In which rows.
    pub(crate) only: Option<String>,
}

impl Backfill {
    /// Whether a statement is one.
    pub(crate) fn is_one(text: &str) -> bool {
        text.trim_start().starts_with(MARK)
    }

    /// Read `-- backfill NAME key=COLUMN [batch=ROWS]` and the `UPDATE` below it.
    pub(crate) fn read(engine: Engine, text: &str) -> Result<Self, Error> {
        let bad = |why: &str| {
            Error::Backfill(format!(
                "{why}: write `{MARK}NAME key=COLUMN batch=ROWS` and below it `UPDATE table SET \
                 column = expression WHERE condition`"
            ))
        };
        let (head, body) = text
            .trim_start()
            .strip_prefix(MARK)
            .and_then(|text| text.split_once('\n'))
            .ok_or_else(|| bad("no backfill begins here"))?;
        let mut head = head.split_whitespace();
        let name = head.next().ok_or_else(|| bad("it has no name"))?.to_owned();
        let (mut key, mut batch) = (None, BATCH);
        for word in head {
            match word.split_once('=') {
                // As the statement below may write it.
                Some(("key", column)) => key = Some(column.trim_matches('"').to_owned()),
                Some(("batch", rows)) => {
                    batch = rows.parse().map_err(|_| bad("batch is a number of rows"))?;
                }
                _ => return Err(bad(&format!("{word:?} says nothing"))),
            }
        }
        let [body] = lexer::split(engine, body)[..] else {
            return Err(bad("it is one statement"));
        };
        let body = lexer::plain(engine, body);
        let (update, rest) = split(engine, &body, "SET").ok_or_else(|| bad("it sets nothing"))?;
        let table = update
            .split_once(' ')
            .filter(|(word, _)| word.eq_ignore_ascii_case("update"))
            .ok_or_else(|| bad("it is no UPDATE"))?
            .1;
        let (set, only) = match split(engine, rest, "WHERE") {
            Some((set, only)) => (set, Some(only.to_owned())),
            None => (rest, None),
        };
        Ok(Self {
            name,
            table: table_name(engine, table),
            key: key.ok_or_else(|| bad("it names no key"))?,
            batch,
            set: set.to_owned(),
            only,
        })
    }

    /// As it is kept: whoever goes on with it needs no file.
    pub(crate) fn words(&self) -> String {
        format!(
            "{MARK}{} key={} batch={}\n{}",
            self.name,
            self.key,
            self.batch,
            self.statement(&quoted(&self.table))
        )
    }

    /// Whether it is what is kept as `words`, whatever the size of its batches. Older programs kept the
    /// statement alone.
    pub(crate) fn is(&self, words: &str) -> bool {
        let (head, body) = words.split_once('\n').unwrap_or(("", words));
        let key = format!("key={}", self.key);
        let has_key = head.is_empty() || head.split_whitespace().any(|word| word == key);
        let mut same = [self.table.clone(), quoted(&self.table)].into_iter();
        has_key && same.any(|table| squeezed(&self.statement(&table)) == squeezed(body))
    }

    /// Whether it sets `column`: by itself, or as one of several in brackets.
    pub(super) fn sets(&self, engine: Engine, column: &str) -> bool {
        let (mut depth, mut is_set) = (0_i32, true);
        for word in lexer::words(engine, &self.set) {
            if word.is("(") {
                depth += 1;
            } else if word.is(")") {
                depth -= 1;
            } else if depth == 0 && word.is(",") {
                is_set = true;
            } else if depth == 0 && word.is("=") {
                is_set = false;
            } else if is_set && word.plain().eq_ignore_ascii_case(column) {
                return true;
            }
        }
        false
    }

    /// Whether it goes through the table `name`, or asks it for values.
    pub(super) fn reads(&self, engine: Engine, name: &str) -> bool {
        let statement = self.statement(&quoted(&self.table));
        let words = lexer::words(engine, &statement);
        let is = |at: usize, text: &str| words.get(at).is_some_and(|one| one.is(text));
        let begins = |at: usize| {
            let mut heads = ["FROM", "JOIN", "ONLY"].into_iter();
            heads.any(|head| is(at, head))
        };
        let mut named = (1..words.len()).filter(|at| words[*at].plain() == name);
        self.table == name
            || named.any(|at| {
                // With its schema before it, or without; nor is it that schema.
                let is_qualified = at > 2 && is(at - 1, ".") && begins(at - 3);
                (begins(at - 1) || is_qualified) && !is(at + 1, ".")
            })
    }

    /// The statement.
    fn statement(&self, table: &str) -> String {
        let only = self.only.as_ref();
        let only = only.map_or_else(String::new, |only| format!(" WHERE {only}"));
        format!("UPDATE {table} SET {}{only}", self.set)
    }
}

/// A table's name without its quotes.
fn table_name(engine: Engine, table: &str) -> String {
    match lexer::words(engine, table)[..] {
        [one] => one.plain(),
        _ => table.trim().to_owned(),
    }
}

/// What stands before and behind the first `word` that is in neither quotes nor brackets.
fn split<'t>(engine: Engine, text: &'t str, word: &str) -> Option<(&'t str, &'t str)> {
    let mut depth = 0_i32;
    for token in lexer::tokens(engine, text) {
        if token.is("(") {
            depth += 1;
        } else if token.is(")") {
            depth -= 1;
        } else if depth == 0 && token.is(word) {
            let behind = &text[token.at + token.text.len()..];
            return Some((text[..token.at].trim(), behind.trim()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backfill_is_an_update_below_its_name() {
        let text = "-- backfill stars key=id batch=50\nUPDATE saved_views\n  SET stars = \
                    (SELECT 1 WHERE true), \"where\" = ' WHERE '\n  WHERE stars IS NULL;\n";
        let read = Backfill::read(Engine::Postgres, text).expect("a backfill");
        assert_eq!((read.name.as_str(), read.key.as_str()), ("stars", "id"));
        assert_eq!((read.table.as_str(), read.batch), ("saved_views", 50));
        assert_eq!(
            read.set,
            "stars = (SELECT 1 WHERE true), \"where\" = ' WHERE '"
        );
        assert_eq!(read.only.as_deref(), Some("stars IS NULL"));
        let plain = Backfill::read(Engine::Sqlite, "-- backfill a key=id\nUPDATE t SET a = 1")
            .expect("one");
        let quoted = "-- backfill a key=\"Key\"\nUPDATE \"T\" SET a = 1";
        let quoted = Backfill::read(Engine::Sqlite, quoted).expect("one");
        assert_eq!((quoted.key.as_str(), quoted.table.as_str()), ("Key", "T"));
        assert_eq!((plain.only, plain.batch), (None, BATCH));
    }

    #[test]
    fn the_tables_that_it_asks_are_known() {
        let text = "-- backfill a key=id\nUPDATE t SET a = (SELECT max(b) FROM \"Other\" JOIN public.third \
                    USING (id)), fourth = 1 WHERE EXISTS (SELECT fifth.a FROM ONLY sixth AS fifth)";
        let read = Backfill::read(Engine::Postgres, text).expect("a backfill");
        let reads = |name: &&str| read.reads(Engine::Postgres, name);
        let all = ["t", "Other", "third", "fourth", "fifth", "sixth", "public"];
        let found: Vec<&str> = all.into_iter().filter(reads).collect();
        assert_eq!(found, ["t", "Other", "third", "sixth"]);
    }

    #[test]
    fn the_columns_that_it_sets_are_known() {
        let text = "-- backfill a key=id\nUPDATE t SET a = b = c, \"D\" = (SELECT e, f FROM g), (h, i) = (j, k)";
        for engine in [Engine::Sqlite, Engine::Postgres] {
            let read = Backfill::read(engine, text).expect("a backfill");
            let all = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "id"];
            let found: Vec<&str> = all
                .into_iter()
                .filter(|name| read.sets(engine, name))
                .collect();
            assert_eq!(found, ["a", "d", "h", "i"]);
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "UPDATE t SET a = 1",
            "-- backfill a\nUPDATE t SET a = 1",
            "-- backfill a key=id\nDELETE FROM t",
            "-- backfill a key=id batch=many\nUPDATE t SET a = 1",
            "-- backfill a key=id\nUPDATE t SET a = 1; DROP TABLE t",
            "-- backfill a key=id other\nUPDATE t SET a = 1",
        ] {
            assert!(Backfill::read(Engine::Postgres, text).is_err(), "{text}");
        }
    }
}
