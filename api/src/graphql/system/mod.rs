//! The process and its database, for those who keep them running.

mod pool;
mod schema;
mod statements;
mod storage;

use std::time::Duration;

use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};
use service::system;

use self::pool::{Health, Pool};
use self::schema::{Drift, Migrations, Versions};
use self::statements::{Activity, Locks, OperationStatistics, SlowQueries};
use self::storage::{JobStatistics, Storage};
use super::caller;
use super::scalar::BigInt;
use crate::error::ApiError;

#[derive(Debug, Default)]
pub(super) struct SystemQuery;

#[Object]
impl SystemQuery {
    /// The process and its database, for staff. What a process counts is its own: behind a load
    /// balancer each answers for itself.
    async fn system(&self) -> System {
        System
    }
}

/// The process and its database.
#[derive(Debug)]
struct System;

#[Object]
impl System {
    /// The connections to the database.
    async fn pool(&self, context: &Context<'_>) -> Result<Option<Pool>, ApiError> {
        Ok(Some(system::pool(caller(context)?).await?.into()))
    }

    /// Statements that took long.
    async fn slow_queries(&self, context: &Context<'_>) -> Result<Option<SlowQueries>, ApiError> {
        Ok(Some(system::slow_queries(caller(context)?).await?.into()))
    }

    /// What is asked of this process, and what that costs.
    async fn operations(
        &self,
        context: &Context<'_>,
    ) -> Result<Option<OperationStatistics>, ApiError> {
        Ok(Some(system::operations(caller(context)?).await?.into()))
    }

    /// Who waits for whom.
    async fn locks(&self, context: &Context<'_>) -> Result<Option<Locks>, ApiError> {
        Ok(Some(system::locks(caller(context)?).await?.into()))
    }

    /// The statements that run now.
    async fn activity(&self, context: &Context<'_>) -> Result<Option<Activity>, ApiError> {
        Ok(Some(system::activity(caller(context)?).await?.into()))
    }

    /// The tables and the room that they take.
    async fn storage(&self, context: &Context<'_>) -> Result<Option<Storage>, ApiError> {
        Ok(Some(system::storage(caller(context)?).await?.into()))
    }

    /// The history of the schema.
    async fn migrations(&self, context: &Context<'_>) -> Result<Option<Migrations>, ApiError> {
        Ok(Some(system::migrations(caller(context)?).await?.into()))
    }

    /// The live schema beside what this release expects: tables, columns and whether they may be
    /// null, and indexes by their names. Types, defaults, constraints, triggers and functions are
    /// not compared here, but by the migration commands.
    async fn drift(&self, context: &Context<'_>) -> Result<Option<Drift>, ApiError> {
        Ok(Some(system::drift(caller(context)?).await?.into()))
    }

    /// How the jobs stand.
    async fn jobs(&self, context: &Context<'_>) -> Result<Option<JobStatistics>, ApiError> {
        Ok(Some(system::jobs(caller(context)?).await?.into()))
    }

    /// What is at work here.
    async fn versions(&self, context: &Context<'_>) -> Result<Option<Versions>, ApiError> {
        Ok(Some(system::versions(caller(context)?).await?.into()))
    }

    /// The checks of `/health/ready`.
    async fn health(&self, context: &Context<'_>) -> Result<Option<Health>, ApiError> {
        Ok(Some(system::health(caller(context)?).await?.into()))
    }
}

#[derive(Debug, Default)]
pub(super) struct SystemMutation;

#[Object]
impl SystemMutation {
    /// Begin the statistics of operations and the record of slow statements anew, in the process
    /// that answers. For admins. Answers since when they count.
    async fn reset_statistics(
        &self,
        context: &Context<'_>,
    ) -> Result<Option<DateTime<Utc>>, ApiError> {
        Ok(Some(system::reset(caller(context)?).await?.since))
    }
}

/// A time in milliseconds, with its fractions.
fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// A number that may outgrow 32 bits.
fn big(number: u64) -> BigInt {
    BigInt(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A number that outgrows no database.
fn int(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
