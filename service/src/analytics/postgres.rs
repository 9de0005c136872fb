//! Time and order in `PostgreSQL`.

/// Where the stretch of `seconds` begins that `column` falls into, in seconds since 1970.
pub(super) fn stretch(column: &str, seconds: u64) -> String {
    format!("CAST(floor(extract(epoch FROM {column}) / {seconds}) AS bigint) * {seconds}")
}

/// The moment `column`, which has no part of a second, in seconds since 1970: as a double, which holds it
/// exactly and is had in a third of the time that `extract` takes.
pub(super) fn begun(column: &str) -> String {
    format!("CAST(date_part('epoch', {column}) AS bigint)")
}

/// Where the day of UTC begins that the date `column` is, in seconds since 1970.
pub(super) fn date(column: &str) -> String {
    format!("CAST({column} - DATE '1970-01-01' AS bigint) * 86400")
}

/// The day of UTC that the time `column` falls into.
pub(super) fn day_of(column: &str) -> String {
    format!("CAST({column} AT TIME ZONE 'UTC' AS date)")
}

/// Where the month begins that `column` falls into, in seconds since 1970.
pub(super) fn month(column: &str) -> String {
    let moment = format!("to_timestamp(extract(epoch FROM {column})) AT TIME ZONE 'UTC'");
    format!("CAST(extract(epoch FROM date_trunc('month', {moment})) AS bigint)")
}

/// The `columns` of the rows of a table `r` that satisfy a condition for each of some `edges` `e`. They are
/// looked up one edge after the other: joined, all rows would be compared with all edges, since nothing
/// tells how few lie between two.
pub(super) fn each(edges: &str, columns: &str, table: &str, condition: &str) -> String {
    format!(
        "FROM {edges} e CROSS JOIN LATERAL (\
             SELECT {columns} FROM {table} r WHERE {condition} OFFSET 0\
         ) r"
    )
}

/// `text`, in the order of its bytes.
pub(super) fn bytewise(text: &str) -> String {
    format!("{text} COLLATE \"C\"")
}

/// Whether a table has the triggers that keep its sums.
pub(super) fn is_counted(table: &str) -> String {
    format!(
        "SELECT count(*) = 3 FROM pg_trigger WHERE tgrelid = to_regclass('{table}') \
         AND tgenabled IN ('O', 'A') AND tgname IN \
         ('{table}_count_insert', '{table}_count_update', '{table}_count_delete')"
    )
}
