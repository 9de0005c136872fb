//! Files that are here: listed, read, taken away.

use std::ops::Range;

use entity::Scope;
use entity::id::{UploadId, UserId};
use entity::upload::upload::{Model, UploadKind, UploadStatus};
use serde_json::json;

use super::error::Error;
use super::{key, policy, store};
use crate::audit;
use crate::blob::Bytestream;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::expect::Expect;
use crate::page::{Page, Request};
use crate::pipeline;
use crate::write::Write;

/// Which files a list has.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those that are for this.
    pub kind: Option<UploadKind>,
    /// Only those that stand here.
    pub status: Option<UploadStatus>,
    /// Only those of this person (for staff; others see their own anyway).
    pub user: Option<UserId>,
}

/// One page of the files in the caller's sight, the newest first.
pub async fn uploads(ctx: &Ctx, filter: Filter, page: Request) -> Result<Page<Model>> {
    let scope = policy::read(&ctx.actor)?;
    store::uploads(&ctx.read()?, scope, &filter, page).await
}

/// One file, without its content.
pub async fn upload(ctx: &Ctx, id: UploadId) -> Result<Model> {
    let scope = policy::read(&ctx.actor)?;
    store::upload(&ctx.read()?, scope, id).await
}

/// A file whose content can be read.
pub async fn whole(ctx: &Ctx, id: UploadId) -> Result<Model> {
    let reader = ctx.read()?;
    let scope = match policy::read(&ctx.actor) {
        Ok(scope) => scope,
        // Who works on a run reads its document, whosever it is.
        Err(_) if policy::works(&ctx.actor) && pipeline::is_worked_on(&reader, id).await? => {
            Scope::Everyone
        }
        Err(refused) => return Err(refused),
    };
    let found = store::upload(&reader, scope, id).await?;
    match found.status {
        UploadStatus::Complete => Ok(found),
        UploadStatus::Pending => Err(Error::Incomplete.into()),
        UploadStatus::Rejected => Err(Error::Rejected.into()),
    }
}

/// The content of a [`whole`] file, or a range of it.
pub async fn content(ctx: &Ctx, file: &Model, range: Option<Range<u64>>) -> Result<Bytestream> {
    let size = u64::try_from(file.size).unwrap_or_default();
    if range.as_ref().is_some_and(|range| range.end > size) {
        return Err(Error::Range { size }.into());
    }
    let place = key::file(&file.storage_key);
    Ok(ctx.services.blobs.get(&place, range).await?)
}

/// Take a file away: its row, then its bytes. Runs that were made from it stay, and no longer name it.
pub async fn delete(ctx: &Ctx, id: UploadId, expect: &Expect) -> Result<()> {
    let scope = policy::remove(&ctx.actor)?;
    let tx = ctx.write().await?;
    let found = store::upload_held(&tx, scope, id).await?;
    expect.check(&found.version.to_string())?;
    if found.kind == UploadKind::Avatar {
        store::hide_avatar(&tx, found.user_id, id).await?;
    }
    store::delete(&tx, id).await?;
    if tx.actor.user() != Some(found.user_id) {
        let entry = audit::Entry {
            action: "upload.delete",
            resource_type: "upload",
            resource_id: id.to_string(),
            before: Some(json!({ "kind": found.kind, "size": found.size })),
            after: None,
        };
        audit::record(&tx, entry).await?;
    }
    tx.discard(found.storage_key);
    tx.commit().await
}

/// See to it that a person's bytes go when the open write, which takes their rows, is committed.
pub(crate) async fn discard_of_person(tx: &Write, person: UserId) -> Result<()> {
    for key in store::keys_of(tx, person).await? {
        tx.discard(key);
    }
    Ok(())
}

/// A document of the person's own, whose bytes are all here, for a run that is made from it.
pub(crate) async fn own_document(tx: &Write, person: UserId, id: UploadId) -> Result<Model> {
    let found = store::own_document(tx, person, id).await?;
    let found = found.ok_or(Error::NotFound(id))?;
    match found.status {
        UploadStatus::Complete => Ok(found),
        UploadStatus::Pending => Err(Error::Incomplete.into()),
        UploadStatus::Rejected => Err(Error::Rejected.into()),
    }
}

/// Refuse whoever may put no file here, before their file is read.
pub fn may_put(ctx: &Ctx) -> Result<()> {
    policy::put(&ctx.actor).map(drop)
}
