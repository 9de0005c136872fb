//! Time and order in `PostgreSQL`.

/// Where the stretch of `seconds` begins that `column` falls into, in seconds since 1970.
pub(super) fn stretch(column: &str, seconds: u64) -> String {
    format!("CAST(floor(extract(epoch FROM {column}) / {seconds}) AS bigint) * {seconds}")
}

/// Where the day of UTC begins that the date `column` is, in seconds since 1970.
pub(super) fn date(column: &str) -> String {
    format!("CAST({column} - DATE '1970-01-01' AS bigint) * 86400")
}

/// Where the month begins that `column` falls into, in seconds since 1970.
pub(super) fn month(column: &str) -> String {
    let moment = format!("to_timestamp(extract(epoch FROM {column})) AT TIME ZONE 'UTC'");
    format!("CAST(extract(epoch FROM date_trunc('month', {moment})) AS bigint)")
}

/// `text`, in the order of its bytes.
pub(super) fn bytewise(text: &str) -> String {
    format!("{text} COLLATE \"C\"")
}
