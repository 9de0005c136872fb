//! Videos: made by an external generator for the holders of NFTs.
//!
//! Asking for one queues a job in the same transaction. The job hands it to the generator under the
//! video's `job_id`, which the generator takes on once however often it is asked; what became of it
//! comes by the generator's signed webhook. Whichever end is told first stands, whatever is told after
//! it, twice, or before our own note that the generator has it. One of which nothing is heard fails by
//! schedule.
//!
//! Not here: making videos, and keeping them. A completed one is an address.

mod callback;
mod end;
mod error;
mod expire;
mod generate;
mod generator;
mod policy;
mod setting;
mod store;

use entity::id::{JobId, UserId, VideoId};
use entity::media::video::{Model, VideoStatus};
use serde_json::{Value, json};

pub(crate) use callback::{HANDLED, handle};
pub use error::Error;
pub use expire::Expire;
pub use generate::Generate;
pub use setting::{GENERATOR, GENERATOR_KEY, PUBLIC_AGE, SOURCE, TIMEOUT};

use crate::audit;
use crate::change::Change;
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::expect::Expect;
use crate::job::enqueue;
use crate::nft;
use crate::page::{Page, Request};
use crate::webhook::{self, Event, EventType};
use crate::write::Write;

/// The most characters of a title.
const TITLE: usize = 255;
/// The most characters of a description.
const DESCRIPTION: usize = 5_000;
/// The most bytes of what the generator is told beside.
const METADATA: usize = 64 * 1024;

/// What asking for a video takes.
#[derive(Clone, Debug)]
pub struct NewVideo {
    /// The NFT that it is about.
    pub nft_id: String,
    /// Its title.
    pub title: Option<String>,
    /// What it shows.
    pub description: Option<String>,
    /// Whether everybody may watch it once it is complete.
    pub is_public: bool,
    /// What the generator is told beside.
    pub metadata: Value,
}

/// What of a video changes; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct VideoChange {
    /// Its title.
    pub title: Change<String>,
    /// What it shows.
    pub description: Change<String>,
    /// Whether everybody may watch it once it is complete.
    pub is_public: Option<bool>,
}

/// Which videos a list has.
#[derive(Clone, Debug, Default)]
pub struct VideoFilter {
    /// Only those that stand here.
    pub status: Option<VideoStatus>,
    /// Only those of this NFT.
    pub nft_id: Option<String>,
    /// Only those of this person (for staff; others see their own anyway).
    pub user: Option<UserId>,
}

/// Ask for a video of an NFT that one of the caller's wallets holds.
pub async fn request(ctx: &Ctx, new: NewVideo) -> Result<Model> {
    let user = policy::ask(&ctx.actor)?;
    let mut check = Check::default();
    check.text("/nft_id", &new.nft_id, true, 255);
    check_words(&mut check, new.title.as_ref(), new.description.as_ref());
    check_metadata(&mut check, &new.metadata);
    check.done()?;

    let tx = ctx.write().await?;
    may_be_made(&tx, user, &new.nft_id).await?;
    let row = Model {
        id: tx.fresh(),
        user_id: user,
        nft_id: new.nft_id,
        job_id: name(&tx),
        status: VideoStatus::Pending,
        title: new.title,
        description: new.description,
        video_url: None,
        thumbnail_url: None,
        error_message: None,
        provider: None,
        provider_job_id: None,
        submitted_at: None,
        completed_at: None,
        is_public: new.is_public,
        metadata: new.metadata,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    store::insert(&tx, row.clone()).await?;
    enqueue(&tx, generate::job(&row)?).await?;
    webhook::emit(&tx, Event::video(EventType::VideoRequested, &row)).await?;
    tx.made(format!("/videos/{}", row.id));
    tx.commit().await?;
    Ok(row)
}

/// Have a failed video made after all.
pub async fn retry(ctx: &Ctx, id: VideoId) -> Result<Model> {
    let scope = policy::write(&ctx.actor)?;
    let tx = ctx.write().await?;
    let mut row = store::held(&tx, scope, id).await?;
    if row.status != VideoStatus::Failed {
        let (status, wanted) = (row.status, "be tried again");
        return Err(Error::InvalidTransition { status, wanted }.into());
    }
    may_be_made(&tx, row.user_id, &row.nft_id).await?;
    row.status = VideoStatus::Pending;
    // Under another name: the generator has had its say about the one before.
    row.job_id = name(&tx);
    row.provider = None;
    row.provider_job_id = None;
    row.submitted_at = None;
    row.error_message = None;
    put(&tx, &mut row).await?;
    enqueue(&tx, generate::job(&row)?).await?;
    audit_foreign(&tx, "video.retry", &row).await?;
    webhook::emit(&tx, Event::video(EventType::VideoRequested, &row)).await?;
    tx.touched(format!("/videos/{id}"));
    tx.commit().await?;
    Ok(row)
}

/// One page of the videos in the caller's sight, the newest first.
pub async fn videos(ctx: &Ctx, filter: VideoFilter, page: Request) -> Result<Page<Model>> {
    let scope = policy::read(&ctx.actor)?;
    store::videos(&ctx.read()?, scope, &filter, page).await
}

/// One page of what everybody may watch, the newest first: whoever asks.
pub async fn public(ctx: &Ctx, page: Request) -> Result<Page<Model>> {
    store::public(&ctx.read()?, page).await
}

/// One video. Its tag is its version.
pub async fn video(ctx: &Ctx, id: VideoId) -> Result<Model> {
    let scope = policy::read(&ctx.actor)?;
    store::video(&ctx.read()?, scope, id).await
}

/// Change a video, if it stands at the version that is expected.
pub async fn update(ctx: &Ctx, id: VideoId, change: VideoChange, expect: &Expect) -> Result<Model> {
    let scope = policy::write(&ctx.actor)?;
    let mut check = Check::default();
    check_words(
        &mut check,
        change.title.new_value(),
        change.description.new_value(),
    );
    check.done()?;
    let tx = ctx.write().await?;
    let mut row = store::held(&tx, scope, id).await?;
    expect.check(&row.version.to_string())?;
    change.title.apply(&mut row.title);
    change.description.apply(&mut row.description);
    row.is_public = change.is_public.unwrap_or(row.is_public);
    put(&tx, &mut row).await?;
    audit_foreign(&tx, "video.update", &row).await?;
    tx.commit().await?;
    Ok(row)
}

fn check_words(check: &mut Check, title: Option<&String>, description: Option<&String>) {
    check.maybe("/title", title, TITLE);
    check.maybe("/description", description, DESCRIPTION);
}

fn check_metadata(check: &mut Check, metadata: &Value) {
    if !metadata.is_object() {
        check.wrong("/metadata", "must be an object");
    }
    check.small_json("/metadata", metadata, METADATA);
}

/// A video was written by staff: as it stands it must be one that the verbs here write.
pub(crate) async fn written(tx: &Write, id: VideoId) -> Result<()> {
    let row = store::held(tx, entity::Scope::Everyone, id).await?;
    let mut check = Check::default();
    check_words(&mut check, row.title.as_ref(), row.description.as_ref());
    check_metadata(&mut check, &row.metadata);
    Ok(check.done()?)
}

/// Remove a video. What the generator still says of it is heard by nobody.
pub async fn delete(ctx: &Ctx, id: VideoId, expect: &Expect) -> Result<()> {
    let scope = policy::write(&ctx.actor)?;
    let tx = ctx.write().await?;
    let row = store::held(&tx, scope, id).await?;
    expect.check(&row.version.to_string())?;
    store::delete(&tx, id).await?;
    audit_foreign(&tx, "video.delete", &row).await?;
    tx.commit().await
}

/// Refuse unless the person is the NFT's owner, and somebody makes videos at all.
async fn may_be_made(tx: &Write, user: UserId, nft_id: &str) -> Result<()> {
    if nft::owned(tx, user, nft_id).await?.is_none() {
        let nft_id = nft_id.to_owned();
        return Err(Error::NftNotOwned { nft_id }.into());
    }
    if tx.services().configuration.get(&GENERATOR).is_none() {
        return Err(Error::NoGenerator.into());
    }
    Ok(())
}

/// A name for the generator, which no video had before.
fn name(tx: &Write) -> String {
    format!("video-{}", tx.fresh::<JobId>())
}

/// Put down a changed video, which the caller holds.
async fn put(tx: &Write, row: &mut Model) -> Result<()> {
    row.version += 1;
    row.updated_at = tx.now;
    store::update(tx, row).await
}

/// Tell the audit log when the video is not the caller's own.
async fn audit_foreign(tx: &Write, action: &'static str, row: &Model) -> Result<()> {
    if tx.actor.user() == Some(row.user_id) {
        return Ok(());
    }
    let entry = audit::Entry {
        action,
        resource_type: "video",
        resource_id: row.id.to_string(),
        before: None,
        after: Some(json!({ "status": row.status, "version": row.version })),
    };
    audit::record(tx, entry).await
}
