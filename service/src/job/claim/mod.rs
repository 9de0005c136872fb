//! Taking the next job: one row a statement (docs/adr/0006).

mod postgres;
mod sqlite;

use chrono::{DateTime, Utc};
use entity::platform::job::Model;

use super::store::{self, Pick};
use crate::db::Engine;
use crate::error::Result;
use crate::write::Write;

/// Give the first job that `pick` means to `worker` until `until`, if there is one that nobody else
/// is taking.
pub(super) async fn take(
    tx: &Write,
    pick: &Pick<'_>,
    worker: &str,
    until: DateTime<Utc>,
) -> Result<Option<Model>> {
    let next = match tx.engine() {
        Engine::Sqlite => sqlite::next(pick),
        Engine::Postgres => postgres::next(pick),
    };
    store::take(tx, next, worker, until).await
}
