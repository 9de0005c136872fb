//! Documents that come in one request.

use entity::upload::upload::{Model, UploadKind, UploadStatus};
use futures::Stream;
use serde_json::{Value, json};

use super::error::Error;
use super::look::Look;
use super::media::{self, Shape};
use super::name::FileName;
use super::room::Room;
use super::setting::{DOCUMENT_BYTES, DOCUMENT_TYPES};
use super::{discard, key, package, policy, store};
use crate::blob::Arriving;
use crate::ctx::Ctx;
use crate::error::Result;

/// What is said of a file that is sent.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// What it is called.
    pub name: String,
    /// Its media type, where that is said.
    pub content_type: Option<String>,
}

/// Put a document here.
///
/// Its bytes are in the store before its row is: what breaks off leaves nothing that anybody sees.
pub async fn document(
    ctx: &Ctx,
    new: NewFile,
    content: impl Stream<Item = Arriving> + Send + Unpin,
) -> Result<Model> {
    let person = policy::put(&ctx.actor)?;
    let settings = ctx.configuration();
    let name = FileName::new(&new.name)?;
    let taken = settings.get(&DOCUMENT_TYPES);
    let media = media::said(&name, new.content_type.as_deref(), &taken)?;
    Room::glance(ctx, person).await?;
    let turn = ctx.services.uploads.receive().await?;

    let most = u64::try_from(settings.get(&DOCUMENT_BYTES)).unwrap_or_default();
    let blobs = &ctx.services.blobs;
    let storage_key = key::fresh(&*ctx.services.chance);
    let place = key::file(&storage_key);
    let mut look = Look::new(media.shape);
    let stored = blobs
        .put(&place, content, most, |bytes| look.see(bytes))
        .await?;
    drop(turn);

    let kept = async {
        judge(ctx, &place, &look, media).await?;
        let size = i64::try_from(stored.size).unwrap_or(i64::MAX);
        let tx = ctx.write().await?;
        Room::hold(ctx, &tx, person).await?.fits(size)?;
        let row = Model {
            id: tx.fresh(),
            user_id: person,
            kind: UploadKind::Document,
            file_name: name.as_str().to_owned(),
            content_type: media.name.to_owned(),
            size,
            offset: size,
            parts: Value::Array(Vec::new()),
            sha256: Some(stored.sha256),
            storage_key: storage_key.clone(),
            status: UploadStatus::Complete,
            metadata: json!({}),
            expires_at: None,
            lock_token: None,
            lock_until: None,
            version: 1,
            created_at: tx.now,
            updated_at: tx.now,
        };
        store::insert(&tx, row.clone()).await?;
        tx.made(format!("/uploads/{}", row.id));
        tx.commit().await?;
        Ok(row)
    };
    let kept = Box::pin(kept).await;
    // A commit whose answer was lost may have kept the row: then the bytes must stay, too, and the
    // sweeper sees to those that no row names.
    if matches!(&kept, Err(crate::Error::Refused(_))) {
        discard::discard(&ctx.services, vec![storage_key]);
    }
    kept
}

/// Whether the bytes at `place` are the `media` that they are said to be.
pub(super) async fn judge(ctx: &Ctx, place: &str, look: &Look, media: &media::Media) -> Result<()> {
    look.judge(media)?;
    if matches!(media.shape, Shape::Office(_) | Shape::OpenDocument) {
        package::check(&ctx.services.blobs, place, look, media.shape).await?;
    }
    Ok(())
}

impl Error {
    /// Whether the content itself is refused, whoever sends it and whenever.
    pub(super) fn is_of_content(error: &crate::Error) -> bool {
        let code = error.code();
        ["upload.type_mismatch", "upload.damaged", "upload.empty"].contains(&code)
    }
}
