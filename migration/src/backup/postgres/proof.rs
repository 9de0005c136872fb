//! Where a backup is brought back to see whether it does come back.

use std::path::Path;

use sea_orm_migration::sea_orm::sqlx::postgres::{PgPool, PgPoolOptions};

use super::super::manifest::Manifest;
use super::super::tools::{MAY_CREATE, Tools};
use super::super::{Making, Told};
use super::{Session, beyond, bring_back, dumped};
use crate::error::Error;
use crate::schema::quoted;
use crate::transient::Scratch;

/// How a backup is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// Nobody wants it to be.
    None,
    /// In a schema beside the one that is backed up, in a transaction that is rolled back.
    Schema,
    /// In a database that is made for it: what extensions made is there by its own name only.
    Database,
}

impl Proof {
    /// The one that it takes; refused where the role may not make what that takes.
    pub(super) async fn of(
        making: &Making,
        session: &Session,
        tools: Option<&Tools>,
    ) -> Result<Self, Error> {
        if making.untested {
            return Ok(Self::None);
        }
        if tools.is_some() {
            return Ok(Self::Database);
        }
        let borrowed = beyond::borrowed(&session.db).await?;
        if borrowed.is_empty() {
            return Ok(Self::Schema);
        }
        if session.text(MAY_CREATE).await? == "true" {
            return Ok(Self::Database);
        }
        Err(Error::Backup(format!(
            "a copy of {} is proven in a database of its own, since extensions made what that is of, and this \
             role may not make one: let a role with CREATEDB make the backup, or say --no-verify",
            borrowed.join(", ")
        )))
    }

    /// Bring the backup in `directory` back there, and compare.
    pub(super) async fn run(
        self,
        session: &Session,
        tools: Option<&Tools>,
        directory: &Path,
        manifest: &Manifest,
        told: Told<'_>,
    ) -> Result<(), Error> {
        match (self, tools) {
            (Self::None, _) => Ok(()),
            (Self::Schema, _) => {
                Box::pin(bring_back(session, true, directory, manifest, told)).await
            }
            (Self::Database, tools) => {
                let proving = in_database(&session.pool, manifest, async |there| match tools {
                    Some(tools) => {
                        Box::pin(dumped::bring_back(there, tools, directory, manifest)).await
                    }
                    None => Box::pin(bring_back(there, false, directory, manifest, told)).await,
                });
                Box::pin(proving).await
            }
        }
    }
}

/// Do `what` in a database that is made for it, and drop that again.
async fn in_database(
    like: &PgPool,
    manifest: &Manifest,
    what: impl AsyncFnOnce(&Session) -> Result<(), Error>,
) -> Result<(), Error> {
    let scratch = Scratch::database(like, "restore", Some("template0"));
    let scratch = scratch.await.map_err(Error::query)?;
    let options = scratch.options();
    let proven = async {
        let other = PgPoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await
            .map_err(Error::query)?;
        let session = Session::open(&other).await?;
        let schema = quoted(manifest.schema.as_deref().unwrap_or("public"));
        session
            .run(&format!("CREATE SCHEMA IF NOT EXISTS {schema}"))
            .await?;
        session.run(&format!("SET search_path = {schema}")).await?;
        let proven = what(&session).await;
        session.pool.close().await;
        other.close().await;
        proven
    };
    let proven = Box::pin(proven).await;
    let gone = scratch.take_away().await;
    proven?;
    gone.map_err(Error::query)
}
