//! The queries of health.

use entity::platform::job::JobState;
use entity::webhook::delivery::WebhookDeliveryState;
use entity::webhook::endpoint::{self, WebhookEndpointStatus};
use entity::{Scope, Scoped};
use sea_orm::{ColumnTrait, FromQueryResult, PaginatorTrait, QueryFilter};

use crate::analytics::edges::{Draft, PERCENTILES, Percentiles, ranked};
use crate::analytics::series::{Buckets, Range};
use crate::db::Reader;
use crate::error::Result;

/// The states, so that the index that begins with them is of use.
const DELIVERY_STATES: &str = "('pending', 'delivered', 'failed')";
const JOB_STATES: &str = "('queued', 'running', 'succeeded', 'dead', 'cancelled')";

/// The condition that deliveries are to endpoints in `scope`.
fn within(draft: &mut Draft, scope: Scope) -> String {
    match scope {
        Scope::Everyone => String::new(),
        Scope::Owner(user) => {
            let user = draft.mark(user);
            format!(
                " AND d.endpoint_id IN (SELECT id FROM webhook_endpoints WHERE user_id = {user})"
            )
        }
    }
}

#[derive(Debug, FromQueryResult)]
pub(super) struct DeliveryRow {
    pub at: i32,
    pub state: WebhookDeliveryState,
    pub count: i64,
}

pub(super) async fn deliveries(
    reader: &Reader,
    scope: Scope,
    range: Range,
    buckets: &Buckets,
) -> Result<Vec<DeliveryRow>> {
    let mut draft = Draft::of(range, buckets);
    let own = within(&mut draft, scope);
    let sql = format!(
        "WITH {} SELECT e.at, CAST(d.state AS text) AS state, count(*) AS count \
         FROM edges e \
         JOIN webhook_deliveries d ON d.created_at >= e.since AND d.created_at < e.until \
           AND d.state IN {DELIVERY_STATES}{own} \
         GROUP BY e.at, d.state",
        draft.edges
    );
    draft.rows(reader, sql).await
}

#[derive(Debug, Default, FromQueryResult)]
pub(super) struct Attempts {
    #[sea_orm(nested)]
    pub took: Percentiles,
    pub failed: i64,
}

/// The attempts of the deliveries of a range.
pub(super) async fn attempts(reader: &Reader, scope: Scope, range: Range) -> Result<Attempts> {
    let mut draft = Draft::whole(range);
    let own = within(&mut draft, scope);
    let places = ranked("");
    let sql = format!(
        "WITH taken AS (\
             SELECT a.duration_ms AS value, \
                    CASE WHEN a.status BETWEEN 200 AND 299 THEN 0 ELSE 1 END AS failed \
             FROM webhook_deliveries d JOIN webhook_attempts a ON a.delivery_id = d.id \
             WHERE d.created_at >= $1 AND d.created_at < $2 AND d.state IN {DELIVERY_STATES}{own}\
         ), ranked AS (SELECT value, failed, {places} FROM taken) \
         SELECT {PERCENTILES}, CAST(coalesce(sum(failed), 0) AS bigint) AS failed FROM ranked"
    );
    draft.row(reader, sql).await
}

pub(super) struct Endpoints {
    pub failing: i64,
    pub disabled: i64,
}

pub(super) async fn endpoints(reader: &Reader, scope: Scope) -> Result<Endpoints> {
    use endpoint::{Column, Entity};
    let enabled = Entity::within(scope).filter(Column::Status.eq(WebhookEndpointStatus::Enabled));
    let failing = enabled.filter(Column::FailingSince.is_not_null());
    let disabled = Entity::within(scope).filter(Column::Status.eq(WebhookEndpointStatus::Disabled));
    let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    Ok(Endpoints {
        failing: whole(failing.count(reader).await?),
        disabled: whole(disabled.count(reader).await?),
    })
}

#[derive(Debug, FromQueryResult)]
pub(super) struct JobRow {
    pub at: i32,
    pub kind: String,
    pub state: JobState,
    pub count: i64,
}

pub(super) async fn jobs(reader: &Reader, range: Range, buckets: &Buckets) -> Result<Vec<JobRow>> {
    let draft = Draft::of(range, buckets);
    let sql = format!(
        "WITH {} SELECT e.at, j.kind, CAST(j.state AS text) AS state, count(*) AS count \
         FROM edges e \
         JOIN jobs j ON j.created_at >= e.since AND j.created_at < e.until \
           AND j.state IN {JOB_STATES} \
         GROUP BY e.at, j.kind, j.state",
        draft.edges
    );
    draft.rows(reader, sql).await
}
