//! How the schema came to be: the steps, the schema as data, and the CLI.
//!
//! [`up`] applies what is pending, once, however many processes ask for it at the same time.
//! [`pending`] and [`status`] read only. The steps are frozen SQL and know no entity; what the
//! entities want is [`schema::ddl`], and a test holds the two together.
//!
//! Not here: rows. A step makes structure, never demo data.

mod address;
mod adopt;
mod backfill;
mod backup;
pub mod cli;
#[cfg(test)]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "shared with the tests of other crates, which use more of it"
)]
#[path = "../../service/tests/support/cluster.rs"]
mod cluster;
pub mod compare;
pub mod engine;
mod error;
mod fresh;
pub mod generate;
mod guard;
mod history;
pub mod import;
mod lexer;
mod lint;
mod lock;
mod plan;
mod private;
mod pull;
pub mod rows;
mod runner;
pub mod schema;
pub mod seed;
mod sqlstate;
mod squash;
mod step;
mod timeouts;
mod transient;
mod undo;
mod verify;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sea_orm_migration::sea_orm::sea_query::{Alias, DynIden, IntoIden};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, TransactionTrait as _};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

use crate::adopt::{ASIDE, Adoption};
pub use crate::adopt::{LeftOut, Optional, Tool};
use crate::backup::Manifest;
use crate::engine::Engine;
pub use crate::error::Error;
use crate::history::Writer;
pub use crate::history::{Failed, HalfReplaced, HalfUndone, Status, is_as_left, status};
use crate::lock::Lock;
pub use crate::lock::{Holder, Kind as LockKind};
pub use crate::plan::Loss;
pub use crate::runner::Progress;
use crate::step::{Direction, STEPS, Step, check_written};
pub use crate::timeouts::Timeouts;

/// How long [`up`] waits for another migration to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// What `SeaORM` knows us by.
struct Migrator;

impl MigratorTrait for Migrator {
    // What makes the standard table; the steps are run by `runner`.
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        Vec::new()
    }
}

/// The same, where another program keeps the standard table.
struct Aside;

impl MigratorTrait for Aside {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        Vec::new()
    }

    fn migration_table_name() -> DynIden {
        Alias::new(ASIDE).into_iden()
    }
}

/// The names of the history's steps, oldest first.
pub fn steps() -> Vec<String> {
    STEPS.iter().map(|step| step.name.to_owned()).collect()
}

/// The steps that the database behind `db` still needs, oldest first. Makes nothing.
pub async fn pending(db: &DatabaseConnection) -> Result<Vec<String>, Error> {
    Ok(status(db).await?.pending)
}

/// Apply everything that is pending, and tell what that was. Of several processes that ask at once,
/// one does it and the others wait for it.
pub async fn up(db: &DatabaseConnection) -> Result<Vec<String>, Error> {
    Ok(up_to(db, &Way::default()).await?.steps)
}

/// Take over a database that `tool` built, whose tables stay as they are, and tell the steps that this
/// adopts. It is refused where the program could not work on what stands.
pub async fn adopt(db: &DatabaseConnection, tool: Tool) -> Result<Vec<String>, Error> {
    let taken = adopt::take(db, tool, &Way::default(), false).await?;
    if !taken.written {
        return Err(Error::Drift(taken.refused()));
    }
    Ok(taken.steps.into_iter().map(str::to_owned).collect())
}

/// Apply at most `steps` of what is pending.
pub async fn up_by(db: &DatabaseConnection, steps: u32) -> Result<Vec<String>, Error> {
    let way = Way {
        steps: Some(steps),
        ..Way::default()
    };
    Ok(up_to(db, &way).await?.steps)
}

/// Undo the last `steps` that are applied, whatever is lost, and tell what that was, newest first.
pub async fn down(db: &DatabaseConnection, steps: u32) -> Result<Vec<String>, Error> {
    let way = Way {
        steps: Some(steps),
        accept_loss: true,
        ..Way::default()
    };
    Ok(undo::undo(db, &way).await?.steps)
}

/// How a run goes.
struct Way {
    /// How long it waits for another run to end.
    patience: Duration,
    /// At most so many steps.
    steps: Option<u32>,
    /// The place in the history behind which going up leaves everything alone.
    ceiling: Option<usize>,
    /// The place in the history below which going down leaves everything alone.
    floor: Option<usize>,
    /// Whether rows may be lost.
    accept_loss: bool,
    /// Whether it goes on from a schema that is not as the last run left it.
    accept_drift: bool,
    /// The steps that may be applied although later ones are.
    out_of_order: Vec<String>,
    /// The steps that may lose what is there.
    lossy: Vec<String>,
    /// The steps that may change tables of another program.
    changes: Vec<String>,
    /// The plan that must be the plan.
    plan: Option<String>,
    /// Who it is.
    writer: Writer,
    /// Who hears how it goes.
    told: Arc<dyn Fn(Progress<'_>) + Send + Sync>,
    /// Where a backup is put before anything is done, if anywhere.
    backup: Option<backup::Making>,
    /// How long things may take.
    timeouts: Timeouts,
    /// What the lock is.
    lock: lock::Kind,
}

impl Default for Way {
    fn default() -> Self {
        Self {
            patience: PATIENCE,
            steps: None,
            ceiling: None,
            floor: None,
            accept_loss: false,
            // A server that starts says so in its log, and serves.
            accept_drift: true,
            out_of_order: Vec::new(),
            lossy: Vec::new(),
            changes: Vec::new(),
            plan: None,
            writer: Writer {
                actor: "the program".to_owned(),
            },
            told: Arc::new(runner::to_the_log),
            backup: None,
            timeouts: Timeouts::default(),
            lock: lock::Kind::Auto,
        }
    }
}

impl Way {
    /// Take the lock.
    async fn lock<'d>(&self, db: &'d DatabaseConnection) -> Result<Lock<'d>, Error> {
        Lock::take_as(
            db,
            self.patience,
            self.lock,
            &self.writer.actor,
            &*self.told,
        )
        .await
    }

    /// The steps that this way has before it, oldest first, where the history stands as `before` says:
    /// whoever waited for the lock asks again.
    fn going_up(&self, before: &Status) -> Vec<&'static Step> {
        let most = self.steps.map_or(usize::MAX, |steps| {
            usize::try_from(steps).unwrap_or(usize::MAX)
        });
        let end = self.ceiling.map_or(STEPS.len(), |ceiling| ceiling + 1);
        let is_pending = |step: &&Step| before.pending.iter().any(|name| name == step.name);
        STEPS[..end].iter().filter(is_pending).take(most).collect()
    }

    fn run(&self) -> runner::Run<'_> {
        runner::Run {
            writer: &self.writer,
            told: &*self.told,
            timeouts: self.timeouts,
            patience: self.patience,
            apart: None,
        }
    }

    /// How it goes for whoever has the `lock`.
    fn run_under(&self, lock: &Lock<'_>) -> runner::Run<'_> {
        runner::Run {
            apart: lock.has_own_session().then_some(self.timeouts),
            ..self.run()
        }
    }
}

/// What going up did.
#[derive(Default)]
struct Applied {
    /// The steps that were applied, oldest first.
    steps: Vec<String>,
    /// The backup that was made before, and where it is.
    backup: Option<(Manifest, PathBuf)>,
}

/// Apply what is pending.
async fn up_to(db: &DatabaseConnection, way: &Way) -> Result<Applied, Error> {
    if way
        .going_up(&ready(db, status(db).await?).await?)
        .is_empty()
    {
        return Ok(Applied::default());
    }
    let lock = way.lock(db).await?;
    let before = ready(&lock.db(), status(lock.db()).await?).await?;
    if way.going_up(&before).is_empty() {
        // Whoever was waited for did it all, by the same plan or another.
        lock.release().await?;
        return Ok(Applied::default());
    }
    let going = way.going_up(&before);
    check_written(going.iter().copied(), Engine::of(db)?)?;
    let stray = |name: &&String| {
        going.iter().any(|step| step.name == **name) && !way.out_of_order.contains(name)
    };
    let strays: Vec<String> = before.out_of_order.iter().filter(stray).cloned().collect();
    if !strays.is_empty() {
        return Err(Error::OutOfOrder(strays));
    }
    let adoption = Adoption::of(&lock.db()).await?;
    if let Some(adoption) = &adoption {
        let foreign = adopt::changes(adoption, Engine::of(db)?, &going, &way.changes);
        if !foreign.is_empty() {
            return Err(Error::Foreign(foreign));
        }
    }
    if let Some(wanted) = &way.plan {
        let plan = plan::plan(&lock.db(), &before).await?;
        if *wanted != plan.hash {
            return Err(Error::OtherPlan(plan.hash));
        }
    }
    guard::drift(db, &lock, &before, way).await?;
    let all = going.iter().copied();
    let losses = plan::losses(&lock.db(), all, Direction::Up).await?;
    let losses = unnamed(losses, &way.lossy);
    if !losses.is_empty() {
        return Err(Error::Destructive(losses));
    }
    let mut backup = None;
    if let Some(making) = &way.backup {
        let made = backup::make(db, lock.db(), making, &way.writer, &*way.told);
        backup = Some(Box::pin(made).await?);
    }
    let run = way.run_under(&lock);
    let done = runner::up(&lock, &going, &run).await;
    // What was done before one that failed stays.
    Error::both(done, lock.release().await)?;
    Ok(Applied {
        steps: going.into_iter().map(|step| step.name.to_owned()).collect(),
        backup,
    })
}

/// The same `status`, where that is one to go up from.
async fn ready(db: &impl ConnectionTrait, status: Status) -> Result<Status, Error> {
    match adopt::unadopted(db, &status).await? {
        Some(error) => Err(error),
        None => movable(status),
    }
}

/// What of `losses` is of steps that nobody named as allowed to lose something.
fn unnamed(mut losses: Vec<Loss>, lossy: &[String]) -> Vec<Loss> {
    losses.retain(|one| !lossy.contains(&one.step));
    losses
}

/// Drop everything and apply every step.
async fn fresh(db: &DatabaseConnection, way: &Way) -> Result<Vec<String>, Error> {
    check_written(STEPS, Engine::of(db)?)?;
    let lock = way.lock(db).await?;
    if let Some(adoption) = Adoption::of(&lock.db()).await? {
        return Err(Error::Adopted(adoption.tool.word()));
    }
    let run = way.run_under(&lock);
    let dropping = async || {
        let tx = lock.db().begin().await?;
        way.timeouts.within(&tx).await?;
        if let Err(error) = fresh::drop_everything(&(&tx).into()).await {
            tx.rollback().await?;
            return Err(error.into());
        }
        Ok(tx.commit().await?)
    };
    let dropped = runner::patiently("fresh", &run, dropping).await;
    dropped.map_err(fresh::undropped)?;
    let going: Vec<&Step> = STEPS.iter().collect();
    let done = runner::up(&lock, &going, &run).await;
    Error::both(done, lock.release().await)?;
    Ok(going.into_iter().map(|step| step.name.to_owned()).collect())
}

/// Only a history that is wholly known, and as it was, can be moved.
fn checked(status: Status) -> Result<Status, Error> {
    if let Some(half) = status.half_replaced.first() {
        return Err(Error::Half {
            step: half.step.clone(),
            there: half.there,
            of: half.of,
        });
    }
    if !status.unknown.is_empty() {
        return Err(Error::Unknown(status.unknown));
    }
    if !status.modified.is_empty() {
        return Err(Error::Modified(status.modified));
    }
    Ok(status)
}

/// The same, of which nothing is half undone, either: going up would leave that behind.
fn movable(status: Status) -> Result<Status, Error> {
    let status = checked(status)?;
    match status.half_undone.first() {
        None => Ok(status),
        Some(half) => Err(Error::HalfUndone {
            step: half.step.clone(),
            done: half.done,
            of: half.of,
        }),
    }
}

/// A connection to migrate with: one session works and one holds the lock.
pub async fn connect(url: &str) -> Result<DatabaseConnection, Error> {
    connect_with(url, Timeouts::default()).await
}

/// Have no session of a pool closed for its age. What does that in sqlx counts sessions that are free, and
/// where it reads the count between two that are given back and taken it counts for ever: the process
/// would never end.
pub(crate) fn unwatched(options: &mut sea_orm_migration::sea_orm::ConnectOptions) {
    options
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>);
}

/// How long opening a file may take besides.
const OPENING: Duration = Duration::from_secs(30);

/// A connection to migrate with, which waits for whoever writes the same file as `timeouts` say. A
/// session of `PostgreSQL` is left as it is, since it may be another program's in a moment: transactions
/// keep their own.
pub async fn connect_with(url: &str, timeouts: Timeouts) -> Result<DatabaseConnection, Error> {
    let mut options = sea_orm_migration::sea_orm::ConnectOptions::new(url);
    options.max_connections(2).sqlx_logging(false);
    unwatched(&mut options);
    if url.starts_with("sqlite:") {
        // Opening waits for whoever writes, too, and ends with what the file says.
        options.acquire_timeout(timeouts.turn + OPENING);
    }
    options.map_sqlx_postgres_opts(timeouts::named);
    // A table of SQLite that is made anew is set aside meanwhile, and nothing that refers to it by
    // name may follow it. The keys are checked behind each step.
    options.map_sqlx_sqlite_opts(move |options| {
        options
            .foreign_keys(false)
            .busy_timeout(timeouts.turn)
            .pragma("legacy_alter_table", "ON")
    });
    let db = address::open(options).await?;
    if engine::Engine::of(&db)? == engine::Engine::Postgres {
        schema::check_place(&db).await?;
    }
    Ok(db)
}
