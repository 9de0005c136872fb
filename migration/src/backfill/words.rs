//! A backfill as it is written: one `UPDATE` below a line that names it and the key that it goes by.

use crate::error::Error;
use crate::schema::squeezed;

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
    pub(crate) fn read(text: &str) -> Result<Self, Error> {
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
        let body = squeezed(body);
        let body = body.trim_end_matches(';').trim();
        let (update, rest) = split(body, "SET").ok_or_else(|| bad("it sets nothing"))?;
        let table = update
            .split_once(' ')
            .filter(|(word, _)| word.eq_ignore_ascii_case("update"))
            .ok_or_else(|| bad("it is no UPDATE"))?
            .1;
        let (set, only) = match split(rest, "WHERE") {
            Some((set, only)) => (set, Some(only.to_owned())),
            None => (rest, None),
        };
        if body.contains(';') && split(body, ";").is_some() {
            return Err(bad("it is one statement"));
        }
        Ok(Self {
            name,
            table: table.trim().trim_matches('"').to_owned(),
            key: key.ok_or_else(|| bad("it names no key"))?,
            batch,
            set: set.to_owned(),
            only,
        })
    }

    /// The statement, by which two of a name are told apart.
    pub(crate) fn words(&self) -> String {
        let only = self.only.as_ref();
        let only = only.map_or_else(String::new, |only| format!(" WHERE {only}"));
        format!("UPDATE {} SET {}{only}", self.table, self.set)
    }
}

/// What stands before and behind the first `word` that is in neither quotes nor brackets.
fn split<'t>(text: &'t str, word: &str) -> Option<(&'t str, &'t str)> {
    let (mut depth, mut quote) = (0_i32, None);
    let mut begins_word = true;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            (None, _) if depth == 0 && (begins_word || word == ";") => {
                let end = at + word.len();
                let is_it = text
                    .get(at..end)
                    .is_some_and(|found| found.eq_ignore_ascii_case(word));
                let ends = || {
                    let next = text[end..].chars().next();
                    next.is_none_or(|next| !next.is_alphanumeric() && next != '_')
                };
                if is_it && (word == ";" || ends()) {
                    return Some((text[..at].trim(), text[end..].trim()));
                }
            }
            _ => {}
        }
        begins_word = !(letter.is_alphanumeric() || letter == '_');
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
        let read = Backfill::read(text).expect("a backfill");
        assert_eq!((read.name.as_str(), read.key.as_str()), ("stars", "id"));
        assert_eq!((read.table.as_str(), read.batch), ("saved_views", 50));
        assert_eq!(
            read.set,
            "stars = (SELECT 1 WHERE true), \"where\" = ' WHERE '"
        );
        assert_eq!(read.only.as_deref(), Some("stars IS NULL"));
        let plain = Backfill::read("-- backfill a key=id\nUPDATE t SET a = 1").expect("one");
        let quoted = Backfill::read("-- backfill a key=\"Key\"\nUPDATE \"T\" SET a = 1");
        let quoted = quoted.expect("one");
        assert_eq!((quoted.key.as_str(), quoted.table.as_str()), ("Key", "T"));
        assert_eq!((plain.only, plain.batch), (None, BATCH));
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
            assert!(Backfill::read(text).is_err(), "{text}");
        }
    }
}
