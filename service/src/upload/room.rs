//! How much room a person has left.

use entity::id::UserId;
use sea_orm::ConnectionTrait;

use super::error::Error;
use super::setting::{FILES, QUOTA};
use super::store;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::write::Write;

/// What is left of a person's room.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    quota: i64,
    left: i64,
}

impl Room {
    /// What is left, as it seems now; a refusal where nothing more would fit.
    pub(super) async fn glance(ctx: &Ctx, person: UserId) -> Result<Self> {
        Self::of(ctx, &ctx.read()?, person).await
    }

    /// What is left, held until the write is over: no other file of theirs is put meanwhile.
    pub(super) async fn hold(ctx: &Ctx, tx: &Write, person: UserId) -> Result<Self> {
        store::hold_person(tx, person).await?;
        Self::of(ctx, tx, person).await
    }

    async fn of(ctx: &Ctx, conn: &impl ConnectionTrait, person: UserId) -> Result<Self> {
        let settings = ctx.configuration();
        let (quota, most) = (settings.get(&QUOTA), settings.get(&FILES));
        let (count, bytes) = store::used(conn, person).await?;
        if count >= most {
            return Err(Error::TooMany { most }.into());
        }
        let room = Self {
            quota,
            left: quota.saturating_sub(bytes),
        };
        room.fits(1)?;
        Ok(room)
    }

    /// Refuse unless `size` more bytes fit.
    pub(super) fn fits(&self, size: i64) -> std::result::Result<(), Error> {
        if size > self.left {
            return Err(Error::Quota { quota: self.quota });
        }
        Ok(())
    }
}
