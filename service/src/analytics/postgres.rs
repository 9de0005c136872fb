//! Time and order in `PostgreSQL`.

/// Where the stretch of `seconds` begins that `column` falls into, in seconds since 1970.
pub(super) fn stretch(column: &str, seconds: u64) -> String {
    format!("CAST(floor(extract(epoch FROM {column}) / {seconds}) AS bigint) * {seconds}")
}

/// `text`, in the order of its bytes.
pub(super) fn bytewise(text: &str) -> String {
    format!("{text} COLLATE \"C\"")
}
