//! A database beside the named one, or a schema in it, for a while.

use sea_orm_migration::sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection, PgPool};
use sea_orm_migration::sea_orm::sqlx::{
    self, AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _,
};
use tokio::task::JoinHandle;
use tracing::warn;

use super::fresh;
use crate::lock::owe;
use crate::sqlstate;

/// What those left that were killed: databases that nobody is connected to, and schemas after so long
/// that nobody works in them any more.
const STALE: &str = "SELECT 'DROP DATABASE IF EXISTS ' || datname FROM pg_database d
    WHERE to_timestamp(substring(datname
              FROM '^chancery_(?:restore|verify)_([0-9]{10})_[0-9a-f]{16}$')::bigint)
          < now() - interval '1 hour'
      AND pg_has_role(datdba, 'USAGE')
      AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)
    UNION ALL
    SELECT 'DROP SCHEMA IF EXISTS ' || nspname || ' CASCADE' FROM pg_namespace
    WHERE to_timestamp(substring(nspname
              FROM '^chancery_verify_([0-9]{10})_[0-9a-f]{16}$')::bigint)
          < now() - interval '1 day'
      AND pg_has_role(nspowner, 'USAGE')";

/// Whoever is in the database has to go.
const FORCE: &str = " WITH (FORCE)";

/// `insufficient_privilege`.
const FORBIDDEN: &str = "42501";

/// A database or a schema that is gone with this.
pub(crate) struct Scratch {
    /// The way to the server, and to the database that is named.
    here: PgConnectOptions,
    /// The way into it.
    there: PgConnectOptions,
    /// What takes it away.
    drop: String,
    /// Goes on although nobody waits any more: the server would, too.
    making: Option<JoinHandle<Result<(), sqlx::Error>>>,
    is_gone: bool,
}

impl Scratch {
    /// A database at the server of `like`, named for what it is for, as a copy of `template` where one
    /// is named.
    pub(crate) async fn database(
        like: &PgPool,
        kind: &str,
        template: Option<&str>,
    ) -> Result<Self, sqlx::Error> {
        let name = fresh(kind);
        let here = like.connect_options().as_ref().clone();
        if let Err(error) = sweep(&here).await {
            warn!(%error, "what earlier runs left could not be taken away");
        }
        let there = here.clone().database(&name);
        let template = template.map(|name| format!(" TEMPLATE {name}"));
        let make = format!("CREATE DATABASE {name}{}", template.unwrap_or_default());
        let drop = format!("DROP DATABASE IF EXISTS {name}{FORCE}");
        Self::made(here, there, make, drop).await
    }

    /// A schema in the database of `like`. On the way into it nothing else is to be seen, so nothing
    /// else can be hit.
    pub(crate) async fn schema(like: &PgPool, kind: &str) -> Result<Self, sqlx::Error> {
        let name = fresh(kind);
        let here = like.connect_options().as_ref().clone();
        let there = here.clone().options([("search_path", name.as_str())]);
        let there = there.application_name(&name);
        let make = format!("CREATE SCHEMA {name}");
        // Who was left in it by a command that was ended would keep it from being dropped.
        let drop = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE application_name = '{name}' AND pid <> pg_backend_pid();
             DROP SCHEMA IF EXISTS {name} CASCADE"
        );
        Self::made(here, there, make, drop).await
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "whoever ends early waits for it before it is taken away"
    )]
    async fn made(
        here: PgConnectOptions,
        there: PgConnectOptions,
        make: String,
        drop: String,
    ) -> Result<Self, sqlx::Error> {
        let server = here.clone();
        let making = tokio::spawn(async move { run(&server, make).await });
        let mut scratch = Self {
            here,
            there,
            drop,
            making: None,
            is_gone: false,
        };
        let making = scratch.making.insert(making);
        let done = making.await.unwrap_or(Err(sqlx::Error::WorkerCrashed));
        scratch.making = None;
        scratch.is_gone = done.is_err();
        done.map(|()| scratch)
    }

    /// The way into it.
    pub(crate) fn options(&self) -> PgConnectOptions {
        self.there.clone()
    }

    /// Take it away, and say where that fails.
    pub(crate) async fn take_away(mut self) -> Result<(), sqlx::Error> {
        let gone = gone(&self.here, &self.drop).await;
        self.is_gone = true;
        gone
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.is_gone {
            return;
        }
        let (making, here, drop) = (self.making.take(), self.here.clone(), self.drop.clone());
        owe(async move {
            if let Some(making) = making {
                making.await.ok();
            }
            if let Err(error) = gone(&here, &drop).await {
                warn!(%error, "what was made for a while could not be taken away");
            }
        });
    }
}

/// Whether the role may not do it.
pub(crate) fn is_forbidden(error: &sqlx::Error) -> bool {
    sqlstate::of_driver(error) == Some(FORBIDDEN)
}

/// Take it away by force. The server looks after tables whenever it likes, which no ordinary role may end by
/// force: where it does, it is asked to leave.
async fn gone(server: &PgConnectOptions, drop: &str) -> Result<(), sqlx::Error> {
    match run(server, drop.to_owned()).await {
        Err(error) if is_forbidden(&error) && drop.ends_with(FORCE) => {
            run(server, drop.trim_end_matches(FORCE).to_owned()).await
        }
        done => done,
    }
}

/// A statement in a session of its own.
async fn run(server: &PgConnectOptions, sql: String) -> Result<(), sqlx::Error> {
    let mut session = server.connect().await?;
    let done = session.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await;
    session.close().await.ok();
    done.map(std::mem::drop)
}

async fn sweep(server: &PgConnectOptions) -> Result<(), sqlx::Error> {
    let mut session: PgConnection = server.connect().await?;
    let stale: Vec<String> = sqlx::query_scalar(STALE).fetch_all(&mut session).await?;
    for drop in stale {
        session.execute(sqlx::raw_sql(AssertSqlSafe(drop))).await?;
    }
    session.close().await
}
