//! Pictures of people.

use entity::upload::upload::{Model, UploadKind, UploadStatus};
use futures::{Stream, StreamExt as _, stream};
use serde_json::{Value, json};
use tracing::Instrument as _;

use super::document::NewFile;
use super::media;
use super::name::FileName;
use super::picture::{self, Bounds, Picture};
use super::room::Room;
use super::setting::{AVATAR_BYTES, AVATAR_PIXELS, AVATAR_SIDE};
use super::{discard, key, policy, store};
use crate::blob::{Arriving, BlobError, Bytes};
use crate::ctx::Ctx;
use crate::error::{Error, Result};

/// Put a picture of the caller here, made anew from what comes; their profile shows it from now on.
pub async fn avatar(
    ctx: &Ctx,
    new: NewFile,
    content: impl Stream<Item = Arriving> + Send + Unpin,
) -> Result<Model> {
    let person = policy::put(&ctx.actor)?;
    let name = FileName::new(&new.name)?;
    Room::glance(ctx, person).await?;
    let turn = ctx.services.uploads.receive().await?;
    let settings = ctx.configuration();
    let most = u64::try_from(settings.get(&AVATAR_BYTES)).unwrap_or_default();
    let bytes = gather(content, most).await?;
    let said = new.content_type.as_deref().map(media::essence);
    let extension = name.extension();
    let format = picture::format(&bytes, said.as_deref(), extension.as_deref())?;
    let picture = remake(ctx, bytes, format).await?;
    drop(turn);

    let storage_key = key::fresh(&*ctx.services.chance);
    let (content_type, width, height) = (picture.content_type, picture.width, picture.height);
    let source = stream::iter([Ok(Bytes::from(picture.bytes))]);
    let blobs = &ctx.services.blobs;
    let place = key::file(&storage_key);
    let stored = blobs.put(&place, source, u64::MAX, |_| ()).await?;
    let kept = async {
        let size = i64::try_from(stored.size).unwrap_or(i64::MAX);
        let tx = ctx.write().await?;
        Room::hold(ctx, &tx, person).await?.fits(size)?;
        let row = Model {
            id: tx.fresh(),
            user_id: person,
            kind: UploadKind::Avatar,
            file_name: name.as_str().to_owned(),
            content_type: content_type.to_owned(),
            size,
            offset: size,
            parts: Value::Array(Vec::new()),
            sha256: Some(stored.sha256),
            storage_key: storage_key.clone(),
            status: UploadStatus::Complete,
            metadata: json!({ "width": width, "height": height }),
            expires_at: None,
            lock_token: None,
            lock_until: None,
            version: 1,
            created_at: tx.now,
            updated_at: tx.now,
        };
        store::insert(&tx, row.clone()).await?;
        store::show_avatar(&tx, person, row.id).await?;
        tx.made(format!("/uploads/{}", row.id));
        tx.commit().await?;
        Ok(row)
    };
    let kept: Result<Model> = Box::pin(kept).await;
    if matches!(&kept, Err(Error::Refused(_))) {
        discard::discard(&ctx.services, vec![storage_key]);
    }
    kept
}

/// All of it, which is not much.
async fn gather(
    mut content: impl Stream<Item = Arriving> + Send + Unpin,
    most: u64,
) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(some) = content.next().await {
        let some = some.map_err(BlobError::Source)?;
        if (bytes.len() + some.len()) as u64 > most {
            return Err(BlobError::TooLarge(most).into());
        }
        bytes.extend_from_slice(&some);
    }
    if bytes.is_empty() {
        return Err(super::Error::Empty.into());
    }
    Ok(bytes)
}

/// Decode and make anew, on a thread that nobody waits for, few at once.
async fn remake(ctx: &Ctx, bytes: Vec<u8>, format: image::ImageFormat) -> Result<Picture> {
    let settings = ctx.configuration();
    let bounds = Bounds {
        pixels: u64::try_from(settings.get(&AVATAR_PIXELS)).unwrap_or_default(),
        side: u32::try_from(settings.get(&AVATAR_SIDE)).unwrap_or(u32::MAX),
    };
    let services = std::sync::Arc::clone(&ctx.services);
    // The turn goes with the work, which nobody can stop, and not with a request that was given up.
    let work = async move {
        let _turn = services.uploads.decode().await?;
        let work = move || picture::remake(&bytes, format, bounds);
        let made = tokio::task::spawn_blocking(work).await;
        Ok(made.map_err(Error::internal)??)
    };
    let made = ctx.services.tasks.spawn(work.in_current_span()).await;
    made.map_err(Error::internal)?
}
