//! The constraints in the text of a `CREATE TABLE`. `SQLite` keeps the text as it was written and
//! has no other word on checks and on constraint names.

use std::collections::BTreeMap;

use crate::schema::quoted;
use crate::schema::tokens::{Quotes, bare, tokens};

/// A definition as it is compared: [`squeezed`], with no quotes around a name that needs none. `SQLite`
/// sets a name in quotes when it writes a renamed one into a definition.
pub(super) fn plain(sql: &str) -> String {
    unquoted(&words_of(sql, Quotes::Sqlite).join(" "))
}

fn unquoted(text: &str) -> String {
    let name = |token: &str| {
        if token.starts_with(['"', '`', '[']) {
            quoted(&bare(token))
        } else {
            token.to_owned()
        }
    };
    tokens(text, Quotes::Sqlite).map(name).collect()
}

/// Words that stand between words of other kinds, whatever their number, as one space; what is
/// quoted stays.
pub(crate) fn squeezed(sql: &str) -> String {
    words_of(sql, Quotes::Common).join(" ")
}

/// A constraint as its text tells it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Constraint {
    /// As it is compared.
    pub(super) plain: String,
    /// As it was written, but for blanks.
    pub(super) written: String,
}

impl Constraint {
    fn of(written: String) -> Self {
        Self {
            plain: unquoted(&written),
            written,
        }
    }
}

/// The constraints of a table by name: all that are named at the table's own level, and every
/// check, wherever it stands. A check without a name is known by its text.
pub(super) fn constraints(sql: &str) -> BTreeMap<String, Constraint> {
    let mut found = BTreeMap::new();
    for item in items(sql) {
        let words = words(&item);
        let own = is_constraint(&words);
        let mut at = 0;
        while at < words.len() {
            let name = if words[at].eq_ignore_ascii_case("CONSTRAINT") && at + 2 < words.len() {
                at += 2;
                Some(bare(&words[at - 1]))
            } else {
                None
            };
            let end = (at + 1..words.len())
                .find(|&next| words[next].eq_ignore_ascii_case("CONSTRAINT"))
                .unwrap_or(words.len());
            let check = words[at].eq_ignore_ascii_case("CHECK");
            if check {
                let condition = words.get(at + 1).cloned().unwrap_or_default();
                let check = Constraint::of(format!("CHECK {condition}"));
                found.insert(name.unwrap_or_else(|| check.plain.clone()), check);
                at += 2;
            } else if let (Some(name), true) = (name, own) {
                found.insert(name, Constraint::of(words[at..end].join(" ")));
                at = end;
            } else {
                at += 1;
            }
        }
    }
    found
}

/// What the text says of a column that no pragma tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// What it is generated from, with `VIRTUAL` where it is not stored.
    pub(super) generated: Option<String>,
    /// `COLLATE …` and `AUTOINCREMENT`.
    pub(super) more: Vec<String>,
}

/// What the text says of its columns, by their names in small letters.
pub(super) fn columns(sql: &str) -> BTreeMap<String, Told> {
    let mut columns = BTreeMap::new();
    for item in items(sql) {
        let words = words(&item);
        let (Some(name), false) = (words.first(), is_constraint(&words)) else {
            continue;
        };
        let mut told = Told::default();
        for (at, word) in words.iter().enumerate().skip(1) {
            let next = words.get(at + 1);
            match (word.to_ascii_uppercase().as_str(), next) {
                ("COLLATE", Some(name)) => {
                    told.more
                        .push(format!("collate {}", bare(name).to_lowercase()));
                }
                ("AUTOINCREMENT", _) => told.more.push("autoincrement".to_owned()),
                ("AS", Some(expression)) if expression.starts_with('(') => {
                    let stored = words.get(at + 2);
                    let stored = stored.is_some_and(|word| word.eq_ignore_ascii_case("STORED"));
                    let expression = expression.strip_prefix('(').unwrap_or(expression);
                    let expression = expression.strip_suffix(')').unwrap_or(expression);
                    let kind = if stored { "" } else { " /* virtual */" };
                    told.generated = Some(format!("{expression}{kind}"));
                }
                _ => {}
            }
        }
        columns.insert(bare(name).to_lowercase(), told);
    }
    columns
}

/// The column, in small letters, that is the number of the row: the one `integer` that alone is the
/// primary key. The catalogue has no key for it.
pub(crate) fn row_number(sql: &str) -> Option<String> {
    let bare = |name: &str| bare(name.trim_matches(['(', ')', ' '])).to_lowercase();
    let items = items(sql);
    let words: Vec<Vec<String>> = items.iter().map(|item| words(item)).collect();
    let is = |words: &[String], at: usize, word: &str| {
        words
            .get(at)
            .is_some_and(|one| one.eq_ignore_ascii_case(word))
    };
    let integer = |name: &str| {
        let mut columns = words.iter().filter(|words| !is_constraint(words));
        columns.any(|words| bare(&words[0]) == name && is(words, 1, "INTEGER"))
    };
    for words in &words {
        let at = words
            .iter()
            .position(|word| word.eq_ignore_ascii_case("PRIMARY"));
        let Some(at) = at.filter(|at| is(words, at + 1, "KEY")) else {
            continue;
        };
        let name = if is_constraint(words) {
            words.get(at + 2).map(|list| bare(list))
        } else {
            words.first().map(|name| bare(name))
        };
        return name.filter(|name| integer(name));
    }
    None
}

/// Whether an item is a constraint of the table, not a column.
pub(super) fn is_constraint(words: &[String]) -> bool {
    let first = words
        .first()
        .map(|word| word.to_ascii_uppercase())
        .unwrap_or_default();
    matches!(
        first.as_str(),
        "CONSTRAINT" | "CHECK" | "UNIQUE" | "PRIMARY" | "FOREIGN"
    )
}

/// The columns and constraints between the outermost brackets.
pub(super) fn items(sql: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut depth = 0;
    for token in tokens(sql, Quotes::Sqlite) {
        match token {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        let outermost = depth == 1 && token == "(" && items.len() == 1 && items[0].is_empty();
        if depth == 0 || outermost {
            continue;
        }
        if token == "," && depth == 1 {
            items.push(String::new());
        } else if let Some(item) = items.last_mut() {
            item.push_str(token);
        }
    }
    items
}

/// The words of a part of a `CREATE TABLE`.
pub(super) fn words(sql: &str) -> Vec<String> {
    words_of(sql, Quotes::Sqlite)
}

/// Words, where a pair of brackets with all that is in it is one word.
fn words_of(sql: &str, quotes: Quotes) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut depth = 0;
    for token in tokens(sql, quotes) {
        let blank = token.chars().all(char::is_whitespace);
        match token {
            "(" if depth == 0 && !word.is_empty() => words.push(std::mem::take(&mut word)),
            _ => {}
        }
        match token {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        if depth == 0 && blank {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
        } else if blank {
            if !word.ends_with(['(', ' ']) {
                word.push(' ');
            }
        } else {
            if token == ")" && word.ends_with(' ') {
                word.pop();
            }
            word.push_str(token);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_named_and_inline_constraints() {
        let found = constraints(
            "CREATE TABLE a (\n  id blob NOT NULL, -- not a comment we make\n  kind text \
             CONSTRAINT a_kind_check CHECK (kind IN ('x, y', 'it''s (')) DEFAULT 'x',\n  \
             n integer CHECK ( n   > 0 ),\n  CONSTRAINT a_pkey PRIMARY KEY (id),\n  \
             CONSTRAINT a_b_fkey FOREIGN KEY (b) REFERENCES b (id) ON DELETE CASCADE\n)",
        );
        let found: Vec<_> = found
            .iter()
            .map(|(name, text)| format!("{name}: {}", text.plain))
            .collect();
        assert_eq!(
            found,
            [
                "CHECK (n > 0): CHECK (n > 0)",
                "a_b_fkey: FOREIGN KEY (b) REFERENCES b (id) ON DELETE CASCADE",
                "a_kind_check: CHECK (kind IN ('x, y', 'it''s ('))",
                "a_pkey: PRIMARY KEY (id)",
            ]
        );
    }

    #[test]
    fn finds_what_no_pragma_tells_of_a_column() {
        let found = columns(
            "CREATE TABLE a (id integer PRIMARY KEY AUTOINCREMENT, -- a comment, (with a bracket\n \
             \"Name\" text COLLATE NOCASE, n integer GENERATED ALWAYS AS (id + 1) STORED, \
             m /* , */ integer AS (id), [Unit Tax] real AS ([Unit Price] * 0.2) STORED, \
             \"o \"\"p\"\"\" text COLLATE `RTRIM`, CHECK (n > 0))",
        );
        let told = |generated: Option<&str>, more: &[&str]| Told {
            generated: generated.map(str::to_owned),
            more: more.iter().map(|word| (*word).to_owned()).collect(),
        };
        let expected = [
            ("id", told(None, &["autoincrement"])),
            ("m", told(Some("id /* virtual */"), &[])),
            ("n", told(Some("id + 1"), &[])),
            ("name", told(None, &["collate nocase"])),
            ("o \"p\"", told(None, &["collate rtrim"])),
            ("unit tax", told(Some("[Unit Price] * 0.2"), &[])),
        ];
        let expected = expected.map(|(name, told)| (name.to_owned(), told));
        assert_eq!(found, BTreeMap::from(expected));
    }

    #[test]
    fn a_name_stands_in_quotes_only_where_it_must() {
        let renamed = "CREATE INDEX a  ON \"b\" (\"order\", \"C\") WHERE d = '\"e\"'";
        assert_eq!(
            plain(renamed),
            "CREATE INDEX a ON b (\"order\", \"C\") WHERE d = '\"e\"'"
        );
        assert_eq!(
            plain("SELECT [a], `b`, \"c\"\"d\""),
            "SELECT a, b, \"c\"\"d\""
        );
    }

    #[test]
    fn squeezes_blanks_outside_of_quotes() {
        assert_eq!(
            squeezed("CREATE  INDEX a\n ON b (c,  d)\tWHERE e = 'f  g'"),
            "CREATE INDEX a ON b (c, d) WHERE e = 'f  g'"
        );
    }
}
