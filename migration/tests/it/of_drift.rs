//! What was changed by hand becomes a step, which other databases get.

use migration::engine::Engine;
use migration::schema::difference;
use migration::up;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::binary::{migrate, words};
use crate::database::{self, Scratch};
use crate::writing::{listed, schema};

#[tokio::test]
async fn drift_becomes_a_step_up_and_down() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let before = schema(&scratch).await;
        let by_hand = "ALTER TABLE saved_views ADD COLUMN stars integer;
            CREATE INDEX saved_views_stars_idx ON saved_views (stars);
            CREATE TABLE labels (id integer NOT NULL CONSTRAINT labels_pkey PRIMARY KEY, name text);
            DROP INDEX notifications_created_at_id_idx";
        scratch.db.execute_unprepared(by_hand).await.expect("drift");
        let after = schema(&scratch).await;
        let dir = listed();
        let directory = dir.path().to_str().expect("a path");
        let how = [
            "drift",
            "--write-migration",
            "by_hand",
            "--directory",
            directory,
        ];
        let told = migrate(&scratch, &how);
        assert_eq!(told.status.code(), Some(3), "{}", words(&told));
        let entries = std::fs::read_dir(dir.path()).expect("a directory");
        let folders = entries.map(|one| one.expect("an entry").path());
        let mut folders: Vec<_> = folders.filter(|path| path.is_dir()).collect();
        folders.sort();
        // An index comes behind it on PostgreSQL, beside readers and writers.
        assert_eq!(
            folders.len(),
            if engine == Engine::Postgres { 2 } else { 1 }
        );
        let folder = &folders[0];
        let name = folder
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name");
        let list = std::fs::read_to_string(dir.path().join("mod.rs")).expect("a list");
        assert!(list.contains(&format!("step!(\"{name}\"),")), "{list}");
        let file = |folder: &std::path::PathBuf, name: String| {
            std::fs::read_to_string(folder.join(name)).expect("a script")
        };
        let (own, other) = match engine {
            Engine::Sqlite => ("sqlite", "postgres"),
            Engine::Postgres => ("postgres", "sqlite"),
        };
        let unwritten = file(folder, format!("up.{other}.sql"));
        assert!(unwritten.starts_with("-- unwritten: "), "{unwritten}");
        let elsewhere = Scratch::new(engine).await;
        up(&elsewhere.db).await.expect("up");
        for folder in &folders {
            let forth = file(folder, format!("up.{own}.sql")).replace(" CONCURRENTLY", "");
            elsewhere.db.execute_unprepared(&forth).await.expect("up");
        }
        let found = difference(&after, &schema(&elsewhere).await);
        assert!(found.is_empty(), "{found:?}");
        for folder in folders.iter().rev() {
            let back = file(folder, format!("down.{own}.sql")).replace(" CONCURRENTLY", "");
            elsewhere.db.execute_unprepared(&back).await.expect("down");
        }
        let found = difference(&before, &schema(&elsewhere).await);
        assert!(found.is_empty(), "{found:?}");
    }
}

#[tokio::test]
async fn a_column_that_other_databases_could_not_fill_is_asked_for() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up(&scratch.db).await.expect("up");
    let dir = listed();
    let directory = dir.path().to_str().expect("a path");
    let how = [
        "drift",
        "--write-migration",
        "by_hand",
        "--directory",
        directory,
    ];
    let told = migrate(&scratch, &how);
    assert_eq!(told.status.code(), Some(0), "no drift, no step");
    let by_hand = "ALTER TABLE saved_views ADD COLUMN stars integer NOT NULL";
    scratch.db.execute_unprepared(by_hand).await.expect("drift");
    let told = migrate(&scratch, &how);
    assert_eq!(told.status.code(), Some(1));
    assert!(
        words(&told).contains("--fill saved_views.stars"),
        "{}",
        words(&told)
    );
    assert_eq!(
        std::fs::read_dir(dir.path()).expect("a directory").count(),
        1
    );
    let filled = [&how[..], &["--fill", "saved_views.stars=5"]].concat();
    assert_eq!(migrate(&scratch, &filled).status.code(), Some(3));
}

#[tokio::test]
async fn a_name_or_a_directory_that_is_none_is_told_before_anybody_looks() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let dir = listed();
        let directory = dir.path().to_str().expect("a path");
        let empty = tempfile::tempdir().expect("a directory");
        let none = empty.path().to_str().expect("a path");
        for (name, directory, why) in [
            ("By Hand", directory, "a-z, 0-9 and _ only"),
            ("by_hand", none, "name the directory of the steps"),
        ] {
            let how = ["drift", "--write-migration", name, "--directory", directory];
            let told = migrate(&scratch, &how);
            assert_eq!(told.status.code(), Some(1), "{name}");
            assert!(words(&told).contains(why), "{}", words(&told));
        }
    }
}

/// What is written of a table that is live.
const LIVE: &str = "ALTER TABLE saved_views ADD COLUMN stars integer, ADD COLUMN runs_id uuid;
    ALTER TABLE saved_views ADD CONSTRAINT stars_some CHECK (stars >= 0);
    ALTER TABLE saved_views ADD CONSTRAINT of_run FOREIGN KEY (runs_id) REFERENCES runs (id);
    CREATE INDEX saved_views_stars_idx ON saved_views (stars);
    COMMENT ON INDEX saved_views_stars_idx IS 'by hand';
    ALTER TABLE saved_views CLUSTER ON saved_views_stars_idx;
    ALTER TABLE videos ALTER COLUMN title SET NOT NULL;
    CREATE TABLE parted (id integer NOT NULL) PARTITION BY RANGE (id)";

#[tokio::test]
async fn a_step_of_drift_holds_up_nobody_and_is_taken_as_applied_with_what_is_behind_it() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up(&scratch.db).await.expect("up");
    let before = schema(&scratch).await;
    scratch.db.execute_unprepared(LIVE).await.expect("drift");
    let after = schema(&scratch).await;
    let dir = listed();
    let directory = dir.path().to_str().expect("a path");
    let how = [
        "drift",
        "--json",
        "--write-migration",
        "by_hand",
        "--directory",
        directory,
    ];
    let told = migrate(&scratch, &how);
    assert_eq!(told.status.code(), Some(3), "{}", words(&told));
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).expect("JSON");
    let (step, online) = (
        told["step"].as_str().expect("a step"),
        told["online"].as_str().expect("one behind it"),
    );
    let list = std::fs::read_to_string(dir.path().join("mod.rs")).expect("a list");
    let lines = format!("    step!(\"{step}\"),\n    step!(\"{online}\", apart: true),\n");
    assert!(list.contains(&lines), "{list}");
    let script = |step: &str, name: &str| {
        std::fs::read_to_string(dir.path().join(step).join(name)).expect("a script")
    };
    let first = script(step, "up.postgres.sql");
    for part in [
        " CHECK (stars >= 0) NOT VALID;",
        " REFERENCES runs(id) NOT VALID;",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    assert!(
        !first.contains("INDEX") && !first.contains("SET NOT NULL"),
        "{first}"
    );
    let second = script(online, "up.postgres.sql");
    for part in [
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS saved_views_stars_idx",
        "VALIDATE CONSTRAINT of_run",
        "CHECK (title IS NOT NULL) NOT VALID",
        "ALTER TABLE videos ALTER COLUMN title SET NOT NULL",
    ] {
        assert!(second.contains(part), "{part}: {second}");
    }
    let elsewhere = Scratch::new(Engine::Postgres).await;
    up(&elsewhere.db).await.expect("up");
    for (way, wanted, steps) in [
        ("up", &after, [step, online]),
        ("down", &before, [online, step]),
    ] {
        for one in steps {
            // Each statement by itself, as such a step runs.
            let text = script(one, &format!("{way}.postgres.sql"));
            for statement in text.split_inclusive(";\n") {
                let done = elsewhere.db.execute_unprepared(statement).await;
                done.unwrap_or_else(|error| panic!("{error}: {statement}"));
            }
        }
        let found = difference(wanted, &schema(&elsewhere).await);
        assert!(found.is_empty(), "{way}: {found:?}");
    }
}
