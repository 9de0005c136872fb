//! What can be listened to: rows in the caller's sight, as they change.
//!
//! An event is the row as it stands now, with whatever is selected of it.

#![expect(clippy::unused_async, reason = "the library takes no other functions")]

use async_graphql::{Context, Subscription};
use entity::configuration::setting;
use entity::pipeline::run;
use entity::platform::job;
use entity::webhook::delivery;
use futures::{Stream, StreamExt as _};
use service::feed::{self, Followed};
use uuid::Uuid;

use super::caller;
use super::explore::Record;
use crate::error::ApiError;

#[derive(Debug, Default)]
pub(super) struct Subscription;

type Told<T> = Result<T, async_graphql::Error>;

fn follow<E: Followed>(
    context: &Context<'_>,
    only: Option<Uuid>,
) -> Told<impl Stream<Item = Told<Record<E>>> + use<E>> {
    let ctx = caller(context)?.clone();
    let rows = feed::follow::<E>(ctx, only).map_err(ApiError::from)?;
    Ok(rows.map(|row| {
        let row = row.map_err(ApiError::from)?;
        Ok(Record::new(E::id_of(&row)))
    }))
}

#[Subscription]
impl Subscription {
    /// A run in the caller's sight moved; only this one, where `id` names it.
    async fn run_changed(
        &self,
        context: &Context<'_>,
        id: Option<Uuid>,
    ) -> Result<impl Stream<Item = Told<Record<run::Entity>>> + use<>, async_graphql::Error> {
        follow::<run::Entity>(context, id)
    }

    /// A job in the caller's sight moved; only this one, where `id` names it.
    async fn job_changed(
        &self,
        context: &Context<'_>,
        id: Option<Uuid>,
    ) -> Result<impl Stream<Item = Told<Record<job::Entity>>> + use<>, async_graphql::Error> {
        follow::<job::Entity>(context, id)
    }

    /// A delivery to a webhook in the caller's sight moved; only this one, where `id` names it.
    async fn delivery_changed(
        &self,
        context: &Context<'_>,
        id: Option<Uuid>,
    ) -> Result<impl Stream<Item = Told<Record<delivery::Entity>>> + use<>, async_graphql::Error>
    {
        follow::<delivery::Entity>(context, id)
    }

    /// A setting was written; only this one, where `id` names it. For staff.
    async fn setting_changed(
        &self,
        context: &Context<'_>,
        id: Option<Uuid>,
    ) -> Result<impl Stream<Item = Told<Record<setting::Entity>>> + use<>, async_graphql::Error>
    {
        caller(context)?
            .actor
            .need_staff()
            .map_err(ApiError::from)?;
        follow::<setting::Entity>(context, id)
    }
}
