//! Jobs, steered by the staff.

use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};
use entity::id::JobId;
use entity::platform::job;
use service::job::Replay;
use uuid::Uuid;

use super::caller;
use super::explore::Record;
use crate::error::ApiError;

#[derive(Debug, Default)]
pub(super) struct JobMutation;

#[Object]
impl JobMutation {
    /// Let a job that is dead or cancelled be tried again, with all its tries; one that waits is tried
    /// now. For staff.
    async fn retry_job(
        &self,
        context: &Context<'_>,
        id: Uuid,
    ) -> Result<Option<Record<job::Entity>>, ApiError> {
        let job = service::job::retry(caller(context)?, JobId(id)).await?;
        Ok(Some(Record::new(job.id.0)))
    }

    /// Call a job off: one that waits at once, one that runs as soon as it heeds it. For staff.
    async fn cancel_job(
        &self,
        context: &Context<'_>,
        id: Uuid,
    ) -> Result<Option<Record<job::Entity>>, ApiError> {
        let job = service::job::cancel(caller(context)?, JobId(id)).await?;
        Ok(Some(Record::new(job.id.0)))
    }

    /// Let dead jobs be tried again, the oldest first: of this kind, of this line, that died since
    /// this moment, at most so many (up to 1,000). Tells how many. For staff.
    async fn replay_jobs(
        &self,
        context: &Context<'_>,
        kind: Option<String>,
        queue: Option<String>,
        since: Option<DateTime<Utc>>,
        #[graphql(default = 100)] most: i32,
    ) -> Result<Option<i32>, ApiError> {
        let which = Replay {
            kind,
            queue,
            since,
            most: u64::try_from(most).unwrap_or(0),
        };
        let count = service::job::replay(caller(context)?, which).await?;
        Ok(Some(i32::try_from(count).unwrap_or(i32::MAX)))
    }
}
