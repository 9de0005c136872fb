//! What `SQLite` says, by extended result code.

use super::{Category, Outcome};

pub(super) fn verdict(code: i32, message: &str) -> (Category, Outcome) {
    if let Some(outcome) = constraint(code, message) {
        return (Category::UnknownError, outcome);
    }
    let unreachable = |category| (category, Outcome::Unreachable);
    // The low byte is the primary code; the rest refines it.
    match code & 0xff {
        1 => of_text(message),
        5 | 6 => (Category::UnknownError, Outcome::Conflict),
        9 => (Category::UnknownError, Outcome::Timeout),
        14 => unreachable(Category::DatabaseNotFound),
        // The schema changed under a prepared statement more often than it can be prepared anew.
        17 => (Category::UnknownError, Outcome::StalePlan),
        18 => (Category::UnknownError, Outcome::TooLong),
        23 => unreachable(Category::AuthFailed),
        // Out of memory, i/o error, damaged, disk full, not a database.
        7 | 10 | 11 | 13 | 26 => unreachable(Category::UnknownError),
        _ => (Category::UnknownError, Outcome::Internal),
    }
}

fn constraint(code: i32, message: &str) -> Option<Outcome> {
    let what = message
        .rsplit_once("constraint failed: ")
        .map(|(_, what)| what);
    Some(match code {
        1555 | 2067 | 2579 => unique(what.unwrap_or_default()),
        787 => Outcome::ForeignKey {
            constraint: None,
            fields: Vec::new(),
        },
        1299 => Outcome::NotNull {
            field: what.map(|what| column(what).to_owned()),
        },
        // Check, a trigger's RAISE, a value of another type than a strict table's column.
        275 | 1811 | 3091 | 19 => Outcome::of_check(what.map(str::to_owned)),
        _ => return None,
    })
}

/// `run.user_id, run.external_id`, or `index 'run_lower_name'`.
fn unique(what: &str) -> Outcome {
    if let Some(index) = what.strip_prefix("index ") {
        let constraint = Some(index.trim_matches('\'').to_owned());
        return Outcome::Unique {
            table: None,
            constraint,
            fields: Vec::new(),
        };
    }
    let table = what.split_once('.').map(|(table, _)| table.to_owned());
    let fields = what.split(", ").filter(|name| !name.is_empty());
    let fields = fields.map(|name| column(name).to_owned()).collect();
    Outcome::Unique {
        table,
        constraint: None,
        fields,
    }
}

fn column(qualified: &str) -> &str {
    qualified
        .rsplit_once('.')
        .map_or(qualified, |(_, column)| column)
}

fn of_text(message: &str) -> (Category, Outcome) {
    const SCHEMA: [&str; 4] = [
        "no such table",
        "no such column",
        "has no column",
        "no such function",
    ];
    if SCHEMA.iter().any(|words| message.contains(words)) {
        (Category::SchemaError, Outcome::SchemaOutdated)
    } else if [
        "malformed JSON",
        "string or blob too big",
        "integer overflow",
    ]
    .iter()
    .any(|words| message.contains(words))
    {
        (Category::UnknownError, Outcome::RefusedText)
    } else {
        (Category::UnknownError, Outcome::Internal)
    }
}
