//! Who asks.

use async_graphql::{Context, Enum, Object, SimpleObject};
use chrono::{DateTime, Utc};
use entity::identity::user;
use service::identity;
use uuid::Uuid;

use super::caller;
use crate::error::ApiError;

#[derive(Debug, Default)]
pub(super) struct IdentityQuery;

#[Object]
impl IdentityQuery {
    /// The person who asks.
    async fn me(&self, context: &Context<'_>) -> Result<Option<User>, ApiError> {
        let user = identity::me(caller(context)?).await?;
        Ok(Some(user.into()))
    }
}

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "user::UserRole")]
pub(super) enum UserRole {
    /// Reads and writes their own.
    User,
    /// Reads everything besides.
    Operator,
    /// Writes everything besides.
    Admin,
}

/// A person.
#[derive(Debug, SimpleObject)]
pub(super) struct User {
    id: Uuid,
    email: Option<String>,
    name: Option<String>,
    role: UserRole,
    last_login: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl From<user::Model> for User {
    fn from(user: user::Model) -> Self {
        Self {
            id: user.id.0,
            email: user.email,
            name: user.name,
            role: user.role.into(),
            last_login: user.last_login,
            created_at: user.created_at,
        }
    }
}
