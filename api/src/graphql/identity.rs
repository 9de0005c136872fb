//! Who asks.

use async_graphql::{Context, Object};
use entity::identity::user;

use super::caller;
use super::explore::Record;
use crate::error::ApiError;

#[derive(Debug, Default)]
pub(super) struct IdentityQuery;

#[expect(clippy::unused_async, reason = "the library asks for it")]
#[Object]
impl IdentityQuery {
    /// The person who asks.
    async fn me(&self, context: &Context<'_>) -> Result<Option<Record<user::Entity>>, ApiError> {
        let id = caller(context)?.actor.person()?;
        Ok(Some(Record::new(id.0)))
    }
}
