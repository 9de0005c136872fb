//! Time in `SQLite`, where it is text.

/// Where the stretch of `seconds` begins that `column` falls into, in seconds since 1970.
pub(super) fn stretch(column: &str, seconds: u64) -> String {
    format!("unixepoch({column}) / {seconds} * {seconds}")
}
