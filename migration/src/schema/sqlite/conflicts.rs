//! What the text of a `CREATE TABLE` says of keys and nulls that no pragma tells: `ON CONFLICT`,
//! `DEFERRABLE`, and how a key sorts. What has none of it is told as before.

use std::collections::BTreeMap;

use super::create_table::{is_constraint, items, plain, words};
use crate::schema::tokens::bare;

/// The words, by what they are about: `not null (name)`.
pub(super) fn told(sql: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for item in items(sql) {
        let words = words(&item);
        let Some(first) = words.first() else {
            continue;
        };
        let own = is_constraint(&words);
        // What is named at the table's own level is told as a whole.
        if own && first.eq_ignore_ascii_case("CONSTRAINT") {
            continue;
        }
        let column = format!("({})", bare(first));
        // What was last named, which the words that follow are about.
        let mut about = None;
        for (at, word) in words.iter().enumerate() {
            let next = |by: usize| words.get(at + by).map_or("", String::as_str);
            let list = |by: usize| if own { plain(next(by)) } else { column.clone() };
            match word.to_ascii_uppercase().as_str() {
                "NOT" if is(next(1), "NULL") => about = Some(format!("not null {column}")),
                "UNIQUE" => {
                    about = Some(format!("unique {}", list(1)));
                    sorted(own, &list(1), "unique", &mut found);
                }
                "PRIMARY" if is(next(1), "KEY") => {
                    about = Some(format!("primary key {}", list(2)));
                    sorted(own, &list(2), "primary key", &mut found);
                    if !own && is(next(2), "DESC") {
                        found.insert(format!("order of primary key {column}"), "DESC".to_owned());
                    }
                }
                "FOREIGN" if is(next(1), "KEY") => about = Some(format!("foreign key {}", list(2))),
                "REFERENCES" if !own => about = Some(format!("foreign key {column}")),
                "CONFLICT" if at > 0 && is(&words[at - 1], "ON") => {
                    if let Some(about) = &about {
                        let answer = next(1).to_ascii_uppercase();
                        found.insert(format!("on conflict of {about}"), answer);
                    }
                }
                "DEFERRABLE"
                    if !is(&words[at.saturating_sub(1)], "NOT") && is(next(1), "INITIALLY") =>
                {
                    if let Some(about) = &about {
                        let when = next(2).to_ascii_uppercase();
                        found.insert(format!("deferring of {about}"), when);
                    }
                }
                _ => {}
            }
        }
    }
    found
}

/// A key whose columns are compared or sorted otherwise than they say themselves.
fn sorted(own: bool, list: &str, what: &str, found: &mut BTreeMap<String, String>) {
    let words = list.to_ascii_uppercase();
    if own && (words.contains(" COLLATE ") || words.contains(" DESC")) {
        found.insert(format!("order of {what}"), list.to_owned());
    }
}

fn is(word: &str, wanted: &str) -> bool {
    word.eq_ignore_ascii_case(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_no_pragma_tells_of_keys_and_nulls() {
        let found = told(
            "CREATE TABLE a (id text PRIMARY KEY DESC, b text NOT NULL ON CONFLICT IGNORE UNIQUE ON CONFLICT \
             REPLACE, c text REFERENCES d (e) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, \
             UNIQUE (\"c\" COLLATE NOCASE, b) ON CONFLICT FAIL, CONSTRAINT n UNIQUE (b, c) ON CONFLICT IGNORE, \
             FOREIGN KEY (b) REFERENCES d (e) DEFERRABLE INITIALLY DEFERRED, \
             FOREIGN KEY (c) REFERENCES d (e) NOT DEFERRABLE INITIALLY DEFERRED)",
        );
        let found: Vec<_> = found
            .iter()
            .map(|(on, text)| format!("{on}: {text}"))
            .collect();
        assert_eq!(
            found,
            [
                "deferring of foreign key (b): DEFERRED",
                "deferring of foreign key (c): DEFERRED",
                "on conflict of not null (b): IGNORE",
                "on conflict of unique (b): REPLACE",
                "on conflict of unique (c COLLATE NOCASE, b): FAIL",
                "order of primary key (id): DESC",
                "order of unique: (c COLLATE NOCASE, b)",
            ]
        );
        let plain = "CREATE TABLE a (id text PRIMARY KEY, b text NOT NULL UNIQUE REFERENCES c (d) ON UPDATE \
                     CASCADE, UNIQUE (id, b), FOREIGN KEY (id) REFERENCES c (d))";
        assert_eq!(told(plain), BTreeMap::new());
    }
}
