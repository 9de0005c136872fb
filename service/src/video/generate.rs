//! The job that hands a video to the generator.

use entity::Scope;
use entity::id::VideoId;
use entity::media::video::{Model, VideoStatus};
use serde::{Deserialize, Serialize};
use tracing::info;

use super::end::{fail, is_open};
use super::error::Error;
use super::generator::{Said, submit};
use super::{SOURCE, put, store};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::job::{Ending, Held, NewJob, Task};

/// Hands a video to the generator.
#[derive(Clone, Copy, Debug)]
pub struct Generate;

/// Which video, and under which name: one that was asked for anew has another.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct About {
    /// The video.
    pub video: VideoId,
    /// Its name at the generator.
    pub job_id: String,
}

/// The job of a video as it stands.
pub(super) fn job(row: &Model) -> Result<NewJob> {
    let about = About {
        video: row.id,
        job_id: row.job_id.clone(),
    };
    Ok(NewJob::of::<Generate>(&about)?.owned_by(row.user_id))
}

impl Task for Generate {
    const KIND: &'static str = "video.generate";
    const TRIES: i32 = 8;
    type Payload = About;

    async fn run(&self, ctx: &Ctx, about: About, held: &Held) -> Result<Ending> {
        let row = store::find(&ctx.read()?, about.video).await?;
        let Some(row) = row.filter(|row| waits(row, &about)) else {
            return Ok(Ending::Done);
        };
        match submit(ctx, &row).await? {
            Said::Taken(id) => {
                taken(ctx, &about, &id, held).await?;
                Ok(Ending::Done)
            }
            Said::Refused(why) => {
                give_up(ctx, &about, &why, Some(held)).await?;
                Ok(Ending::Done)
            }
            Said::Later { why, .. } if held.is_last_try() => {
                let told = "the generator could not be reached";
                give_up(ctx, &about, told, None).await?;
                Ok(Ending::Dead { because: why })
            }
            Said::Later { why, after } => match after {
                Some(after) => Ok(Ending::Again {
                    after,
                    because: why,
                }),
                None => Err(Error::Generator { why }.into()),
            },
        }
    }
}

fn waits(row: &Model, about: &About) -> bool {
    row.job_id == about.job_id && row.status == VideoStatus::Pending
}

/// The generator has it. It may have said by now what became of it: that stands.
async fn taken(ctx: &Ctx, about: &About, id: &str, held: &Held) -> Result<()> {
    let provider = ctx.configuration().get(&SOURCE);
    let tx = ctx.write().await?;
    let row = store::find_held(&tx, Scope::Everyone, about.video).await?;
    if let Some(mut row) = row.filter(|row| row.job_id == about.job_id) {
        if store::is_called(&tx, &provider, id, row.id).await? {
            if is_open(&row) {
                let why = "the generator confuses it with another";
                fail(&tx, row, why).await?;
            }
        } else if row.provider_job_id.is_none() || row.status == VideoStatus::Pending {
            if row.status == VideoStatus::Pending {
                row.status = VideoStatus::Processing;
            }
            row.provider = Some(provider);
            row.provider_job_id = Some(id.to_owned());
            row.submitted_at = Some(tx.now);
            put(&tx, &mut row).await?;
            info!(video.id = %row.id, "the generator has a video");
        }
    }
    held.finish(&tx).await?;
    tx.commit().await
}

/// The generator will not make it.
async fn give_up(ctx: &Ctx, about: &About, why: &str, held: Option<&Held>) -> Result<()> {
    let tx = ctx.write().await?;
    let row = store::find_held(&tx, Scope::Everyone, about.video).await?;
    if let Some(row) = row.filter(|row| waits(row, about)) {
        fail(&tx, row, why).await?;
    }
    if let Some(held) = held {
        held.finish(&tx).await?;
    }
    tx.commit().await
}
