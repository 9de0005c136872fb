//! `verify`: every step of the list stands the test, a planted one that loses something does not.

use std::path::{Path, PathBuf};

use migration::engine::Engine;
use migration::schema::{BOOKKEEPING, LiveSchema};
use migration::{rows, up, up_by};
use sea_orm_migration::sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;

use crate::binary::{migrate, text};
use crate::database::{self, Scratch};

/// A step in a folder of its own, with the same scripts for both engines.
fn planted(dir: &Path, up: &str, down: &str) -> PathBuf {
    let folder = dir.join("m20990101_000001_planted");
    std::fs::create_dir_all(&folder).expect("a folder");
    for engine in ["postgres", "sqlite"] {
        std::fs::write(folder.join(format!("up.{engine}.sql")), up).expect("a script");
        std::fs::write(folder.join(format!("down.{engine}.sql")), down).expect("a script");
    }
    folder
}

async fn count(scratch: &Scratch, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    let ask = Statement::from_string(scratch.db.get_database_backend(), sql);
    let row = scratch.db.query_one_raw(ask).await.expect("a count");
    row.expect("a row").try_get_by_index(0).expect("a number")
}

#[tokio::test]
async fn every_step_stands_the_test_and_the_database_is_not_touched() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let told = migrate(&scratch, &["verify", "--json"]);
        assert_eq!(told.status.code(), Some(0), "{}", text(&told));
        let told: Value = serde_json::from_slice(&told.stdout).expect("one object");
        let steps = told["steps"].as_array().expect("steps");
        assert_eq!(steps.len(), 2 * migration::steps().len());
        // A log hears how far it is.
        let one = migrate(&scratch, &["verify", "--step", &migration::steps()[1]]);
        let heard = String::from_utf8_lossy(&one.stderr).into_owned();
        assert!(
            heard.contains("[2/2] ") && !heard.contains("[3/"),
            "{heard}"
        );
        let last = steps.last().expect("a step");
        assert!(last["rows"].as_u64() > Some(100), "{last}");
        let live = LiveSchema::read(&scratch.db).await.expect("a catalogue");
        assert!(live.tables.is_empty(), "verify wrote into the database");
    }
}

#[tokio::test]
async fn a_way_down_that_loses_something_is_caught() {
    let add = "ALTER TABLE runs ADD COLUMN extra text;";
    let drop = "ALTER TABLE runs DROP COLUMN extra;";
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let dir = tempfile::tempdir().expect("a directory");
        for (down, said) in [
            (drop.to_owned(), None),
            (
                format!("{drop}\nDELETE FROM run_events;"),
                Some("run_events has 0 of"),
            ),
            (
                format!("{drop}\nUPDATE runs SET document_name = 'gone';"),
                Some("runs.document_name holds something else"),
            ),
            (
                "SELECT 1;".to_owned(),
                Some("column runs.extra was not there before"),
            ),
            (
                format!("{drop}\nDROP INDEX runs_created_at_id_idx;"),
                Some("index runs.runs_created_at_id_idx is missing"),
            ),
            (
                "DROP TABLE nothing;".to_owned(),
                Some("it does not go down"),
            ),
        ] {
            let folder = planted(dir.path(), add, &down);
            let folder = folder.display().to_string();
            let told = migrate(
                &scratch,
                &["verify", "--with", &folder, "--step", "planted"],
            );
            let words = text(&told);
            let code = if said.is_some() { 2 } else { 0 };
            // The entities know nothing of the planted column.
            let code = if words.contains("the entities are not") {
                2
            } else {
                code
            };
            assert_eq!(told.status.code(), Some(code), "{down}: {words}");
            assert_eq!(words.contains("FAILS"), said.is_some(), "{down}: {words}");
            assert!(words.contains(said.unwrap_or_default()), "{down}: {words}");
        }
    }
}

#[tokio::test]
async fn a_step_that_does_not_go_up_is_named() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let dir = tempfile::tempdir().expect("a directory");
        let folder = planted(dir.path(), "DROP TABLE nothing;", "SELECT 1;");
        let folder = folder.display().to_string();
        let last = migration::steps().pop().expect("a step");
        for tried in [&["planted"][..], &[&last, "planted"]] {
            let mut arguments = vec!["verify", "--json", "--with", &folder];
            arguments.extend(tried.iter().flat_map(|step| ["--step", step]));
            let told = migrate(&scratch, &arguments);
            assert_eq!(told.status.code(), Some(2), "{}", text(&told));
            let told: Value = serde_json::from_slice(&told.stdout).expect("one object");
            let steps = told["steps"].as_array().expect("steps");
            let finding = &steps.last().expect("a step")["findings"][0];
            let finding = finding.as_str().expect("words");
            assert!(finding.starts_with("it does not go up: "), "{finding}");
            let failed = steps
                .iter()
                .filter(|one| one["findings"] != serde_json::json!([]));
            let failed: Vec<&Value> = failed.map(|one| &one["step"]).collect();
            assert_eq!(failed, ["m20990101_000001_planted"; 2]);
        }
    }
}

#[tokio::test]
async fn what_a_step_declares_to_be_gone_for_good_is_told_and_forgiven() {
    let up = "UPDATE runs SET document_name = 'the same for all';";
    let scratch = Scratch::new(Engine::Sqlite).await;
    let dir = tempfile::tempdir().expect("a directory");
    let folder = planted(dir.path(), up, "SELECT 1;").display().to_string();
    let told = migrate(
        &scratch,
        &["verify", "--with", &folder, "--step", "planted"],
    );
    assert_eq!(told.status.code(), Some(2), "{}", text(&told));
    let words = "-- irreversible runs.document_name: nobody kept what it was\nSELECT 1;";
    let folder = planted(dir.path(), up, words).display().to_string();
    let told = migrate(
        &scratch,
        &["verify", "--with", &folder, "--step", "planted"],
    );
    assert_eq!(told.status.code(), Some(0), "{}", text(&told));
    assert!(text(&told).contains("nobody kept what it was"));
}

#[tokio::test]
async fn the_rows_of_a_given_database_are_tried_and_stay() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up_by(&scratch.db, 15).await.expect("up");
        let schema = LiveSchema::read(&scratch.db).await.expect("a catalogue");
        let more = |table: &str| if BOOKKEEPING.contains(&table) { 0 } else { 3 };
        rows::fill(&scratch.db, &schema, 7, more)
            .await
            .expect("rows");
        let before = count(&scratch, "runs").await;
        assert!(before >= 3);
        let told = migrate(&scratch, &["verify", "--data", &scratch.url, "--json"]);
        assert_eq!(told.status.code(), Some(0), "{}", text(&told));
        let told: Value = serde_json::from_slice(&told.stdout).expect("one object");
        let steps = told["steps"].as_array().expect("steps").iter();
        let given: Vec<&Value> = steps.filter(|step| step["on"] == "given rows").collect();
        // Those that are pending there and back again, and then all back.
        assert_eq!(given.len(), 2 * migration::steps().len() - 15);
        assert!(given[0]["rows"].as_u64() > Some(50), "{}", given[0]);
        assert_eq!(count(&scratch, "runs").await, before);
    }
}

#[tokio::test]
async fn rows_are_made_for_every_table() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let schema = LiveSchema::read(&scratch.db).await.expect("a catalogue");
        let more = |table: &str| u32::from(!BOOKKEEPING.contains(&table));
        let filled = rows::fill(&scratch.db, &schema, 1, more)
            .await
            .expect("rows");
        for (table, said) in &filled.refused {
            assert!(count(&scratch, table).await > 0, "{table}: {said}");
        }
    }
}

#[tokio::test]
async fn the_statement_that_fails_is_told() {
    let up = "CREATE TABLE first (a integer);\n-- why\nINSERT INTO missing\n  VALUES (';');\nDROP TABLE first;";
    let down = "DROP TABLE IF EXISTS first;\nDROP INDEX never_made;";
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let dir = tempfile::tempdir().expect("a directory");
        for (up, down, way, said) in [
            (
                up,
                "SELECT 1;",
                "up",
                "(in `INSERT INTO missing VALUES (';')`)",
            ),
            (
                "CREATE TABLE first (a integer);",
                down,
                "down",
                "(in `DROP INDEX never_made`)",
            ),
        ] {
            let folder = planted(dir.path(), up, down).display().to_string();
            let line = ["verify", "--with", &folder, "--step", "planted"];
            let told = migrate(&scratch, &line);
            let words = text(&told);
            assert_eq!(told.status.code(), Some(2), "{words}");
            assert!(words.contains(&format!("does not go {way}: ")), "{words}");
            assert!(words.contains(said), "{words}");
        }
    }
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    // One whose statements run each by itself.
    let scratch = Scratch::new(Engine::Postgres).await;
    let dir = tempfile::tempdir().expect("a directory");
    let up = "CREATE INDEX CONCURRENTLY planted_idx ON runs (id);\nCREATE INDEX CONCURRENTLY other_idx ON runs (never);";
    let folder = planted(dir.path(), up, "DROP INDEX planted_idx;")
        .display()
        .to_string();
    let told = migrate(
        &scratch,
        &["verify", "--with", &folder, "--step", "planted"],
    );
    let words = text(&told);
    assert_eq!(told.status.code(), Some(2), "{words}");
    let said = "(in `CREATE INDEX CONCURRENTLY other_idx ON runs (never)`)";
    assert!(words.contains(said), "{words}");
}
