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
        let folder = folders
            .into_iter()
            .find(|path| path.is_dir())
            .expect("a step");
        let name = folder
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name");
        let list = std::fs::read_to_string(dir.path().join("mod.rs")).expect("a list");
        assert!(list.contains(&format!("step!(\"{name}\"),")), "{list}");
        let file = |name: String| std::fs::read_to_string(folder.join(name)).expect("a script");
        let (own, other) = match engine {
            Engine::Sqlite => ("sqlite", "postgres"),
            Engine::Postgres => ("postgres", "sqlite"),
        };
        assert!(file(format!("up.{other}.sql")).starts_with("-- unwritten: "));
        let elsewhere = Scratch::new(engine).await;
        up(&elsewhere.db).await.expect("up");
        let forth = file(format!("up.{own}.sql"));
        elsewhere.db.execute_unprepared(&forth).await.expect("up");
        let found = difference(&after, &schema(&elsewhere).await);
        assert!(found.is_empty(), "{found:?}");
        let back = file(format!("down.{own}.sql"));
        elsewhere.db.execute_unprepared(&back).await.expect("down");
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
