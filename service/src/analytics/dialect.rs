//! Time in statements, as the engine at hand says it.

use super::{postgres, sqlite};
use crate::db::Engine;

/// Where the stretch of `seconds` begins that a column falls into, in seconds since 1970.
pub(super) fn stretch(engine: Engine, column: &str, seconds: i64) -> String {
    let seconds = seconds.unsigned_abs();
    match engine {
        Engine::Sqlite => sqlite::stretch(column, seconds),
        Engine::Postgres => postgres::stretch(column, seconds),
    }
}

/// The moment of a bucket that begins on the second, in seconds since 1970.
pub(super) fn begun(engine: Engine, column: &str) -> String {
    match engine {
        Engine::Sqlite => sqlite::stretch(column, 1),
        Engine::Postgres => postgres::begun(column),
    }
}

/// Where the day of UTC begins that a date is, in seconds since 1970.
pub(super) fn date(engine: Engine, column: &str) -> String {
    match engine {
        Engine::Sqlite => sqlite::date(column),
        Engine::Postgres => postgres::date(column),
    }
}

/// The day of UTC that a moment falls into, as days are kept.
pub(super) fn day_of(engine: Engine, column: &str) -> String {
    match engine {
        Engine::Sqlite => sqlite::day_of(column),
        Engine::Postgres => postgres::day_of(column),
    }
}

/// Where the month of UTC begins that a column falls into, in seconds since 1970.
pub(super) fn month(engine: Engine, column: &str) -> String {
    match engine {
        Engine::Sqlite => sqlite::month(column),
        Engine::Postgres => postgres::month(column),
    }
}

/// `FROM` with the rows of a table `r` that satisfy a condition for each of some `edges` `e`; of the rows
/// nothing but the `columns` is used.
pub(super) fn each(
    engine: Engine,
    edges: &str,
    columns: &str,
    table: &str,
    condition: &str,
) -> String {
    match engine {
        Engine::Sqlite => sqlite::each(edges, table, condition),
        Engine::Postgres => postgres::each(edges, columns, table, condition),
    }
}

/// Whether a table has the triggers that keep its sums: one that another program made has none until
/// somebody asks for them.
pub(super) fn is_counted(engine: Engine, table: &str) -> String {
    match engine {
        Engine::Sqlite => sqlite::is_counted(table),
        Engine::Postgres => postgres::is_counted(table),
    }
}
