//! Time and order in `SQLite`, where time is text.

/// Where the stretch of `seconds` begins that `column` falls into, in seconds since 1970.
///
/// Of a time only whole seconds are read: with its fraction the engine would round it up, over the
/// edge. A time before 1970 is rounded down as any other.
pub(super) fn stretch(column: &str, seconds: u64) -> String {
    let moment = format!("unixepoch(substr({column}, 1, 19))");
    format!("({moment} - (({moment} % {seconds}) + {seconds}) % {seconds})")
}

/// Where the day of UTC begins that the date `column` is, in seconds since 1970.
pub(super) fn date(column: &str) -> String {
    format!("unixepoch({column})")
}

/// The day of UTC that the time `column` falls into.
pub(super) fn day_of(column: &str) -> String {
    format!("substr({column}, 1, 10)")
}

/// Where the month begins that `column` falls into, in seconds since 1970.
pub(super) fn month(column: &str) -> String {
    format!("unixepoch(substr({column}, 1, 8) || '01')")
}

/// The rows of a table `r` that satisfy a condition for each of some `edges` `e`.
pub(super) fn each(edges: &str, table: &str, condition: &str) -> String {
    format!("FROM {edges} e JOIN {table} r ON {condition}")
}

/// `text`, in the order of its bytes.
pub(super) fn bytewise(text: &str) -> String {
    text.to_owned()
}

/// Whether a table has the triggers that keep its sums.
pub(super) fn is_counted(table: &str) -> String {
    format!(
        "SELECT count(*) = 3 FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '{table}' \
         AND name IN ('{table}_count_insert', '{table}_count_update', '{table}_count_delete')"
    )
}
