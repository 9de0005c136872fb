//! The history: what it knows of each step, what it refuses, and how it goes on after a failure.

use std::process::{Child, Stdio};

use migration::engine::Engine;
use migration::{status, up, up_by};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::Value;

use crate::binary::{code, command, migrate};
use crate::database::{self, Scratch};

pub(crate) async fn rows(db: &DatabaseConnection, sql: &str) -> Vec<Vec<String>> {
    let backend = match Engine::of(db).expect("an engine") {
        Engine::Sqlite => DbBackend::Sqlite,
        Engine::Postgres => DbBackend::Postgres,
    };
    let found = db
        .query_all_raw(Statement::from_string(backend, sql))
        .await
        .expect("rows");
    let texts = |row: &sea_orm_migration::sea_orm::QueryResult| {
        let names = row.column_names();
        names
            .iter()
            .map(|name| row.try_get("", name).unwrap_or_default())
            .collect()
    };
    found.iter().map(texts).collect()
}

#[tokio::test]
async fn every_step_is_put_down_with_its_checksum_and_who_did_it() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let done = migrate(&scratch, &["up", "--actor", "ada"]);
        assert_eq!(code(&done), Some(0));
        let all = rows(
            &scratch.db,
            "SELECT id, checksum, state, actor FROM chancery_migrations ORDER BY id",
        )
        .await;
        let names: Vec<&str> = all.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(names, migration::steps());
        for row in &all {
            assert_eq!(
                (row[1].len(), row[2].as_str(), row[3].as_str()),
                (64, "applied", "ada")
            );
        }
        // The standard list has them, too.
        let listed = rows(&scratch.db, "SELECT version FROM seaql_migrations").await;
        assert_eq!(listed.len(), all.len());
        let log = rows(&scratch.db, "SELECT action FROM chancery_migration_log").await;
        assert!(log.iter().all(|row| row[0] == "up") && log.len() == all.len());
        assert_eq!(
            code(&migrate(&scratch, &["status", "--check-drift"])),
            Some(0)
        );
        let stray = "CREATE TABLE stray (a integer)";
        scratch.db.execute_unprepared(stray).await.expect("a table");
        assert_eq!(
            code(&migrate(&scratch, &["status", "--check-drift"])),
            Some(3)
        );
    }
}

#[tokio::test]
async fn a_step_that_was_changed_afterwards_stops_everything_until_somebody_says_why() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let name = migration::steps().swap_remove(2);
        let other =
            format!("UPDATE chancery_migrations SET checksum = 'other' WHERE id = '{name}'");
        scratch
            .db
            .execute_unprepared(&other)
            .await
            .expect("a change");
        let told = migrate(&scratch, &["status", "--json"]);
        assert_eq!(code(&told), Some(4));
        let told: Value = serde_json::from_slice(&told.stdout).expect("JSON");
        assert_eq!(told["modified"][0], name);
        assert_eq!(code(&migrate(&scratch, &["up"])), Some(4));
        assert_eq!(code(&migrate(&scratch, &["down"])), Some(4));
        let unreasoned = migrate(&scratch, &["resolve", &name, "--applied"]);
        assert_eq!(code(&unreasoned), Some(64), "clap asks for the reason");
        let said = [
            "resolve",
            &name,
            "--applied",
            "--reason",
            "a comment",
            "--actor",
            "ada",
        ];
        assert_eq!(code(&migrate(&scratch, &said)), Some(0));
        assert_eq!(code(&migrate(&scratch, &["status"])), Some(0));
        let log = "SELECT step, actor, reason FROM chancery_migration_log
            WHERE action = 'resolve applied'";
        let expected = [name, "ada".to_owned(), "a comment".to_owned()];
        assert_eq!(rows(&scratch.db, log).await, [expected]);
    }
}

#[tokio::test]
async fn resolve_works_from_any_state_and_looks_at_the_schema_first() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let last = migration::steps().pop().expect("a step");
        let gone = ["resolve", &last, "--rolled-back", "--reason", "by hand"];
        let told = migrate(&scratch, &gone);
        assert_eq!(code(&told), Some(3), "its tables are there");
        let accepted = [&gone[..], &["--accept-drift"]].concat();
        assert_eq!(code(&migrate(&scratch, &accepted)), Some(0));
        let told = status(&scratch.db).await.expect("status");
        assert_eq!(
            (told.pending, told.rolled_back),
            (vec![last.clone()], vec![last.clone()])
        );
        assert_eq!(code(&migrate(&scratch, &["status"])), Some(2));
        // What it makes is there: so it is applied, and the schema says so.
        let back = ["resolve", &last, "--applied", "--reason", "it was there"];
        assert_eq!(code(&migrate(&scratch, &back)), Some(0));
        assert_eq!(code(&migrate(&scratch, &["status"])), Some(0));
    }
}

#[tokio::test]
async fn several_steps_are_resolved_as_one() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let mut steps = migration::steps();
        let two = steps.split_off(steps.len() - 2);
        let both = [two[1].as_str(), two[0].as_str()];
        let how = ["--reason", "by hand", "--rolled-back", "--accept-drift"];
        let gone = [&["resolve"], &both[..], &how[..]].concat();
        assert_eq!(code(&migrate(&scratch, &gone)), Some(0));
        let told = status(&scratch.db).await.expect("status");
        assert_eq!(told.pending, two);
        // The database has both, so one of them alone is not how it stands.
        let how = ["--applied", "--reason", "they are there"];
        let one = [&["resolve", two[0].as_str()], &how[..]].concat();
        assert_eq!(code(&migrate(&scratch, &one)), Some(3));
        let there = [&["resolve"], &both[..], &how[..]].concat();
        assert_eq!(code(&migrate(&scratch, &there)), Some(0));
        assert_eq!(code(&migrate(&scratch, &["status"])), Some(0));
    }
}

#[tokio::test]
async fn a_step_that_fails_leaves_nothing_and_those_before_it_stay() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        // Where nothing of ours is applied yet, it would be a table to adopt.
        up_by(&scratch.db, 1).await.expect("up");
        // In the way of the tenth step, in its middle.
        let stray = "CREATE TABLE audit_log (a integer)";
        scratch.db.execute_unprepared(stray).await.expect("a table");
        let told = migrate(&scratch, &["up", "--accept-drift"]);
        assert_eq!(code(&told), Some(1));
        let words = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(
            words.contains("_platform") && words.contains("nothing of it stays"),
            "{words}"
        );
        let known = status(&scratch.db).await.expect("status");
        assert_eq!(known.applied.len(), 9);
        let half = "SELECT 1 FROM idempotency_keys";
        scratch
            .db
            .execute_unprepared(half)
            .await
            .expect_err("nothing of the tenth");
        let log = "SELECT step FROM chancery_migration_log WHERE action = 'failed'";
        assert_eq!(rows(&scratch.db, log).await.len(), 1);
        scratch
            .db
            .execute_unprepared("DROP TABLE audit_log")
            .await
            .expect("out of the way");
        assert_eq!(code(&migrate(&scratch, &["up"])), Some(0));
        assert_eq!(code(&migrate(&scratch, &["drift"])), Some(0));
    }
}

#[tokio::test]
async fn a_step_of_statements_by_themselves_goes_on_where_it_stopped() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up_by(&scratch.db, 5).await.expect("up");
    let rename =
        |old: &str, new: &str| format!("ALTER TABLE tool_calls RENAME COLUMN {old} TO {new}");
    let away = rename("message_id", "elsewhere");
    scratch
        .db
        .execute_unprepared(&away)
        .await
        .expect("a rename");
    let known = ["up", "--accept-drift"];
    assert_eq!(code(&migrate(&scratch, &known)), Some(7));
    let known = status(&scratch.db).await.expect("status");
    let failed = known.failed.first().expect("a failed step");
    assert!(
        failed.statements_done > 0 && failed.error.contains("message_id"),
        "{failed:?}"
    );
    let done = failed.statements_done;
    // What is done is not done again: the first index of the step may go meanwhile.
    let first = rows(
        &scratch.db,
        "SELECT indexname::text FROM pg_indexes WHERE tablename = 'threads'
         AND indexname NOT LIKE '%pkey' ORDER BY 1",
    )
    .await;
    assert!(!first.is_empty(), "{done} statements are done");
    scratch
        .db
        .execute_unprepared(&rename("elsewhere", "message_id"))
        .await
        .expect("back");
    assert_eq!(code(&migrate(&scratch, &["up"])), Some(0));
    assert_eq!(code(&migrate(&scratch, &["drift"])), Some(0));
    let known = status(&scratch.db).await.expect("status");
    assert!(known.failed.is_empty() && known.pending.is_empty());
}

#[tokio::test]
async fn a_run_waits_for_another_and_a_dead_one_lets_it_go_on() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let holder = database::connect_once(&scratch.url).await;
        let take = match engine {
            Engine::Sqlite => "BEGIN IMMEDIATE",
            Engine::Postgres => {
                "SELECT pg_advisory_lock(hashtextextended('chancery.migrate.' || current_schema(), 0))"
            }
        };
        holder.execute_unprepared(take).await.expect("the lock");
        let told = migrate(&scratch, &["up", "--lock-wait", "0"]);
        assert_eq!(code(&told), Some(6));
        let waiting: Vec<Child> = (0..5)
            .map(|_| {
                let mut command = command(&scratch, &["up", "--lock-wait", "60"]);
                command
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()
                    .expect("the binary")
            })
            .collect();
        match engine {
            // A process that dies lets go of its file.
            Engine::Sqlite => holder
                .execute_unprepared("ROLLBACK")
                .await
                .expect("the end"),
            Engine::Postgres => {
                let kill = "SELECT pg_terminate_backend(pid) FROM pg_locks
                    WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()
                      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
                scratch.db.execute_unprepared(kill).await.expect("the end")
            }
        };
        for mut child in waiting {
            assert!(child.wait().expect("an end").success());
        }
        let log = rows(&scratch.db, "SELECT step FROM chancery_migration_log").await;
        assert_eq!(log.len(), migration::steps().len(), "each step ran once");
    }
}
