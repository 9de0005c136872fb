//! What a run would do: every statement, the locks it takes, how much it touches, what it loses.

mod loss;
mod postgres;
mod reader;
mod sqlite;
mod statement;
mod track;
mod unknown;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Instant;

use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, TransactionTrait};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::adopt::Adoption;
use crate::engine::Engine;
use crate::error::Error;
use crate::history::Status;
use crate::lexer;
use crate::lint::{self, Finding, Tested};
use crate::lock::Lock;
use crate::runner;
use crate::schema::{quoted, squeezed};
use crate::step::{Direction, STEPS, Step, check_written};
use crate::timeouts::Timeouts;

pub use loss::Loss;
pub(crate) use loss::losses;
pub(crate) use statement::Planned;
use track::{Taken, Track};

/// What a run would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Plan {
    /// A number that changes when the steps do, or the schema that they start from: `up --plan` takes
    /// it, and does this or nothing.
    pub hash: String,
    /// The steps, oldest first.
    pub steps: Vec<PlannedStep>,
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct PlannedStep {
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

/// So many rows are counted one by one.
const COUNTED: i64 = 10_000;

/// How big a table is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) rows: i64,
    bytes: Option<i64>,
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
    check_written(pending.iter().copied(), engine)?;
    let mut hash = Sha256::new();
    hash.update(runner::fingerprint(db).await?);
    for step in &pending {
        hash.update(step.name);
        hash.update(step.checksum(engine));
    }
    let mut track = loss::track(db, &sizes).await?;
    let steps = pending.into_iter().map(|step| {
        planned(
            step,
            (engine, Direction::Up),
            adoption.as_ref(),
            &sizes,
            &mut track,
        )
    });
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
fn runs(
    adoption: Option<&Adoption>,
    step: &Step,
    engine: Engine,
    direction: Direction,
) -> Cow<'static, str> {
    match adoption {
        Some(adoption) => Cow::Owned(adoption.trim(step, engine, direction).script()),
        None => Cow::Borrowed(step.script(engine, direction)),
    }
}

/// A step, behind what `track` has seen already.
fn planned(
    step: &Step,
    (engine, direction): (Engine, Direction),
    adoption: Option<&Adoption>,
    sizes: &BTreeMap<String, Size>,
    track: &mut Track,
) -> PlannedStep {
    let script = runs(adoption, step, engine, direction);
    let statements = lexer::split(engine, &script).into_iter();
    let statements = statements.map(|sql| Planned::of(sql, engine, sizes, track));
    let statements: Vec<Planned> = statements.collect();
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
    let sql: Vec<Cow<'_, str>> = statements.iter().map(judged).collect();
    let tested = statements.iter().zip(&sql).map(|(one, sql)| Tested {
        sql,
        table: one.table.as_deref(),
        rows: one.rows,
        bytes: one.bytes,
        in_transaction: !step.is_apart(engine),
        narrows: one.taken.iter().any(narrows),
    });
    let tested: Vec<Tested<'_>> = tested.collect();
    let mut found = lint::findings(&tested, engine, &rows);
    // A table whose rows were put elsewhere before it goes takes nothing along.
    let moved = |one: &Finding| {
        let is_drop = one.rule == "drops-table";
        let mut same = statements.iter().filter(|two| two.table == one.table);
        is_drop && same.all(|two| two.loses.is_none())
    };
    found.retain(|one| !moved(one));
    found
}

fn narrows(taken: &Taken) -> bool {
    matches!(taken, Taken::Narrowed { .. })
}

/// What is held against the rules: a table that goes behind a copy of it without some columns is one
/// that drops these.
fn judged(one: &Planned) -> Cow<'_, str> {
    let columns = one.taken.iter().map(|taken| match taken {
        Taken::Column { column, .. } => Some(column.as_str()),
        _ => None,
    });
    let columns: Option<Vec<&str>> = columns.collect();
    let is_drop = squeezed(&one.sql).to_uppercase().starts_with("DROP TABLE");
    let (Some(columns), Some(table), true) = (columns, &one.table, is_drop) else {
        return Cow::Borrowed(&one.sql);
    };
    if columns.is_empty() {
        return Cow::Borrowed(&one.sql);
    }
    // Above it stands which rules it may break.
    let comments = one.sql.lines().filter(|line| line.trim().starts_with("--"));
    let mut sql: String = comments.flat_map(|line| [line, "\n"]).collect();
    let drops = columns
        .iter()
        .map(|name| format!("DROP COLUMN {}", quoted(name)));
    let drops: Vec<String> = drops.collect();
    sql.extend(["ALTER TABLE ", &quoted(table), " ", &drops.join(", ")]);
    Cow::Owned(sql)
}

/// What is unsafe about `steps` on the database behind `db`, by step.
pub(crate) async fn lint(
    db: &impl ConnectionTrait,
    steps: &[Step],
) -> Result<Vec<(&'static str, Vec<Finding>)>, Error> {
    let engine = Engine::of(db)?;
    let adoption = Adoption::of(db).await?;
    let sizes = sizes(db).await?;
    let mut track = loss::track(db, &sizes).await?;
    let found = steps.iter().map(|step| {
        let way = (engine, Direction::Up);
        let planned = planned(step, way, adoption.as_ref(), &sizes, &mut track);
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
    timeouts: Timeouts,
    plan: &mut Plan,
) -> Result<(), Error> {
    let engine = Engine::of(db)?;
    let adoption = Adoption::of(&lock.db()).await?;
    let tx = lock.db().begin().await?;
    timeouts.within(&tx).await?;
    lock.note_keys().await?;
    for (step, planned) in pending(status).into_iter().zip(&mut plan.steps) {
        let began = Instant::now();
        let script =
            runs(adoption.as_ref(), step, engine, Direction::Up).replace(" CONCURRENTLY", "");
        let done = match tx.execute_unprepared(&script).await {
            Ok(_) => lock.check_keys(&tx).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = done {
            tx.rollback().await?;
            return Err(Error::Stopped {
                step: step.name,
                goes_on: false,
                what_stays: "it was a rehearsal, and nothing stays".to_owned(),
                source: Box::new(error),
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
    use crate::cluster::Cluster;

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
        let told = async |allowed: &[String]| {
            let found = losses(&db, steps.iter(), Direction::Up);
            let found = crate::unnamed(found.await.expect("a look"), allowed);
            let lines = found.iter().map(|one| format!("{}: {one}", one.step));
            lines.collect::<Vec<_>>()
        };
        assert_eq!(told(&[]).await, Vec::<String>::new());
        let fill = "INSERT INTO a VALUES (1, 'x'), (2, NULL); INSERT INTO c VALUES (1), (2)";
        db.execute_unprepared(fill).await.expect("rows");
        assert_eq!(told(&[]).await, ["m1: a.b: 1 value", "m2: c: 2 rows"]);
        assert_eq!(
            told(&["m2".to_owned()]).await,
            ["m1: a.b: 1 value"],
            "m2 is allowed by its name"
        );
    }

    #[tokio::test]
    async fn a_condition_that_tells_which_rows_go_is_asked() {
        let db = crate::connect("sqlite::memory:").await.expect("a database");
        let make = "CREATE TABLE a (id integer); INSERT INTO a VALUES (1), (2), (3)";
        db.execute_unprepared(make).await.expect("a table");
        for (up, count) in [
            ("DELETE FROM a WHERE id > 5;\n", 0),
            ("DELETE FROM a WHERE id > 1;\n", 2),
            ("DELETE FROM a WHERE made_later;\n", 3),
            (
                "CREATE TABLE b (id integer);\nINSERT INTO b SELECT * FROM a WHERE id = 1;\nDROP TABLE a;\n",
                2,
            ),
        ] {
            let step = Step::doing("m1", up);
            let found = losses(&db, [&step].into_iter(), Direction::Up).await;
            let found = found.expect("a look");
            assert_eq!(
                found.iter().filter_map(|one| one.count).sum::<i64>(),
                count,
                "{up}"
            );
        }
    }

    /// What `script` takes of the database at `url`.
    async fn told(url: &str, script: &'static str) -> Vec<String> {
        let db = crate::connect(url).await.expect("a database");
        let step = Step::doing("m1", script);
        let found = losses(&db, [&step].into_iter(), Direction::Up).await;
        db.close().await.expect("closed");
        let found = found.expect("a look").into_iter();
        found.map(|one| one.to_string()).collect()
    }

    #[tokio::test]
    async fn nothing_that_a_step_takes_is_hidden_by_how_it_is_written() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = format!("sqlite://{}?mode=rwc", dir.path().join("a.db").display());
        let cluster = Cluster::shared();
        let postgres = cluster.as_ref().map(|cluster| cluster.url("plan_losses"));
        if let Some(cluster) = &cluster {
            let all = crate::connect(&cluster.url("postgres"))
                .await
                .expect("a server");
            let make = "CREATE DATABASE plan_losses";
            all.execute_unprepared(make).await.expect("a database");
            all.close().await.expect("closed");
        }
        for (url, scripts) in [
            (Some(file), &HIDDEN_FROM_BOTH[..]),
            (postgres.clone(), &HIDDEN_FROM_BOTH),
            (postgres, &HIDDEN_FROM_POSTGRES),
        ] {
            let Some(url) = url else { continue };
            let db = crate::connect(&url).await.expect("a database");
            let make = "CREATE TABLE IF NOT EXISTS users (id integer, name text);
                CREATE TABLE IF NOT EXISTS saved_views (id integer); DELETE FROM users;";
            db.execute_unprepared(make).await.expect("tables");
            if url.starts_with("postgres") {
                // What is deleted takes place for a while.
                db.execute_unprepared("TRUNCATE users, saved_views")
                    .await
                    .expect("none");
            }
            for (script, _) in scripts {
                assert_eq!(told(&url, script).await, Vec::<String>::new(), "{script}");
            }
            let rows =
                "INSERT INTO users VALUES (1, 'a'), (2, NULL); INSERT INTO saved_views VALUES (1)";
            db.execute_unprepared(rows).await.expect("rows");
            for (script, expected) in scripts {
                let found = told(&url, script).await.join(", ");
                assert!(found.contains(expected), "{script}: {found}");
            }
            let wider = "ALTER TABLE users ALTER COLUMN id TYPE bigint;\n";
            if url.starts_with("postgres") {
                assert_eq!(told(&url, wider).await, Vec::<String>::new());
            }
            db.execute_unprepared("DELETE FROM saved_views")
                .await
                .expect("none");
            db.close().await.expect("closed");
        }
    }

    const HIDDEN_FROM_BOTH: [(&str, &str); 5] = [
        (
            "CREATE TABLE spans (id int, begin text); DROP TABLE saved_views; CREATE TABLE b (a int);\n",
            "saved_views: 1 row",
        ),
        (
            "ALTER TABLE \"users\" DROP \"name\";\n",
            "users.name: 1 value",
        ),
        ("UPDATE users SET name = NULL;\n", "users.name: 1 value"),
        ("/* a */ DELETE FROM \"users\";\n", "users: 2 rows"),
        ("DELETE FROM a_view;\n", "what nobody can tell"),
    ];

    const HIDDEN_FROM_POSTGRES: [(&str, &str); 9] = [
        (
            "SELECT E'it\\'s'; DROP TABLE saved_views; SELECT 'a';\n",
            "saved_views: 1 row",
        ),
        (
            "DO $$ BEGIN DROP TABLE users; END $$;\n",
            "a block of code runs",
        ),
        (
            "WITH x AS (DELETE FROM users RETURNING *) SELECT * FROM x;\n",
            "a part of it changes rows",
        ),
        ("SELECT purge();\n", "a function runs"),
        ("DROP SCHEMA public CASCADE;\n", "whatever is in it goes"),
        ("DROP OWNED BY somebody;\n", "whatever is in it goes"),
        (
            "TRUNCATE ONLY users, saved_views;\n",
            "users: 2 rows, saved_views: 1 row",
        ),
        (
            "ALTER TABLE users ALTER name TYPE varchar(1) USING left(name, 1);\n",
            "users.name: 1 value",
        ),
        (
            "ALTER TABLE users ALTER COLUMN id TYPE real;\n",
            "users.id: 2 values",
        ),
    ];
}
