//! How far sequences have counted. No transaction has a say in that: what is read is what stands then.

use std::fmt::Write as _;

use sea_orm_migration::sea_orm::sqlx::{self, AssertSqlSafe, PgPool};

use super::super::manifest::{Counter, Counters};
use crate::error::Error;
use crate::schema::{literal, quoted};

const SEQUENCES: &str = "SELECT relname::text FROM pg_class
    WHERE relkind = 'S' AND relnamespace = quote_ident(current_schema())::regnamespace ORDER BY 1";

/// Where the sequences of the schema stand. One that was set, and has given out nothing since, begins there.
pub(super) async fn read(pool: &PgPool) -> Result<Counters, Error> {
    let names: Vec<String> = sqlx::query_scalar(SEQUENCES)
        .fetch_all(pool)
        .await
        .map_err(Error::query)?;
    let mut counters = Counters::new();
    for name in names {
        let ask = format!("SELECT last_value, is_called FROM {}", quoted(&name));
        let (last, is_called) = sqlx::query_as(AssertSqlSafe(ask))
            .fetch_one(pool)
            .await
            .map_err(Error::query)?;
        counters.insert(name, Counter { last, is_called });
    }
    Ok(counters)
}

/// The statements that put them there.
pub(super) fn script(counters: &Counters) -> String {
    let mut script = String::new();
    for (name, Counter { last, is_called }) in counters {
        let name = literal(&quoted(name));
        let _ = writeln!(script, "SELECT setval({name}, {last}, {is_called});");
    }
    script
}
