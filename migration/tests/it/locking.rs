//! What is decided is decided under the lock, and nothing is kept without it.

use std::process::{Child, Stdio};

use migration::engine::Engine;
use migration::{status, up, up_by};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection};

use crate::binary::{code, command, going, migrate};
use crate::database::{self, Scratch};
use crate::history::rows;

/// Take the lock, as somebody else would.
async fn taken(scratch: &Scratch, engine: Engine) -> DatabaseConnection {
    let holder = database::connect_once(&scratch.url).await;
    let take = match engine {
        Engine::Sqlite => "BEGIN IMMEDIATE",
        Engine::Postgres => {
            "SELECT pg_advisory_lock(hashtextextended('chancery.migrate.' || current_schema(), 0))"
        }
    };
    holder.execute_unprepared(take).await.expect("the lock");
    holder
}

/// A run that waits for the lock by now, and what it says besides.
fn waiting(scratch: &Scratch, line: &[&str]) -> (Child, impl Iterator<Item = String> + use<>) {
    going(command(scratch, line), "another migration is under way")
}

async fn free(holder: DatabaseConnection, engine: Engine, last: &str) {
    let end = match engine {
        Engine::Sqlite => format!("{last}; COMMIT"),
        Engine::Postgres => format!("{last}; SELECT pg_advisory_unlock_all()"),
    };
    holder.execute_unprepared(&end).await.expect("the end");
    holder.close().await.expect("closed");
}

#[tokio::test]
async fn two_that_go_to_one_place_end_there() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up_by(&scratch.db, 1).await.expect("up");
        for (line, left) in [
            (&["up", "--to", "000004"][..], 4),
            (&["down", "--to", "000002"], 2),
        ] {
            let holder = taken(&scratch, engine).await;
            let both = [waiting(&scratch, line), waiting(&scratch, line)];
            free(holder, engine, "SELECT 1").await;
            for (mut child, rest) in both {
                let rest: Vec<String> = rest.collect();
                assert!(child.wait().expect("an end").success(), "{rest:?}");
            }
            let known = status(&scratch.db).await.expect("status");
            assert_eq!(known.applied.len(), left, "{line:?} on {engine:?}");
        }
    }
}

#[tokio::test]
async fn what_somebody_says_of_a_step_is_compared_under_the_lock() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let holder = taken(&scratch, engine).await;
        let line = ["resolve", "000021", "--applied", "--reason", "a test"];
        let (mut child, rest) = waiting(&scratch, &line);
        free(holder, engine, "DROP TABLE day_packs").await;
        let rest: Vec<String> = rest.collect();
        assert_eq!(child.wait().expect("an end").code(), Some(3), "{rest:?}");
    }
}

/// A run whose twentieth step waits for a reader, with what it says; and that reader.
async fn amid(scratch: &Scratch, more: &[&str]) -> (Child, DatabaseConnection) {
    up_by(&scratch.db, 19).await.expect("up");
    let reader = database::connect_once(&scratch.url).await;
    let read = "SET idle_session_timeout = 0; BEGIN; SELECT count(*) FROM nft_ownership";
    reader.execute_unprepared(read).await.expect("a reader");
    let line = [&["up", "--lock-timeout", "600"], more].concat();
    let child = command(scratch, &line)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary");
    let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
        AND wait_event_type = 'Lock'";
    while rows(&scratch.db, waits).await.is_empty() {
        tokio::task::yield_now().await;
    }
    (child, reader)
}

#[tokio::test]
async fn a_run_that_lost_its_lock_keeps_nothing() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    for (kind, take) in [
        (
            "session",
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'
               AND mode = 'ExclusiveLock' AND database = (SELECT oid FROM pg_database
                   WHERE datname = current_database())",
        ),
        (
            "lease",
            "UPDATE chancery_migration_lease SET holder = 'somebody',
                expires_at = clock_timestamp() + interval '1 hour'",
        ),
    ] {
        let scratch = Scratch::new(Engine::Postgres).await;
        let (child, reader) = amid(&scratch, &["--lock", kind]).await;
        scratch
            .db
            .execute_unprepared(take)
            .await
            .expect("it is gone");
        reader.execute_unprepared("COMMIT").await.expect("the end");
        let done = child.wait_with_output().expect("an end");
        let words = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(code(&done), Some(6), "{words}");
        assert!(words.contains("was lost while m20261121_000020"), "{words}");
        let known = status(&scratch.db).await.expect("status");
        assert_eq!(
            (known.applied.len(), known.failed.len()),
            (19, 0),
            "{words}"
        );
        if kind == "lease" {
            let end = "DELETE FROM chancery_migration_lease";
            scratch.db.execute_unprepared(end).await.expect("the end");
        }
        assert_eq!(code(&migrate(&scratch, &["up"])), Some(0));
        assert_eq!(
            code(&migrate(&scratch, &["status", "--check-drift"])),
            Some(0)
        );
    }
}

#[tokio::test]
async fn a_server_that_ends_idle_sessions_does_not_end_the_lock() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    let (_, name) = scratch.url.split_once("migration_").expect("a name");
    let name = name.split('?').next().expect("a name");
    let (child, reader) = {
        let set = format!("ALTER DATABASE migration_{name} SET idle_session_timeout = '2s'");
        scratch
            .db
            .execute_unprepared(&set)
            .await
            .expect("a setting");
        amid(&scratch, &[]).await
    };
    // The lock's session has nothing to do for longer than that, or is gone.
    let idle = "SELECT 1 FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid
        WHERE l.locktype = 'advisory' AND l.mode = 'ExclusiveLock'
          AND a.datname = current_database() AND now() - a.state_change < interval '3 seconds'";
    while !rows(&scratch.db, idle).await.is_empty() {
        tokio::task::yield_now().await;
    }
    reader.execute_unprepared("COMMIT").await.expect("the end");
    let done = child.wait_with_output().expect("an end");
    let words = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(code(&done), Some(0), "{words}");
}
