//! A step that declares a backfill, from end to end: no step that ships does, so one is planted behind them.

use clap::Parser as _;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use super::{Command, MigrateArgs, backfill, down, status, up};
use crate::Way;
use crate::cluster::Cluster;
use crate::engine::Engine;

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    args: MigrateArgs,
}

/// The exit code of a command.
async fn told(db: &DatabaseConnection, words: &[&str]) -> u8 {
    let line = [&["migrate"], words].concat();
    let line = Line::try_parse_from(line).expect("a command");
    // Not by way of what prints their answers.
    let way = Way::default();
    let answer = match &line.args.command {
        Command::Up(args) => Box::pin(up::run(args, db, way)).await,
        Command::Down(args) => Box::pin(down::run(args, db, way)).await,
        Command::Status(args) => status::run(args, db).await,
        Command::Backfill(args) => backfill::run(args, db, &way).await,
        other => panic!("{other:?}"),
    };
    answer.expect("an answer").code
}

async fn number(db: &DatabaseConnection, sql: &str) -> i64 {
    let asked = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(asked).await.expect("an answer");
    row.expect("a row").try_get_by_index(0).expect("a number")
}

/// Three views of somebody's, and what they are called says how many stars each gets.
async fn fill(db: &DatabaseConnection, engine: Engine) {
    let id = |last: u8| match engine {
        Engine::Sqlite => format!("x'000000000000000000000000000000{last:02x}'"),
        Engine::Postgres => format!("'00000000-0000-0000-0000-0000000000{last:02x}'"),
    };
    let at = "'2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'";
    let user = format!(
        "INSERT INTO users (id, role, status, version, created_at, updated_at)
         VALUES ({}, 'user', 'active', 1, {at})",
        id(1)
    );
    db.execute_unprepared(&user).await.expect("a person");
    for last in 1..=3_u8 {
        let name = "a".repeat(last.into());
        let view = format!(
            "INSERT INTO saved_views (id, user_id, name, resource, version, created_at, updated_at)
             VALUES ({}, {}, '{name}', 'runs', 1, {at})",
            id(last),
            id(1)
        );
        db.execute_unprepared(&view).await.expect("a view");
    }
}

async fn goes_from_end_to_end(url: &str) {
    let db = crate::connect(url).await.expect("a database");
    let engine = Engine::of(&db).expect("an engine");
    // All but the last.
    let before = crate::step::STEPS.len() - 1;
    assert_eq!(told(&db, &["up", "-n", &before.to_string()]).await, 0);
    fill(&db, engine).await;
    assert_eq!(told(&db, &["status"]).await, 2, "it is pending");
    assert_eq!(told(&db, &["up"]).await, 0, "and waits for nothing");
    let left = "SELECT count(*) FROM saved_views WHERE stars IS NULL";
    assert_eq!(number(&db, left).await, 3);
    assert_eq!(told(&db, &["status"]).await, 7, "something is left");
    assert_eq!(told(&db, &["backfill", "stars", "--batches", "1"]).await, 7);
    assert_eq!(number(&db, left).await, 1);
    assert_eq!(told(&db, &["status"]).await, 7);
    assert_eq!(told(&db, &["backfill"]).await, 0);
    assert_eq!(number(&db, left).await, 0);
    let stars = "SELECT CAST(sum(stars) AS bigint) FROM saved_views";
    assert_eq!(number(&db, stars).await, 6);
    assert_eq!(told(&db, &["status", "--check-drift"]).await, 0);
    assert_eq!(told(&db, &["down", "--accept-loss"]).await, 0);
    assert_eq!(told(&db, &["status"]).await, 2);
    // Done again, the column is a new one.
    assert_eq!(told(&db, &["up"]).await, 0);
    assert_eq!(told(&db, &["status"]).await, 7);
    assert_eq!(told(&db, &["backfill"]).await, 0);
    assert_eq!(number(&db, left).await, 0);
    db.close().await.expect("closed");
}

#[tokio::test]
async fn a_step_that_declares_a_backfill_is_done_when_it_is_filled_in() {
    let dir = tempfile::tempdir().expect("a directory");
    goes_from_end_to_end(&format!(
        "sqlite://{}?mode=rwc",
        dir.path().join("a.db").display()
    ))
    .await;
    let Some(cluster) = Cluster::shared() else {
        return;
    };
    goes_from_end_to_end(&cluster.url("postgres")).await;
}
