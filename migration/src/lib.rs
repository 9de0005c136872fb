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
mod lint;
mod lock;
pub mod plan;
mod private;
mod pull;
pub mod rows;
mod runner;
pub mod schema;
pub mod seed;
mod squash;
mod step;
mod timeouts;
mod undo;
mod verify;

use std::sync::Arc;
use std::time::Duration;

use sea_orm_migration::sea_orm::DatabaseConnection;
use sea_orm_migration::sea_orm::sea_query::{Alias, DynIden, IntoIden};
use sea_orm_migration::{MigrationTrait, MigratorTrait};

use crate::adopt::{ASIDE, Adoption};
pub use crate::adopt::{LeftOut, Optional, Tool};
use crate::engine::Engine;
pub use crate::error::Error;
use crate::history::Writer;
pub use crate::history::{Failed, HalfReplaced, Status, is_as_left, status};
pub use crate::lock::Kind as LockKind;
use crate::lock::Lock;
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
    up_to(db, &Way::default()).await
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
    up_to(db, &way).await
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
    /// The place in the history behind which going down leaves everything alone.
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
        Lock::take_as(db, self.patience, self.lock, &*self.told).await
    }

    fn run(&self) -> runner::Run<'_> {
        runner::Run {
            writer: &self.writer,
            told: &*self.told,
            timeouts: self.timeouts,
            patience: self.patience,
        }
    }
}

/// Apply what is pending.
async fn up_to(db: &DatabaseConnection, way: &Way) -> Result<Vec<String>, Error> {
    if checked(status(db).await?)?.pending.is_empty() {
        return Ok(Vec::new());
    }
    let lock = way.lock(db).await?;
    let before = checked(status(lock.db()).await?)?;
    if before.pending.is_empty() {
        // Whoever was waited for did it all, by the same plan or another.
        lock.release().await?;
        return Ok(Vec::new());
    }
    let most = way.steps.map_or(usize::MAX, |steps| {
        usize::try_from(steps).unwrap_or(usize::MAX)
    });
    let going: Vec<&Step> = STEPS
        .iter()
        .filter(|step| before.pending.iter().any(|name| name == step.name))
        .take(most)
        .collect();
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
    let unnamed = unnamed(&going, &way.lossy);
    let losses = plan::losses(&lock.db(), unnamed.into_iter(), Direction::Up).await?;
    if !losses.is_empty() {
        return Err(Error::Destructive(losses));
    }
    if let Some(making) = &way.backup {
        let made = backup::make(db, lock.db(), making, &way.writer, &*way.told);
        Box::pin(made).await?;
    }
    let done = runner::up(&lock.db(), &going, &way.run()).await;
    // What was done before one that failed stays.
    let released = lock.release().await;
    done?;
    released?;
    Ok(going.into_iter().map(|step| step.name.to_owned()).collect())
}

/// Those of `steps` that nobody named as allowed to lose something.
fn unnamed<'s>(steps: &[&'s Step], lossy: &[String]) -> Vec<&'s Step> {
    let is_named = |step: &Step| lossy.iter().any(|name| name == step.name);
    let unnamed = steps.iter().filter(|step| !is_named(step));
    unnamed.copied().collect()
}

/// Drop everything and apply every step.
async fn fresh(db: &DatabaseConnection, way: &Way) -> Result<Vec<String>, Error> {
    check_written(STEPS, Engine::of(db)?)?;
    let lock = way.lock(db).await?;
    if let Some(adoption) = Adoption::of(&lock.db()).await? {
        return Err(Error::Adopted(adoption.tool.word()));
    }
    fresh::drop_everything(&lock.db()).await?;
    let going: Vec<&Step> = STEPS.iter().collect();
    runner::up(&lock.db(), &going, &way.run()).await?;
    lock.release().await?;
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

/// A connection to migrate with, on which things may take as long as `timeouts` say.
pub async fn connect_with(url: &str, timeouts: Timeouts) -> Result<DatabaseConnection, Error> {
    let mut options = sea_orm_migration::sea_orm::ConnectOptions::new(url);
    options.max_connections(2).sqlx_logging(false);
    unwatched(&mut options);
    timeouts.every_session(&mut options);
    // A table of SQLite that is made anew is set aside meanwhile, and nothing that refers to it by
    // name may follow it. The keys are checked before the lock is given back.
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
