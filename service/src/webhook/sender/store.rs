//! Every query of the sender.

use chrono::{DateTime, Utc};
use entity::id::{WebhookDeliveryId, WebhookEndpointId};
use entity::webhook::delivery::{self, WebhookDeliveryState};
use entity::webhook::endpoint::{self, WebhookEndpointStatus};
use entity::webhook::{attempt, message};
use entity::{Scope, Scoped};
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Set,
};

use crate::error::Result;
use crate::write::Write;

/// Which endpoints are left alone while they have as many calls as they may.
#[derive(Clone, Debug, Default)]
pub(super) struct Passed {
    /// These: they have as many calls under way as they may.
    pub(super) busy: Vec<WebhookEndpointId>,
    /// All that failed last.
    pub(super) failing: bool,
}

/// When the next delivery is due, of the endpoints that are not passed over.
pub(super) async fn next_due(
    conn: &impl ConnectionTrait,
    passed: &Passed,
) -> Result<Option<DateTime<Utc>>> {
    let found: Option<Option<DateTime<Utc>>> = delivery::Entity::within(Scope::Everyone)
        .select_only()
        .column(delivery::Column::NextAt)
        .filter(waiting(passed))
        .order_by_asc(delivery::Column::NextAt)
        .limit(1)
        .into_tuple()
        .one(conn)
        .await?;
    Ok(found.flatten())
}

fn waiting(passed: &Passed) -> Condition {
    use delivery::Column;
    let mut waiting = Condition::all()
        .add(Column::State.eq(WebhookDeliveryState::Pending))
        .add(Column::NextAt.is_not_null());
    if !passed.busy.is_empty() {
        waiting = waiting.add(Column::EndpointId.is_not_in(passed.busy.iter().copied()));
    }
    if passed.failing {
        let failing = endpoint::Entity::within(Scope::Everyone)
            .select_only()
            .column(endpoint::Column::Id)
            .filter(endpoint::Column::FailingSince.is_not_null())
            .into_query();
        waiting = waiting.add(Column::EndpointId.not_in_subquery(failing));
    }
    waiting
}

/// Claim the delivery that has been due longest, until `until`: another process passes it over till
/// then. The claim counts as a try, whatever becomes of it; try and end of the claim together are the
/// token that its outcome must name.
pub(super) async fn claim(
    tx: &Write,
    passed: &Passed,
    until: DateTime<Utc>,
) -> Result<Option<delivery::Model>> {
    use delivery::Column;
    let due = || waiting(passed).add(Column::NextAt.lte(tx.now));
    let next = delivery::Entity::within(Scope::Everyone)
        .select_only()
        .column(Column::Id)
        .filter(due())
        .order_by_asc(Column::NextAt)
        .limit(1)
        .lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked)
        .into_query();
    let column = |column: Column| Expr::col((delivery::Entity, column));
    let claimed = delivery::Entity::update_many()
        .col_expr(Column::NextAt, Expr::val(until))
        .col_expr(Column::Attempt, column(Column::Attempt).add(1))
        .col_expr(Column::UpdatedAt, Expr::val(tx.now))
        // `=`, not `IN`: see docs/adr/0006.
        .filter(column(Column::Id).eq(next))
        .filter(Column::State.eq(WebhookDeliveryState::Pending))
        .exec_with_returning(tx)
        .await?;
    Ok(claimed.into_iter().next())
}

pub(super) async fn endpoint(
    conn: &impl ConnectionTrait,
    id: WebhookEndpointId,
) -> Result<Option<endpoint::Model>> {
    let select = endpoint::Entity::within(Scope::Everyone);
    Ok(select.filter(endpoint::Column::Id.eq(id)).one(conn).await?)
}

/// The endpoint, held until the write is over; it may still be told of events meanwhile.
pub(super) async fn endpoint_held(
    tx: &Write,
    id: WebhookEndpointId,
) -> Result<Option<endpoint::Model>> {
    let select = endpoint::Entity::within(Scope::Everyone).filter(endpoint::Column::Id.eq(id));
    Ok(select.lock(LockType::NoKeyUpdate).one(tx).await?)
}

pub(super) async fn messages(tx: &Write, rows: &[delivery::Model]) -> Result<Vec<message::Model>> {
    let ids = rows.iter().map(|row| row.message_id);
    super::super::store::messages(tx, ids).await
}

/// Where a delivery stands after a try: nothing is written, and no, where its claim is not in force.
pub(super) async fn settle(
    tx: &Write,
    claimed: &delivery::Model,
    state: WebhookDeliveryState,
    next_at: Option<DateTime<Utc>>,
) -> Result<bool> {
    use delivery::Column;
    let done = delivery::Entity::update_many()
        .col_expr(Column::State, Column::State.save_as(Expr::val(state)))
        .col_expr(Column::NextAt, Expr::val(next_at))
        .col_expr(Column::UpdatedAt, Expr::val(tx.now))
        .filter(Column::Id.eq(claimed.id))
        .filter(Column::State.eq(WebhookDeliveryState::Pending))
        .filter(Column::Attempt.eq(claimed.attempt))
        .filter(Column::NextAt.eq(claimed.next_at))
        .exec(tx)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Let all that is due at an endpoint have failed.
pub(super) async fn give_up(tx: &Write, endpoint: WebhookEndpointId) -> Result<()> {
    use delivery::Column;
    delivery::Entity::update_many()
        .col_expr(
            Column::State,
            Column::State.save_as(Expr::val(WebhookDeliveryState::Failed)),
        )
        .col_expr(Column::NextAt, Expr::val(None::<DateTime<Utc>>))
        .col_expr(Column::UpdatedAt, Expr::val(tx.now))
        .filter(Column::EndpointId.eq(endpoint))
        .filter(Column::State.eq(WebhookDeliveryState::Pending))
        .filter(Column::NextAt.lte(tx.now))
        .exec(tx)
        .await?;
    Ok(())
}

/// Put a try down, under the number that comes next.
pub(super) async fn insert_attempt(tx: &Write, mut row: attempt::Model) -> Result<()> {
    row.number = last_number(tx, row.delivery_id).await? + 1;
    tx.insert_all::<attempt::Entity>([row]).await.map(drop)
}

async fn last_number(tx: &Write, delivery: WebhookDeliveryId) -> Result<i32> {
    let last: Option<Option<i32>> = attempt::Entity::within(Scope::Everyone)
        .select_only()
        .column_as(attempt::Column::Number.max(), "last")
        .filter(attempt::Column::DeliveryId.eq(delivery))
        .into_tuple()
        .one(tx)
        .await?;
    Ok(last.flatten().unwrap_or(0))
}

/// Note since when an endpoint has done nothing but fail, or that it does not. Not a change of the
/// owner's: the version stays.
pub(super) async fn note_health(
    tx: &Write,
    id: WebhookEndpointId,
    failing_since: Option<DateTime<Utc>>,
) -> Result<()> {
    let change = endpoint::ActiveModel {
        id: Set(id),
        failing_since: Set(failing_since),
        updated_at: Set(tx.now),
        ..Default::default()
    };
    change.update(tx).await?;
    Ok(())
}

/// Tell an endpoint no more.
pub(super) async fn disable(
    tx: &Write,
    endpoint: &endpoint::Model,
    reason: &str,
) -> Result<endpoint::Model> {
    let change = endpoint::ActiveModel {
        id: Set(endpoint.id),
        status: Set(WebhookEndpointStatus::Disabled),
        disabled_reason: Set(Some(reason.to_owned())),
        version: Set(endpoint.version + 1),
        updated_at: Set(tx.now),
        ..Default::default()
    };
    Ok(change.update(tx).await?)
}
