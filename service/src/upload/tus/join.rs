//! The parts of an upload become a file.

use entity::upload::upload::{Model, UploadStatus};
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use tracing::error;

use super::super::document::judge;
use super::super::error::Error;
use super::super::look::Look;
use super::super::media::KNOWN;
use super::super::setting::TUS_LIFETIME;
use super::super::{discard, key, store};
use super::Part;
use super::hold::Hold;
use crate::blob::{self, Arriving, BlobError, Blobs};
use crate::ctx::Ctx;
use crate::error::Result;

/// In what pieces parts are read.
const READ: u64 = 256 * 1024;

/// Join what is all here, look at it, and keep or refuse it. The row says so only when the whole
/// file is in the store, and the parts go after that: whoever is cut off in between leaves something
/// that can be joined again.
pub(super) async fn join(ctx: &Ctx, mut hold: Hold, upload: Model) -> Result<Model> {
    match joined(ctx, &mut hold, &upload).await {
        Ok((done, None)) => {
            discard::discard_parts(&ctx.services, done.storage_key.clone());
            Ok(done)
        }
        Ok((done, Some(refused))) => {
            discard::discard(&ctx.services, vec![done.storage_key]);
            Err(refused)
        }
        Err(error) => {
            hold.release().await;
            Err(error)
        }
    }
}

/// The upload as it is now, and why its content was refused, if it was.
async fn joined(
    ctx: &Ctx,
    hold: &mut Hold,
    upload: &Model,
) -> Result<(Model, Option<crate::Error>)> {
    let blobs = &ctx.services.blobs;
    let parts: Vec<Part> =
        serde_json::from_value(upload.parts.clone()).map_err(crate::Error::internal)?;
    let media = KNOWN.iter().find(|media| media.name == upload.content_type);
    let media = media.ok_or_else(|| crate::Error::internal("an upload of no known type"))?;
    let place = key::file(&upload.storage_key);
    let mut look = Look::new(media.shape);
    let size = u64::try_from(upload.size).unwrap_or_default();
    let source = Box::pin(read(blobs, &parts));
    let put = blobs.put(&place, source, size, |bytes| look.see(bytes));
    let stored = hold.during(Box::pin(put)).await?.map_err(of_the_store)?;
    if stored.size != size {
        return Err(crate::Error::internal(
            "the parts are not what the row tells",
        ));
    }
    let verdict = hold.during(judge(ctx, &place, &look, media)).await?;
    let refused = match verdict {
        Ok(()) => None,
        Err(error) if Error::is_of_content(&error) => Some(error),
        Err(error) => return Err(error),
    };

    let lifetime = ctx.configuration().get(&TUS_LIFETIME);
    let tx = ctx.write().await?;
    let mut row = hold.row(&tx).await?;
    match &refused {
        None => {
            row.status = UploadStatus::Complete;
            row.sha256 = Some(stored.sha256);
            row.expires_at = None;
        }
        Some(why) => {
            row.status = UploadStatus::Rejected;
            row.metadata["rejected"] = json!(why.to_string());
            row.expires_at = Some(tx.now + lifetime);
        }
    }
    row.parts = Value::Array(Vec::new());
    row.lock_token = None;
    row.lock_until = None;
    row.version += 1;
    row.updated_at = tx.now;
    store::update(&tx, &row).await?;
    tx.commit().await?;
    Ok((row, refused))
}

/// The bytes of the parts, in order.
fn read<'a>(blobs: &'a Blobs, parts: &'a [Part]) -> impl Stream<Item = Arriving> + Send + 'a {
    let ranges = parts.iter().flat_map(|part| {
        let size = u64::try_from(part.size).unwrap_or_default();
        let starts = (0..size).step_by(usize::try_from(READ).unwrap_or(usize::MAX));
        starts.map(move |start| (part.key.as_str(), start..size.min(start + READ)))
    });
    stream::iter(ranges)
        .then(move |(key, range)| blobs.piece(key, range))
        .map_err(Into::into)
}

/// What breaks off here is no sender's fault.
fn of_the_store(failed: BlobError) -> crate::Error {
    match failed {
        BlobError::Source(cause) => {
            error!(%cause, "the parts of an upload cannot be read");
            blob::Error::Unavailable.into()
        }
        other => other.into(),
    }
}
