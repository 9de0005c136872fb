//! Trusted documents: who lets them in. Which there are is asked like any other list.

use async_graphql::{Context, Object};
use entity::platform::trusted_document;
use service::document::{self, MOST};
use service::error::Common;

use super::explore::Record;
use super::{caller, examine};
use crate::error::ApiError;

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
    ) -> Result<Vec<Record<trusted_document::Entity>>, ApiError> {
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
        Ok(kept.into_iter().map(|row| Record::new(row.id.0)).collect())
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
