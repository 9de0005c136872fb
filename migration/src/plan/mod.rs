//! What a run would do: every statement, the locks it takes, how much it touches, what it loses.

mod postgres;
mod sqlite;
mod statement;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Instant;

use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, Statement, TransactionTrait,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::adopt::Adoption;
use crate::engine::Engine;
use crate::error::Error;
use crate::history::Status;
use crate::lint::{self, Finding, Tested};
use crate::lock::Lock;
use crate::runner;
use crate::schema::quoted;
use crate::step::{Direction, STEPS, Step};

pub(crate) use statement::{Planned, split};

/// What a run would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// A number that changes when the steps do, or the schema that they start from: `up --plan` takes
    /// it, and does this or nothing.
    pub hash: String,
    /// The steps, oldest first.
    pub steps: Vec<PlannedStep>,
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedStep {
    /// Its name.
    pub step: String,
    /// Whether it is one transaction; else each statement is by itself.
    pub in_transaction: bool,
    /// What it does.
    pub statements: Vec<Planned>,
    /// What is unsafe about it on this database.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// How long it took in a rehearsal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rehearsed_ms: Option<u64>,
}

/// How big a table is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) rows: i64,
    bytes: Option<i64>,
}

/// What `steps` lose of what is there: tables and columns with rows. The tables are looked at only
/// where a step takes something away.
pub(crate) async fn losses(
    db: &impl ConnectionTrait,
    steps: impl Iterator<Item = &Step>,
) -> Result<Vec<String>, Error> {
    let engine = Engine::of(db)?;
    let adoption = Adoption::of(db).await?;
    let takes = |step: &&Step| {
        let script = runs(adoption.as_ref(), step, engine);
        statement::split(&script)
            .into_iter()
            .any(statement::takes_away)
    };
    let taking: Vec<&Step> = steps.filter(takes).collect();
    if taking.is_empty() {
        return Ok(Vec::new());
    }
    let sizes = sizes(db).await?;
    let mut found = Vec::new();
    for step in taking {
        let planned = planned(step, engine, adoption.as_ref(), &sizes);
        for one in &planned.statements {
            let (Some(loses), Some(table)) = (&one.loses, &one.table) else {
                continue;
            };
            // A count may be old; whether there is a row at all is known now.
            if one.rows != Some(0) || has_rows(db, table).await? {
                found.push(format!("{}: {loses}", step.name));
            }
        }
    }
    Ok(found)
}

async fn has_rows(db: &impl ConnectionTrait, table: &str) -> Result<bool, Error> {
    let any = format!("SELECT 1 FROM {} LIMIT 1", quoted(table));
    let any = Statement::from_string(Engine::of(db)?.backend(), any);
    Ok(db.query_one_raw(any).await?.is_some())
}

/// How big tables are, about.
pub(crate) async fn sizes(db: &impl ConnectionTrait) -> Result<BTreeMap<String, Size>, Error> {
    Ok(match Engine::of(db)? {
        Engine::Sqlite => sqlite::sizes(db).await?,
        Engine::Postgres => postgres::sizes(db).await?,
    })
}

/// What a run on the database behind `db` would do, as `status` stands.
pub(crate) async fn plan(db: &impl ConnectionTrait, status: &Status) -> Result<Plan, Error> {
    let engine = Engine::of(db)?;
    let sizes = sizes(db).await?;
    let adoption = Adoption::of(db).await?;
    let pending = pending(status);
    let mut hash = Sha256::new();
    hash.update(runner::fingerprint(db).await?);
    for step in &pending {
        hash.update(step.name);
        hash.update(step.checksum(engine));
    }
    let steps = pending
        .into_iter()
        .map(|step| planned(step, engine, adoption.as_ref(), &sizes));
    Ok(Plan {
        hash: hex::encode(hash.finalize()),
        steps: steps.collect(),
    })
}

fn pending(status: &Status) -> Vec<&'static Step> {
    let is_pending = |step: &&Step| status.pending.iter().any(|name| name == step.name);
    STEPS.iter().filter(is_pending).collect()
}

/// What of a step runs here.
fn runs(adoption: Option<&Adoption>, step: &Step, engine: Engine) -> Cow<'static, str> {
    match adoption {
        Some(adoption) => Cow::Owned(adoption.trim(step, engine, Direction::Up).script()),
        None => Cow::Borrowed(step.script(engine, Direction::Up)),
    }
}

fn planned(
    step: &Step,
    engine: Engine,
    adoption: Option<&Adoption>,
    sizes: &BTreeMap<String, Size>,
) -> PlannedStep {
    let script = runs(adoption, step, engine);
    let statements = statement::split(&script).into_iter();
    let statements = statements.map(|sql| Planned::of(sql, engine, sizes));
    let mut statements: Vec<Planned> = statements.collect();
    statement::forgive_moves(&mut statements);
    PlannedStep {
        step: step.name.to_owned(),
        in_transaction: !step.is_apart(engine),
        findings: findings(&statements, step, engine, sizes),
        statements,
        rehearsed_ms: None,
    }
}

/// What is unsafe about a step's statements.
fn findings(
    statements: &[Planned],
    step: &Step,
    engine: Engine,
    sizes: &BTreeMap<String, Size>,
) -> Vec<Finding> {
    let rows = sizes.iter().map(|(name, size)| (name.clone(), size.rows));
    let rows = rows.collect();
    let tested = |one: &Planned| {
        let tested = Tested {
            sql: &one.sql,
            table: one.table.as_deref(),
            rows: one.rows,
            bytes: one.bytes,
            in_transaction: !step.is_apart(engine),
        };
        lint::findings(&tested, engine, &rows)
    };
    let mut found: Vec<Finding> = statements.iter().flat_map(tested).collect();
    // A table whose rows were put elsewhere before it goes takes nothing along.
    let moved = |one: &Finding| {
        let is_drop = one.rule == "drops-table";
        let mut same = statements.iter().filter(|two| two.table == one.table);
        is_drop && same.all(|two| two.loses.is_none())
    };
    found.retain(|one| !moved(one));
    found
}

/// What is unsafe about `steps` on the database behind `db`, by step.
pub(crate) async fn lint(
    db: &impl ConnectionTrait,
    steps: &[Step],
) -> Result<Vec<(&'static str, Vec<Finding>)>, Error> {
    let engine = Engine::of(db)?;
    let adoption = Adoption::of(db).await?;
    let sizes = sizes(db).await?;
    let found = steps.iter().map(|step| {
        let planned = planned(step, engine, adoption.as_ref(), &sizes);
        (step.name, planned.findings)
    });
    Ok(found.collect())
}

/// Do what the plan says in a transaction that is rolled back, and note how long each step took. What
/// must run by itself runs as it would where nobody waits.
pub(crate) async fn rehearse(
    db: &DatabaseConnection,
    status: &Status,
    lock: &Lock<'_>,
    plan: &mut Plan,
) -> Result<(), Error> {
    let engine = Engine::of(db)?;
    let adoption = Adoption::of(&lock.db()).await?;
    let tx = lock.db().begin().await?;
    for (step, planned) in pending(status).into_iter().zip(&mut plan.steps) {
        let began = Instant::now();
        let script = runs(adoption.as_ref(), step, engine).replace(" CONCURRENTLY", "");
        if let Err(source) = tx.execute_unprepared(&script).await {
            tx.rollback().await?;
            return Err(Error::Stopped {
                step: step.name,
                what_stays: "it was a rehearsal, and nothing stays".to_owned(),
                source,
            });
        }
        planned.rehearsed_ms = u64::try_from(began.elapsed().as_millis()).ok();
    }
    tx.rollback().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_step_takes_away_is_a_loss_where_there_are_rows() {
        let db = crate::connect("sqlite::memory:").await.expect("a database");
        let make = "CREATE TABLE a (id integer, b text); CREATE TABLE c (id integer)";
        db.execute_unprepared(make).await.expect("tables");
        let steps = [
            Step::doing("m1", "ALTER TABLE a DROP COLUMN b;\n"),
            Step::doing("m2", "DROP TABLE c;\n"),
            Step::doing("m3", "CREATE TABLE d (id integer);\n"),
        ];
        let found = losses(&db, steps.iter()).await.expect("a look");
        assert_eq!(found, Vec::<String>::new());
        let fill = "INSERT INTO a VALUES (1, 'x'); INSERT INTO c VALUES (1)";
        db.execute_unprepared(fill).await.expect("rows");
        let found = losses(&db, steps.iter()).await.expect("a look");
        assert_eq!(found, ["m1: a column of a", "m2: all rows of c"]);
        let unnamed = crate::unnamed(&steps.each_ref(), &["m2".to_owned()]);
        let found = losses(&db, unnamed.into_iter()).await.expect("a look");
        assert_eq!(found, ["m1: a column of a"], "m2 is allowed by its name");
    }
}
