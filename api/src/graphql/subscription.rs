//! What can be listened to: rows in the caller's sight, as they change.
//!
//! What is told is small: enough to know whether to read on. Runs raise their signals today. Jobs,
//! deliveries and settings will be heard as soon as their verbs raise theirs (`JobMoved`,
//! `DeliveryMoved`, `SettingChanged`); nothing else is missing for them.

#![expect(clippy::unused_async, reason = "the library takes no other functions")]

use async_graphql::{Context, Enum, SimpleObject, Subscription};
use chrono::{DateTime, Utc};
use entity::configuration::setting;
use entity::pipeline::run;
use entity::platform::job;
use entity::webhook::delivery;
use futures::{Stream, StreamExt as _};
use service::feed::{self, Followed};
use uuid::Uuid;

use super::caller;
use super::pipeline::RunStatus;
use super::scalar::BigInt;
use crate::error::ApiError;

#[derive(Debug, Default)]
pub(super) struct Subscription;

type Told<T> = Result<T, async_graphql::Error>;

fn follow<E: Followed, T: From<E::Model>>(
    context: &Context<'_>,
    only: Option<Uuid>,
) -> Told<impl Stream<Item = Told<T>> + use<E, T>> {
    let ctx = caller(context)?.clone();
    let rows = feed::follow::<E>(ctx, only).map_err(ApiError::from)?;
    Ok(rows.map(|row| match row {
        Ok(row) => Ok(T::from(row)),
        Err(error) => Err(ApiError::from(error).into()),
    }))
}

#[Subscription]
impl Subscription {
    /// A run in the caller's sight moved; only this one, where `id` names it.
    async fn run_changed(
        &self,
        context: &Context<'_>,
        id: Option<Uuid>,
    ) -> Result<impl Stream<Item = Told<RunChange>> + use<>, async_graphql::Error> {
        follow::<run::Entity, RunChange>(context, id)
    }

    /// A job in the caller's sight moved; only this one, where `id` names it.
    async fn job_changed(
        &self,
        context: &Context<'_>,
        id: Option<Uuid>,
    ) -> Result<impl Stream<Item = Told<JobChange>> + use<>, async_graphql::Error> {
        follow::<job::Entity, JobChange>(context, id)
    }

    /// A delivery to a webhook in the caller's sight moved; only this one, where `id` names it.
    async fn delivery_changed(
        &self,
        context: &Context<'_>,
        id: Option<Uuid>,
    ) -> Result<impl Stream<Item = Told<DeliveryChange>> + use<>, async_graphql::Error> {
        follow::<delivery::Entity, DeliveryChange>(context, id)
    }

    /// A setting has another value, which is not told here; only this one, where `id` names it. For
    /// staff.
    async fn setting_changed(
        &self,
        context: &Context<'_>,
        id: Option<Uuid>,
    ) -> Result<impl Stream<Item = Told<SettingChange>> + use<>, async_graphql::Error> {
        caller(context)?
            .actor
            .need_staff()
            .map_err(ApiError::from)?;
        follow::<setting::Entity, SettingChange>(context, id)
    }
}

/// How a run stands now.
#[derive(Debug, SimpleObject)]
pub(super) struct RunChange {
    id: Uuid,
    status: RunStatus,
    /// The last stage that is in, 0 to 5.
    current_stage: i32,
    version: BigInt,
    updated_at: DateTime<Utc>,
}

impl From<run::Model> for RunChange {
    fn from(run: run::Model) -> Self {
        Self {
            id: run.id.0,
            status: run.status.into(),
            current_stage: run.current_stage,
            version: BigInt(run.version),
            updated_at: run.updated_at,
        }
    }
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "job::JobState")]
pub(super) enum JobState {
    /// It waits for its time and a worker; also after a try that failed.
    Queued,
    /// A worker holds it.
    Running,
    /// It is done.
    Succeeded,
    /// The last try failed; somebody has to look at it.
    Dead,
    /// It was called off.
    Cancelled,
}

/// How a job stands now.
#[derive(Debug, SimpleObject)]
pub(super) struct JobChange {
    id: Uuid,
    kind: String,
    state: JobState,
    /// How many times a worker took it.
    attempt: i32,
    /// How far it is, in percent.
    progress: i32,
    updated_at: DateTime<Utc>,
}

impl From<job::Model> for JobChange {
    fn from(job: job::Model) -> Self {
        Self {
            id: job.id.0,
            kind: job.kind,
            state: job.state.into(),
            attempt: job.attempt,
            progress: job.progress,
            updated_at: job.updated_at,
        }
    }
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "delivery::WebhookDeliveryState")]
pub(super) enum WebhookDeliveryState {
    /// It is tried, or will be tried again.
    Pending,
    /// The endpoint took it.
    Delivered,
    /// The last try failed, or the endpoint is disabled.
    Failed,
}

/// How a delivery stands now.
#[derive(Debug, SimpleObject)]
pub(super) struct DeliveryChange {
    id: Uuid,
    endpoint_id: Uuid,
    message_id: Uuid,
    state: WebhookDeliveryState,
    /// How often it was tried.
    attempt: i32,
    /// When it is tried next.
    next_at: Option<DateTime<Utc>>,
    updated_at: DateTime<Utc>,
}

impl From<delivery::Model> for DeliveryChange {
    fn from(delivery: delivery::Model) -> Self {
        Self {
            id: delivery.id.0,
            endpoint_id: delivery.endpoint_id.0,
            message_id: delivery.message_id.0,
            state: delivery.state.into(),
            attempt: delivery.attempt,
            next_at: delivery.next_at,
            updated_at: delivery.updated_at,
        }
    }
}

/// Which setting changed.
#[derive(Debug, SimpleObject)]
pub(super) struct SettingChange {
    id: Uuid,
    key: String,
    environment: String,
    version: BigInt,
    updated_at: DateTime<Utc>,
}

impl From<setting::Model> for SettingChange {
    fn from(setting: setting::Model) -> Self {
        Self {
            id: setting.id.0,
            key: setting.key,
            environment: setting.environment,
            version: BigInt(setting.version),
            updated_at: setting.updated_at,
        }
    }
}
