//! Trusted documents: which there are, and who lets them in.

use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};
use entity::platform::trusted_document;
use service::document::{self, MOST};
use service::error::Common;
use uuid::Uuid;

use super::page::{Connection, request};
use super::{caller, examine};
use crate::error::ApiError;

#[derive(Debug, Default)]
pub(super) struct DocumentQuery;

#[Object]
impl DocumentQuery {
    /// The documents that clients may name by their hash, the newest first. For staff.
    async fn trusted_documents(
        &self,
        context: &Context<'_>,
        #[graphql(default = 50, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "The `endCursor` of the page before.")] after: Option<String>,
    ) -> Result<Connection<TrustedDocument>, ApiError> {
        let page = document::documents(caller(context)?, request(first, after)).await?;
        Ok(Connection::of(page))
    }
}

#[derive(Debug, Default)]
pub(super) struct DocumentMutation;

#[Object]
impl DocumentMutation {
    /// Let clients name these documents by their hash: 1 to 100 texts, all or none, each with one
    /// operation that the schema knows and no limit forbids. One that is there already stays. For
    /// admins.
    async fn trust_documents(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The documents' texts, to the letter.")] documents: Vec<String>,
    ) -> Result<Vec<TrustedDocument>, ApiError> {
        let ctx = caller(context)?;
        ctx.actor.need_admin()?;
        let mut examined = Vec::new();
        for (at, text) in documents.into_iter().enumerate().take(MOST + 1) {
            let wrong = |wrong: examine::Wrong| {
                Common::invalid(format!("/documents/{at}"), wrong.to_string())
            };
            examined.push(examine::examine(text).await.map_err(wrong)?);
        }
        let kept = document::trust(ctx, examined).await?;
        Ok(kept.into_iter().map(Into::into).collect())
    }

    /// Take a document off the list. For admins.
    async fn distrust_document(
        &self,
        context: &Context<'_>,
        #[graphql(desc = "The SHA-256 of its text, in lower-case hex.")] hash: String,
    ) -> Result<bool, ApiError> {
        document::distrust(caller(context)?, &hash).await?;
        Ok(true)
    }
}

/// A document that clients may name by its hash.
#[derive(Debug, SimpleObject)]
pub(super) struct TrustedDocument {
    id: Uuid,
    /// The SHA-256 of its text, in lower-case hex.
    hash: String,
    text: String,
    /// Its operation's name.
    name: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<trusted_document::Model> for TrustedDocument {
    fn from(row: trusted_document::Model) -> Self {
        Self {
            id: row.id.0,
            hash: row.hash,
            text: row.text,
            name: row.name,
            created_at: row.created_at,
        }
    }
}
