//! Types of `PostgreSQL` that our program reads and writes alike.

use super::Verdict;

/// Whether a column of type `live` can be used as one of type `expected`.
pub(super) fn kind(expected: &str, live: &str) -> (Verdict, String) {
    let text = |kind: &str| kind == "text" || kind.starts_with("character varying");
    let time = |kind: &str| kind.starts_with("timestamp") && kind.ends_with(" with time zone");
    if expected == live {
        (Verdict::Ok, String::new())
    } else if text(expected) && text(live) {
        let note = format!("is {live} where ours is {expected}: both are text");
        (Verdict::Warn, note)
    } else if time(expected) && time(live) {
        let note = format!("is {live}: times are cut there, and ours are whole microseconds");
        (Verdict::Warn, note)
    } else {
        (Verdict::Refuse, "the program cannot read it".to_owned())
    }
}

/// Whether a trigger stands as it should, and does nothing.
pub(super) fn is_disabled(live: &str, expected: &str) -> bool {
    live.strip_prefix(expected) == Some(" ENABLED D")
}
