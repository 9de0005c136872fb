//! Readers and transactions on an embedded database.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use sea_orm::{ConnectionTrait, DbBackend, Statement, StreamTrait};
use service::clock::SystemClock;
use service::db::{ConnectionManager, DatabaseUrl, DbSettings, Fault, Outcome, State, classify};

/// Whether an outcome is the one that was expected.
type Expected = fn(&Outcome) -> bool;

fn sql(text: &str) -> Statement {
    Statement::from_string(DbBackend::Sqlite, text)
}

fn settings(url: &str) -> DbSettings {
    DbSettings::new(DatabaseUrl::parse(url).unwrap())
}

async fn connected(settings: DbSettings) -> Arc<ConnectionManager> {
    let manager = ConnectionManager::new(settings, Arc::new(SystemClock)).unwrap();
    let result = manager.connect().await;
    assert!(result.success, "{result:?}");
    manager
}

async fn file() -> (tempfile::TempDir, Arc<ConnectionManager>) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/data.db", directory.path().display());
    let mut settings = settings(&url);
    // Where the disk is slow, so is every write of those that wait for each other.
    settings.sqlite_writer_timeout = Duration::from_mins(1);
    let manager = connected(settings).await;
    let db = manager.read().unwrap();
    db.execute_unprepared(
        "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE CHECK (name <> ''));
         CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent (id));",
    )
    .await
    .unwrap();
    (directory, manager)
}

async fn count(db: &impl ConnectionTrait) -> i64 {
    let row = db
        .query_one_raw(sql("SELECT count(*) AS n FROM parent"))
        .await
        .unwrap()
        .unwrap();
    row.try_get("", "n").unwrap()
}

/// Wait for a transaction that was dropped to be rolled back and its connection to be back.
async fn settled(manager: &ConnectionManager) {
    while manager.pool_status().in_use > 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn the_connection_is_set_up_for_safety() {
    let (_directory, manager) = file().await;
    let db = manager.read().unwrap();
    for (pragma, expected) in [
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        ("foreign_keys", "1"),
        ("busy_timeout", "1000"),
    ] {
        let row = db
            .query_one_raw(sql(&format!("PRAGMA {pragma}")))
            .await
            .unwrap()
            .unwrap();
        let value = row
            .try_get_by_index::<String>(0)
            .or_else(|_| {
                row.try_get_by_index::<i64>(0)
                    .map(|number| number.to_string())
            })
            .unwrap();
        assert_eq!(value, expected, "{pragma}");
    }
    manager.disconnect().await;
}

#[tokio::test]
async fn a_commit_keeps_and_a_drop_rolls_back() {
    let (_directory, manager) = file().await;
    let db = manager.read().unwrap();

    let tx = manager.begin().await.unwrap();
    tx.execute_unprepared("INSERT INTO parent (name) VALUES ('kept')")
        .await
        .unwrap();
    assert_eq!(count(&tx).await, 1);
    assert_eq!(count(&db).await, 0, "nobody sees what is not committed");
    tx.commit().await.unwrap();
    assert_eq!(count(&db).await, 1);

    let tx = manager.begin().await.unwrap();
    tx.execute_unprepared("INSERT INTO parent (name) VALUES ('dropped')")
        .await
        .unwrap();
    drop(tx);
    // The next write waits for the roll-back by itself.
    let tx = manager.begin().await.unwrap();
    assert_eq!(count(&tx).await, 1);
    tx.rollback().await.unwrap();

    settled(&manager).await;
    manager.disconnect().await;
    assert_eq!(manager.status().state, State::Closed);
}

#[tokio::test]
async fn violations_are_told_apart() {
    let (_directory, manager) = file().await;
    let db = manager.read().unwrap();
    db.execute_unprepared("INSERT INTO parent (name) VALUES ('ann')")
        .await
        .unwrap();
    let table: [(&str, Expected); 6] = [
        (
            "INSERT INTO parent (name) VALUES ('ann')",
            |o| matches!(o, Outcome::Unique { fields, .. } if fields == &["name"]),
        ),
        ("INSERT INTO child (parent_id) VALUES (7)", |o| {
            matches!(o, Outcome::ForeignKey { .. })
        }),
        (
            "INSERT INTO parent (name) VALUES (NULL)",
            |o| matches!(o, Outcome::NotNull { field: Some(field) } if field == "name"),
        ),
        ("INSERT INTO parent (name) VALUES ('')", |o| {
            matches!(o, Outcome::Check { .. })
        }),
        ("SELECT * FROM missing", |o| {
            matches!(o, Outcome::SchemaOutdated)
        }),
        ("SELECT json('{')", |o| matches!(o, Outcome::RefusedText)),
    ];
    for (text, expected) in table {
        let error = db.query_all_raw(sql(text)).await.unwrap_err();
        let outcome = classify(&error).outcome;
        assert!(expected(&outcome), "{text}: {outcome:?}");
    }
    manager.disconnect().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_writers_at_once_all_succeed() {
    let (_directory, manager) = file().await;
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..20 {
        let manager = Arc::clone(&manager);
        writers.spawn(async move {
            let tx = manager.begin().await?;
            let text = format!("INSERT INTO parent (name) VALUES ('writer {n}')");
            tx.execute_unprepared(&text).await?;
            tx.commit().await
        });
    }
    for written in writers.join_all().await {
        written.unwrap();
    }
    assert_eq!(count(&manager.read().unwrap()).await, 20);
    manager.disconnect().await;
}

#[tokio::test]
async fn a_write_inside_a_write_is_told_to_try_again() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/data.db", directory.path().display());
    let mut settings = settings(&url);
    settings.sqlite_writer_timeout = Duration::from_millis(50);
    let manager = connected(settings).await;
    let outer = manager.begin().await.unwrap();
    let error = manager.begin().await.unwrap_err();
    assert_eq!(classify(&error).outcome, Outcome::Conflict);
    outer.commit().await.unwrap();
    manager.begin().await.unwrap().commit().await.unwrap();
    manager.disconnect().await;
}

#[tokio::test]
async fn another_process_s_lock_is_waited_for_and_then_reported() {
    let (directory, manager) = file().await;
    let url = format!("sqlite://{}/data.db", directory.path().display());
    let mut settings = settings(&url);
    settings.sqlite_busy_timeout = Duration::from_millis(20);
    settings.sqlite_writer_timeout = Duration::from_millis(100);
    let other = connected(settings).await;
    let held = manager.begin().await.unwrap();
    let error = other.begin().await.unwrap_err();
    assert_eq!(classify(&error).outcome, Outcome::Conflict, "{error}");
    held.commit().await.unwrap();
    other.begin().await.unwrap().commit().await.unwrap();
    other.disconnect().await;
    manager.disconnect().await;
}

#[tokio::test]
async fn a_statement_past_its_deadline_is_interrupted_and_its_place_is_free() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!(
        "sqlite://{}/data.db?connection_limit=1",
        directory.path().display()
    );
    let mut settings = settings(&url);
    // Long enough for the short statements, on a busy machine.
    settings.statement_deadline = Duration::from_secs(1);
    let manager = connected(settings).await;
    let db = manager.read().unwrap();
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

    let started = Instant::now();
    let error = db.query_all_raw(sql(endless)).await.unwrap_err();
    assert_eq!(classify(&error).outcome, Outcome::Timeout);
    assert!(started.elapsed() < Duration::from_secs(10));
    // The one place of the pool is free, and the write lock too.
    assert_eq!(db.query_all_raw(sql("SELECT 1")).await.unwrap().len(), 1);

    let tx = manager.begin().await.unwrap();
    let error = tx.query_all_raw(sql(endless)).await.unwrap_err();
    assert_eq!(classify(&error).outcome, Outcome::Timeout);
    let over = tx.commit().await.unwrap_err();
    assert!(
        over.to_string()
            .contains(&Fault::TransactionOver.to_string()),
        "{over}"
    );
    manager.begin().await.unwrap().commit().await.unwrap();
    manager.disconnect().await;
}

#[tokio::test]
async fn a_caller_who_goes_away_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!(
        "sqlite://{}/data.db?connection_limit=1",
        directory.path().display()
    );
    let manager = connected(settings(&url)).await;
    let db = manager.read().unwrap();
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    for _ in 0..3 {
        let gone = tokio::time::timeout(Duration::from_millis(30), db.query_all_raw(sql(endless)));
        assert!(gone.await.is_err());
    }
    assert_eq!(db.query_all_raw(sql("SELECT 1")).await.unwrap().len(), 1);
    manager.disconnect().await;
}

#[tokio::test]
async fn rows_stream_from_readers_and_transactions() {
    let (_directory, manager) = file().await;
    let text = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n";
    let db = manager.read().unwrap();
    let rows: Vec<_> = db
        .stream_raw(sql(text))
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(rows.len(), 1000);
    let tx = manager.begin().await.unwrap();
    let rows: Vec<_> = tx
        .stream_raw(sql(text))
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(rows.len(), 1000);
    // A stream that is left in the middle takes its connection along.
    let mut left = db.stream_raw(sql(text)).await.unwrap();
    left.try_next().await.unwrap();
    drop(left);
    tx.commit().await.unwrap();
    settled(&manager).await;
    manager.disconnect().await;
}

#[tokio::test]
async fn a_database_in_memory_outlives_its_connections() {
    let manager = connected(settings("sqlite::memory:")).await;
    let db = manager.read().unwrap();
    db.execute_unprepared("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        .await
        .unwrap();
    assert_eq!(manager.pool_status().max, 1);
    assert!(manager.reconnect().await.success);
    assert_eq!(count(&manager.read().unwrap()).await, 0);
    manager.disconnect().await;
    assert!(manager.connect().await.success);
    assert_eq!(count(&manager.read().unwrap()).await, 0);
    manager.disconnect().await;
}

#[tokio::test]
async fn a_missing_directory_is_a_permanent_error_with_steps() {
    let mut settings = settings("sqlite:///nowhere/at/all/data.db");
    settings.retry_base_delay = Duration::from_mins(1);
    let manager = ConnectionManager::new(settings, Arc::new(SystemClock)).unwrap();
    let result = manager.connect().await;
    let error = result.error.unwrap();
    assert_eq!(error.category.name(), "DATABASE_NOT_FOUND");
    assert!(!error.steps.is_empty());
    assert_eq!(result.retry_count, 0);
    manager.disconnect().await;
}

#[tokio::test]
async fn the_engine_is_compiled_without_counters_behind_a_lock() {
    let (_directory, manager) = file().await;
    let db = manager.read().unwrap();
    for (option, used) in [
        ("DEFAULT_MEMSTATUS=0", 1_i64),
        ("ENABLE_MEMORY_MANAGEMENT", 0),
        ("ENABLE_API_ARMOR", 0),
    ] {
        let text = format!("SELECT sqlite_compileoption_used('{option}') AS used");
        let row = db.query_one_raw(sql(&text)).await.unwrap().unwrap();
        let found: i64 = row.try_get("", "used").unwrap();
        assert_eq!(found, used, "{option}: see .cargo/config.toml");
    }
}
