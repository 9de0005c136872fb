//! `diff` and `drift` as an operator calls them.

use migration::engine::Engine;
use migration::up;
use sea_orm_migration::sea_orm::ConnectionTrait;
use serde_json::Value;

use crate::binary::{answer, json, migrate};
use crate::database::{self, Scratch};

#[tokio::test]
async fn drift_is_told_with_the_way_back_and_nothing_is_written() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let clean = migrate(&scratch, &["drift", "--json"]);
        assert_eq!(clean.status.code(), Some(0), "{}", answer(&clean));
        assert_eq!(json(&clean)["drift"], Value::Array(Vec::new()));

        let gone = "DROP INDEX runs_created_at_id_idx; ALTER TABLE runs ADD COLUMN extra text";
        scratch.db.execute_unprepared(gone).await.expect("a change");
        let drift = migrate(&scratch, &["drift", "--revert-sql"]);
        assert_eq!(drift.status.code(), Some(3));
        let told = answer(&drift);
        assert!(told.contains("column runs.extra is not expected"), "{told}");
        assert!(
            told.contains("index runs.runs_created_at_id_idx is missing"),
            "{told}"
        );
        let (_, undo) = told
            .split_once("-- brings the database back")
            .expect("a way back");
        // Asking changed nothing.
        assert_eq!(migrate(&scratch, &["drift"]).status.code(), Some(3));

        let db = database::connect_once(&scratch.url).await;
        db.execute_unprepared(undo).await.expect("the way back");
        assert_eq!(migrate(&scratch, &["drift"]).status.code(), Some(0));
    }
}

#[tokio::test]
async fn what_is_only_recommended_is_drift_where_our_own_step_made_it() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let mut changes = vec![recommended()];
        if engine == Engine::Postgres {
            let key = "ALTER TABLE messages DROP CONSTRAINT messages_thread_id_fkey;
                ALTER TABLE messages ADD CONSTRAINT messages_thread_id_fkey
                    FOREIGN KEY (thread_id) REFERENCES threads (thread_id)";
            changes.push(key.to_owned());
        }
        for change in changes {
            scratch.run(&change).await;
            for arguments in [&["status", "--check-drift"][..], &["drift"]] {
                let told = migrate(&scratch, arguments);
                assert_eq!(told.status.code(), Some(3), "{}", answer(&told));
            }
            let told = migrate(&scratch, &["drift", "--json"]);
            assert_eq!(json(&told)["recommended"], serde_json::json!([]));
            let told = answer(&migrate(&scratch, &["drift", "--revert-sql"]));
            let (_, undo) = told
                .split_once("-- brings the database back")
                .expect("a way back");
            let db = database::connect_once(&scratch.url).await;
            db.execute_unprepared(undo).await.expect("the way back");
            for arguments in [&["status", "--check-drift"][..], &["drift"]] {
                let told = migrate(&scratch, arguments);
                assert_eq!(told.status.code(), Some(0), "{}", answer(&told));
            }
        }
    }
}

/// Drops the first index that an entity only recommends.
fn recommended() -> String {
    let mut names = entity::registry::resources().iter().flat_map(|resource| {
        let indexes = resource.declaration.indexes.iter();
        let indexes = indexes.filter(|index| index.recommended);
        indexes.map(|index| index.name_on(resource.table))
    });
    format!("DROP INDEX {}", names.next().expect("an index"))
}

#[tokio::test]
async fn any_two_schemas_are_compared() {
    for engine in database::engines() {
        let (one, other) = (Scratch::new(engine).await, Scratch::new(engine).await);
        up(&one.db).await.expect("up");
        up(&other.db).await.expect("up");
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("schema.sql");
        std::fs::write(&file, "CREATE TABLE a (n integer NOT NULL)").expect("a file");
        let file = file.display().to_string();
        // Neither holds a schema, and nothing is to be dropped for one of them.
        let blank = dir.path().join("blank.sql");
        std::fs::write(&blank, "-- nothing\n\n;\n").expect("a file");
        let blank = blank.display().to_string();
        let folder = dir.path().display().to_string();
        for (from, to, code) in [
            ("database", "entities", 0),
            ("steps", "entities", 0),
            (other.url.as_str(), "database", 0),
            (file.as_str(), file.as_str(), 0),
            ("database", file.as_str(), 2),
            ("nothing", "entities", 64),
            (folder.as_str(), "database", 64),
            ("database", blank.as_str(), 64),
        ] {
            let told = migrate(&one, &["diff", "--from", from, "--to", to]);
            assert_eq!(
                told.status.code(),
                Some(code),
                "{from} {to}: {}",
                answer(&told)
            );
        }
        let add = "ALTER TABLE runs ADD COLUMN extra text";
        other.db.execute_unprepared(add).await.expect("a column");
        let told = migrate(&one, &["diff", "--to", &other.url, "--json"]);
        assert_eq!(told.status.code(), Some(2));
        let told = json(&told);
        assert_eq!(told["differences"][0]["object"], "column runs.extra");
        assert_eq!(told["up"][0]["sql"], add);
        let down = told["down"].to_string();
        assert!(down.contains("what runs.extra has"), "{down}");
        // The way there is the way there.
        let sql = told["up"][0]["sql"].as_str().expect("a statement");
        one.db.execute_unprepared(sql).await.expect("the way there");
        assert_eq!(
            migrate(&one, &["diff", "--to", &other.url]).status.code(),
            Some(0)
        );
    }
}

#[tokio::test]
async fn schemas_of_two_engines_are_not_compared() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    let told = migrate(&scratch, &["diff", "--to", "postgres://nowhere/none"]);
    assert_eq!(told.status.code(), Some(1));
    let step = ["generate", "nothing", "--directory", "src/step"];
    let told = migrate(&scratch, &step);
    // One engine is enough to see that nothing is to be written.
    assert_eq!(told.status.code(), Some(0), "{}", answer(&told));
    assert!(answer(&told).contains("want nothing"), "{}", answer(&told));
}
