//! The hold that one writer has on an upload: a token in its row, for a few seconds at a time.

use std::time::Duration;

use entity::Scope;
use entity::id::UploadId;
use entity::upload::upload::Model;
use tokio::time::Instant;
use uuid::Uuid;

use super::super::error::Error;
use super::super::setting::STALL;
use super::super::store;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::write::Write;

/// A writer's hold.
pub(super) struct Hold {
    ctx: Ctx,
    id: UploadId,
    token: Uuid,
    stall: Duration,
    renewed: Instant,
}

impl Hold {
    /// Take hold of an upload that nobody else holds, if it is `fine`.
    pub(super) async fn take(
        ctx: &Ctx,
        scope: Scope,
        id: UploadId,
        fine: impl FnOnce(&Model) -> std::result::Result<(), Error>,
    ) -> Result<(Self, Model)> {
        let stall = ctx.configuration().get(&STALL);
        let tx = ctx.write().await?;
        let mut found = store::upload_held(&tx, scope, id).await?;
        fine(&found)?;
        if found.lock_until.is_some_and(|until| until > tx.now) {
            return Err(Error::Locked.into());
        }
        let token = Uuid::from_bytes(crate::chance::bytes(&*ctx.services.chance));
        found.lock_token = Some(token);
        found.lock_until = Some(tx.now + stall);
        store::update(&tx, &found).await?;
        tx.commit().await?;
        let hold = Self {
            ctx: ctx.clone(),
            id,
            token,
            stall,
            renewed: Instant::now(),
        };
        Ok((hold, found))
    }

    /// How long the sender may send nothing.
    pub(super) fn stall(&self) -> Duration {
        self.stall
    }

    /// Something came: renew the hold when that is due.
    pub(super) async fn alive(&mut self) -> Result<()> {
        if self.renewed.elapsed() < self.stall / 3 {
            return Ok(());
        }
        self.renew().await
    }

    async fn renew(&mut self) -> Result<()> {
        let tx = self.ctx.write().await?;
        let until = tx.now + self.stall;
        if !store::renew(&tx, self.id, self.token, until).await? {
            return Err(Error::Lost.into());
        }
        tx.commit().await?;
        self.renewed = Instant::now();
        Ok(())
    }

    /// Do something that may take long, without losing the hold meanwhile.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = T>) -> Result<T> {
        let mut work = std::pin::pin!(work);
        loop {
            let pause = (self.stall / 3).saturating_sub(self.renewed.elapsed());
            tokio::select! {
                done = &mut work => return Ok(done),
                () = tokio::time::sleep(pause) => self.renew().await?,
            }
        }
    }

    /// The row, held in the open write, if this writer still has it.
    pub(super) async fn row(&self, tx: &Write) -> Result<Model> {
        let found = store::upload_held(tx, Scope::Everyone, self.id).await?;
        if found.lock_token == Some(self.token) {
            Ok(found)
        } else {
            Err(Error::Lost.into())
        }
    }

    /// How long the hold lasts that `row` is kept with.
    pub(super) fn keep(&mut self, tx: &Write, row: &mut Model) {
        row.lock_until = Some(tx.now + self.stall);
        self.renewed = Instant::now();
    }

    /// Let go. What fails here runs out by itself.
    pub(super) async fn release(self) {
        let released = async {
            let tx = self.ctx.write().await?;
            let mut row = self.row(&tx).await?;
            row.lock_token = None;
            row.lock_until = None;
            store::update(&tx, &row).await?;
            tx.commit().await
        };
        if let Err(error) = released.await {
            tracing::debug!(%error, "a hold on an upload runs out");
        }
    }
}
