//! Rows that are put from one table into another: what of the first is in the second then.

use std::collections::BTreeSet;

use super::super::reader::Reader;
use super::{Copied, Held, Track, known};
use crate::lexer::Token;

/// What makes one row of many: nothing that was read so stands elsewhere.
const SUMS: [&str; 10] = [
    "count",
    "sum",
    "min",
    "max",
    "avg",
    "total",
    "array_agg",
    "string_agg",
    "group_concat",
    "json_agg",
];

/// Behind the table that is read, these leave rows out or bring others in.
const NARROWS: [&str; 8] = [
    "GROUP",
    "HAVING",
    "LIMIT",
    "JOIN",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "OFFSET",
];

impl Track {
    /// Rows are put into `to`, as the rest of the statement says.
    pub(super) fn copy(&mut self, to: &str, mut at: Reader<'_>) {
        let into = at.names_in_brackets();
        let Some(query) = self.plain_query(at) else {
            return;
        };
        let Some(held) = self.tables.get(&query.source) else {
            return;
        };
        let (columns, put) = (query.columns(held), query.put(held, &into));
        let to = known(&self.tables, to);
        let is_free = self
            .tables
            .get(&to)
            .is_none_or(|held| held.origin.is_none());
        if is_free {
            self.tables.insert(to, put);
        }
        let which = query.which;
        if let Some(held) = self.tables.get_mut(&query.source) {
            held.copied = Some(match held.copied.take() {
                None => Copied { columns, which },
                Some(before) => Copied {
                    columns: before.columns.union(&columns).cloned().collect(),
                    which: before
                        .which
                        .zip(which)
                        .map(|(one, two)| format!("({one}) OR ({two})")),
                },
            });
        }
    }

    /// The query that is next, where it answers the rows of one table as they are.
    fn plain_query<'t>(&self, mut at: Reader<'t>) -> Option<Query<'t>> {
        if !at.eat("SELECT") || at.is("DISTINCT") {
            return None;
        }
        let from = at.next;
        if !at.seek("FROM") {
            return None;
        }
        let list = at.tokens[from..at.next - 1].to_vec();
        let source = at.name().map(|name| known(&self.tables, &name))?;
        let mut behind = at.tokens[at.next..].iter();
        let is_one_of = |words: &[&str], one: &Token<'_>| {
            words.iter().any(|word| one.text.eq_ignore_ascii_case(word))
        };
        let narrows = behind.any(|one| is_one_of(&NARROWS, one));
        let mut calls = list.windows(2).filter(|two| two[1].text == "(");
        if narrows || at.is(",") || calls.any(|two| is_one_of(&SUMS, &two[0])) {
            return None;
        }
        let which = at.seek("WHERE").then(|| at.rest().to_owned());
        Some(Query {
            list,
            source,
            which,
        })
    }
}

/// A query over one table: what it selects, from where, and of which rows.
struct Query<'t> {
    list: Vec<Token<'t>>,
    source: String,
    which: Option<String>,
}

impl Query<'_> {
    fn is_all(&self) -> bool {
        self.list.first().is_some_and(|one| one.text == "*")
    }

    /// The columns of which something is in what it answers.
    fn columns(&self, held: &Held) -> BTreeSet<String> {
        if self.is_all() {
            return held.columns.keys().cloned().collect();
        }
        let said = self.list.iter();
        said.map(|one| known(&held.columns, &one.plain()))
            .filter(|name| held.columns.contains_key(name))
            .collect()
    }

    /// The table that gets the rows: into its columns called `into`, or what the query calls them.
    fn put(&self, held: &Held, into: &[String]) -> Held {
        let mut put = Held {
            origin: held.origin.clone(),
            ..Held::default()
        };
        if self.is_all() {
            put.columns.clone_from(&held.columns);
            return put;
        }
        let values = self.list.split(|one| one.text == ",");
        for (at, value) in values.enumerate() {
            let [one] = value else { continue };
            let was = held.columns.get(&known(&held.columns, &one.plain()));
            let now = into.get(at).map_or_else(|| one.plain(), Clone::clone);
            put.columns.extend(was.map(|was| (now, was.clone())));
        }
        put
    }
}
