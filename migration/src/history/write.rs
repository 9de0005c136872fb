//! Writing the history, by whoever holds the lock.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chrono::{SecondsFormat, Utc};
use sea_orm_migration::sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict, Query};
use sea_orm_migration::sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel};
use sea_orm_migration::seaql_migrations;

use super::log;
use super::record::{self, Model as Record, State};
use crate::adopt::{ASIDE, has_table};
use crate::engine::Engine;
use crate::error::Error;
use crate::step::Step;

/// Who writes.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    /// The person or the program.
    pub(crate) actor: String,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

/// RFC 3339, UTC, to the microsecond.
pub(crate) fn now() -> String {
    ago(Duration::ZERO)
}

/// What it was so long ago.
#[expect(
    clippy::disallowed_methods,
    reason = "the history is written before there is anything that could give a time"
)]
fn ago(time: Duration) -> String {
    (Utc::now() - time).to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[expect(clippy::disallowed_methods, reason = "as `sea-orm-cli` would write it")]
fn seconds() -> i64 {
    Utc::now().timestamp()
}

/// The version of this program.
pub(crate) const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// The list of applied steps: the standard one, unless another program keeps that.
pub(super) async fn list_of(db: &impl ConnectionTrait) -> Result<&'static str, Error> {
    Ok(if has_table(db, None, ASIDE).await? {
        ASIDE
    } else {
        "seaql_migrations"
    })
}

/// A record of `step` as applied, begun at `began`.
pub(crate) fn applied_record(
    engine: Engine,
    step: &Step,
    writer: &Writer,
    began: Instant,
) -> Record {
    let took = began.elapsed();
    Record {
        id: step.name.to_owned(),
        checksum: step.checksum(engine),
        state: State::Applied,
        statements_done: 0,
        error: None,
        fingerprint_before: None,
        fingerprint_after: None,
        duration_ms: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
        program: PROGRAM.to_owned(),
        actor: writer.actor.clone(),
        reason: None,
        started_at: ago(took),
        finished_at: Some(now()),
    }
}

impl Writer {
    /// Make the tables, where they are not there.
    pub(crate) async fn prepare(&self, db: &impl ConnectionTrait) -> Result<(), Error> {
        db.execute_unprepared(record::CREATE).await?;
        Ok(())
    }

    /// What stands of a step.
    pub(crate) async fn known(
        &self,
        db: &impl ConnectionTrait,
        step: &str,
    ) -> Result<Option<Record>, Error> {
        Ok(record::Entity::find_by_id(step).one(db).await?)
    }

    /// Put down what stands of a step.
    pub(crate) async fn put(&self, db: &impl ConnectionTrait, record: Record) -> Result<(), Error> {
        let all = [
            record::Column::Checksum,
            record::Column::State,
            record::Column::StatementsDone,
            record::Column::Error,
            record::Column::FingerprintBefore,
            record::Column::FingerprintAfter,
            record::Column::DurationMs,
            record::Column::Program,
            record::Column::Actor,
            record::Column::Reason,
            record::Column::StartedAt,
            record::Column::FinishedAt,
        ];
        let over = OnConflict::column(record::Column::Id)
            .update_columns(all)
            .to_owned();
        record::Entity::insert(record.into_active_model().reset_all())
            .on_conflict(over)
            .exec_without_returning(db)
            .await?;
        Ok(())
    }

    /// Put the step on the standard list.
    pub(crate) async fn list(&self, db: &impl ConnectionTrait, step: &str) -> Result<(), Error> {
        let insert = Query::insert()
            .into_table(Alias::new(list_of(db).await?))
            .columns([
                seaql_migrations::Column::Version,
                seaql_migrations::Column::AppliedAt,
            ])
            .values_panic([step.into(), seconds().into()])
            .to_owned();
        db.execute(&insert).await?;
        Ok(())
    }

    /// Take the step off the standard list, and those that it stands for.
    pub(crate) async fn unlist(&self, db: &impl ConnectionTrait, step: &Step) -> Result<(), Error> {
        let names = std::iter::once(step.name).chain(step.replaces());
        self.unlist_all(db, names).await
    }

    /// Take the step off that is called so, whether there is such a step or not.
    pub(crate) async fn unlist_named(
        &self,
        db: &impl ConnectionTrait,
        name: &str,
    ) -> Result<(), Error> {
        self.unlist_all(db, [name]).await
    }

    async fn unlist_all(
        &self,
        db: &impl ConnectionTrait,
        names: impl IntoIterator<Item = &str>,
    ) -> Result<(), Error> {
        let delete = Query::delete()
            .from_table(Alias::new(list_of(db).await?))
            .and_where(Expr::col(seaql_migrations::Column::Version).is_in(names))
            .to_owned();
        db.execute(&delete).await?;
        Ok(())
    }

    /// Note what was done.
    pub(crate) async fn log(
        &self,
        db: &impl ConnectionTrait,
        step: &str,
        action: &str,
        reason: Option<String>,
    ) -> Result<(), Error> {
        let at = now();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let row = log::Model {
            id: format!("{at} {} {count:06}", std::process::id()),
            step: step.to_owned(),
            action: action.to_owned(),
            actor: self.actor.clone(),
            program: PROGRAM.to_owned(),
            reason,
            at,
        };
        log::Entity::insert(row.into_active_model().reset_all())
            .exec_without_returning(db)
            .await?;
        Ok(())
    }
}
