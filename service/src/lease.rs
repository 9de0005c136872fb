//! Claims of workers on rows: one worker at a time holds a row, for as long as its lease lasts.
//!
//! Everything after the claim names the claim's token. A claim that ran out is given to another with
//! a token of its own, so whatever the first still says is refused.

use std::time::Duration;

use entity::{Scope, Scoped};
use sea_orm::sea_query::{Expr, ExprTrait, Func, LockBehavior, LockType};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Value};
use uuid::Uuid;

use crate::error::Result;
use crate::write::Write;

/// Where a table keeps its claims.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claims<C, S> {
    pub(crate) id: C,
    pub(crate) status: C,
    /// The status of a row that nobody has.
    pub(crate) waiting: S,
    /// The status of a row that a worker has.
    pub(crate) held: S,
    pub(crate) worker: C,
    pub(crate) token: C,
    pub(crate) until: C,
    pub(crate) started: C,
    pub(crate) attempt: C,
    pub(crate) version: C,
    pub(crate) created: C,
    pub(crate) updated: C,
}

/// A table whose rows workers claim.
pub(crate) trait Leased: Scoped {
    /// Where a row stands.
    type Status: Copy + Into<Value>;
    /// Where the claims are kept.
    const CLAIMS: Claims<Self::Column, Self::Status>;
}

/// Give the row that has waited longest to `worker`: one that nobody has, or one whose claim ran
/// out. A row that another claim is just looking at is passed over, so that workers do not queue.
/// The row that comes back has the claim's token.
pub(crate) async fn claim_next<E: Leased>(
    tx: &Write,
    worker: &str,
    lifetime: Duration,
) -> Result<Option<E::Model>> {
    let at = E::CLAIMS;
    let token = Uuid::from_bytes(crate::chance::bytes(&*tx.services().chance));
    let free = || {
        let over = Condition::all()
            .add(at.status.eq(at.held))
            .add(at.until.lt(tx.now));
        Condition::any().add(at.status.eq(at.waiting)).add(over)
    };
    let next = E::within(Scope::Everyone)
        .select_only()
        .column(at.id)
        .filter(free())
        .order_by_asc(at.created)
        .order_by_asc(at.id)
        .limit(1)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
        .into_query();
    let column = |column: E::Column| Expr::col((E::default(), column));
    let claimed = E::update_many()
        .col_expr(at.status, at.status.save_as(Expr::val(at.held)))
        .col_expr(at.worker, Expr::val(worker))
        .col_expr(at.token, Expr::val(token))
        .col_expr(at.until, Expr::val(tx.now + lifetime))
        .col_expr(
            at.started,
            Func::coalesce([column(at.started), Expr::val(tx.now)]).into(),
        )
        .col_expr(at.attempt, column(at.attempt).add(1))
        .col_expr(at.version, column(at.version).add(1))
        .col_expr(at.updated, Expr::val(tx.now))
        // `=`, not `IN`: PostgreSQL asks this once, but what is in `IN` again for every row of the
        // table, and each time the next row that is free is the first.
        .filter(column(at.id).eq(next))
        .filter(free())
        .exec_with_returning(tx)
        .await?;
    Ok(claimed.into_iter().next())
}
