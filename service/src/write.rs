//! An open write: a transaction that carries who and when.
//!
//! `let tx = ctx.write().await?; … tx.commit().await?`. Dropping it rolls back. An operation never
//! calls an operation, nor the network, while it holds one.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use entity::id::TypedId;
use sea_orm::prelude::async_trait::async_trait;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, ExecResult, IntoActiveModel,
    Iterable, ModelTrait, QueryResult, Statement, Value,
};

use crate::actor::Actor;
use crate::ctx::{Ctx, RequestInfo, Services};
use crate::db::{Engine, Transaction};
use crate::error::Result;
use crate::idempotency::{self, Effect};
use crate::signal::Signal;
use crate::upload;

/// Bind parameters that one statement may have on both engines (`SQLite` takes 32,766).
const PARAMETERS: usize = 32_000;

/// Bytes of text and JSON that one statement carries, unless one row has more: what takes an engine
/// about a second, triggers included, whatever the time that a statement has.
const BYTES: usize = 2 * 1024 * 1024;

/// An open write.
#[derive(Debug)]
pub struct Write {
    tx: Transaction,
    /// The instant of everything that it writes.
    pub now: DateTime<Utc>,
    /// Who writes.
    pub actor: Actor,
    /// The request that it belongs to.
    pub request: RequestInfo,
    services: Arc<Services>,
    follow: Mutex<Follow>,
}

/// What the commit takes along.
#[derive(Debug, Default)]
struct Follow {
    signals: Vec<Signal>,
    about: Option<(Effect, String)>,
    /// Under which keys the store has what no row tells of any more.
    discarded: Vec<String>,
}

impl Write {
    pub(crate) async fn open(ctx: &Ctx) -> Result<Self> {
        let tx = ctx.services.db.begin().await?;
        let write = Self {
            tx,
            now: ctx.now(),
            actor: ctx.actor.clone(),
            request: ctx.request.clone(),
            services: Arc::clone(&ctx.services),
            follow: Mutex::default(),
        };
        if let Some(claim) = &ctx.request.claim {
            idempotency::take(&write, claim).await?;
        }
        Ok(write)
    }

    /// The engine underneath, for the files that are named after one.
    pub fn engine(&self) -> Engine {
        self.tx.engine()
    }

    /// What the process owns.
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// A fresh id.
    pub fn fresh<I: TypedId>(&self) -> I {
        I::from(self.services.ids.fresh(self.now))
    }

    /// Insert one row.
    pub(crate) async fn insert<M>(&self, row: M) -> Result<()>
    where
        M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
        <M::Entity as EntityTrait>::ActiveModel: ActiveModelTrait<Entity = M::Entity> + Send,
    {
        let row = row.into_active_model().reset_all();
        M::Entity::insert(row).exec_without_returning(self).await?;
        Ok(())
    }

    /// Put down a row that is there, whole: all but its id.
    pub(crate) async fn update<M>(&self, row: &M) -> Result<()>
    where
        M: ModelTrait + Clone + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
        M::Entity: EntityTrait<Model = M>,
        <M::Entity as EntityTrait>::ActiveModel: ActiveModelTrait<Entity = M::Entity> + Send,
    {
        let row = row.clone().into_active_model().reset_all();
        M::Entity::update(row).exec(self).await?;
        Ok(())
    }

    /// Insert rows, as many in one statement as both engines take in good time; tells how many.
    pub(crate) async fn insert_all<E>(
        &self,
        rows: impl IntoIterator<Item = E::Model>,
    ) -> Result<usize>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel>,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        let mut count = 0;
        for some in portions::<E>(rows) {
            count += some.len();
            E::insert_many(some).exec_without_returning(self).await?;
        }
        Ok(count)
    }

    /// As [`insert_all`](Self::insert_all); a row whose key is taken is dealt with as `conflict` has
    /// it. No two of the rows may share the key.
    pub(crate) async fn merge_all<E>(
        &self,
        rows: impl IntoIterator<Item = E::Model>,
        conflict: &OnConflict,
    ) -> Result<()>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel>,
        E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
    {
        for some in portions::<E>(rows) {
            E::insert_many(some)
                .on_conflict(conflict.clone())
                .exec_without_returning(self)
                .await?;
        }
        Ok(())
    }

    /// Send `signal` once the write is committed.
    pub fn signal(&self, signal: Signal) {
        let mut follow = self.follow();
        // Said once is enough.
        if !follow.signals.contains(&signal) {
            follow.signals.push(signal);
        }
    }

    /// Take away the bytes under `key` once the write is committed.
    pub(crate) fn discard(&self, key: String) {
        self.follow().discarded.push(key);
    }

    /// Name what the request makes (the path of the new resource below the API's root), so that a
    /// repetition of the request can be answered even when its first answer was lost.
    pub fn made(&self, path: impl Into<String>) {
        self.follow().about = Some((Effect::Made, path.into()));
    }

    /// As [`made`](Self::made), for a resource that was there before.
    pub fn touched(&self, path: impl Into<String>) {
        self.follow().about = Some((Effect::Touched, path.into()));
    }

    /// Keep everything. Callers whom it changes are forgotten before it answers.
    pub async fn commit(self) -> Result<()> {
        let Follow {
            signals,
            about,
            discarded,
        } = std::mem::take(&mut *self.follow());
        if let (Some(claim), Some((effect, path))) = (&self.request.claim, about) {
            idempotency::refer(&self, claim, effect, path).await?;
        }
        self.services.signals.announce(&self, &signals).await?;
        let services = Arc::clone(&self.services);
        let forgetting = Forgetting(&services, &signals);
        self.tx.commit().await?;
        drop(forgetting);
        services.signals.publish(signals);
        upload::discard(&services, discarded);
        Ok(())
    }

    fn follow(&self) -> std::sync::MutexGuard<'_, Follow> {
        self.follow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The rows of each statement.
fn portions<E>(rows: impl IntoIterator<Item = E::Model>) -> Vec<Vec<E::ActiveModel>>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    let most = PARAMETERS / E::Column::iter().count();
    let mut portions: Vec<Vec<E::ActiveModel>> = Vec::new();
    let mut bytes = 0;
    for row in rows {
        let row = row.into_active_model().reset_all();
        let weight = weight::<E>(&row);
        match portions.last_mut() {
            Some(last) if last.len() < most && bytes + weight <= BYTES => {
                last.push(row);
                bytes += weight;
            }
            _ => {
                portions.push(vec![row]);
                bytes = weight;
            }
        }
    }
    portions
}

/// How many bytes of text and JSON a row has. Numbers, times and ids are counted by the parameters.
fn weight<E>(row: &E::ActiveModel) -> usize
where
    E: EntityTrait,
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    let value = |column| match row.get(column).into_value() {
        Some(Value::String(Some(text))) => text.len(),
        Some(Value::Bytes(Some(bytes))) => bytes.len(),
        Some(Value::Json(Some(json))) => json.to_string().len(),
        _ => 0,
    };
    E::Column::iter().map(value).sum()
}

/// Lets the callers hear the signals when it is dropped: also after a commit whose answer was lost,
/// or whose request was given up. To forget a caller in vain costs a look-up.
struct Forgetting<'a>(&'a Services, &'a [Signal]);

impl Drop for Forgetting<'_> {
    fn drop(&mut self) {
        for signal in self.1 {
            self.0.hear(signal);
        }
    }
}

#[async_trait]
impl ConnectionTrait for Write {
    fn get_database_backend(&self) -> DbBackend {
        self.tx.get_database_backend()
    }

    async fn execute_raw(&self, stmt: Statement) -> std::result::Result<ExecResult, DbErr> {
        self.tx.execute_raw(stmt).await
    }

    async fn execute_unprepared(&self, sql: &str) -> std::result::Result<ExecResult, DbErr> {
        self.tx.execute_unprepared(sql).await
    }

    async fn query_one_raw(
        &self,
        stmt: Statement,
    ) -> std::result::Result<Option<QueryResult>, DbErr> {
        self.tx.query_one_raw(stmt).await
    }

    async fn query_all_raw(&self, stmt: Statement) -> std::result::Result<Vec<QueryResult>, DbErr> {
        self.tx.query_all_raw(stmt).await
    }
}
