//! Whoever waits says for whom, and whoever ends early keeps nobody out.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use migration::engine::Engine;
use migration::{up, up_by};
use sea_orm_migration::sea_orm::ConnectionTrait;
use serde_json::Value;

use crate::adopt::{alembic, load};
use crate::binary::{code, command, going, migrate};
use crate::database::{self, Scratch};
use crate::history::rows;

const LEASES: &str = "SELECT holder FROM chancery_migration_lease";

/// What keeps others out: how it is taken, how it is given back, what is said of whoever has it, and how a
/// program hears of that.
struct Held {
    take: &'static str,
    give: &'static str,
    words: &'static [&'static str],
    json: &'static str,
}

fn held(engine: Engine, kind: &str) -> Held {
    match (engine, kind) {
        (Engine::Sqlite, _) => Held {
            take: "BEGIN IMMEDIATE",
            give: "ROLLBACK",
            words: &["somebody else writes to this file"],
            json: "/who",
        },
        (Engine::Postgres, "session") => Held {
            take: "SET application_name = 'the other deploy'; SELECT pg_advisory_lock(
                hashtextextended('chancery.migrate.' || current_schema(), 0))",
            give: "SELECT pg_advisory_unlock_all()",
            words: &["(the other deploy), ", ", connected since 20"],
            json: "/application",
        },
        (Engine::Postgres, _) => Held {
            take: "CREATE TABLE IF NOT EXISTS chancery_migration_lease
                    (name text PRIMARY KEY, holder text NOT NULL, expires_at timestamptz NOT NULL);
                INSERT INTO chancery_migration_lease VALUES
                    ('migrate', 'the other deploy', clock_timestamp() + interval '1 hour')",
            give: "DELETE FROM chancery_migration_lease",
            words: &["the other deploy, until 20"],
            json: "/holder",
        },
    }
}

/// What the other has, and what we want.
const BOTH: &[(&str, &str)] = &[
    ("session", "session"),
    ("lease", "lease"),
    ("lease", "session"),
    ("session", "lease"),
];

#[tokio::test]
async fn a_run_that_waits_says_for_whom() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up_by(&scratch.db, 20).await.expect("up");
        for (&(theirs, ours), arguments) in
            BOTH.iter()
                .zip([&["up"][..], &["down", "--json"], &["up"], &["down"]])
        {
            let held = held(engine, theirs);
            let holder = database::connect_once(&scratch.url).await;
            holder
                .execute_unprepared(held.take)
                .await
                .expect("the lock");
            let mut child = command(&scratch, &[arguments, &["--lock", ours]].concat())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the binary");
            let errors = BufReader::new(child.stderr.take().expect("a pipe"));
            let mut lines = errors.lines().map(|line| line.expect("a line"));
            let told = lines.find(|line| line.contains("another migration is under way"));
            let told = told.expect("it says that it waits");
            let is_told = held.words.iter().all(|one| told.contains(one));
            assert!(is_told, "{arguments:?}: {told}");
            holder.execute_unprepared(held.give).await.expect("the end");
            holder.close().await.expect("closed");
            // Somebody reads what it says besides.
            let rest: Vec<String> = lines.collect();
            assert!(child.wait().expect("an end").success(), "{rest:?}");
        }
    }
}

#[tokio::test]
async fn a_run_that_does_not_wait_says_for_whom_it_would() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up_by(&scratch.db, 1).await.expect("up");
        for &(theirs, ours) in BOTH {
            let held = held(engine, theirs);
            let holder = database::connect_once(&scratch.url).await;
            holder
                .execute_unprepared(held.take)
                .await
                .expect("the lock");
            let line = ["up", "--lock-wait", "0", "--lock", ours];
            let told = migrate(&scratch, &line);
            let words = String::from_utf8_lossy(&told.stderr);
            assert_eq!(code(&told), Some(6), "{words}");
            assert!(held.words.iter().all(|one| words.contains(one)), "{words}");
            let told = migrate(&scratch, &[&line[..], &["--json"]].concat());
            let object: Value = serde_json::from_slice(&told.stdout).expect("JSON");
            let known = object["holder"].pointer(held.json).and_then(Value::as_str);
            let known = known.expect("a holder");
            let is_told = held.words.iter().any(|one| one.contains(known));
            assert!(is_told, "{object:#}");
            holder.execute_unprepared(held.give).await.expect("the end");
            if engine == Engine::Postgres {
                if theirs == "session" {
                    assert!(object["holder"]["pid"].is_i64(), "{object:#}");
                }
                let made = "SELECT 1 FROM pg_class WHERE relname = 'chancery_migration_lease'";
                if !rows(&scratch.db, made).await.is_empty() {
                    let left = rows(&scratch.db, LEASES).await;
                    assert_eq!(left, Vec::<Vec<String>>::new(), "{theirs} {ours}");
                }
            }
            holder.close().await.expect("closed");
        }
        let known = migration::status(&scratch.db).await.expect("status");
        assert_eq!(known.applied.len(), 1, "nobody got in");
    }
}

#[tokio::test]
async fn taking_over_a_file_waits_for_its_turn_once() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    load(&scratch, Engine::Sqlite, "prisma").await;
    let holder = database::connect_once(&scratch.url).await;
    let take = "BEGIN IMMEDIATE";
    holder.execute_unprepared(take).await.expect("the file");
    // Whoever waits anywhere before it says so waits for a day.
    let line = ["adopt", "--from", "prisma", "--lock-wait", "86400"];
    let (mut child, lines) = going(
        command(&scratch, &line),
        "somebody else writes to this file",
    );
    holder
        .execute_unprepared("ROLLBACK")
        .await
        .expect("the end");
    let rest: Vec<String> = lines.collect();
    assert!(child.wait().expect("an end").success(), "{rest:?}");
}

#[tokio::test]
async fn a_refusal_gives_the_lease_back() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up(&scratch.db).await.expect("up");
    let lease = |arguments: &[&str]| migrate(&scratch, &[arguments, &["--lock", "lease"]].concat());
    let hole = [
        "resolve",
        "000010",
        "--rolled-back",
        "--accept-drift",
        "--reason",
        "a test",
    ];
    assert_eq!(code(&lease(&hole)), Some(0));
    for refused in [
        &["up"][..],
        &["down", "-n", "12"],
        // There is a table in the way.
        &["up", "--out-of-order", "000010"],
    ] {
        let told = lease(refused);
        assert_ne!(code(&told), Some(0), "{refused:?}");
        let left = rows(&scratch.db, LEASES).await;
        assert_eq!(left, Vec::<Vec<String>>::new(), "{refused:?}");
    }
}

#[tokio::test]
async fn a_run_that_is_told_to_end_gives_the_lease_back() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up_by(&scratch.db, 19).await.expect("up");
    for (signal, expected) in [("-TERM", 143), ("-INT", 130)] {
        // Somebody reads the table that the next step changes.
        let reader = database::connect_once(&scratch.url).await;
        let read = "BEGIN; SELECT count(*) FROM nft_ownership";
        reader.execute_unprepared(read).await.expect("a reader");
        // What people are called is written between quotes.
        let who = ["--actor", "Ada \\ O'Neil"];
        let run = [
            &["up", "--lock", "lease", "--lock-timeout", "600"],
            &who[..],
        ]
        .concat();
        let child = command(&scratch, &run)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary");
        let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
            AND wait_event_type = 'Lock'";
        while rows(&scratch.db, waits).await.is_empty() {
            tokio::task::yield_now().await;
        }
        let held = rows(&scratch.db, LEASES).await;
        let who = [
            format!(", pid {}, since 20", child.id()),
            "O'Neil".to_owned(),
        ];
        assert!(who.iter().all(|one| held[0][0].contains(one)), "{held:?}");
        let told = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(told.expect("kill").success());
        let done = child.wait_with_output().expect("an end");
        let words = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(code(&done), Some(expected), "{words}");
        assert!(words.contains("told to end"), "{words}");
        let left = rows(&scratch.db, LEASES).await;
        assert_eq!(left, Vec::<Vec<String>>::new(), "{words}");
        reader.execute_unprepared("COMMIT").await.expect("the end");
    }
    let next = migrate(&scratch, &["up", "--lock", "lease", "--lock-wait", "0"]);
    assert_eq!(code(&next), Some(0));
    assert_eq!(
        code(&migrate(&scratch, &["status", "--check-drift"])),
        Some(0)
    );
}

#[tokio::test]
async fn a_file_that_somebody_has_is_waited_for_and_then_given_up() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    up(&scratch.db).await.expect("up");
    scratch.db.clone().close().await.expect("closed");
    let holder = database::connect_once(&scratch.url).await;
    let take = "BEGIN EXCLUSIVE";
    for arguments in [&["status"][..], &["up"], &["down", "--json"], &["drift"]] {
        holder.execute_unprepared(take).await.expect("the file");
        let once = migrate(&scratch, &[arguments, &["--lock-wait", "0"]].concat());
        let words = String::from_utf8_lossy(&once.stdout) + String::from_utf8_lossy(&once.stderr);
        assert_eq!(code(&once), Some(6), "{arguments:?}: {words}");
        assert!(words.contains("--lock-wait"), "{arguments:?}: {words}");

        let (mut child, lines) = going(
            command(&scratch, arguments),
            "somebody else writes to this file",
        );
        holder
            .execute_unprepared("ROLLBACK")
            .await
            .expect("the end");
        let rest: Vec<String> = lines.collect();
        assert!(
            child.wait().expect("an end").success(),
            "{arguments:?}: {rest:?}"
        );
    }
}

#[tokio::test]
async fn whoever_waits_for_a_lock_says_who_holds_it() {
    let Some(scratch) = alembic::sample().await else {
        return;
    };
    for arguments in [
        &["adopt", "--from", "alembic", "--check"][..],
        &["adopt", "--from", "alembic", "--json"],
    ] {
        let holder = database::connect_once(&scratch.url).await;
        let lock = "SET application_name = 'the old backend'; BEGIN;
            LOCK TABLE alembic_version, messages IN ACCESS EXCLUSIVE MODE";
        holder.execute_unprepared(lock).await.expect("a lock");
        // Nobody is held up by what only reads, so it has no end of its own.
        let mut child = command(
            &scratch,
            &[arguments, &["--lock-timeout", "0.001"]].concat(),
        )
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary");
        let errors = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut lines = errors.lines().map(|line| line.expect("a line"));
        let told = lines.find(|line| line.contains("a lock is held by"));
        let told = told.expect("it says that it waits");
        assert!(told.contains("(the old backend)"), "{told}");
        holder.execute_unprepared("COMMIT").await.expect("the end");
        holder.close().await.expect("closed");
        let rest: Vec<String> = lines.collect();
        assert!(child.wait().expect("an end").success(), "{rest:?}");
    }
}

#[tokio::test]
async fn fresh_waits_for_whoever_reads_and_drops_everything_then() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up(&scratch.db).await.expect("up");
    let reader = database::connect_once(&scratch.url).await;
    let read = "SET application_name = 'a reader'; BEGIN; SELECT count(*) FROM users";
    reader.execute_unprepared(read).await.expect("a reader");
    let mut child = command(&scratch, &["fresh", "--lock-timeout", "3"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary");
    let errors = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut lines = errors.lines().map(|line| line.expect("a line"));
    let told: Vec<String> = lines
        .by_ref()
        .take_while(|line| !line.starts_with("fresh: others hold a lock"))
        .collect();
    assert!(
        told.iter().any(|line| line.contains("(a reader)")),
        "{told:?}"
    );
    reader
        .execute_unprepared("ROLLBACK")
        .await
        .expect("its end");
    let rest: Vec<String> = lines.collect();
    assert!(child.wait().expect("an end").success(), "{rest:?}");
}
