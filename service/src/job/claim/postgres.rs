//! The next job on `PostgreSQL`: a row that another claim is just looking at is passed over, so that
//! workers do not queue.

use sea_orm::sea_query::{LockBehavior, LockType, SelectStatement};
use sea_orm::{QuerySelect as _, QueryTrait as _};

use crate::job::store::{self, Pick};

pub(super) fn next(pick: &Pick<'_>) -> SelectStatement {
    store::next(pick)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .into_query()
}
