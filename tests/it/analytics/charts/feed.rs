//! The triggers: each is needed, and none makes one writer wait for another.

use entity::pipeline::{run, stage_output};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Set};
use service::analytics::{fold, rebuild};
use service::write::Write;
use tests::TestApp;

use super::{Dice, built, funnels_agree, nothing_is_wrong, people, some_output, some_run};

/// Run the DDL that takes a trigger away.
async fn without(tx: &Write, app: &TestApp, table: &str, verb: &str) {
    let on = match app.engine {
        "SQLite" => String::new(),
        _ => format!(" ON {table}"),
    };
    let sql = format!("DROP TRIGGER {table}_count_{verb}{on}");
    tx.execute_unprepared(&sql).await.unwrap();
}

/// Insert, change or delete what is counted.
async fn write(tx: &Write, dice: &mut Dice, user: entity::id::UserId, table: &str, verb: &str) {
    match (table, verb) {
        ("runs", "insert") => {
            let runs: Vec<_> = (0..3).map(|_| some_run(tx, dice, user)).collect();
            let runs = run::Entity::insert_many(runs);
            runs.exec_without_returning(tx).await.unwrap();
        }
        ("runs", "update") => {
            let stage = run::ActiveModel {
                current_stage: Set(5),
                ..Default::default()
            };
            let other = run::Entity::update_many().set(stage);
            let other = other.filter(run::Column::CurrentStage.ne(5));
            assert!(other.exec(tx).await.unwrap().rows_affected > 0);
        }
        ("stage_outputs", "insert") => {
            let run = super::all::<run::Entity>(tx).await.remove(0).id;
            stage_output::Entity::delete_many()
                .filter(stage_output::Column::RunId.eq(run))
                .exec(tx)
                .await
                .unwrap();
            let mut output = some_output(tx, dice, run, 4);
            output.duration_ms = Set(Some(1_234));
            let output = stage_output::Entity::insert(output);
            output.exec_without_returning(tx).await.unwrap();
        }
        ("stage_outputs", "update") => {
            let long = stage_output::ActiveModel {
                duration_ms: Set(Some(4_321)),
                ..Default::default()
            };
            let other = stage_output::Entity::update_many().set(long);
            assert!(other.exec(tx).await.unwrap().rows_affected > 0);
        }
        ("stage_outputs", _) => {
            stage_output::Entity::delete_many().exec(tx).await.unwrap();
        }
        // Outputs go with their runs, and are counted all the same.
        _ => {
            run::Entity::delete_many().exec(tx).await.unwrap();
        }
    }
}

#[tokio::test]
async fn each_trigger_is_needed() {
    for app in TestApp::each().await {
        let mut dice = Dice(0xFEED_0001);
        let user = people(&app).await[0];
        built(&app).await;
        for (table, verb) in [
            ("runs", "insert"),
            ("stage_outputs", "insert"),
            ("runs", "update"),
            ("stage_outputs", "update"),
            ("stage_outputs", "delete"),
            ("runs", "delete"),
        ] {
            // What is there before is counted.
            let tx = app.system().write().await.unwrap();
            write(&tx, &mut dice, user, "runs", "insert").await;
            write(&tx, &mut dice, user, "stage_outputs", "insert").await;
            tx.commit().await.unwrap();
            fold(&app.system()).await.unwrap();
            rebuild(&app.system(), false, &|_| ()).await.unwrap();

            let tx = app.system().write().await.unwrap();
            without(&tx, &app, table, verb).await;
            write(&tx, &mut dice, user, table, verb).await;
            tx.commit().await.unwrap();
            let check = rebuild(&app.system(), true, &|_| ()).await.unwrap();
            let rollup = match table {
                "runs" => "run_rollups",
                _ => "stage_rollups",
            };
            let found = check.differences.counts;
            assert!(
                found.contains_key(rollup),
                "{}: {table} {verb}: {found:?}",
                app.engine
            );
            rebuild(&app.system(), false, &|_| ()).await.unwrap();
            nothing_is_wrong(&app, "mended").await;
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn writers_of_the_same_bucket_do_not_wait_for_each_other() {
    for app in TestApp::each().await {
        // One writer at a time is what this engine has.
        if app.engine == "SQLite" {
            app.stop().await;
            continue;
        }
        let mut dice = Dice(0xFEED_0002);
        let people = people(&app).await;
        built(&app).await;
        let (one, other) = (app.system(), app.system());
        let first = one.write().await.unwrap();
        let row = some_run(&first, &mut dice, people[0]);
        let same = row.created_at.clone();
        run::Entity::insert(row)
            .exec_without_returning(&first)
            .await
            .unwrap();
        // The first is open still: who waited for it would wait for ever.
        let second = other.write().await.unwrap();
        let mut row = some_run(&second, &mut dice, people[1]);
        row.created_at = same;
        run::Entity::insert(row)
            .exec_without_returning(&second)
            .await
            .unwrap();
        second.commit().await.unwrap();
        fold(&app.system()).await.unwrap();
        first.commit().await.unwrap();
        funnels_agree(&app, "one is folded, one is open").await;
        fold(&app.system()).await.unwrap();
        funnels_agree(&app, "both are folded").await;
        app.stop().await;
    }
}
