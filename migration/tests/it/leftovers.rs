//! What a command makes for a while is gone however it ends, is nobody else's to read meanwhile, and
//! where a process was killed the next one takes it away.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use migration::engine::Engine;
use migration::up;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::binary::{code, command, migrate, migrate_at, text};
use crate::database::{self, Scratch};
use crate::history::rows;
use crate::rights::address;

async fn pause() {
    tokio::time::sleep(Duration::from_millis(2)).await;
}

fn names(directory: &Path) -> Vec<String> {
    let found = std::fs::read_dir(directory).expect("a directory");
    let names = found.map(|entry| entry.expect("an entry").file_name());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

fn mode(path: &Path) -> u32 {
    let found = std::fs::metadata(path).expect("it is there");
    found.permissions().mode() & 0o777
}

/// Tell it to end, and read what it says to that.
fn ended(child: Child, signal: &str, expected: i32) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args([signal, &pid]).status();
    assert!(sent.expect("kill").success());
    let done = child.wait_with_output().expect("an end");
    let words = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(code(&done), Some(expected), "{words}");
    assert!(words.contains("told to end"), "{words}");
}

/// A step that goes on for ever, on `SQLite` where somebody is called so.
fn endless(dir: &Path) -> String {
    let folder = dir.join("m20990101_000001_planted");
    std::fs::create_dir_all(&folder).expect("a folder");
    let sqlite =
        "CREATE TABLE never AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c
        WHERE EXISTS (SELECT 1 FROM users WHERE name = 'for ever')) SELECT count(*) AS x FROM c;";
    for (name, script) in [
        ("up.postgres.sql", "SELECT pg_sleep(3600);"),
        ("down.postgres.sql", "SELECT 1;"),
        ("up.sqlite.sql", sqlite),
        ("down.sqlite.sql", "DROP TABLE never;"),
    ] {
        std::fs::write(folder.join(name), script).expect("a script");
    }
    folder.display().to_string()
}

#[tokio::test]
async fn the_copy_of_a_file_is_its_owners_and_goes_with_the_command() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    up(&scratch.db).await.expect("up");
    let row = "INSERT INTO users (id, name, role, status, version, created_at, updated_at) VALUES
        (x'00000000000000000000000000000001', 'for ever', 'user', 'active', 1,
         '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00')";
    scratch.db.execute_unprepared(row).await.expect("a row");
    let (dir, temporary) = (tempfile::tempdir(), tempfile::tempdir());
    let (dir, temporary) = (dir.expect("a directory"), temporary.expect("a directory"));
    let with = endless(dir.path());
    let verify = ["verify", "--data", &scratch.url, "--with", &with];
    let child = command(&scratch, &verify)
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary");
    let copy = loop {
        let found = names(temporary.path());
        if let Some(one) = found.first() {
            let copy = temporary.path().join(one);
            // It is filled by now.
            let sizes = names(&copy).into_iter();
            let mut sizes = sizes.filter_map(|name| copy.join(name).metadata().ok());
            if sizes.any(|one| one.len() > 0) {
                break copy;
            }
        }
        pause().await;
    };
    assert_eq!(mode(&copy), 0o700);
    assert_eq!(mode(&copy.join("copy.db")), 0o600);
    ended(child, "-INT", 130);
    assert_eq!(names(temporary.path()), Vec::<String>::new());
}

/// Databases and schemas that were made for a while.
const MADE: &str =
    "SELECT datname::text AS name FROM pg_database WHERE datname LIKE 'chancery_verify_%'
        AND pg_get_userbyid(datdba) = current_user
    UNION ALL SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'chancery_verify_%'";

/// A role of its own, and the way to the database for it.
async fn role(scratch: &Scratch, name: &str, may: &str) -> (String, String) {
    let role = format!("{name}_{}", std::process::id());
    let make = format!("CREATE ROLE {role} LOGIN PASSWORD '{role}' {may}");
    scratch.db.execute_unprepared(&make).await.expect("a role");
    let database = "SELECT current_database()::text AS name";
    let database = rows(&scratch.db, database).await[0][0].clone();
    let grant = format!("GRANT CREATE ON DATABASE {database} TO {role}");
    scratch
        .db
        .execute_unprepared(&grant)
        .await
        .expect("a right");
    let theirs = address(&scratch.url, &role);
    (role, theirs)
}

async fn no_role(scratch: &Scratch, role: &str) {
    let gone = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    scratch.db.execute_unprepared(&gone).await.expect("no role");
}

#[tokio::test]
async fn a_scratch_database_or_schema_goes_with_a_command_that_is_told_to_end() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    let dir = tempfile::tempdir().expect("a directory");
    let with = endless(dir.path());
    for (name, may, signal, expected) in [
        ("maker", "CREATEDB", "-TERM", 143),
        ("lodger", "NOCREATEDB", "-INT", 130),
    ] {
        let (role, theirs) = role(&scratch, name, may).await;
        let child = Command::new(env!("CARGO_BIN_EXE_migration"))
            .args(["verify", "--with", &with, "--step", "planted"])
            .env("DATABASE_URL", &theirs)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary");
        let sleeps = format!(
            "SELECT 1 FROM pg_stat_activity WHERE usename = '{role}' AND query LIKE '%pg_sleep(3600)%'
             AND state = 'active'"
        );
        while rows(&scratch.db, &sleeps).await.is_empty() {
            pause().await;
        }
        let db = database::connect_once(&theirs).await;
        assert_eq!(rows(&db, MADE).await.len(), 1, "{may}");
        ended(child, signal, expected);
        assert_eq!(rows(&db, MADE).await, Vec::<Vec<String>>::new(), "{may}");
        db.close().await.expect("closed");
        no_role(&scratch, &role).await;
    }
}

#[tokio::test]
async fn half_a_backup_goes_with_a_command_that_is_told_to_end() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up(&scratch.db).await.expect("up");
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().to_str().expect("a path");
    let holder = database::connect_once(&scratch.url).await;
    let hold = "BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE";
    holder.execute_unprepared(hold).await.expect("the lock");
    let child = command(&scratch, &["backup", place, "--method", "copy"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary");
    let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
        AND wait_event_type = 'Lock'";
    while rows(&scratch.db, waits).await.is_empty() {
        pause().await;
    }
    assert_eq!(names(dir.path()).len(), 1);
    ended(child, "-TERM", 143);
    assert_eq!(names(dir.path()), Vec::<String>::new());
    holder
        .execute_unprepared("ROLLBACK")
        .await
        .expect("the end");
    holder.close().await.expect("closed");
}

#[tokio::test]
async fn what_a_killed_run_left_is_taken_away_by_the_age_in_its_name() {
    let (old, new) = ("1700000000", "4000000000");
    let tail = "0123456789abcdef";
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let dir = tempfile::tempdir().expect("a directory");
        let kept = [".20990101T000000000Z-1.partial", ".mine.partial", "mine"];
        for name in kept.iter().chain(&[".20200101T000000000Z-1.partial"]) {
            std::fs::create_dir(dir.path().join(name)).expect("a directory");
        }
        let place = dir.path().to_str().expect("a path");
        assert_eq!(code(&migrate(&scratch, &["backup", place])), Some(0));
        let mut left = names(dir.path());
        left.retain(|name| kept.contains(&name.as_str()) || name.ends_with(".partial"));
        left.sort();
        assert_eq!(left, kept);
        if engine == Engine::Sqlite {
            continue;
        }
        // A role that may look into no file of the server.
        let (role, theirs) = role(&scratch, "sweeper", "CREATEDB").await;
        let db = database::connect_once(&theirs).await;
        let stale = format!("chancery_verify_{old}_{tail}");
        let names = [
            stale.clone(),
            format!("chancery_verify_{new}_{tail}"),
            format!("chancery_verify_{old}_mine"),
        ];
        for name in &names {
            for what in ["DATABASE", "SCHEMA"] {
                let make = format!("CREATE {what} {name}");
                db.execute_unprepared(&make).await.expect("made");
            }
        }
        let output = Command::new(env!("CARGO_BIN_EXE_migration"))
            .args(["verify", "--step", "000001"])
            .env("DATABASE_URL", &theirs)
            .output()
            .expect("the binary");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(code(&output), Some(0), "{said}");
        let mut left: Vec<String> = rows(&db, MADE).await.concat();
        left.sort();
        let mut kept: Vec<&String> = names[1..].iter().chain(&names[1..]).collect();
        kept.sort();
        assert_eq!(left.iter().collect::<Vec<_>>(), kept);
        for name in &names[1..] {
            let drop = format!("DROP DATABASE {name}");
            db.execute_unprepared(&drop).await.expect("gone");
        }
        db.close().await.expect("closed");
        no_role(&scratch, &role).await;
    }
}

#[tokio::test]
async fn only_a_role_without_the_right_has_its_scratch_schema_in_the_named_database() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    // It may make databases, and to make one fails for another reason than a right.
    let (role, theirs) = role(&scratch, "full", "CREATEDB").await;
    let looks = format!("ALTER ROLE {role} SET default_transaction_read_only = on");
    scratch
        .db
        .execute_unprepared(&looks)
        .await
        .expect("a setting");
    let output = Command::new(env!("CARGO_BIN_EXE_migration"))
        .args(["verify", "--step", "000001"])
        .env("DATABASE_URL", &theirs)
        .output()
        .expect("the binary");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(code(&output), Some(1), "{said}");
    assert!(said.contains("CREATE DATABASE"), "{said}");
    no_role(&scratch, &role).await;
}

#[tokio::test]
async fn what_a_killed_restore_left_beside_the_file_goes_with_the_next_and_no_other() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    up(&scratch.db).await.expect("up");
    let (dir, other) = (tempfile::tempdir(), tempfile::tempdir());
    let (dir, other) = (dir.expect("a directory"), other.expect("a directory"));
    let place = dir.path().to_str().expect("a path");
    let made = migrate(&scratch, &["backup", place]);
    assert_eq!(code(&made), Some(0), "{}", text(&made));
    let backup = dir.path().join(&names(dir.path())[0]);
    let backup = backup.to_str().expect("a path");
    let kept = [
        ".a.db.0123456789abcdex.restoring",
        ".a.db.restoring",
        ".b.a.db.0123456789abcdef.restoring",
    ];
    let left = ".a.db.0123456789abcdef.restoring";
    for name in kept.iter().chain(&[left]) {
        let path = other.path().join(name);
        std::fs::create_dir(&path).expect("a directory");
        std::fs::write(path.join("data.db"), "half").expect("a file");
    }
    let target = other.path().join("a.db");
    let url = format!("sqlite://{}?mode=rwc", target.display());
    let under_way = std::fs::File::create(&target).expect("a file");
    under_way.lock().expect("a lock");
    let told = migrate_at(&url, &["restore", backup]);
    assert_eq!(code(&told), Some(1), "{}", text(&told));
    assert!(text(&told).contains("is under way"), "{}", text(&told));
    assert!(names(other.path()).contains(&left.to_owned()));
    drop(under_way);
    let told = migrate_at(&url, &["restore", backup]);
    assert_eq!(code(&told), Some(0), "{}", text(&told));
    let mut found = names(other.path());
    found.retain(|name| name.ends_with(".restoring"));
    found.sort();
    assert_eq!(found, kept);
}

#[tokio::test]
async fn a_restore_that_is_killed_leaves_nothing_in_the_database() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let Some(tools) = crate::cluster::programs() else {
        eprintln!("skipped: there is no pg_dump");
        return;
    };
    let tools = ["--pg-tools", tools.to_str().expect("a path")];
    // The index at the end of the dump waits for whoever holds the lock, which is the database's own.
    let script = "CREATE FUNCTION waiting(n integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN n; END $$;
        CREATE TABLE a (n integer);
        INSERT INTO a VALUES (1), (2);
        CREATE INDEX a_n ON a (waiting(n))";
    let scratch = Scratch::new(Engine::Postgres).await;
    scratch.run(script).await;
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().to_str().expect("a path");
    let made = migrate(
        &scratch,
        &[&["backup", place, "--method", "pg-dump"], &tools[..]].concat(),
    );
    assert_eq!(code(&made), Some(0), "{}", text(&made));
    let backup = dir.path().join(&names(dir.path())[0]);
    let restore = [
        "restore",
        backup.to_str().expect("a path"),
        tools[0],
        tools[1],
    ];
    let target = Scratch::new(Engine::Postgres).await;
    let holder = database::connect_once(&target.url).await;
    let hold = "SELECT pg_advisory_lock(4711)";
    holder.execute_unprepared(hold).await.expect("the lock");
    let mut child = command(&target, &restore)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary");
    let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
        AND wait_event_type = 'Lock' AND wait_event = 'advisory'";
    while rows(&target.db, waits).await.is_empty() {
        assert!(child.try_wait().expect("a look").is_none(), "it ended");
        pause().await;
    }
    child.kill().expect("a signal that nothing can catch");
    child.wait().expect("an end");
    let gone = "SELECT pg_advisory_unlock(4711)";
    holder.execute_unprepared(gone).await.expect("no lock");
    let others =
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle'
        AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    while !rows(&target.db, others).await.is_empty() {
        pause().await;
    }
    let tables = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(
        rows(&target.db, tables).await,
        Vec::<Vec<String>>::new(),
        "nothing stays"
    );
    holder.close().await.expect("closed");
    let told = migrate(&target, &restore);
    assert_eq!(code(&told), Some(0), "{}", text(&told));
}
