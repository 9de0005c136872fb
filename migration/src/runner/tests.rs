//! Steps of the tests' own, done and undone, broken off and gone on with.

use sea_orm_migration::sea_orm::{DatabaseConnection, Statement};

use super::*;
use crate::cluster::Cluster;

const PATIENCE: Duration = Duration::from_mins(1);

fn writer() -> Writer {
    Writer {
        actor: "a test".to_owned(),
    }
}

fn run<'r>(writer: &'r Writer, told: &'r (dyn Fn(Progress<'_>) + Send + Sync)) -> Run<'r> {
    Run {
        writer,
        told,
        timeouts: Timeouts::default(),
        patience: PATIENCE,
        apart: None,
    }
}

async fn one(db: &DatabaseConnection, sql: &str) -> String {
    let asked = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(asked).await.expect("an answer");
    row.map_or_else(String::new, |row| row.try_get_by_index(0).expect("a text"))
}

async fn go(db: &DatabaseConnection, step: &Step, direction: Direction) -> Result<(), Error> {
    let writer = writer();
    let lock = Lock::take(db, PATIENCE).await.expect("the lock");
    let done = match direction {
        Direction::Up => up(&lock, &[step], &run(&writer, &quietly)).await,
        Direction::Down => down(&lock, &[step], &run(&writer, &quietly)).await,
    };
    Error::both(done, lock.release().await)
}

/// A database of `cluster` of its own.
async fn database(cluster: &Cluster, name: &str) -> DatabaseConnection {
    let all = crate::connect(&cluster.url("postgres"))
        .await
        .expect("a server");
    all.execute_unprepared(&format!("CREATE DATABASE {name}"))
        .await
        .expect("a database");
    all.close().await.expect("closed");
    crate::connect(&cluster.url(name))
        .await
        .expect("a database")
}

const STANDS: &str = "SELECT state || ' ' || statements_done || ' ' || coalesce(error, '')
    FROM chancery_migrations WHERE id = 'm1'";

const FORGET: &str = "DELETE FROM seaql_migrations";

const UP: &str = "ALTER TABLE a ADD CONSTRAINT a_b_check CHECK (b > 0);
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
  RETURN 1;
END $$;
CREATE INDEX CONCURRENTLY \"By B\" ON a (b);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a_B ON a (b);
VACUUM a;
";

const DOWN: &str = "DROP INDEX CONCURRENTLY a_b;
DROP INDEX CONCURRENTLY \"By B\";
DROP FUNCTION f();
ALTER TABLE a DROP CONSTRAINT a_b_check;
";

#[tokio::test]
async fn statements_by_themselves_go_on_wherever_they_were_broken_off() {
    let Some(cluster) = Cluster::shared() else {
        return;
    };
    let db = database(&cluster, "runner_apart").await;
    let make = "CREATE TABLE a (b int); INSERT INTO a VALUES (1), (1)";
    db.execute_unprepared(make).await.expect("a table");
    let step = Step::apart("m1", UP, DOWN);
    // Two rows are alike: the fourth fails, and leaves an index that is not valid.
    let error = go(&db, &step, Direction::Up)
        .await
        .expect_err("a failure")
        .to_string();
    assert!(error.contains("3 of its 5 statements are done"), "{error}");
    let stands = one(&db, STANDS).await;
    assert!(
        stands.starts_with("started 3 ") && stands.contains("a_b"),
        "{stands}"
    );
    // Killed behind a statement and before its record: it is not done twice.
    let back = "UPDATE chancery_migrations SET statements_done = 2; DELETE FROM a; INSERT INTO a VALUES (1)";
    db.execute_unprepared(back).await.expect("rows");
    go(&db, &step, Direction::Up).await.expect("the rest");
    assert_eq!(one(&db, STANDS).await, "applied 5 ");
    let invalid = "SELECT count(*)::text FROM pg_index WHERE NOT indisvalid";
    assert_eq!(one(&db, invalid).await, "0");

    // Down, the third fails: it tells how far it is, and goes on there.
    let uses = "CREATE VIEW v AS SELECT f()";
    db.execute_unprepared(uses).await.expect("a view");
    let error = go(&db, &step, Direction::Down)
        .await
        .expect_err("a failure")
        .to_string();
    assert!(
        error.contains("2 of its 4 statements down are done"),
        "{error}"
    );
    assert!(one(&db, STANDS).await.starts_with("undoing 2 "));
    let gone = "DROP VIEW v; UPDATE chancery_migrations SET statements_done = 1";
    db.execute_unprepared(gone).await.expect("no view");
    go(&db, &step, Direction::Down).await.expect("the rest");
    assert_eq!(one(&db, STANDS).await, "rolled_back 0 ");
    db.close().await.expect("closed");
}

#[tokio::test]
async fn an_index_in_quotes_that_is_not_valid_is_made_anew() {
    let Some(cluster) = Cluster::shared() else {
        return;
    };
    let db = database(&cluster, "runner_quoted").await;
    let make = "CREATE TABLE a (b int); INSERT INTO a VALUES (1), (1)";
    db.execute_unprepared(make).await.expect("a table");
    let up = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"By \"\"B\"\"\" ON a (b);\n";
    let step = Step::apart("m1", up, "");
    go(&db, &step, Direction::Up)
        .await
        .expect_err("two rows are alike");
    db.execute_unprepared("DELETE FROM a").await.expect("none");
    go(&db, &step, Direction::Up).await.expect("it is made");
    let valid =
        "SELECT indisvalid::text FROM pg_index WHERE indexrelid = '\"By \"\"B\"\"\"'::regclass";
    assert_eq!(one(&db, valid).await, "true");
    db.close().await.expect("closed");
}

#[tokio::test]
async fn a_backfill_that_fails_within_a_step_is_put_down() {
    let Some(cluster) = Cluster::shared() else {
        return;
    };
    let db = database(&cluster, "runner_filled").await;
    let make = "CREATE TABLE a (id int PRIMARY KEY, b int); INSERT INTO a VALUES (1, 0)";
    db.execute_unprepared(make).await.expect("a table");
    let up = "SELECT 1;\n-- backfill b key=id\nUPDATE a SET b = 1 / b;\n";
    let step = Step::apart("m1", up, "");
    let error = go(&db, &step, Direction::Up)
        .await
        .expect_err("a failure")
        .to_string();
    assert!(
        error.contains("division by zero") && error.contains("1 of its 2"),
        "{error}"
    );
    let stands = one(&db, STANDS).await;
    assert!(
        stands.starts_with("started 1 ") && stands.contains("division by zero"),
        "{stands}"
    );
    let log = "SELECT reason FROM chancery_migration_log WHERE action = 'failed'";
    assert!(one(&db, log).await.contains("division by zero"));
    db.close().await.expect("closed");
}

#[tokio::test]
async fn rows_that_a_step_leaves_referring_to_nothing_end_that_step_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite://{}?mode=rwc", dir.path().join("a.db").display());
    let db = crate::connect(&url).await.expect("a database");
    let writer = writer();
    let orphan = "CREATE TABLE e (f int REFERENCES g (h)); CREATE TABLE g (h int PRIMARY KEY); \
                  INSERT INTO e VALUES (1);\n";
    let steps = [
        Step::doing("m3", "CREATE TABLE i (j int);\n"),
        Step::doing("m4", orphan),
    ];
    let lock = Lock::take(&db, PATIENCE).await.expect("the lock");
    let error = up(&lock, &steps.each_ref(), &run(&writer, &quietly)).await;
    let error = error.expect_err("a refusal").to_string();
    assert!(
        error.contains("e to g") && error.contains("nothing of it stays"),
        "{error}"
    );
    lock.release().await.expect("the end");
    let names = "SELECT group_concat(name) FROM sqlite_master WHERE name IN ('e', 'g', 'i')";
    assert_eq!(one(&db, names).await, "i");
    db.close().await.expect("closed");
}

#[tokio::test]
async fn a_step_answers_for_the_rows_that_it_leaves_referring_to_nothing_and_for_no_others() {
    let dir = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite://{}?mode=rwc", dir.path().join("a.db").display());
    let db = crate::connect(&url).await.expect("a database");
    let before = "CREATE TABLE g (h int PRIMARY KEY, k text); INSERT INTO g VALUES (1, 'x');
        CREATE TABLE e (f int REFERENCES g (h), k text);
        INSERT INTO e VALUES (1, 'gone later'), (7, 'a'), (7, 'b'), (8, 'c'); DELETE FROM e WHERE k = 'a';
        CREATE TABLE w (id int PRIMARY KEY, f int REFERENCES g (h)) WITHOUT ROWID; INSERT INTO w VALUES (1, 7)";
    db.execute_unprepared(before).await.expect("rows");
    let all = [
        ("UPDATE e SET k = 'other'", ""),
        // Made anew: the rows have other numbers, and none is new.
        (
            "CREATE TABLE n (k text, f int REFERENCES g (h)); INSERT INTO n SELECT k, f FROM e ORDER BY f DESC; \
             DROP TABLE e; ALTER TABLE n RENAME TO e",
            "",
        ),
        ("INSERT INTO e (f) VALUES (7)", "e to g"),
        ("INSERT INTO e (f) VALUES (9)", "e to g"),
        ("UPDATE e SET f = 9 WHERE f = 8", "e to g"),
        ("DELETE FROM g", "e to g"),
        ("INSERT INTO w VALUES (2, 9)", "w to g"),
        (
            "CREATE TABLE m (f text REFERENCES g (k))",
            "m to g (by columns that are no key of g)",
        ),
        ("DELETE FROM e WHERE f = 8; DELETE FROM w", ""),
        ("INSERT INTO e (f) VALUES (8)", "e to g"),
        ("INSERT INTO w VALUES (1, 7)", "w to g"),
    ];
    for (sql, refused) in all {
        // No step is on the list twice.
        db.execute_unprepared(FORGET).await.ok();
        let done = go(&db, &Step::doing("m1", sql), Direction::Up).await;
        let told = done
            .err()
            .map_or_else(String::new, |error| error.to_string());
        assert_eq!(told.is_empty(), refused.is_empty(), "{sql}: {told}");
        assert!(told.contains(refused), "{sql}: {told}");
    }
    db.close().await.expect("closed");
}

/// On either engine nobody commits without the lock.
#[tokio::test]
async fn a_transaction_is_not_kept_when_the_lock_is_gone() {
    let Some(cluster) = Cluster::shared() else {
        return;
    };
    let db = database(&cluster, "runner_lock").await;
    for (kind, take) in [
        (
            crate::LockKind::Session,
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'
               AND mode = 'ExclusiveLock' AND database = (SELECT oid FROM pg_database
                   WHERE datname = current_database())",
        ),
        (
            crate::LockKind::Lease,
            "UPDATE chancery_migration_lease SET holder = 'somebody',
                expires_at = clock_timestamp() + interval '1 hour'",
        ),
    ] {
        let lock = Lock::take_as(&db, PATIENCE, kind, "a test", &quietly)
            .await
            .expect("the lock");
        let tx = lock.begin().await.expect("a transaction");
        tx.execute_unprepared("CREATE TABLE kept (a int)")
            .await
            .expect("a table");
        lock.commit(tx, "m1").await.expect("it is held");
        let tx = lock.begin().await.expect("a transaction");
        tx.execute_unprepared("DROP TABLE kept")
            .await
            .expect("no table");
        db.execute_unprepared(take).await.expect("it is gone");
        // Whoever comes next waits for what is open under it.
        if kind == crate::LockKind::Session {
            let next = Lock::take_as(&db, Duration::ZERO, kind, "a test", &quietly).await;
            assert!(matches!(next, Err(Error::Locked { .. })));
        }
        let refused = lock.commit(tx, "m1").await.expect_err("a refusal");
        assert!(
            matches!(&refused, Error::LockLost(step) if step == "m1"),
            "{refused}"
        );
        drop(lock);
        db.execute_unprepared("DROP TABLE kept")
            .await
            .expect("it is there");
    }
    db.close().await.expect("closed");
}

/// Whoever stood still for longer than the lease lasts finds that a session has the lock.
#[tokio::test]
async fn a_lease_that_ran_out_is_not_held_beside_a_session() {
    let Some(cluster) = Cluster::shared() else {
        return;
    };
    let db = database(&cluster, "runner_lease").await;
    let take = |kind, wait| Lock::take_as(&db, wait, kind, "a test", &quietly);
    let lease = take(crate::LockKind::Lease, PATIENCE)
        .await
        .expect("the lease");
    let session = take(crate::LockKind::Session, Duration::ZERO).await;
    assert!(matches!(
        session.err(),
        Some(Error::Locked { holder, .. }) if matches!(&*holder, crate::Holder::Lease { holder, .. }
            if holder.starts_with("a test"))
    ));
    // Whoever commits just now has it for so long.
    let over = "UPDATE chancery_migration_lease SET expires_at = clock_timestamp()";
    db.execute_unprepared(over).await.expect("the end");
    let tx = lease.begin().await.expect("a transaction");
    lease.prove(&tx, "m1").await.expect("it is held");
    let session = take(crate::LockKind::Session, Duration::ZERO).await;
    assert!(matches!(session, Err(Error::Locked { .. })));
    tx.rollback().await.expect("an end");

    let session = take(crate::LockKind::Session, PATIENCE)
        .await
        .expect("the lock");
    let tx = lease.begin().await.expect("a transaction");
    let refused = lease.commit(tx, "m1").await.expect_err("a refusal");
    assert!(matches!(refused, Error::LockLost(_)), "{refused}");
    let tx = session.begin().await.expect("a transaction");
    session.commit(tx, "m1").await.expect("it is held");
    session.release().await.expect("the end");
    drop(lease);
    db.close().await.expect("closed");
}
