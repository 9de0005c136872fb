//! How the process is: whether it has started, whether it can answer, and what keeps it from it.
//!
//! Started is what it stays: an orchestrator that asks whether the start is over must not end a
//! process whose database went away later.

use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Alias, Query};

use crate::ctx::{Ctx, Services};
use crate::db::{Category, ConnectionResult, DatabaseHealth, classify};
use crate::error::Result;

/// The list of migrations on a database where another program keeps the standard one.
pub(crate) const ASIDE: &str = "chancery_seaql_migrations";

/// Whether the start is over.
#[derive(Debug, Default)]
pub struct Started(AtomicBool);

impl Started {
    /// Whether the process was ready once.
    pub fn is_over(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What keeps the process from answering, if anything does.
#[derive(Clone, Debug)]
pub struct Report {
    /// Whether it is about to stop.
    pub draining: bool,
    /// The database.
    pub database: DatabaseHealth,
    /// The migrations that the database lacks; nothing, where that cannot be known.
    pub pending: Option<Vec<String>>,
}

impl Report {
    /// Whether requests can be answered.
    pub fn is_ready(&self) -> bool {
        let migrated = self.pending.as_ref().is_some_and(Vec::is_empty);
        !self.draining && self.database.healthy && migrated
    }
}

/// A probe of the database and what is known of its connection, for staff.
pub async fn database(ctx: &Ctx) -> Result<DatabaseHealth> {
    ctx.actor.need_staff()?;
    Ok(ctx.services.db.health().await)
}

/// Connect to the database anew, for admins.
pub async fn reconnect(ctx: &Ctx) -> Result<ConnectionResult> {
    ctx.actor.need_admin()?;
    Ok(ctx.services.db.reconnect().await)
}

/// Look after the database, and take note of a start that is over.
pub async fn look(services: &Services) -> Report {
    let database = services.db.health().await;
    let pending = if database.healthy {
        pending(services).await.ok()
    } else {
        None
    };
    let report = Report {
        draining: services.stop.is_cancelled(),
        database,
        pending,
    };
    if report.is_ready() {
        services.started.0.store(true, Ordering::Release);
    }
    report
}

/// The migrations that the code expects and the database lacks, oldest first.
pub async fn pending(services: &Services) -> Result<Vec<String>> {
    let expected = &services.settings.steps;
    let lacking = |applied: Vec<String>| -> Vec<String> {
        let lacking = expected.iter().filter(|step| !applied.contains(step));
        lacking.cloned().collect()
    };
    let pending = lacking(applied(services, "seaql_migrations").await?);
    if pending.len() == expected.len() {
        // Another program may keep the standard table: ours is beside it then.
        return Ok(lacking(applied(services, ASIDE).await?));
    }
    Ok(pending)
}

/// The names on a list of applied migrations.
async fn applied(services: &Services, list: &'static str) -> Result<Vec<String>> {
    let mut query = Query::select();
    query.column(Alias::new("version")).from(Alias::new(list));
    let rows = match services.db.read()?.query_all(&query).await {
        Ok(rows) => rows,
        // No table of migrations: nobody ever migrated it.
        Err(error) if classify(&error).category == Category::SchemaError => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let names = rows.iter().map(|row| row.try_get_by_index::<String>(0));
    Ok(names.collect::<std::result::Result<Vec<_>, _>>()?)
}
