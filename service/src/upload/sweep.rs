//! What nobody finishes, and what nobody knows: rows and bytes that do not belong together are found
//! from both sides.
//!
//! Bytes come before their row and go after it, so what a crash leaves is bytes without a row: they
//! go once they are older than any request. A row whose bytes are gone says so from then on; where many
//! are gone at once the store itself is the wrong one, most likely, and nothing is touched. Replicas
//! may sweep at once.

use std::collections::{HashMap, HashSet};

use entity::Scope;
use entity::id::UploadId;
use entity::upload::upload::{Model, UploadStatus};
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::json;
use tracing::{debug, error, warn};

use super::setting::{GRACE, TUS_LIFETIME};
use super::{key, store, tus};
use crate::actor::Actor;
use crate::blob::Listed;
use crate::ctx::Ctx;
use crate::error::{Common, Result};

/// How many rows, or keys, are dealt with at once.
const PORTION: u64 = 200;
/// How many rows may miss their bytes before it is the store that is asked about.
const FEW: usize = 3;

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Uploads that were thrown away unfinished or refused.
    pub expired: u64,
    /// Uploads that were all here, and were joined.
    pub joined: u64,
    /// Rows that say by now that their bytes are gone.
    pub lost: u64,
    /// Files and parts that no row knew.
    pub orphans: u64,
    /// What writers left half written.
    pub staged: u64,
}

/// Sweep, and tell what was done. Only the house itself may.
pub async fn sweep(ctx: &Ctx) -> Result<Swept> {
    if !matches!(ctx.actor, Actor::System(_)) {
        return Err(Common::Denied.into());
    }
    let expired = expire(ctx).await?;
    let joined = join(ctx).await?;
    let before = ctx.now() - ctx.configuration().get(&GRACE);
    let mut known = HashSet::new();
    let mut orphans = 0;
    for folder in [key::FILES, key::PARTS] {
        let mut listed = ctx.services.blobs.list(folder).try_ready_chunks(500);
        while let Some(some) = listed.next().await {
            let some = some.map_err(|error| error.1)?;
            if folder == key::FILES {
                known.extend(some.iter().filter_map(|one| number(&one.key)));
            }
            let old = some.into_iter().filter(|one| one.modified < before);
            orphans += remove_unknown(ctx, old.collect()).await?;
        }
    }
    Ok(Swept {
        expired,
        joined,
        lost: tell_lost(ctx, &known).await?,
        orphans,
        staged: ctx.services.blobs.clear_staged(before).await?,
    })
}

/// Throw away what was not finished in its time, and what was refused a while ago.
async fn expire(ctx: &Ctx) -> Result<u64> {
    let mut count = 0;
    loop {
        let tx = ctx.write().await?;
        let over = store::over(&tx, PORTION).await?;
        if over.is_empty() {
            return Ok(count);
        }
        let ids: Vec<UploadId> = over.iter().map(|(id, _)| *id).collect();
        store::delete_all(&tx, &ids).await?;
        count += over.len() as u64;
        for (_, key) in over {
            tx.discard(key);
        }
        tx.commit().await?;
    }
}

/// Join what is all here and was left alone: its last request, or its process, was cut off.
async fn join(ctx: &Ctx) -> Result<u64> {
    let left = store::unjoined(&ctx.read()?, ctx.now(), PORTION).await?;
    let mut count = 0;
    for upload in left {
        match tus::finish(ctx, upload.id).await {
            Ok(_) => count += 1,
            Err(error) => debug!(upload.id = %upload.id, %error, "an upload is not joined"),
        }
    }
    Ok(count)
}

/// Remove what of `listed` belongs to no row.
async fn remove_unknown(ctx: &Ctx, listed: Vec<Listed>) -> Result<u64> {
    let keys = listed.iter().filter_map(|one| key::of(&one.key));
    let keys: HashSet<String> = keys.map(str::to_owned).collect();
    if keys.is_empty() {
        return Ok(0);
    }
    let rows = store::by_keys(&ctx.read()?, keys.into_iter().collect()).await?;
    let rows: HashMap<&str, &Model> = rows
        .iter()
        .map(|row| (row.storage_key.as_str(), row))
        .collect();
    let mut count = 0;
    for one in &listed {
        // What has no name of ours is not ours.
        let Some(key) = key::of(&one.key) else {
            continue;
        };
        if rows.get(key).is_none_or(|row| !belongs(ctx, row, &one.key)) {
            ctx.services.blobs.delete(&one.key).await?;
            count += 1;
        }
    }
    Ok(count)
}

/// Whether what is at `place` is a row's own.
fn belongs(ctx: &Ctx, row: &Model, place: &str) -> bool {
    if place == key::file(&row.storage_key) {
        return row.status != UploadStatus::Rejected;
    }
    // A part that is told in a moment.
    let written = row.lock_until.is_some_and(|until| until > ctx.now());
    let mut parts = row.parts.as_array().into_iter().flatten();
    let told = parts.any(|part| part["key"] == *place);
    row.status == UploadStatus::Pending && (written || told)
}

/// Let complete rows whose bytes are gone say so.
async fn tell_lost(ctx: &Ctx, known: &HashSet<u128>) -> Result<u64> {
    let before = ctx.now() - ctx.configuration().get(&GRACE);
    let reader = ctx.read()?;
    let (mut after, mut seen, mut lost) = (None, 0_usize, Vec::new());
    loop {
        let some = store::complete(&reader, before, after, PORTION).await?;
        let Some((end, _)) = some.last() else {
            break;
        };
        (after, seen) = (Some(*end), seen + some.len());
        for (id, key) in some {
            let place = key::file(&key);
            let listed = number(&place).is_some_and(|number| known.contains(&number));
            if !listed && !ctx.services.blobs.has(&place).await? {
                lost.push(id);
            }
        }
        if lost.len() > FEW && lost.len() * 2 > seen {
            error!(
                lost = lost.len(),
                seen,
                store = ctx.services.blobs.shown(),
                "most files are not in this store; their rows are left as they are"
            );
            return Ok(0);
        }
    }
    let lifetime = ctx.configuration().get(&TUS_LIFETIME);
    for id in &lost {
        let tx = ctx.write().await?;
        let Ok(mut row) = store::upload_held(&tx, Scope::Everyone, *id).await else {
            continue;
        };
        row.status = UploadStatus::Rejected;
        row.metadata["rejected"] = json!("its bytes were lost");
        row.expires_at = Some(tx.now + lifetime);
        row.version += 1;
        row.updated_at = tx.now;
        store::update(&tx, &row).await?;
        tx.commit().await?;
        warn!(upload.id = %id, "the bytes of an upload were lost");
    }
    Ok(lost.len() as u64)
}

/// A file's key as a number: many of them are in memory at once.
fn number(place: &str) -> Option<u128> {
    u128::from_str_radix(key::of(place)?, 16).ok()
}
