//! How far each backfill is: a row each, written in the commit of each batch.

use chrono::{SecondsFormat, Utc};
use sea_orm_migration::sea_orm;
use sea_orm_migration::sea_orm::entity::prelude::*;
use sea_orm_migration::sea_orm::sea_query::OnConflict;
use sea_orm_migration::sea_orm::{IntoActiveModel, QueryOrder, QuerySelect};

use super::Backfill;

/// The table's name.
pub(super) const TABLE: &str = "chancery_backfills";

const CREATE: &str = "CREATE TABLE IF NOT EXISTS chancery_backfills (
        name text NOT NULL CONSTRAINT chancery_backfills_pkey PRIMARY KEY,
        words text NOT NULL,
        checkpoint text,
        seen bigint NOT NULL,
        changed bigint NOT NULL,
        total bigint NOT NULL,
        actor text NOT NULL,
        started_at text NOT NULL,
        updated_at text NOT NULL,
        finished_at text
    )";

/// How far one is.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "chancery_backfills")]
pub(crate) struct Model {
    /// Its name.
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub(crate) name: String,
    /// The statement.
    #[sea_orm(column_type = "Text")]
    pub(crate) words: String,
    /// The last key that is done, as SQL writes it.
    #[sea_orm(column_type = "Text")]
    pub(crate) checkpoint: Option<String>,
    /// How many rows were looked at.
    pub(crate) seen: i64,
    /// How many were changed.
    pub(crate) changed: i64,
    /// How many there were, about, when it began.
    pub(crate) total: i64,
    /// Who began it.
    #[sea_orm(column_type = "Text")]
    pub(crate) actor: String,
    /// When: RFC 3339, UTC.
    #[sea_orm(column_type = "Text")]
    pub(crate) started_at: String,
    /// When it was last gone on with.
    #[sea_orm(column_type = "Text")]
    pub(crate) updated_at: String,
    /// When it was done.
    #[sea_orm(column_type = "Text")]
    pub(crate) finished_at: Option<String>,
}

/// Backfills stand for themselves.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

#[expect(
    clippy::disallowed_methods,
    reason = "the time is for people, and there is nobody here who could give it"
)]
fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true)
}

impl Model {
    /// Whether nothing is left.
    pub(crate) fn is_done(&self) -> bool {
        self.finished_at.is_some()
    }

    /// Whether a batch of it was kept.
    pub(super) fn has_written(&self) -> bool {
        self.checkpoint.is_some() || self.is_done()
    }

    pub(super) fn finish(&mut self) {
        self.finished_at = Some(now());
    }
}

pub(super) async fn prepare(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    db.execute_unprepared(CREATE).await.map(drop)
}

/// The row of `backfill`, made where there is none.
pub(super) async fn begin(
    db: &impl ConnectionTrait,
    backfill: &Backfill,
    total: i64,
    actor: &str,
) -> Result<Model, DbErr> {
    let row = Model {
        name: backfill.name.clone(),
        words: backfill.words(),
        checkpoint: None,
        seen: 0,
        changed: 0,
        total,
        actor: actor.to_owned(),
        started_at: now(),
        updated_at: now(),
        finished_at: None,
    };
    let there = OnConflict::column(Column::Name).do_nothing().to_owned();
    Entity::insert(row.into_active_model().reset_all())
        .on_conflict(there)
        .exec_without_returning(db)
        .await?;
    find(db, &backfill.name, false).await
}

/// Forget how far one is.
pub(crate) async fn forget(db: &impl ConnectionTrait, name: &str) -> Result<(), DbErr> {
    Entity::delete_by_id(name.to_owned())
        .exec(db)
        .await
        .map(drop)
}

/// The row, where there is one.
pub(super) async fn known(db: &impl ConnectionTrait, name: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(name).one(db).await
}

/// The row, kept from others until the transaction ends.
pub(super) async fn take(tx: &impl ConnectionTrait, name: &str) -> Result<Model, DbErr> {
    find(tx, name, true).await
}

async fn find(db: &impl ConnectionTrait, name: &str, keep: bool) -> Result<Model, DbErr> {
    let mut found = Entity::find_by_id(name);
    if keep {
        found = found.lock_exclusive();
    }
    let found = found.one(db).await?;
    found.ok_or_else(|| DbErr::RecordNotFound(format!("the backfill {name}")))
}

pub(super) async fn put(tx: &impl ConnectionTrait, mut row: Model) -> Result<Model, DbErr> {
    row.updated_at = now();
    let kept = row.clone();
    Entity::update(row.into_active_model().reset_all())
        .exec(tx)
        .await?;
    Ok(kept)
}

pub(super) async fn all(db: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find().order_by_asc(Column::Name).all(db).await
}
