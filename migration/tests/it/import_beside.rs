//! An import beside others: it waits as long as it is told, is stopped at a good place, and tells how far
//! it is.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use migration::engine::Engine;
use migration::up;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::database::{self, Scratch};
use crate::importing::{Told, command, data, import, number, text};

async fn fresh(engine: Engine) -> (Scratch, tempfile::TempDir) {
    let scratch = Scratch::new(engine).await;
    up(&scratch.db).await.expect("up");
    (scratch, tempfile::tempdir().expect("a directory"))
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path")
}

/// Keep everybody out who migrates or imports.
async fn held(scratch: &Scratch, engine: Engine) -> sea_orm_migration::sea_orm::DatabaseConnection {
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

#[tokio::test]
async fn an_import_waits_for_others_as_long_as_it_is_told() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        let dump = data("proxim8_dump");
        let holder = held(&scratch, engine).await;
        for how in [&["mongo", path(&dump)][..], &["mongo", "--undo"]] {
            let told = import(&scratch, dir.path(), &[how, &["--lock-wait", "0"]].concat());
            assert_eq!(told.code, 6, "{}", told.words);
            let waited = told.words.split("gave up after ").nth(1);
            let waited = waited.and_then(|rest| rest.split(' ').next());
            let waited: u64 = waited.expect(&told.words).parse().expect("seconds");
            // It says how long it waited, which is not the minute that it waits unless it is told.
            assert!(waited < 60, "{}", told.words);
        }
        holder.close().await.expect("closed");
        assert_eq!(number(&scratch.db, "SELECT count(*) FROM users").await, 0);
    }
}

/// So many accounts, a line each.
fn accounts(many: usize) -> Vec<String> {
    let account = |at: usize| {
        format!(
            "{{\"_id\":{{\"$oid\":\"6770db8289000000010{at:05x}\"}},\"walletAddress\":\"0xc1Ca27df871A3e47D31Dde\
             361bA43be4Fde{at:05x}\",\"createdAt\":{{\"$date\":\"2024-12-29T05:17:54.054Z\"}},\"updatedAt\":\
             {{\"$date\":\"2025-02-05T09:45:54.054Z\"}},\"__v\":0}}\n"
        )
    };
    (0..many).map(account).collect()
}

/// A pipe that is read as the file of a collection.
fn pipe(dir: &Path) -> PathBuf {
    let pipe = dir.join("accounts.jsonl");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    pipe
}

fn writer(pipe: &Path) -> std::fs::File {
    let file = std::fs::OpenOptions::new().write(true).open(pipe);
    file.expect("a reader")
}

fn signal(child: &Child) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(sent.expect("kill").success());
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(2)).await;
}

#[tokio::test]
async fn an_import_that_is_told_to_stop_ends_behind_a_portion_and_goes_on_later() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        let all = accounts(100);
        let pipe = pipe(dir.path());
        let mut child = command(
            &scratch,
            dir.path(),
            &["mongo", path(&pipe), "--portion", "1"],
        )
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary");
        // The survey reads everything, then the tables of imports are made.
        writer(&pipe)
            .write_all(all.concat().as_bytes())
            .expect("read");
        let made = "SELECT 1 FROM chancery_import_rows";
        while scratch.db.execute_unprepared(made).await.is_err() {
            pause().await;
        }
        // Then it gets a document at a time.
        let mut feed = writer(&pipe);
        let records = "SELECT count(*) FROM import_records";
        for (at, line) in (0_i64..).zip(&all) {
            if feed.write_all(line.as_bytes()).is_err() {
                break;
            }
            while number(&scratch.db, records).await <= at
                && child.try_wait().expect("a child").is_none()
            {
                pause().await;
            }
            if at == 3 {
                signal(&child);
            }
        }
        drop(feed);
        let told = Told::of(&child.wait_with_output().expect("an end"));
        assert_eq!(told.code, 7, "{}", told.words);
        assert!(told.words.contains("stopping behind"), "{}", told.words);
        let done = told.json["stopped"]["done"].as_i64().expect(&told.words);
        assert!((4..100).contains(&done), "{}", told.words);
        assert_eq!(told.json["stopped"]["all"], 100);
        assert_eq!(number(&scratch.db, records).await, done);
        let batch =
            "SELECT CAST(state AS text) || ' ' || CAST(finished_at IS NOT NULL AS text) || ' ' ||
            CAST(checkpoint IS NOT NULL AS text) FROM import_batches";
        let batch = text(&scratch.db, batch).await.expect("a batch");
        assert!(
            ["failed 1 1", "failed true true"].contains(&batch.as_str()),
            "{batch}"
        );

        std::fs::remove_file(&pipe).expect("gone");
        std::fs::write(&pipe, all.concat()).expect("a file");
        let told = import(&scratch, dir.path(), &["mongo", path(&pipe)]);
        assert_eq!(told.code, 0, "{}", told.words);
        assert_eq!(told.total("unchanged"), done.unsigned_abs());
        assert_eq!(told.total("imported"), 100);
        assert!(told.json["stopped"].is_null());
        let whole =
            "SELECT count(*) FROM import_batches WHERE state = 'completed' AND checkpoint IS NULL";
        assert_eq!(
            number(&scratch.db, whole).await,
            1,
            "one batch, which went on"
        );
        let undone = import(&scratch, dir.path(), &["mongo", "--undo"]);
        assert_eq!(undone.code, 0, "{}", undone.words);
        assert_eq!(number(&scratch.db, "SELECT count(*) FROM users").await, 0);
    }
}

#[tokio::test]
async fn an_import_that_is_told_twice_ends_at_once() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        let holder = held(&scratch, engine).await;
        let dump = data("proxim8_dump");
        let child = command(&scratch, dir.path(), &["mongo", path(&dump)])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary");
        // It waits for its turn, and its lists are begun or its lock is asked for: signals are heard by now.
        while !is_waiting(&scratch, engine, dir.path()).await {
            pause().await;
        }
        signal(&child);
        if engine == Engine::Sqlite {
            // Two signals may be taken for one where they come too soon: it is told until it is gone.
            signal_until_gone(child).await;
        } else {
            // Here the first is enough: nothing was begun.
            let told = Told::of(&child.wait_with_output().expect("an end"));
            assert_eq!(told.code, 7, "{}", told.words);
            assert_eq!(told.json["stopped"]["done"], 0);
        }
        holder.close().await.expect("closed");
        assert_eq!(number(&scratch.db, "SELECT count(*) FROM users").await, 0);
    }
}

/// Whether the import stands before the lock.
async fn is_waiting(scratch: &Scratch, engine: Engine, dir: &Path) -> bool {
    match engine {
        Engine::Sqlite => std::fs::read_dir(dir)
            .expect("a directory")
            .map(|entry| entry.expect("an entry").file_name())
            .any(|name| name.to_string_lossy().starts_with("import-notes.jsonl.")),
        Engine::Postgres => {
            let asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                AND query LIKE 'SELECT pg_try_advisory_lock%'";
            number(&scratch.db, asked).await > 0
        }
    }
}

async fn signal_until_gone(mut child: Child) {
    while child.try_wait().expect("a child").is_none() {
        signal(&child);
        pause().await;
    }
    let told = Told::of(&child.wait_with_output().expect("an end"));
    assert_eq!(told.code, 7, "{}", told.words);
    assert!(
        told.words.contains("once more ends it at once"),
        "{}",
        told.words
    );
}

#[tokio::test]
async fn of_two_imports_at_once_the_second_waits_for_the_whole_of_the_first() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        let mut all = accounts(20);
        // What is refused is listed by both, in one directory.
        all.push("{\"_id\":{\"$oid\":\"6770db828900000001ffffff\"}}\n".to_owned());
        let pipe = pipe(dir.path());
        let spawned = |arguments: &[&str]| {
            command(&scratch, dir.path(), arguments)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the binary")
        };
        let first = spawned(&["mongo", path(&pipe), "--portion", "1"]);
        writer(&pipe)
            .write_all(all.concat().as_bytes())
            .expect("read");
        let made = "SELECT 1 FROM chancery_import_rows";
        while scratch.db.execute_unprepared(made).await.is_err() {
            pause().await;
        }
        // It has its turn, and waits for what it is to read.
        let mut feed = writer(&pipe);
        let dump = data("proxim8_dump");
        let refused = import(
            &scratch,
            dir.path(),
            &[
                "mongo",
                path(&dump),
                "--source",
                "other",
                "--lock-wait",
                "0",
            ],
        );
        assert_eq!(refused.code, 6, "{}", refused.words);
        let mut second = spawned(&["mongo", path(&dump), "--source", "other"]);
        let errors = BufReader::new(second.stderr.take().expect("a pipe"));
        let mut lines = errors.lines().map(|line| line.expect("a line"));
        let told = lines.find(|line| line.contains("is under way"));
        told.expect("it says that it waits");
        feed.write_all(all.concat().as_bytes()).expect("read");
        drop(feed);
        let rest: Vec<String> = lines.collect();
        for child in [first, second] {
            let told = Told::of(&child.wait_with_output().expect("an end"));
            assert_eq!(told.code, 7, "{} {rest:?}", told.words);
        }
        let done = "SELECT count(*) FROM import_batches WHERE state = 'partial'";
        assert_eq!(number(&scratch.db, done).await, 2);
        let left = std::fs::read_dir(dir.path()).expect("a directory");
        let left = left.map(|entry| entry.expect("an entry").file_name());
        let parts = left.filter(|name| name.to_string_lossy().ends_with(".part"));
        assert_eq!(parts.count(), 0);
    }
}

#[tokio::test]
async fn a_log_hears_of_what_is_read_before_anything_is_done() {
    for engine in database::engines() {
        let (scratch, dir) = fresh(engine).await;
        let file = dir.path().join("accounts.jsonl");
        std::fs::write(&file, accounts(3).concat()).expect("a file");
        let said = |more: &[&str]| -> Output {
            let mut command = Command::new(env!("CARGO_BIN_EXE_migration"));
            let command = command.args(["import", "mongo", path(&file)]).args(more);
            let command = command.current_dir(dir.path());
            let command = command.env("DATABASE_URL", &scratch.url);
            command.output().expect("the binary")
        };
        let told = said(&["--dry-run"]);
        assert_eq!(told.status.code(), Some(0));
        let words = String::from_utf8_lossy(&told.stderr).into_owned();
        let read = words.find("accounts: 0 documents are read");
        let done = words.find("accounts: 0 of 3 documents are done");
        assert!(read.is_some() && read < done, "{words}");
        let told = said(&["--dry-run", "--json"]);
        assert_eq!(String::from_utf8_lossy(&told.stderr), "");
    }
}
