//! Migrations, drift, versions.

use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};
use service::system;

use super::pool::Engine;

/// The history of the schema.
#[derive(Debug, SimpleObject)]
pub(super) struct Migrations {
    /// Oldest first. The history keeps names and times only: whether a step was edited after it was
    /// applied cannot be told from it.
    applied: Vec<Migration>,
    /// What this release expects and the database lacks, oldest first.
    pending: Vec<String>,
}

/// A migration that was applied.
#[derive(Debug, SimpleObject)]
struct Migration {
    name: String,
    applied_at: Option<DateTime<Utc>>,
    /// Whether this release knows it; a newer one may have been here.
    known: bool,
}

/// How the database differs from what this release expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "system::Difference")]
enum Difference {
    /// A table is not there.
    MissingTable,
    /// A column is not there.
    MissingColumn,
    /// A column is there that nothing here knows.
    UnknownColumn,
    /// Null is allowed on one side only.
    Nullability,
    /// An index is not there.
    MissingIndex,
    /// An index that is good to have is not there.
    RecommendedIndex,
    /// An index is there and cannot be used.
    InvalidIndex,
}

/// The live schema beside what this release expects.
#[derive(Debug, SimpleObject)]
pub(super) struct Drift {
    /// Where the two part ways; empty where they do not.
    findings: Vec<DriftFinding>,
}

/// A place where they part ways.
#[derive(Debug, SimpleObject)]
struct DriftFinding {
    difference: Difference,
    table: &'static str,
    /// The column or index.
    name: Option<String>,
}

/// What is at work here.
#[derive(Debug, SimpleObject)]
pub(super) struct Versions {
    chancery: &'static str,
    /// The compiler.
    rustc: &'static str,
    sea_orm: &'static str,
    async_graphql: &'static str,
    engine: Engine,
    engine_version: String,
    /// The last migration that was applied.
    schema_revision: Option<String>,
}

impl From<system::Migrations> for Migrations {
    fn from(migrations: system::Migrations) -> Self {
        let applied = migrations.applied.into_iter().map(|one| Migration {
            name: one.name,
            applied_at: one.at,
            known: one.known,
        });
        Self {
            applied: applied.collect(),
            pending: migrations.pending,
        }
    }
}

impl From<system::Drift> for Drift {
    fn from(drift: system::Drift) -> Self {
        let findings = drift.findings.into_iter().map(|finding| DriftFinding {
            difference: finding.difference.into(),
            table: finding.table,
            name: finding.name,
        });
        Self {
            findings: findings.collect(),
        }
    }
}

impl From<system::Versions> for Versions {
    fn from(versions: system::Versions) -> Self {
        Self {
            chancery: env!("CARGO_PKG_VERSION"),
            rustc: env!("CHANCERY_RUSTC"),
            sea_orm: env!("CHANCERY_SEA_ORM"),
            async_graphql: env!("CHANCERY_ASYNC_GRAPHQL"),
            engine: versions.engine.into(),
            engine_version: versions.engine_version,
            schema_revision: versions.revision,
        }
    }
}
