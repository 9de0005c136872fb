//! Runs beside others: locks, leases, time, and what is left when one is broken off.

use std::process::{Child, Stdio};

use migration::engine::Engine;
use migration::{status, up, up_by};
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, Statement, TransactionTrait,
};

use crate::binary::{code, command, migrate};
use crate::database::{self, Scratch};
use crate::history::rows;

#[tokio::test]
async fn a_lease_keeps_others_out_and_runs_out_with_whoever_is_gone() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up_by(&scratch.db, 3).await.expect("up");
    let lease = ["--lock", "lease"];
    let some = migrate(&scratch, &[&["up", "-n", "1"][..], &lease].concat());
    assert_eq!(code(&some), Some(0));
    let left = rows(&scratch.db, "SELECT holder FROM chancery_migration_lease").await;
    assert_eq!(left, Vec::<Vec<String>>::new(), "it was given back");
    let held = "INSERT INTO chancery_migration_lease VALUES
        ('migrate', 'somebody', clock_timestamp() + interval '1 hour')";
    scratch.db.execute_unprepared(held).await.expect("a lease");
    let told = migrate(
        &scratch,
        &[&["up", "--lock-wait", "0"][..], &lease].concat(),
    );
    assert_eq!(code(&told), Some(6));
    // A session of its own, too.
    let session = ["up", "-n", "1", "--lock-wait", "0"];
    assert_eq!(code(&migrate(&scratch, &session)), Some(6));
    let gone = "UPDATE chancery_migration_lease SET expires_at = clock_timestamp()";
    scratch.db.execute_unprepared(gone).await.expect("the end");
    assert_eq!(code(&migrate(&scratch, &session)), Some(0));
    let left = rows(&scratch.db, "SELECT holder FROM chancery_migration_lease").await;
    assert_eq!(left, Vec::<Vec<String>>::new(), "nobody can renew it");
    scratch.db.execute_unprepared(held).await.expect("a lease");
    scratch.db.execute_unprepared(gone).await.expect("the end");
    let waiting: Vec<Child> = ["lease", "session", "lease", "session", "lease", "session"]
        .map(|kind| {
            let mut command = command(&scratch, &["up", "--lock", kind]);
            let command = command.stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().expect("the binary")
        })
        .into();
    for mut child in waiting {
        assert!(child.wait().expect("an end").success());
    }
    let log = "SELECT step FROM chancery_migration_log WHERE action = 'up'";
    let log = rows(&scratch.db, log).await;
    assert_eq!(log.len(), migration::steps().len(), "each step ran once");
    assert_eq!(
        code(&migrate(&scratch, &["drift"])),
        Some(0),
        "the lease is no drift"
    );
}

#[tokio::test]
async fn a_step_that_waits_for_a_lock_lets_others_go_on_and_comes_again() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up_by(&scratch.db, 19).await.expect("up");
    // Somebody reads the table that the last step changes.
    let reader = database::connect_once(&scratch.url).await;
    let read = "BEGIN; SELECT count(*) FROM nft_ownership";
    reader.execute_unprepared(read).await.expect("a reader");
    let child = command(&scratch, &["up", "--lock-timeout", "0.2"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary");
    let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
        AND wait_event_type = 'Lock'";
    while rows(&scratch.db, waits).await.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    // It lets go of its place in the line.
    while !rows(&scratch.db, waits).await.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    reader.execute_unprepared("COMMIT").await.expect("the end");
    let done = child.wait_with_output().expect("an end");
    let words = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(code(&done), Some(0), "{words}");
    assert!(words.contains("trying again"), "{words}");
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up_by(&scratch.db, 19).await.expect("up");
    let slow = "CREATE FUNCTION slow() RETURNS event_trigger LANGUAGE plpgsql AS
        'BEGIN IF current_schema() = ''public'' THEN PERFORM pg_sleep(30); END IF; END';
        CREATE EVENT TRIGGER slow ON ddl_command_start EXECUTE FUNCTION slow()";
    scratch
        .db
        .execute_unprepared(slow)
        .await
        .expect("a trigger");
    let told = migrate(
        &scratch,
        &["up", "--accept-drift", "--statement-timeout", "0.3"],
    );
    assert_eq!(code(&told), Some(1));
    let words = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(words.contains("statement timeout"), "{words}");
    let told = migrate(&scratch, &["up", "--lock-timeout=-1"]);
    assert_eq!(
        code(&told),
        Some(64),
        "a number of seconds is none below zero"
    );
}

#[tokio::test]
async fn a_step_that_is_older_than_applied_ones_is_named_first() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let name = "m20261121_000013_message_times";
        let back = [
            "resolve",
            name,
            "--rolled-back",
            "--reason",
            "a test",
            "--accept-drift",
        ];
        assert_eq!(code(&migrate(&scratch, &back)), Some(0));
        let told = migrate(&scratch, &["up"]);
        assert_eq!(code(&told), Some(4));
        let words = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(
            words.contains(name) && words.contains("--out-of-order"),
            "{words}"
        );
        let index = "DROP INDEX messages_creation_date_message_id_idx";
        let _ = scratch.db.execute_unprepared(index).await;
        assert_eq!(
            code(&migrate(&scratch, &["up", "--out-of-order", "000013"])),
            Some(0)
        );
        assert_eq!(code(&migrate(&scratch, &["status"])), Some(0));
    }
}

#[tokio::test]
async fn a_run_that_is_broken_off_after_its_last_step_has_its_fingerprint() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up_by(&scratch.db, 3).await.expect("up");
        // Whatever the run does behind its last commit fails.
        let stop = match engine {
            Engine::Sqlite => {
                "CREATE TRIGGER stop BEFORE UPDATE ON chancery_migrations
                 WHEN old.state = 'applied' BEGIN SELECT RAISE(ABORT, 'no'); END"
            }
            Engine::Postgres => {
                "CREATE FUNCTION public.stop() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN RAISE ''no''; END';
                 CREATE TRIGGER stop BEFORE UPDATE ON chancery_migrations FOR EACH ROW
                 WHEN (old.state = 'applied') EXECUTE FUNCTION stop()"
            }
        };
        scratch
            .db
            .execute_unprepared(stop)
            .await
            .expect("a trigger");
        up_by(&scratch.db, 2).await.expect("up");
        let after = "SELECT fingerprint_after FROM chancery_migrations WHERE id LIKE '%_000005_%'";
        assert_eq!(rows(&scratch.db, after).await[0][0].len(), 64);
    }
}

#[tokio::test]
async fn rows_that_referred_to_nothing_before_are_told_and_hold_up_nobody() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    up_by(&scratch.db, 4).await.expect("up");
    let db = database::connect_once(&scratch.url).await;
    // As the shell of SQLite leaves them; and a table whose key leads to no key.
    let orphan = "PRAGMA foreign_keys = OFF;
        INSERT INTO user_identities (id, user_id, provider, subject, created_at, updated_at) VALUES
        (x'01', x'02', 'clerk', 'nobody', '2026-01-01', '2026-01-01')";
    db.execute_unprepared(orphan).await.expect("an orphan");
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().to_str().expect("a path");
    let fill = dir.path().join("fill.sql");
    let backfill =
        "-- backfill names key=id batch=1\nUPDATE users SET name = 'x' WHERE name IS NULL;\n";
    std::fs::write(&fill, backfill).expect("a file");
    let fill = fill.to_str().expect("a path");
    for more in [
        "SELECT 1",
        "CREATE TABLE p (a int, b int); CREATE TABLE c (x int REFERENCES p (b))",
        "CREATE TABLE par (k text PRIMARY KEY); CREATE TABLE chi (k text REFERENCES par (k));
            INSERT INTO chi VALUES (CAST(x'ff41' AS text))",
    ] {
        db.execute_unprepared(more).await.expect("a table");
        for arguments in [
            &["backup", place][..],
            &["plan", "--rehearse"],
            &["up", "--accept-drift", "-n", "1"],
            &["down", "--accept-loss", "--accept-drift"],
            &["backfill", "--file", fill, "--restart"],
            &["backfill", "--file", fill],
            &[
                "resolve",
                "000004",
                "--applied",
                "--accept-drift",
                "--reason",
                "a test",
            ],
        ] {
            let told = migrate(&scratch, arguments);
            let words = String::from_utf8_lossy(&told.stderr).into_owned();
            let ends = if arguments[0] == "plan" { 2 } else { 0 };
            assert_eq!(code(&told), Some(ends), "{arguments:?}: {words}");
            let is_told = words.contains("user_identities to users, 1 row");
            assert_eq!(is_told, ["up", "down"].contains(&arguments[0]), "{words}");
        }
    }
    let found = migrate(&scratch, &["up", "--accept-drift"]);
    let words = String::from_utf8_lossy(&found.stderr).into_owned();
    assert!(
        words.contains("c to p (by columns that are no key of p)"),
        "{words}"
    );
    assert_eq!(
        status(&scratch.db).await.expect("status").pending,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_backfill_answers_for_the_rows_that_it_makes_refer_to_nothing() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    let db = database::connect_once(&scratch.url).await;
    let tables = "PRAGMA foreign_keys = OFF;
        CREATE TABLE p (id integer PRIMARY KEY);
        CREATE TABLE c (id integer NOT NULL, p int REFERENCES p (id), q int,
            CONSTRAINT c_pkey PRIMARY KEY (id));
        INSERT INTO p VALUES (1); INSERT INTO c (id, p) VALUES (1, 7), (2, 1), (3, 1)";
    db.execute_unprepared(tables).await.expect("tables");
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("fill.sql");
    let path = file.to_str().expect("a path");
    // One more of a kind that is there, which the second run finds, too, from where the first is.
    let make = "-- backfill ps key=id batch=1\nUPDATE c SET p = 7 WHERE p = 1;\n";
    std::fs::write(&file, make).expect("a file");
    let ps = "SELECT group_concat(id || ':' || p, ' ') FROM c";
    for arguments in [
        &["backfill", "--file", path, "--batches", "2"][..],
        &["backfill", "--file", path],
        &["backfill", "--file", path],
        &["backfill", "--file", path, "--restart"],
        &["backfill", "--file", path],
    ] {
        let told = migrate(&scratch, arguments);
        let words = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(code(&told), Some(1), "{arguments:?}: {words}");
        assert!(
            words.contains("c to p; its last batch is taken back: add"),
            "{words}"
        );
        assert_eq!(rows(&db, ps).await, [["1:7 2:1 3:1"]], "{arguments:?}");
    }
    // What a backfill does not write it cannot have broken, however often it goes on, or is done.
    let other = "-- backfill qs key=id batch=1\nUPDATE c SET q = 1 WHERE q IS NULL;\n";
    std::fs::write(&file, other).expect("a file");
    for (arguments, ends) in [
        (&["backfill", "--file", path, "--batches", "1"][..], 7),
        (&["backfill", "--file", path], 0),
        (&["backfill", "--file", path], 0),
    ] {
        let told = migrate(&scratch, arguments);
        let words = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(code(&told), Some(ends), "{arguments:?}: {words}");
    }
}

/// What a session waits for at most, of each session of a pool of two.
async fn lock_timeouts(db: &DatabaseConnection) -> Vec<String> {
    let (one, other) = (
        db.begin().await.expect("one"),
        db.begin().await.expect("another"),
    );
    let mut found = Vec::new();
    for tx in [one, other] {
        let ask = Statement::from_string(DbBackend::Postgres, "SHOW lock_timeout");
        let row = tx
            .query_one_raw(ask)
            .await
            .expect("an answer")
            .expect("a row");
        found.push(row.try_get_by_index(0).expect("a text"));
    }
    found
}

#[tokio::test]
async fn no_session_is_left_with_timeouts_that_another_program_would_have() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    let db = migration::connect(&scratch.url)
        .await
        .expect("a connection");
    assert_eq!(lock_timeouts(&db).await, ["0", "0"]);
    up(&db).await.expect("up");
    assert_eq!(lock_timeouts(&db).await, ["0", "0"]);
}

#[tokio::test]
async fn a_statement_by_itself_has_an_end_only_where_the_session_is_ones_own() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    for (lock, expected) in [("session", "3s"), ("lease", "0")] {
        let scratch = Scratch::new(Engine::Postgres).await;
        up_by(&scratch.db, 5).await.expect("up");
        let look = format!(
            "CREATE FUNCTION public.look() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
                IF current_query() LIKE '%CONCURRENTLY%' AND current_setting('lock_timeout') <> '{expected}' THEN
                    RAISE 'it waits for %', current_setting('lock_timeout');
                END IF;
             END $$;
             CREATE EVENT TRIGGER look ON ddl_command_start EXECUTE FUNCTION public.look()"
        );
        scratch.db.execute_unprepared(&look).await.expect("a look");
        let run = [
            "up",
            "-n",
            "1",
            "--lock",
            lock,
            "--lock-timeout",
            "2.9999",
            "--accept-drift",
        ];
        let told = migrate(&scratch, &run);
        let words = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(code(&told), Some(0), "{lock}: {words}");
    }
}

#[tokio::test]
async fn each_step_began_before_it_was_done() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let early = "SELECT id FROM chancery_migrations WHERE started_at < finished_at";
        let early = rows(&scratch.db, early).await;
        assert_eq!(early.len(), migration::steps().len());
    }
}
