//! The next job on `SQLite`, where one writes at a time.

use sea_orm::QueryTrait as _;
use sea_orm::sea_query::SelectStatement;

use crate::job::store::{self, Pick};

pub(super) fn next(pick: &Pick<'_>) -> SelectStatement {
    store::next(pick).into_query()
}
