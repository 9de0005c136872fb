//! The schema made by the steps is the schema that the entities want, on both engines; going down
//! and up again changes nothing; asking for the status makes nothing.

use entity::registry::resources;
use migration::engine::Engine;
use migration::schema::{BOOKKEEPING, LiveSchema, Object, ddl, difference};
use migration::{down, pending, status, up, up_by};
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::database::{self, Scratch};

async fn schema(scratch: &Scratch) -> LiveSchema {
    LiveSchema::read(&scratch.db)
        .await
        .expect("a readable catalogue")
        .without(BOOKKEEPING)
}

/// Fails with a line for each thing in which the two differ. A new field of an entity may stand
/// anywhere; a table has it at its end.
fn assert_same(expected: &LiveSchema, actual: &LiveSchema) {
    let lines: Vec<String> = difference(expected, actual)
        .iter()
        .filter(|one| !matches!(one.object, Object::Order(_)))
        .map(ToString::to_string)
        .collect();
    assert!(
        lines.is_empty(),
        "{} differences:\n{}",
        lines.len(),
        lines.join("\n")
    );
}

#[tokio::test]
async fn steps_and_entities_make_the_same_schema() {
    for engine in database::engines() {
        let by_steps = Scratch::new(engine).await;
        up(&by_steps.db).await.expect("up");

        let by_entities = Scratch::new(engine).await;
        for statement in ddl::create(engine, resources()) {
            let done = by_entities.db.execute_unprepared(&statement).await;
            done.unwrap_or_else(|error| panic!("{error}: {statement}"));
        }

        let wanted = schema(&by_entities).await;
        // The full-text table of SQLite and the table of its numbers are no entities.
        let beside = if engine == Engine::Sqlite { 2 } else { 0 };
        assert_eq!(wanted.tables.len(), resources().len() + beside);
        assert_same(&wanted, &schema(&by_steps).await);
    }
}

#[tokio::test]
async fn down_takes_everything_away_and_up_brings_it_back() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let before = schema(&scratch).await;

        down(&scratch.db, 99).await.expect("down");
        let nothing = LiveSchema::empty(engine);
        assert_same(&nothing, &schema(&scratch).await);

        up(&scratch.db).await.expect("up again");
        assert_same(&before, &schema(&scratch).await);
    }
}

#[tokio::test]
async fn every_step_goes_down_and_up_by_itself() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        for step in pending(&scratch.db).await.expect("pending") {
            let told = |error| panic!("{step}: {error}");
            up_by(&scratch.db, 1).await.unwrap_or_else(told);
            let before = schema(&scratch).await;
            down(&scratch.db, 1).await.unwrap_or_else(told);
            up_by(&scratch.db, 1).await.unwrap_or_else(told);
            assert_same(&before, &schema(&scratch).await);
        }
    }
}

#[tokio::test]
async fn status_makes_nothing() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let told = status(&scratch.db).await.expect("status");
        assert!(told.applied.is_empty() && !told.pending.is_empty());
        let live = LiveSchema::read(&scratch.db)
            .await
            .expect("a readable catalogue");
        assert!(live.tables.is_empty());

        up(&scratch.db).await.expect("up");
        let told = status(&scratch.db).await.expect("status");
        assert!(told.pending.is_empty() && told.unknown.is_empty());
    }
}

#[tokio::test]
async fn of_many_that_go_up_at_once_one_does_it_and_all_end_well() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let others: Vec<_> =
            futures::future::join_all((0..4).map(|_| database::connect(&scratch.url))).await;
        let done = futures::future::join_all(others.iter().map(up)).await;
        let applied: Vec<usize> = done
            .into_iter()
            .map(|names| names.expect("up").len())
            .filter(|&n| n > 0)
            .collect();
        assert_eq!(
            applied.len(),
            1,
            "{engine:?}: exactly one applied something"
        );
        assert!(pending(&scratch.db).await.expect("pending").is_empty());
    }
}

#[tokio::test]
async fn a_difference_is_told_in_words() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    up(&scratch.db).await.expect("up");
    let wanted = schema(&scratch).await;
    for statement in [
        "DROP TRIGGER audit_log_no_update",
        "DROP INDEX runs_created_at_id_idx",
        "ALTER TABLE runs ADD COLUMN extra text",
    ] {
        scratch
            .db
            .execute_unprepared(statement)
            .await
            .expect(statement);
    }
    let told = difference(&wanted, &schema(&scratch).await);
    let told: Vec<String> = told.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "trigger audit_log.audit_log_no_update is missing",
            "column runs.extra is not expected",
            "index runs.runs_created_at_id_idx is missing",
        ]
    );
}
