//! Row-level security hides rows without a word. Who counts, copies or compares rows asks first.

use std::collections::BTreeSet;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbErr, Statement};

use super::postgres;
use crate::engine::Engine;
use crate::error::Error;

/// The tables some of whose rows this role may not see, though it may read the table.
pub(crate) async fn hidden(db: &impl ConnectionTrait) -> Result<BTreeSet<String>, DbErr> {
    match Engine::of(db)? {
        Engine::Sqlite => Ok(BTreeSet::new()),
        Engine::Postgres => {
            let ask = Statement::from_string(Engine::Postgres.backend(), postgres::HIDDEN);
            let rows = db.query_all_raw(ask).await?;
            rows.iter().map(|row| row.try_get_by_index(0)).collect()
        }
    }
}

/// Refuse where rows of a table that is `wanted` are hidden.
pub(crate) async fn check_seen(
    db: &impl ConnectionTrait,
    wanted: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    let hidden = hidden(db).await?.into_iter();
    let hidden: Vec<String> = hidden.filter(|name| wanted(name)).collect();
    if hidden.is_empty() {
        return Ok(());
    }
    Err(Error::Hidden(hidden))
}
