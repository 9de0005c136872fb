//! Documents that come in parts, as tus 1.0 has it: begun with their whole size, sent from where the
//! last part ended, joined when all of it is here.
//!
//! A part that came is in the store before the row tells of it, a few megabytes at a time, so that
//! whatever breaks off goes on there. One request writes at a time; its hold is a few seconds long and
//! renewed while bytes come, so that a writer who fell silent, or whose process died, keeps nobody
//! waiting for long.

mod append;
mod hold;
mod join;

pub use self::append::{Checksum, Piece, append};

use std::collections::BTreeMap;

use entity::id::UploadId;
use entity::upload::upload::{Model, UploadKind, UploadStatus};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::hold::Hold;
use super::error::Error;
use super::name::FileName;
use super::room::Room;
use super::setting::{DOCUMENT_TYPES, TUS_BYTES, TUS_LIFETIME};
use super::{key, media, policy, store};
use crate::blob;
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;

/// How many bytes of metadata are kept.
const METADATA: usize = 4096;

/// A document that is to come.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// How many bytes it will have.
    pub size: u64,
    /// What is said of it: its `filename`, its `filetype`, and whatever else.
    pub metadata: BTreeMap<String, String>,
}

/// A part that is in the store.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Part {
    key: String,
    size: i64,
}

/// Begin an upload.
pub async fn begin(ctx: &Ctx, new: NewUpload) -> Result<Model> {
    let person = policy::put(&ctx.actor)?;
    let settings = ctx.configuration();
    let mut check = Check::default();
    let metadata = json!(new.metadata);
    check.json("/metadata", &metadata);
    check.bytes("/metadata", &metadata.to_string(), METADATA);
    check.done()?;
    let said = |word: &str| new.metadata.get(word).map(String::as_str);
    let name = FileName::new(said("filename").or(said("name")).unwrap_or_default())?;
    let content_type = said("filetype").or(said("type"));
    let media = media::said(&name, content_type, &settings.get(&DOCUMENT_TYPES))?;
    let most = settings.get(&TUS_BYTES);
    let size = i64::try_from(new.size).unwrap_or(i64::MAX);
    if size == 0 {
        return Err(Error::Empty.into());
    }
    if size > most {
        let most = u64::try_from(most).unwrap_or_default();
        return Err(blob::Error::TooLarge { most }.into());
    }

    let tx = ctx.write().await?;
    Room::hold(ctx, &tx, person).await?.fits(size)?;
    let row = Model {
        id: tx.fresh(),
        user_id: person,
        kind: UploadKind::Document,
        file_name: name.as_str().to_owned(),
        content_type: media.name.to_owned(),
        size,
        offset: 0,
        parts: Value::Array(Vec::new()),
        sha256: None,
        storage_key: key::fresh(&*ctx.services.chance),
        status: UploadStatus::Pending,
        metadata,
        expires_at: Some(tx.now + settings.get(&TUS_LIFETIME)),
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
}

/// How far an upload is.
pub async fn progress(ctx: &Ctx, id: UploadId) -> Result<Model> {
    let scope = policy::append(&ctx.actor)?;
    let found = store::upload(&ctx.read()?, scope, id).await?;
    alive(ctx, &found)?;
    Ok(found)
}

/// Refuse what nobody can go on with.
fn alive(ctx: &Ctx, upload: &Model) -> std::result::Result<(), Error> {
    match upload.status {
        UploadStatus::Rejected => Err(Error::Rejected),
        UploadStatus::Pending if upload.expires_at.is_some_and(|end| end <= ctx.now()) => {
            Err(Error::Expired)
        }
        _ => Ok(()),
    }
}

/// Join the parts of an upload that is all here and that nobody joined.
pub(super) async fn finish(ctx: &Ctx, id: UploadId) -> Result<Model> {
    let ready = |found: &Model| match found.status {
        UploadStatus::Pending if found.offset == found.size => Ok(()),
        _ => Err(Error::Incomplete),
    };
    let (hold, found) = Hold::take(ctx, entity::Scope::Everyone, id, ready).await?;
    join::join(ctx, hold, found).await
}
