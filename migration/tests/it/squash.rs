//! Steps that become one make what they made.

use migration::engine::Engine;
use migration::schema::difference;
use migration::up_by;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::binary::{migrate, words};
use crate::database::{self, Scratch};
use crate::writing::{listed, schema};

#[tokio::test]
async fn the_one_makes_what_the_others_made_and_goes_back_to_nothing() {
    for engine in database::engines() {
        becomes_one(engine).await;
    }
}

/// Wherever it was tried, what it does on both engines is right.
async fn becomes_one(tried: Engine) {
    let scratch = Scratch::new(tried).await;
    let dir = listed();
    let directory = dir.path().to_str().expect("a path");
    let how = ["squash", "base", "--to", "000007", "--directory", directory];
    let told = migrate(&scratch, &how);
    assert_eq!(told.status.code(), Some(0), "{}", words(&told));
    let untried = String::from_utf8_lossy(&told.stdout).contains("on PostgreSQL was not tried");
    assert_eq!(untried, tried == Engine::Sqlite);
    let folder = dir.path().join("m20261121_000007_base");
    let replaces = std::fs::read_to_string(folder.join("replaces.txt")).expect("names");
    assert_eq!(
        replaces.lines().collect::<Vec<_>>(),
        migration::steps()[..7]
    );
    let list = std::fs::read_to_string(dir.path().join("mod.rs")).expect("a list");
    assert!(
        list.contains(
            "    step!(\"m20261121_000007_base\", squashed),\n    step!(\"m20261121_000008"
        )
    );
    assert!(!list.contains("_000006_"), "{list}");
    for engine in database::engines() {
        let file = |name: &str| {
            let name = match engine {
                Engine::Sqlite => format!("{name}.sqlite.sql"),
                Engine::Postgres => format!("{name}.postgres.sql"),
            };
            std::fs::read_to_string(folder.join(name)).expect("a script")
        };
        let by_steps = Scratch::new(engine).await;
        up_by(&by_steps.db, 7).await.expect("up");
        let by_one = Scratch::new(engine).await;
        by_one.db.execute_unprepared(&file("up")).await.expect("up");
        let found = difference(&schema(&by_steps).await, &schema(&by_one).await);
        assert!(found.is_empty(), "{found:?}");
        let version = "SELECT version_num FROM alembic_version";
        assert_eq!(
            database::one(&by_steps.db, version).await,
            database::one(&by_one.db, version).await,
            "rows that steps make are made"
        );
        by_one
            .db
            .execute_unprepared(&file("down"))
            .await
            .expect("down");
        assert!(schema(&by_one).await.tables.is_empty());
    }
}

#[tokio::test]
async fn what_cannot_become_one_is_refused_and_nothing_is_written() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    let dir = listed();
    let directory = dir.path().to_str().expect("a path");
    let before = std::fs::read_to_string(dir.path().join("mod.rs")).expect("a list");
    for how in [
        &["squash", "base", "--to", "000001"][..],
        &["squash", "Base", "--to", "000007"],
        &["squash", "base", "--to", "nothing"],
        &["squash", "media", "--to", "000007"],
        &["squash", "base", "--to", "000002", "--from", "000003"],
    ] {
        let told = migrate(&scratch, &[how, &["--directory", directory]].concat());
        let code = if how.contains(&"nothing") { 64 } else { 1 };
        assert_eq!(told.status.code(), Some(code), "{how:?}");
    }
    let after = std::fs::read_to_string(dir.path().join("mod.rs")).expect("a list");
    assert_eq!(before, after);
    assert_eq!(
        std::fs::read_dir(dir.path()).expect("a directory").count(),
        1
    );
}
