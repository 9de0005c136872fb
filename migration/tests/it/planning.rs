//! `plan`: what `up` would do, and a run that does that or nothing.

use std::process::{Child, Stdio};

use migration::engine::Engine;
use migration::{status, up, up_by};
use sea_orm_migration::sea_orm::ConnectionTrait;
use serde_json::Value;

use crate::binary::{command, json, migrate};
use crate::database::{self, Scratch};

#[tokio::test]
async fn a_plan_has_every_statement_and_writes_nothing() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let told = migrate(&scratch, &["plan", "--json"]);
        assert_eq!(told.status.code(), Some(2));
        let told = json(&told);
        let steps = told["steps"].as_array().expect("steps");
        assert_eq!(steps.len(), migration::steps().len());
        assert!(
            steps
                .iter()
                .all(|step| step["statements"][0]["sql"].is_string()),
            "{told}"
        );
        let apart: Vec<&Value> = steps
            .iter()
            .filter(|step| step["in_transaction"] == false)
            .collect();
        assert_eq!(apart.is_empty(), engine == Engine::Sqlite);
        let known = status(&scratch.db).await.expect("status");
        assert!(known.applied.is_empty());

        up_by(&scratch.db, 5).await.expect("up");
        let told = migrate(&scratch, &["plan"]);
        let words = String::from_utf8_lossy(&told.stdout).into_owned();
        assert!(words.contains("0 rows"), "{words}");
        let lock = words.contains("-- locks threads: SHARE UPDATE EXCLUSIVE");
        assert_eq!(lock, engine == Engine::Postgres, "{words}");

        up(&scratch.db).await.expect("up");
        let told = migrate(&scratch, &["plan"]);
        assert_eq!(told.status.code(), Some(0));
    }
}

#[tokio::test]
async fn a_rehearsal_does_it_all_and_leaves_nothing() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up_by(&scratch.db, 4).await.expect("up");
        let told = migrate(&scratch, &["plan", "--rehearse", "--json"]);
        assert_eq!(
            told.status.code(),
            Some(2),
            "{}",
            String::from_utf8_lossy(&told.stderr)
        );
        assert!(json(&told)["steps"][0]["rehearsed_ms"].is_number());
        assert_eq!(status(&scratch.db).await.expect("status").applied.len(), 4);
        scratch
            .db
            .execute_unprepared("SELECT 1 FROM threads")
            .await
            .expect_err("no such table");

        let stray = "CREATE TABLE audit_log (a integer)";
        scratch.db.execute_unprepared(stray).await.expect("a table");
        let told = migrate(&scratch, &["plan", "--rehearse"]);
        assert_eq!(told.status.code(), Some(1));
        let words = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(words.contains("it was a rehearsal"), "{words}");
        assert_eq!(status(&scratch.db).await.expect("status").applied.len(), 4);
    }
}

#[tokio::test]
async fn a_rehearsal_waits_for_its_turn_as_a_run_does() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up_by(&scratch.db, 4).await.expect("up");
        let rehearse = ["plan", "--rehearse", "--lock-wait", "0"];
        let lease = [&rehearse[..], &["--lock", "lease"]].concat();
        // What keeps others out of SQLite is the same, whatever is said.
        let (take, how) = match engine {
            Engine::Sqlite => ("BEGIN IMMEDIATE", &rehearse[..]),
            Engine::Postgres => {
                let told = migrate(&scratch, &lease);
                assert_eq!(told.status.code(), Some(2), "the lease is made");
                let lease = "INSERT INTO chancery_migration_lease VALUES
                    ('migrate', 'somebody', clock_timestamp() + interval '1 hour')";
                (
                    lease,
                    &["plan", "--rehearse", "--lock-wait", "0", "--lock", "lease"][..],
                )
            }
        };
        let holder = database::connect_once(&scratch.url).await;
        holder.execute_unprepared(take).await.expect("the lock");
        let told = migrate(&scratch, how);
        assert_eq!(told.status.code(), Some(6));
        assert_eq!(migrate(&scratch, &["plan"]).status.code(), Some(2));
        holder.close().await.expect("closed");
        assert_eq!(status(&scratch.db).await.expect("status").applied.len(), 4);
    }
}

#[tokio::test]
async fn a_run_does_what_was_planned_or_nothing() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up_by(&scratch.db, 3).await.expect("up");
        let hash = json(&migrate(&scratch, &["plan", "--json"]))["hash"].clone();
        let hash = hash.as_str().expect("a hash");
        let stray = "CREATE TABLE stray (a integer)";
        scratch.db.execute_unprepared(stray).await.expect("a table");
        let told = migrate(&scratch, &["up", "--plan", hash]);
        assert_eq!(told.status.code(), Some(4));
        assert_eq!(status(&scratch.db).await.expect("status").applied.len(), 3);
        scratch
            .db
            .execute_unprepared("DROP TABLE stray")
            .await
            .expect("no table");
        // Five at once: one does it, and to the others it is done.
        let deploys: Vec<Child> = (0..5)
            .map(|_| {
                let mut deploy = command(&scratch, &["up", "--plan", hash]);
                let deploy = deploy.stdout(Stdio::null()).stderr(Stdio::piped());
                deploy.spawn().expect("the binary")
            })
            .collect();
        for deploy in deploys {
            let told = deploy.wait_with_output().expect("an end");
            let words = String::from_utf8_lossy(&told.stderr);
            assert_eq!(told.status.code(), Some(0), "{words}");
        }
        let known = status(&scratch.db).await.expect("status");
        assert!(known.pending.is_empty());
    }
}

#[tokio::test]
async fn a_large_table_of_sqlite_is_not_read_through_to_be_counted() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    up_by(&scratch.db, 1).await.expect("up");
    let rows = |table: &str, count: u32| {
        format!(
            "CREATE TABLE {table} (a integer);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
             INSERT INTO {table} SELECT i FROM n;"
        )
    };
    // The names of tables that pending steps are about.
    let made = [rows("uploads", 100), rows("videos", 10_050)].concat();
    scratch.db.execute_unprepared(&made).await.expect("tables");
    let told = || {
        let told = json(&migrate(&scratch, &["plan", "--json"]));
        let all: Vec<Value> = told["steps"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|step| step["statements"].as_array().cloned().unwrap_or_default())
            .collect();
        move |table: &str| {
            let found = all.iter().find(|one| one["table"] == table);
            found.map(|one| one["rows"].clone()).expect(table)
        }
    };
    let rows = told();
    assert_eq!(
        (rows("uploads"), rows("videos")),
        (100.into(), 10_050.into())
    );
    // What was found before is believed of a large table, and of no other.
    let known = "ANALYZE; UPDATE sqlite_stat1 SET stat = '777777'";
    scratch.db.execute_unprepared(known).await.expect("known");
    let rows = told();
    assert_eq!(
        (rows("uploads"), rows("videos")),
        (100.into(), 777_777.into())
    );
}
