//! The connection manager against a real server that is stopped, frozen and started again.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use sea_orm::{ConnectionTrait, DbBackend, Statement, StreamTrait};
use service::clock::SystemClock;
use service::db::{
    Category, ConnectionManager, ConnectionResult, DatabaseUrl, DbSettings, Kind, Outcome, Source,
    State, classify,
};
use support::cluster::Cluster;

/// Longer than anything that these stories wait for, on whatever machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Whether an outcome is the one that was expected.
type Expected = fn(&Outcome) -> bool;

fn sql(text: &str) -> Statement {
    Statement::from_string(DbBackend::Postgres, text)
}

fn settings(url: &str) -> DbSettings {
    let mut settings = DbSettings::new(DatabaseUrl::parse(url).unwrap());
    settings.retry_base_delay = Duration::from_millis(50);
    settings.max_retries = 1;
    settings.probe_interval = Duration::from_millis(300);
    settings
}

fn manager(settings: DbSettings) -> Arc<ConnectionManager> {
    ConnectionManager::new(settings, Arc::new(SystemClock)).unwrap()
}

async fn connected(settings: DbSettings) -> Arc<ConnectionManager> {
    let manager = manager(settings);
    let result = manager.connect().await;
    assert!(result.success, "{result:?}");
    manager
}

async fn one(db: &impl ConnectionTrait, text: &str) -> String {
    let row = db.query_one_raw(sql(text)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

async fn until(manager: &ConnectionManager, connected: bool) {
    let mut watch = manager.watch();
    let wait = watch.wait_for(|status| status.connected == connected);
    tokio::time::timeout(PATIENCE, wait).await.unwrap().unwrap();
}

/// Everything that needs no trouble with the server shares one, since starting one takes a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sound_server_is_used_as_promised() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    sessions_are_set_up(&cluster).await;
    violations_are_told_apart(&cluster).await;
    refused_connections_say_why(&cluster).await;
    a_full_pool_says_so(&cluster).await;
    a_pooler_in_between_is_respected(&cluster).await;
    a_changed_table_costs_one_statement(&cluster).await;
    transactions_and_streams(&cluster).await;
}

async fn sessions_are_set_up(cluster: &Cluster) {
    let manager = connected(settings(&cluster.url("postgres?schema=app"))).await;
    let db = manager.read().unwrap();
    for (setting, expected) in [
        ("statement_timeout", "13s"),
        ("lock_timeout", "5s"),
        ("tcp_keepalives_idle", "30"),
        ("application_name", "chancery"),
        ("search_path", "app"),
        ("timezone", "UTC"),
    ] {
        assert_eq!(
            one(&db, &format!("SHOW {setting}")).await,
            expected,
            "{setting}"
        );
    }
    manager.disconnect().await;
}

async fn violations_are_told_apart(cluster: &Cluster) {
    let mut settings = settings(&cluster.url("postgres"));
    // Short for the one statement that sleeps, long for those that do not.
    settings.statement_timeout = Duration::from_secs(2);
    let manager = connected(settings).await;
    let db = manager.read().unwrap();
    db.execute_unprepared(
        "CREATE TABLE parent (id int PRIMARY KEY, name varchar(5) NOT NULL CHECK (name <> ''));
         CREATE UNIQUE INDEX parent_name ON parent (lower(name));
         CREATE TABLE child (parent_id int REFERENCES parent (id));
         INSERT INTO parent VALUES (1, 'ann')",
    )
    .await
    .unwrap();
    let table: [(&str, Expected); 9] = [
        (
            "INSERT INTO parent VALUES (1, 'bob')",
            |o| matches!(o, Outcome::Unique { fields, table: Some(table), .. } if fields == &["id"] && table == "parent"),
        ),
        (
            "INSERT INTO parent VALUES (2, 'Ann')",
            |o| matches!(o, Outcome::Unique { constraint: Some(name), fields, .. } if name == "parent_name" && fields == &["name"]),
        ),
        (
            "INSERT INTO child VALUES (7)",
            |o| matches!(o, Outcome::ForeignKey { fields, .. } if fields == &["parent_id"]),
        ),
        (
            "INSERT INTO parent VALUES (3, NULL)",
            |o| matches!(o, Outcome::NotNull { field: Some(field) } if field == "name"),
        ),
        (
            "INSERT INTO parent VALUES (4, '')",
            |o| matches!(o, Outcome::Check { constraint: Some(name) } if name == "parent_name_check"),
        ),
        ("INSERT INTO parent VALUES (5, 'too long')", |o| {
            matches!(o, Outcome::TooLong)
        }),
        ("SELECT 'x'::uuid", |o| matches!(o, Outcome::RefusedText)),
        ("SELECT * FROM missing", |o| {
            matches!(o, Outcome::SchemaOutdated)
        }),
        ("SELECT pg_sleep(5)", |o| matches!(o, Outcome::Timeout)),
    ];
    for (text, expected) in table {
        let error = db.query_all_raw(sql(text)).await.unwrap_err();
        let outcome = classify(&error).outcome;
        assert!(expected(&outcome), "{text}: {outcome:?}");
    }
    // None of that cost a connection.
    assert_eq!(manager.pool_status().size, 1);
    manager.disconnect().await;
}

async fn refused_connections_say_why(cluster: &Cluster) {
    let port = cluster.port();
    for (url, category) in [
        (
            format!("postgres://postgres:wrong@127.0.0.1:{port}/postgres"),
            Category::AuthFailed,
        ),
        (cluster.url("missing"), Category::DatabaseNotFound),
        (cluster.url("postgres?sslmode=require"), Category::SslError),
        (
            "postgres://u:p@nowhere.invalid/db".to_owned(),
            Category::DnsError,
        ),
        (
            "postgres://u:p@127.0.0.1:1/db".to_owned(),
            Category::NetworkError,
        ),
    ] {
        let manager = manager(settings(&url));
        let ConnectionResult {
            success,
            error,
            retry_count,
        } = manager.connect().await;
        let error = error.unwrap();
        assert!(!success);
        assert_eq!(error.category, category, "{error:?}");
        // A permanent error is not tried again.
        assert_eq!(retry_count, u32::from(category.kind() == Kind::Temporary));
        assert_eq!(manager.status().state, State::Failed);
        manager.disconnect().await;
    }
}

async fn a_full_pool_says_so(cluster: &Cluster) {
    let url = cluster.url("postgres?connection_limit=1&pool_timeout=3");
    let manager = connected(settings(&url)).await;
    let tx = manager.begin().await.unwrap();
    let error = manager
        .read()
        .unwrap()
        .query_all_raw(sql("SELECT 1"))
        .await
        .unwrap_err();
    let classified = classify(&error);
    assert_eq!(classified.category, Category::PoolExhausted);
    assert_eq!(classified.outcome, Outcome::PoolExhausted);
    assert!(
        manager.is_connected(),
        "a full pool is no reason to doubt the server"
    );
    tx.commit().await.unwrap();
    manager.disconnect().await;
}

async fn a_pooler_in_between_is_respected(cluster: &Cluster) {
    let url = cluster.url("postgres?pgbouncer=true&connection_limit=1&schema=public");
    let manager = connected(settings(&url)).await;
    assert!(manager.settings().session_url().is_none());
    let db = manager.read().unwrap();
    // Set for the transaction that each statement gets, and for nothing longer.
    assert_eq!(one(&db, "SHOW statement_timeout").await, "13s");
    assert_eq!(
        one(&db, "SELECT count(*)::text FROM pg_prepared_statements").await,
        "0"
    );
    let rows: Vec<_> = db
        .stream_raw(sql("SELECT 1"))
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    let value =
        Statement::from_sql_and_values(DbBackend::Postgres, "SELECT $1::text", ["x".into()]);
    db.query_one_raw(value).await.unwrap();
    assert!(db.query_all_raw(sql("SELECT nothing")).await.is_err());
    let tx = manager.begin().await.unwrap();
    assert_eq!(one(&tx, "SHOW lock_timeout").await, "5s");
    assert_eq!(one(&tx, "SHOW lock_timeout").await, "5s");
    tx.commit().await.unwrap();
    assert_eq!(
        manager.pool_status().size,
        1,
        "no statement left its transaction open"
    );
    manager.disconnect().await;
}

async fn a_changed_table_costs_one_statement(cluster: &Cluster) {
    let manager = connected(settings(&cluster.url("postgres"))).await;
    let db = manager.read().unwrap();
    db.execute_unprepared("CREATE TABLE changing (a int)")
        .await
        .unwrap();
    db.query_all_raw(sql("SELECT * FROM changing"))
        .await
        .unwrap();
    db.execute_unprepared("ALTER TABLE changing ADD b int")
        .await
        .unwrap();
    let stale = db
        .query_all_raw(sql("SELECT * FROM changing"))
        .await
        .unwrap_err();
    assert_eq!(classify(&stale).outcome, Outcome::StalePlan);
    db.query_all_raw(sql("SELECT * FROM changing"))
        .await
        .unwrap();
    manager.disconnect().await;
}

async fn transactions_and_streams(cluster: &Cluster) {
    let url = cluster.url("postgres?connection_limit=2");
    let manager = connected(settings(&url)).await;
    let db = manager.read().unwrap();
    db.execute_unprepared("CREATE TABLE kept (n int)")
        .await
        .unwrap();
    let tx = manager.begin().await.unwrap();
    tx.execute_unprepared("INSERT INTO kept VALUES (1)")
        .await
        .unwrap();
    drop(tx);
    let tx = manager.begin().await.unwrap();
    tx.execute_unprepared("INSERT INTO kept VALUES (2)")
        .await
        .unwrap();
    let rows: Vec<_> = tx
        .stream_raw(sql("SELECT n FROM kept"))
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    tx.commit().await.unwrap();
    assert_eq!(
        one(&db, "SELECT string_agg(n::text, ',') FROM kept").await,
        "2"
    );
    // Callers who leave in the middle leave nothing behind.
    for _ in 0..4 {
        let gone = db.query_all_raw(sql("SELECT pg_sleep(3)"));
        assert!(
            tokio::time::timeout(Duration::from_millis(30), gone)
                .await
                .is_err()
        );
    }
    assert_eq!(one(&db, "SELECT '1'").await, "1");
    manager.disconnect().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_stopped_is_missed_and_found_again() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let manager = connected(settings(&cluster.url("postgres"))).await;
    let db = manager.read().unwrap();
    let held = manager.begin().await.unwrap();
    assert_eq!(one(&db, "SELECT 'there'").await, "there");

    cluster.down();
    let error = db.query_all_raw(sql("SELECT 1")).await.unwrap_err();
    assert_eq!(classify(&error).outcome, Outcome::Unreachable, "{error}");
    until(&manager, false).await;
    let started = Instant::now();
    for _ in 0..100 {
        let error = db.query_all_raw(sql("SELECT 1")).await.unwrap_err();
        assert_eq!(classify(&error).outcome, Outcome::Unreachable);
        assert!(manager.begin().await.is_err() && manager.read().is_err());
    }
    // The shortest pause that there is, before each of these questions, would be 15 seconds.
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "an outage is told at once"
    );
    assert!(held.commit().await.is_err());
    assert!(!manager.health().await.healthy);

    cluster.up();
    until(&manager, true).await;
    assert_eq!(one(&db, "SELECT 'back'").await, "back");
    manager.begin().await.unwrap().commit().await.unwrap();

    // A restart between two statements is hardly noticed: a write takes a new connection.
    tokio::time::sleep(Duration::from_millis(50)).await;
    cluster.down();
    cluster.up();
    manager.begin().await.unwrap().commit().await.unwrap();
    manager.disconnect().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_keeps_nobody_and_no_connection() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let mut settings = settings(&cluster.url("postgres?connection_limit=3"));
    // What a sound server answers in on a busy machine.
    settings.statement_deadline = Duration::from_millis(1_500);
    settings.connection_timeout = Duration::from_millis(2_500);
    let manager = connected(settings).await;
    let db = manager.read().unwrap();
    let tx = manager.begin().await.unwrap();
    db.query_all_raw(sql("SELECT 1")).await.unwrap();

    cluster.freeze();
    let started = Instant::now();
    let statements = (0..3).map(|_| db.query_all_raw(sql("SELECT 1")));
    let mut outcomes = Vec::new();
    for result in futures::future::join_all(statements).await {
        outcomes.push(classify(&result.unwrap_err()).outcome);
    }
    assert!(outcomes.contains(&Outcome::Unreachable), "{outcomes:?}");
    assert!(tx.query_all_raw(sql("SELECT 1")).await.is_err());
    drop(tx);
    let took = started.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    until(&manager, false).await;
    assert!(manager.read().is_err());
    let started = Instant::now();
    let closing = manager.reconnect().await;
    assert!(!closing.success && started.elapsed() < Duration::from_secs(10));

    cluster.thaw();
    until(&manager, true).await;
    let statements = (0..9).map(|_| db.query_all_raw(sql("SELECT 1")));
    for result in futures::future::join_all(statements).await {
        result.unwrap();
    }
    manager.disconnect().await;
    assert_eq!(manager.pool_status().size, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_serves_while_it_is_fresh() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let replica = cluster.replica();
    let mut settings = settings(&cluster.url("postgres"));
    settings.read_url = Some(DatabaseUrl::parse(&replica.url("postgres")).unwrap());
    settings.replica_check_interval = Duration::from_millis(50);
    // A measurement takes its time, too.
    settings.max_replica_lag = Duration::from_secs(3);
    let manager = connected(settings).await;
    let source = async |wanted: Source| {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if manager.analytics().unwrap().source() == wanted {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    };
    assert!(
        source(Source::Replica).await,
        "{:?}",
        manager.replica_status()
    );
    let reader = manager.analytics().unwrap();
    assert_eq!(
        one(&reader, "SELECT pg_is_in_recovery()::text").await,
        "true"
    );

    // The replica stops replaying while the primary goes on.
    let direct = connected(self::settings(&replica.url("postgres"))).await;
    let pause = direct.read().unwrap();
    pause
        .execute_unprepared("SELECT pg_wal_replay_pause()")
        .await
        .unwrap();
    let db = manager.read().unwrap();
    db.execute_unprepared("CREATE TABLE moving (n int)")
        .await
        .unwrap();
    assert!(
        source(Source::Primary).await,
        "{:?}",
        manager.replica_status()
    );
    // A handle from before follows.
    assert_eq!(
        one(&reader, "SELECT pg_is_in_recovery()::text").await,
        "false"
    );

    pause
        .execute_unprepared("SELECT pg_wal_replay_resume()")
        .await
        .unwrap();
    assert!(
        source(Source::Replica).await,
        "{:?}",
        manager.replica_status()
    );
    drop(replica);
    assert!(
        source(Source::Primary).await,
        "a replica that is gone is not asked"
    );
    assert!(manager.is_connected());
    direct.disconnect().await;
    manager.disconnect().await;
}
