//! Trusted documents: the GraphQL documents that clients may name by their hash.
//!
//! What stands here was looked at by the door before it was kept, and is looked at again whenever it
//! runs: a document that the schema outgrew is refused, not obeyed. A document is named by the
//! SHA-256 of its text, so it is never changed; another text is another document.
//!
//! Not here: what a document may ask for. That is the door's (`api/src/graphql/`).

mod error;
mod known;
mod store;

use entity::platform::trusted_document::Model;
use serde_json::json;

pub use error::Error;
pub use known::Known;

use crate::actor::Grant;
use crate::audit;
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::secret::fingerprint;
use crate::signal::Signal;

/// The longest document, in bytes: that of a request.
pub const LONGEST: usize = 256 * 1024;
/// The most documents that are registered at once.
pub const MOST: usize = 100;

/// A document that the door has examined.
#[derive(Clone, Debug)]
pub struct Examined {
    /// Its text, to the letter: its hash names it.
    pub text: String,
    /// Its operation's name.
    pub name: Option<String>,
}

/// Register documents, all or none; one that is there already stays as it is. Only admins may.
pub async fn trust(ctx: &Ctx, documents: Vec<Examined>) -> Result<Vec<Model>> {
    may_write(ctx)?;
    let mut check = Check::default();
    if documents.is_empty() || documents.len() > MOST {
        let detail = format!("must have 1 to {MOST} documents");
        check.wrong("/documents", detail);
    }
    for (at, document) in documents.iter().enumerate() {
        check.bytes(format!("/documents/{at}"), &document.text, LONGEST);
        let name = document.name.as_deref().unwrap_or_default();
        check.text(format!("/documents/{at}"), name, false, 255);
    }
    check.done()?;

    let tx = ctx.write().await?;
    let mut kept = Vec::new();
    for Examined { text, name } in documents {
        let row = Model {
            id: tx.fresh(),
            hash: fingerprint(text.as_bytes()),
            text,
            name,
            created_at: tx.now,
            updated_at: tx.now,
        };
        if store::insert(&tx, row.clone()).await? {
            audit::record(&tx, entry("document.trust", &row, true)).await?;
            tx.signal(Signal::DocumentChanged(row.id));
            kept.push(row);
        } else {
            let there = store::by_hash(&tx, &row.hash).await?;
            kept.push(there.ok_or(Error::NotFound)?);
        }
    }
    tx.commit().await?;
    Ok(kept)
}

/// Take a document off the list. Only admins may.
pub async fn distrust(ctx: &Ctx, hash: &str) -> Result<()> {
    may_write(ctx)?;
    let tx = ctx.write().await?;
    let gone = store::remove(&tx, hash).await?;
    let row = gone.ok_or(Error::NotFound)?;
    audit::record(&tx, entry("document.distrust", &row, false)).await?;
    tx.signal(Signal::DocumentChanged(row.id));
    tx.commit().await
}

/// The text that `hash` names, for whoever asks: the document's own operations ask who it is.
pub async fn find_text(ctx: &Ctx, hash: &str) -> Result<Option<std::sync::Arc<str>>> {
    let known = &ctx.services.documents;
    if let Some(text) = known.get(hash) {
        return Ok(text);
    }
    let seen = known.seen();
    let row = store::by_hash(&ctx.read()?, hash).await?;
    let text = row.map(|row| std::sync::Arc::from(row.text));
    known.remember(hash, text.clone(), seen);
    Ok(text)
}

fn may_write(ctx: &Ctx) -> Result<()> {
    ctx.actor.need(Grant::Write)?;
    ctx.actor.need_admin()
}

fn entry(action: &'static str, row: &Model, added: bool) -> audit::Entry {
    let told = json!({ "hash": row.hash, "name": row.name });
    audit::Entry {
        action,
        resource_type: "trusted_document",
        resource_id: row.id.to_string(),
        before: (!added).then(|| told.clone()),
        after: added.then_some(told),
    }
}
