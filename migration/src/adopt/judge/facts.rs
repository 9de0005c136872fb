//! What a table guarantees, apart from the names that a tool gives: both engines' catalogues tell it
//! as text, in their own ways.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::{Table, squeezed};

/// What a table guarantees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// The columns of the primary key: `(thread_id)`.
    pub(super) primary: Option<String>,
    /// What no two rows share: `(email_key)`, with its predicate.
    pub(super) unique: BTreeSet<String>,
    /// What an index finds, by names: `threads_user_id_idx` and `using btree (user_id)`.
    pub(super) indexes: BTreeMap<String, String>,
    /// Foreign keys by columns.
    pub(super) foreign: BTreeMap<String, Key>,
    /// Checks.
    pub(super) checks: BTreeSet<String>,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// Its name, where it has one.
    pub(super) name: String,
    /// Where it leads: `threads(thread_id)`.
    pub(super) to: String,
    /// What follows a deletion or a change: `on delete cascade`.
    pub(super) rules: BTreeSet<String>,
}

impl Facts {
    pub(super) fn of(table: &Table) -> Self {
        let mut facts = Self::default();
        for (name, text) in &table.constraints {
            let whole = if text.is_empty() { name } else { text };
            let text = plain(whole);
            if let Some(columns) = text.strip_prefix("primary key ") {
                facts.primary = Some(columns.to_owned());
            } else if let Some(columns) = text.strip_prefix("unique ") {
                facts.unique.insert(columns.to_owned());
            } else if text.starts_with("check ") {
                facts.checks.insert(text);
            } else if let Some((columns, key)) = key(name, &text) {
                // SQLite tells a key twice: by its columns, with its rules, and by its name.
                let known = facts.foreign.entry(columns).or_insert_with(|| key.clone());
                known.rules.extend(key.rules);
                if !name.contains('(') {
                    known.name.clone_from(name);
                }
            }
        }
        for (name, text) in &table.indexes {
            let text = plain(text);
            let shape = shape(&text);
            if text.starts_with("create unique ") {
                let columns = shape.find('(').map_or("", |at| &shape[at..]);
                facts.unique.insert(columns.to_owned());
            }
            facts.indexes.insert(name.clone(), shape);
        }
        facts
    }
}

/// Without quotes, in small letters but for what stands in quotes of its own, without needless blanks.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut literal = false;
    for letter in squeezed(text).chars() {
        match letter {
            '\'' => literal = !literal,
            '"' | '`' if !literal => continue,
            _ => {}
        }
        if literal {
            out.push(letter);
        } else {
            out.extend(letter.to_lowercase());
        }
    }
    out.replace(", ", ",")
}

/// What an index finds: all that follows its table's name.
fn shape(text: &str) -> String {
    let rest = text.split_once(" on ").map_or(text, |(_, rest)| rest);
    match rest.split_once(" using ") {
        Some((_, rest)) => rest.strip_prefix("btree ").unwrap_or(rest).to_owned(),
        None => rest
            .find('(')
            .map_or(String::new(), |at| rest[at..].to_owned()),
    }
}

/// `foreign key (a) references b(c) on delete cascade` of one catalogue, `foreign key (a)` and
/// `b (c) on delete cascade on update no action` of the other.
fn key(name: &str, text: &str) -> Option<(String, Key)> {
    let name_is_key = name.starts_with("foreign key ");
    let (columns, rest) = if name_is_key {
        (plain(name).strip_prefix("foreign key ")?.to_owned(), text)
    } else {
        let rest = text.strip_prefix("foreign key ")?;
        let (columns, rest) = rest.split_once(" references ")?;
        (columns.to_owned(), rest)
    };
    let end = rest.find(')')?;
    let to = rest[..=end].replace(' ', "");
    let mut rules = BTreeSet::new();
    let mut rule = String::new();
    for word in rest[end + 1..].split_whitespace() {
        if word == "on" && !rule.is_empty() {
            rules.insert(std::mem::take(&mut rule));
        }
        if !rule.is_empty() {
            rule.push(' ');
        }
        rule.push_str(word);
    }
    rules.insert(rule);
    rules.retain(|rule| !rule.is_empty() && !rule.ends_with("no action"));
    let key = Key {
        name: name.to_owned(),
        to,
        rules,
    };
    Some((columns, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(constraints: &[(&str, &str)], indexes: &[(&str, &str)]) -> Table {
        let map = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter();
            pairs
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect()
        };
        Table {
            constraints: map(constraints),
            indexes: map(indexes),
            ..Table::default()
        }
    }

    #[test]
    fn what_four_tools_write_is_one_guarantee() {
        let ours = table(
            &[
                ("messages_pkey", "PRIMARY KEY (message_id)"),
                ("a_key", "UNIQUE (a, b)"),
                (
                    "messages_thread_id_fkey",
                    "FOREIGN KEY (thread_id) REFERENCES threads(thread_id) ON DELETE CASCADE",
                ),
            ],
            &[("i", "CREATE INDEX i ON messages USING btree (thread_id, c)")],
        );
        let theirs = table(
            &[
                ("primary key (message_id)", ""),
                (
                    "foreign key (thread_id)",
                    "threads (thread_id) on delete CASCADE on update NO ACTION",
                ),
            ],
            &[
                ("u", "CREATE UNIQUE INDEX `u` ON `messages` (`a`, `b`)"),
                (
                    "messages_i",
                    "CREATE INDEX \"messages_i\" ON \"messages\"(\"thread_id\",\"c\")",
                ),
            ],
        );
        let (ours, theirs) = (Facts::of(&ours), Facts::of(&theirs));
        assert_eq!(ours.primary, theirs.primary);
        assert_eq!(ours.unique, theirs.unique);
        let (one, other) = (&ours.foreign["(thread_id)"], &theirs.foreign["(thread_id)"]);
        assert_eq!((&one.to, &one.rules), (&other.to, &other.rules));
        assert_eq!(ours.indexes["i"], theirs.indexes["messages_i"]);
    }
}
