//! What `drift --revert-sql` prints brings the database back, and keeps every row of a table that is
//! only called otherwise.

use std::collections::BTreeMap;

use migration::engine::Engine;
use migration::schema::{BOOKKEEPING, LiveSchema};
use migration::{rows, up};
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::Value;

use crate::binary::{answer, migrate, words};
use crate::database::{self, Scratch, one};
use crate::writing::{listed, schema};

/// What is done behind the history's back, on both engines.
const ON_BOTH: &[&str] = &[
    "CREATE TABLE stray (id integer)",
    "ALTER TABLE saved_views RENAME TO zz_saved_views",
    "ALTER TABLE saved_reports RENAME TO \"zz Saved reports\"",
    "ALTER TABLE videos RENAME TO zz_videos",
    "ALTER TABLE login_failures RENAME TO zz_login_failures",
    "ALTER TABLE runs RENAME TO zz_runs",
    "ALTER TABLE users RENAME TO zz_users",
    "ALTER TABLE messages RENAME TO zz_messages",
    "ALTER TABLE run_deltas RENAME TO zz_one; ALTER TABLE stage_deltas RENAME TO zz_two",
    "ALTER TABLE saved_views RENAME TO zz_views; CREATE TABLE saved_reports_2 (id integer);
     DROP INDEX saved_views_shared_idx",
    "ALTER TABLE users RENAME COLUMN name TO called",
    "ALTER TABLE runs ADD COLUMN extra text",
    "DROP INDEX runs_created_at_id_idx",
    "DROP INDEX runs_created_at_id_idx; CREATE INDEX runs_created_at_id_idx ON runs (id)",
    "CREATE INDEX stray ON runs (document_url)",
    "CREATE VIEW stray AS SELECT id FROM runs",
];

const ON_POSTGRES: &[&str] = &[
    "ALTER TABLE runs ALTER COLUMN company_id DROP NOT NULL",
    "ALTER TABLE runs ALTER COLUMN document_name TYPE varchar(90)",
    "ALTER TABLE saved_views ALTER COLUMN version SET DEFAULT 5",
    "ALTER TABLE saved_views ALTER COLUMN shared DROP DEFAULT",
    "ALTER TABLE saved_views DROP CONSTRAINT saved_views_pkey",
    "ALTER TABLE saved_views RENAME CONSTRAINT saved_views_pkey TO other",
    "ALTER TABLE saved_views DROP CONSTRAINT saved_views_user_id_fkey",
    "ALTER TABLE saved_views DROP CONSTRAINT saved_views_user_id_fkey; ALTER TABLE saved_views ADD \
     CONSTRAINT saved_views_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID",
    "ALTER TABLE uploads DROP CONSTRAINT uploads_offset_check",
    "ALTER INDEX runs_created_at_id_idx RENAME TO stray",
    "DROP TRIGGER audit_log_no_truncate ON audit_log",
    "ALTER TABLE messages DISABLE TRIGGER messages_search_vector_trigger",
    "CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n * 2'",
    "ALTER TYPE user_role ADD VALUE 'guest' BEFORE 'user'",
    "CREATE RULE quiet AS ON DELETE TO runs DO INSTEAD NOTHING",
    "ALTER TABLE runs FORCE ROW LEVEL SECURITY; CREATE POLICY mine ON runs USING (true)",
    "ALTER TABLE runs SET (fillfactor = 50)",
    "ALTER TABLE login_failures SET UNLOGGED",
    "CREATE SEQUENCE tickets",
    "CREATE DOMAIN percent AS integer",
    "COMMENT ON TABLE runs IS 'another'",
    "CREATE VIEW mine AS SELECT id FROM runs; ALTER TABLE runs RENAME TO zz_runs",
];

const ON_SQLITE: &[&str] = &[
    "DROP TRIGGER audit_log_no_update",
    "DROP TABLE messages_fts",
    "CREATE TRIGGER stray AFTER INSERT ON runs BEGIN SELECT 1; END",
    "PRAGMA legacy_alter_table = ON; ALTER TABLE runs RENAME TO zz_runs; \
     PRAGMA legacy_alter_table = OFF",
];

/// How many rows each table has.
async fn counts(db: &DatabaseConnection) -> BTreeMap<String, String> {
    let live = LiveSchema::read(db).await.expect("a catalogue");
    let mut found = BTreeMap::new();
    for table in live.tables.keys() {
        if BOOKKEEPING.contains(&table.as_str()) {
            continue;
        }
        let ask = format!("SELECT CAST(count(*) AS text) FROM \"{table}\"");
        found.insert(table.clone(), one(db, &ask).await);
    }
    found
}

/// A database with rows in every table.
async fn filled(engine: Engine) -> Scratch {
    let scratch = Scratch::new(engine).await;
    up(&scratch.db).await.expect("up");
    let live = schema(&scratch).await;
    rows::fill(&scratch.db, &live, 3, |_| 3)
        .await
        .expect("rows");
    let found = r#"UPDATE messages SET entity = 'USER', content = '{"content": "a word"}'"#;
    scratch.db.execute_unprepared(found).await.expect("words");
    scratch
}

/// What it prints to bring the database back.
fn undo(scratch: &Scratch, more: &[&str]) -> String {
    let told = migrate(scratch, &[&["drift", "--revert-sql"], more].concat());
    let code = told.status.code();
    assert_eq!(code, Some(3), "{}{}", answer(&told), words(&told));
    let told = answer(&told);
    let found = told.split_once("-- brings the database back\n");
    found.unwrap_or_else(|| panic!("{told}")).1.to_owned()
}

#[tokio::test]
async fn what_was_done_by_hand_is_undone_and_no_row_is_lost() {
    for engine in database::engines() {
        let scratch = filled(engine).await;
        let db = database::connect_once(&scratch.url).await;
        let before = counts(&db).await;
        for table in ["saved_views", "saved_reports", "videos", "runs", "users"] {
            assert_ne!(before[table], "0", "{table} has rows");
        }
        if engine == Engine::Sqlite {
            assert_ne!(before["messages_fts"], "0", "search finds something");
        }
        let more = match engine {
            Engine::Sqlite => ON_SQLITE,
            Engine::Postgres => ON_POSTGRES,
        };
        for done in ON_BOTH.iter().chain(more) {
            let by_hand = db.execute_unprepared(done).await;
            by_hand.unwrap_or_else(|error| panic!("{error}: {done}"));
            let told = migrate(&scratch, &["drift"]);
            assert_eq!(told.status.code(), Some(3), "{done}: {}", answer(&told));
            let undo = undo(&scratch, &[]);
            let back = db.execute_unprepared(&undo).await;
            back.unwrap_or_else(|error| panic!("{error}: {done}\n{undo}"));
            let told = migrate(&scratch, &["drift"]);
            let code = told.status.code();
            assert_eq!(code, Some(0), "{done}\n{undo}\n{}", answer(&told));
            assert_eq!(counts(&db).await, before, "{done}\n{undo}");
        }
    }
}

#[tokio::test]
async fn a_table_that_may_be_another_is_not_dropped_before_somebody_says_so() {
    for engine in database::engines() {
        let scratch = filled(engine).await;
        let db = database::connect_once(&scratch.url).await;
        let before = counts(&db).await;
        // Another shape by now: only a person knows.
        let done =
            "ALTER TABLE saved_views RENAME TO zz_views; ALTER TABLE zz_views ADD COLUMN more text";
        db.execute_unprepared(done).await.expect("drift");
        let told = migrate(&scratch, &["drift", "--revert-sql"]);
        assert_eq!(told.status.code(), Some(3));
        let told = answer(&told);
        assert!(told.contains("--rename saved_views:zz_views"), "{told}");
        assert!(!told.contains("DROP"), "{told}");
        let told = migrate(&scratch, &["drift", "--json"]);
        let told: Value = serde_json::from_slice(&told.stdout).expect("one object");
        assert_eq!(told["undo"], Value::Array(Vec::new()));
        let asked = told["asked"].as_str().expect("a question");
        assert!(asked.contains("--drop saved_views"), "{asked}");
        // A step of it would lose them, too.
        let dir = listed();
        let directory = dir.path().to_str().expect("a path");
        let step = [
            "drift",
            "--write-migration",
            "by_hand",
            "--directory",
            directory,
        ];
        let told = migrate(&scratch, &step);
        assert_eq!(told.status.code(), Some(1));
        assert!(words(&told).contains("--rename"), "{}", words(&told));

        let wrong = migrate(&scratch, &["drift", "--rename", "saved_views:nothing"]);
        assert_eq!(wrong.status.code(), Some(1), "{}", answer(&wrong));
        let dropped = undo(&scratch, &["--drop", "saved_views"]);
        assert!(
            dropped.contains("-- loses zz_views and all its rows"),
            "{dropped}"
        );
        let undo = undo(&scratch, &["--rename", "saved_views:zz_views"]);
        db.execute_unprepared(&undo).await.expect("the way back");
        assert_eq!(migrate(&scratch, &["drift"]).status.code(), Some(0));
        assert_eq!(counts(&db).await, before);
    }
}

#[tokio::test]
async fn of_two_tables_of_one_shape_the_renamed_one_has_the_old_names() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = filled(Engine::Postgres).await;
    let before = counts(&scratch.db).await;
    let done = "ALTER TABLE saved_views RENAME TO zz_views;
        CREATE TABLE aa_views (LIKE zz_views INCLUDING ALL)";
    scratch.db.execute_unprepared(done).await.expect("drift");
    let undo = undo(&scratch, &[]);
    scratch.db.execute_unprepared(&undo).await.expect("back");
    assert_eq!(migrate(&scratch, &["drift"]).status.code(), Some(0));
    assert_eq!(counts(&scratch.db).await, before);
}

#[tokio::test]
async fn a_renamed_table_becomes_a_step_that_renames_it() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let done = "ALTER TABLE runs RENAME TO attempts";
        scratch.db.execute_unprepared(done).await.expect("drift");
        let after = schema(&scratch).await;
        let dir = listed();
        let directory = dir.path().to_str().expect("a path");
        let step = [
            "drift",
            "--write-migration",
            "by_hand",
            "--directory",
            directory,
        ];
        let told = migrate(&scratch, &step);
        assert_eq!(told.status.code(), Some(3), "{}", words(&told));
        let entries = std::fs::read_dir(dir.path()).expect("a directory");
        let mut folders = entries.map(|one| one.expect("an entry").path());
        let folder = folders.find(|path| path.is_dir()).expect("a step");
        let own = match engine {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        };
        let read = |way: &str| {
            let file = folder.join(format!("{way}.{own}.sql"));
            std::fs::read_to_string(file).expect("a script")
        };
        let elsewhere = filled(engine).await;
        let db = migration::connect(&elsewhere.url).await.expect("a way");
        let before = counts(&db).await;
        let was = schema(&elsewhere).await;
        db.execute_unprepared(&read("up")).await.expect("up");
        let found = migration::schema::difference(&after, &schema(&elsewhere).await);
        assert!(found.is_empty(), "{found:?}");
        let renamed = counts(&db).await;
        assert_eq!(renamed["attempts"], before["runs"]);
        db.execute_unprepared(&read("down")).await.expect("down");
        assert_eq!(counts(&db).await, before);
        let found = migration::schema::difference(&was, &schema(&elsewhere).await);
        assert!(found.is_empty(), "{found:?}");
    }
}

#[tokio::test]
async fn an_extension_beside_the_steps_is_told_and_stands_in_nobodys_way() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    up(&scratch.db).await.expect("up");
    let made = scratch.db.execute_unprepared("CREATE EXTENSION citext");
    made.await.expect("it comes with the server");
    let told = migrate(&scratch, &["drift", "--json"]);
    assert_eq!(told.status.code(), Some(0), "{}", words(&told));
    let told: Value = serde_json::from_slice(&told.stdout).expect("an object");
    let found = told["recommended"].to_string();
    assert!(found.contains("citext"), "{told}");
    let undo = told["undo"].to_string();
    assert!(undo.contains("DROP EXTENSION citext"), "{told}");
}
