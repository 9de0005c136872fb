//! What the generator tells: that a video is there, or that it will not be.

use entity::media::video::Model;
use entity::webhook::inbound_event;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;

use super::end::{complete, fail, is_open};
use super::error::Error;
use super::generator::is_name;
use super::{SOURCE, store};
use crate::check::web_address;
use crate::error::Result;
use crate::webhook::inbound::Handled;
use crate::write::Write;

/// The handler's name, whatever the setting calls the source.
pub(crate) const HANDLED: &str = "video-generator";

/// The most characters of an address.
const ADDRESS: usize = 2_048;

#[derive(Deserialize)]
struct Told {
    #[serde(rename = "type")]
    kind: String,
    data: Option<About>,
}

/// The names by which the generator and we know a video, and what became of it.
#[derive(Deserialize)]
struct About {
    job_id: Option<String>,
    id: Option<String>,
    video_url: Option<String>,
    thumbnail_url: Option<String>,
    error: Option<String>,
}

/// Heed what the generator told.
pub(crate) fn handle<'a>(
    tx: &'a Write,
    event: &'a inbound_event::Model,
) -> BoxFuture<'a, Result<Handled>> {
    async move {
        let provider = tx.services().configuration.get(&SOURCE);
        if event.source != provider {
            return Ok(Handled::Ignored);
        }
        let told = serde_json::from_slice::<Told>(&event.body);
        let told = told.map_err(|_| bad("the body is not one of ours"))?;
        if !["video.completed", "video.failed"].contains(&told.kind.as_str()) {
            return Ok(Handled::Ignored);
        }
        let about = told.data.ok_or(bad("`data` is missing"))?;
        let Some(mut row) = find(tx, &provider, &about).await? else {
            return Err(bad("there is no video of this job").into());
        };
        // Whatever was told first stands.
        if !is_open(&row) {
            return Ok(Handled::Ignored);
        }
        if row.provider_job_id.is_none() {
            let id = about.id.clone().filter(|id| is_name(id));
            if let Some(id) = id
                && !store::is_called(tx, &provider, &id, row.id).await?
            {
                row.provider = Some(provider);
                row.provider_job_id = Some(id);
            }
        }
        row.submitted_at = row.submitted_at.or(Some(tx.now));
        if told.kind == "video.failed" {
            let why = about.error.filter(|why| !why.trim().is_empty());
            let why = why.unwrap_or_else(|| "the generator gave no reason".to_owned());
            fail(tx, row, why.trim().trim_end_matches('.')).await?;
        } else {
            let video = about.video_url.ok_or(bad("`video_url` is missing"))?;
            let video = web_address(&video, ADDRESS).ok_or(bad("`video_url` is no address"))?;
            let picture = match about.thumbnail_url {
                Some(picture) => {
                    let picture = web_address(&picture, ADDRESS);
                    Some(picture.ok_or(bad("`thumbnail_url` is no address"))?)
                }
                None => None,
            };
            complete(tx, row, video, picture).await?;
        }
        Ok(Handled::Processed)
    }
    .boxed()
}

/// The video that is meant, held: by our name for it, else by the generator's. Both must fit where
/// both are known.
async fn find(tx: &Write, provider: &str, about: &About) -> Result<Option<Model>> {
    let found = match (&about.job_id, &about.id) {
        (Some(ours), _) => store::named_held(tx, &ours.replace('\0', "")).await?,
        (None, Some(theirs)) => store::called_held(tx, provider, &theirs.replace('\0', "")).await?,
        (None, None) => return Err(bad("neither `job_id` nor `id` is there").into()),
    };
    if let (Some(row), Some(theirs)) = (&found, &about.id)
        && row
            .provider_job_id
            .as_ref()
            .is_some_and(|known| known != theirs)
    {
        return Err(bad("`job_id` and `id` are of two videos").into());
    }
    Ok(found)
}

fn bad(why: &'static str) -> Error {
    Error::Callback { why }
}
