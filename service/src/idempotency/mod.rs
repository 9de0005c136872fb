//! Requests that may be sent twice and are done once (`Idempotency-Key`).
//!
//! The first write of a keyed request inserts the key in its own transaction, so that the key and
//! the effect are kept or lost together; the answer is stored after the commit. A repetition gets
//! that answer; when the answer was lost, it is answered from the reference to what was made. While
//! the first is under way, a second is sent away rather than made to wait: by a list in the process,
//! and among replicas by a lock of the database (an embedded file has no replicas). Two callers never
//! share a key. A refused request keeps nothing, so it may be sent again.

mod postgres;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use entity::Scope;
use entity::Scoped;
use entity::platform::idempotency_key::{ActiveModel, Column, Entity, IdempotencyState, Model};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, Set, TryInsertResult};
use sha2::{Digest, Sha256};

use crate::actor::Actor;
use crate::ctx::Ctx;
use crate::db::Engine;
use crate::error::{Kind, Refusal, Result, refusals};
use crate::secret::{fingerprint, hexadecimal};
use crate::write::Write;

refusals! {
    /// Why a keyed request is not done.
    pub enum Error {
        /// The key is not one.
        BadKey => Malformed, "idempotency.bad_key",
            "an idempotency key has 1 to 255 visible ASCII characters",
            "Send a UUID.";
        /// The first request is under way.
        InFlight => Conflict, "idempotency.in_flight",
            "a request with this key is under way",
            "Wait a second and send it again: the answer will be that of the first.";
        /// Same key, other request.
        Mismatch => Invalid, "idempotency.mismatch",
            "this key was used for another request",
            "Use a fresh key for every new request.";
        /// The answer held a secret and was not kept.
        Secret => Conflict, "idempotency.secret",
            "this request was done; its answer held a secret and is not kept",
            "Look up what was made; if the secret is lost, revoke it and make another.";
        /// The request was done, and its answer is not known.
        Done => Conflict, "idempotency.done",
            "this request was done, but its answer is no longer known",
            "Read the resource: the effect is there.";
    }
}

impl Refusal for Error {
    fn kind(&self) -> Kind {
        self.entry().1
    }

    fn code(&self) -> &'static str {
        self.entry().0
    }

    fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::InFlight).then_some(Duration::from_secs(1))
    }
}

/// A key with the request that it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Who asks.
    pub actor: String,
    /// The method and the route's pattern.
    pub route: String,
    /// The caller's key.
    pub key: String,
    /// SHA-256 of what must be the same in a repetition, in hex.
    pub fingerprint: String,
}

impl Claim {
    /// The claim of `ctx`'s caller on `key`; `request` is what must be the same in a repetition, piece
    /// by piece.
    pub fn new<'a>(
        ctx: &Ctx,
        route: String,
        key: &str,
        request: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self> {
        let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
        if !visible || !(1..=255).contains(&key.len()) {
            return Err(Error::BadKey.into());
        }
        let actor = match &ctx.actor {
            Actor::Anonymous => {
                let address = ctx.request.address.map(|address| address.to_string());
                let hash = fingerprint(address.unwrap_or_default().as_bytes());
                format!("anonymous:{hash}")
            }
            // A person's session may be renewed between two tries; the person is the same. Their
            // programs are not: one may do what another may not.
            Actor::User { .. } | Actor::ApiKey { .. } | Actor::System(_) => {
                let (kind, id) = ctx.actor.signature();
                format!("{kind}:{id}")
            }
        };
        let mut hash = Sha256::new();
        for piece in request {
            hash.update(piece);
        }
        Ok(Self {
            actor,
            route,
            key: key.to_owned(),
            fingerprint: hexadecimal(&hash.finalize()),
        })
    }

    fn place(&self) -> String {
        format!(
            "idempotency_keys/{}/{}/{}",
            self.actor, self.route, self.key
        )
    }

    /// The number of its lock. Two keys that share one by chance make one caller try again.
    fn lock(&self) -> i64 {
        let hash = Sha256::digest(self.place());
        hash.first_chunk().copied().map_or(0, i64::from_be_bytes)
    }
}

/// The keyed requests that are under way in this process.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<Mutex<HashSet<Claim>>>);

/// Says that a keyed request is under way, until it is dropped.
#[derive(Debug)]
pub struct Passage {
    claim: Claim,
    in_flight: InFlight,
}

impl InFlight {
    fn enter(&self, claim: &Claim) -> Result<Passage> {
        // Another body under the same key is not the same request, and finds the row later.
        let mut claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if claims.insert(claim.clone()) {
            Ok(Passage {
                claim: claim.clone(),
                in_flight: self.clone(),
            })
        } else {
            Err(Error::InFlight.into())
        }
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        let mut claims = self
            .in_flight
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        claims.remove(&self.claim);
    }
}

/// What is to be done with a keyed request.
#[derive(Debug)]
pub enum Verdict {
    /// Do it, and keep the passage until it is answered.
    Proceed(Passage),
    /// It was done, with this answer.
    Replay {
        /// The answer's status.
        status: u16,
        /// The answer's body.
        body: Vec<u8>,
        /// Where what it made is, below the API's root.
        made: Option<String>,
    },
    /// It was done, and its answer was lost: read what it was about.
    Refer {
        /// The answer's status.
        status: u16,
        /// The path below the API's root.
        path: String,
    },
}

/// What is to be done with the request of `claim`.
pub async fn begin(ctx: &Ctx, claim: &Claim) -> Result<Verdict> {
    let passage = ctx.services.in_flight.enter(claim)?;
    let Some(row) = find(&ctx.read()?, claim).await? else {
        return Ok(Verdict::Proceed(passage));
    };
    if row.expires_at <= ctx.now() {
        // Its day is over: the write replaces it.
        return Ok(Verdict::Proceed(passage));
    }
    if row.fingerprint != claim.fingerprint {
        return Err(Error::Mismatch.into());
    }
    let status = row.status.and_then(|status| u16::try_from(status).ok());
    let status = status.unwrap_or(Effect::Touched.status());
    match (row.state, row.body, row.resource) {
        (IdempotencyState::Done, Some(body), path) => Ok(Verdict::Replay {
            status,
            body: ctx
                .services
                .keyring
                .open(&claim.place(), &body)
                .map_err(crate::error::Error::internal)?,
            made: path.filter(|_| status == Effect::Made.status()),
        }),
        (IdempotencyState::Done, None, _) => Err(Error::Secret.into()),
        (IdempotencyState::InFlight, _, Some(path)) => Ok(Verdict::Refer { status, path }),
        (IdempotencyState::InFlight, _, None) => Err(Error::Done.into()),
    }
}

/// Keep the answer; `body` is `None` when it holds a secret.
pub async fn finish(ctx: &Ctx, claim: &Claim, status: u16, body: Option<&[u8]>) -> Result<()> {
    let tx = ctx.unkeyed().write().await?;
    let Some(row) = find(&tx, claim).await? else {
        return Ok(());
    };
    let services = &ctx.services;
    let seal = |body: &[u8]| {
        services
            .keyring
            .seal(&*services.chance, &claim.place(), body)
    };
    ActiveModel {
        id: Set(row.id),
        state: Set(IdempotencyState::Done),
        status: Set(Some(i32::from(status))),
        body: Set(body.map(seal)),
        updated_at: Set(tx.now),
        ..Default::default()
    }
    .update(&tx)
    .await?;
    tx.commit().await
}

/// Insert the key into the open write, or refuse because somebody else has it.
pub(crate) async fn take(tx: &Write, claim: &Claim) -> Result<()> {
    let free = match tx.engine() {
        Engine::Sqlite => true,
        Engine::Postgres => postgres::lock(tx, claim.lock()).await?,
    };
    if !free {
        return Err(Error::InFlight.into());
    }
    let life = tx.services().settings.idempotency_lifetime;
    Entity::delete_many()
        .filter(mine(claim))
        .filter(Column::ExpiresAt.lte(tx.now))
        .exec(tx)
        .await?;
    let row = ActiveModel {
        id: Set(tx.fresh()),
        actor: Set(claim.actor.clone()),
        route: Set(claim.route.clone()),
        key: Set(claim.key.clone()),
        fingerprint: Set(claim.fingerprint.clone()),
        state: Set(IdempotencyState::InFlight),
        resource: Set(None),
        status: Set(None),
        body: Set(None),
        expires_at: Set(tx.now + life),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
    };
    let keys = [Column::Actor, Column::Route, Column::Key];
    let inserted = Entity::insert(row)
        .on_conflict_do_nothing_on(keys)
        .exec_without_returning(tx)
        .await?;
    match inserted {
        TryInsertResult::Inserted(1..) => Ok(()),
        _ => Err(Error::InFlight.into()),
    }
}

/// What a request did to the resource that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It is new.
    Made,
    /// It is another than before.
    Touched,
}

impl Effect {
    /// The status that tells of it.
    const fn status(self) -> u16 {
        match self {
            Self::Made => 201,
            Self::Touched => 200,
        }
    }
}

/// Name what the request was about, for a repetition that finds no answer.
pub(crate) async fn refer(tx: &Write, claim: &Claim, effect: Effect, path: String) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::Resource, path.into())
        .col_expr(Column::Status, i32::from(effect.status()).into())
        .filter(mine(claim))
        .exec(tx)
        .await?;
    Ok(())
}

async fn find(conn: &impl sea_orm::ConnectionTrait, claim: &Claim) -> Result<Option<Model>> {
    Ok(Entity::within(Scope::Everyone)
        .filter(mine(claim))
        .one(conn)
        .await?)
}

fn mine(claim: &Claim) -> sea_orm::Condition {
    sea_orm::Condition::all()
        .add(Column::Actor.eq(&claim.actor))
        .add(Column::Route.eq(&claim.route))
        .add(Column::Key.eq(&claim.key))
}
