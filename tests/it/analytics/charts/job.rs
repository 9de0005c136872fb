//! The first rebuild is one job of all processes, which goes on where it was broken off.

use chrono::TimeDelta;
use entity::analytics::{rollup_state, run_rollup, token_delta, token_rollup};
use entity::conversation::message;
use entity::id::UserId;
use entity::identity::user::UserRole;
use entity::platform::job::{self, JobState};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use service::analytics::{fold, rebuild, reconcile, standing};
use service::conversation::{self, NewMessage};
use tests::{TestApp, eventually};
use uuid::Uuid;

use super::{Dice, all, at, built, people, step};
use crate::analytics::rebuild::{elsewhere, talk};
use crate::analytics::{agree, begin, message as some_message};

async fn builders(app: &TestApp) -> Vec<job::Model> {
    let db = app.services().db.read().unwrap();
    let mut jobs = all::<job::Entity>(&db).await;
    jobs.retain(|job| job.kind == "analytics.rebuild");
    jobs
}

#[tokio::test]
async fn sums_are_built_by_one_job_for_all() {
    for app in TestApp::each().await {
        let other = app.beside().await;
        let mut dice = Dice(0x0B_0001);
        let thread = talk(&app, &mut dice, 1).await;
        elsewhere(&app, &mut dice, thread, 4).await;
        let whose = people(&app).await;
        step(&app, &mut dice, &whose).await;

        let first = reconcile(&app.system()).await.unwrap().build;
        assert!(first.is_some(), "{}", app.engine);
        assert_eq!(reconcile(&other.system()).await.unwrap().build, first);
        let seen = standing(&app.system()).await.unwrap();
        assert_eq!(seen.built_at, None);
        assert_eq!(seen.job.unwrap().state, "queued", "{}", app.engine);

        other.worker().drain().await.unwrap();
        let jobs = builders(&app).await;
        assert_eq!(jobs.len(), 1, "{}", app.engine);
        assert_eq!(
            jobs[0].state,
            JobState::Succeeded,
            "{:?}",
            jobs[0].last_error
        );
        agree(&app, "built").await;
        let seen = standing(&app.system()).await.unwrap();
        assert!(seen.built_at.is_some() && seen.charts_built_at.is_some());
        assert_eq!(seen.resume_from, None, "it came to its end");
        assert!(seen.open["token_deltas"] > 0, "{}", app.engine);
        assert_eq!(seen.job.unwrap().progress, 100);
        // Once is enough.
        app.clock.advance(TimeDelta::minutes(2));
        assert_eq!(reconcile(&app.system()).await.unwrap().build, None);
        other.stop().await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_rebuild_goes_on_where_it_was_broken_off() {
    for app in TestApp::each().await {
        let mut dice = Dice(0x0B_0002);
        talk(&app, &mut dice, 1).await;
        let whose = people(&app).await;
        for _ in 0..4 {
            step(&app, &mut dice, &whose).await;
        }
        built(&app).await;
        fold(&app.system()).await.unwrap();
        // Tokens were proven, then it was broken off: what is wrong with them since is not looked for.
        let tx = app.system().write().await.unwrap();
        let token = all::<token_rollup::Entity>(&tx).await.remove(0);
        token_rollup::Entity::update_many()
            .col_expr(token_rollup::Column::Count, Expr::value(token.count + 1))
            .filter(token_rollup::Column::Id.eq(token.id))
            .exec(&tx)
            .await
            .unwrap();
        let run = all::<run_rollup::Entity>(&tx).await.remove(0);
        run_rollup::Entity::delete_by_id(run.id)
            .exec(&tx)
            .await
            .unwrap();
        rollup_state::Entity::update_many()
            .col_expr(
                rollup_state::Column::BuiltAt,
                Expr::value(None::<chrono::DateTime<chrono::Utc>>),
            )
            .col_expr(rollup_state::Column::ResumeFrom, Expr::value("runs "))
            .exec(&tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();

        assert!(reconcile(&app.system()).await.unwrap().build.is_some());
        app.worker().drain().await.unwrap();
        assert_eq!(builders(&app).await[0].state, JobState::Succeeded);
        let check = rebuild(&app.system(), true, &|_| ()).await.unwrap();
        let wrong: Vec<_> = check.differences.counts.into_keys().collect();
        assert_eq!(wrong, ["token_rollups"], "{}", app.engine);
        app.stop().await;
    }
}

/// Messages of that many days, one a day, which nothing has summed up.
async fn days(app: &TestApp, dice: &mut Dice, count: i32) {
    let thread = begin(app, UserId(Uuid::from_u128(3))).await;
    let first = at("2025-10-01T12:00:00Z");
    for some in (0..count).collect::<Vec<_>>().chunks(40) {
        let said = |day: &i32| NewMessage {
            creation_date: Some(first + TimeDelta::days((*day).into())),
            ..some_message(dice, None)
        };
        let new = some.iter().map(said).collect();
        conversation::append(&app.system(), thread, new, "/messages")
            .await
            .unwrap();
    }
    let tx = app.system().write().await.unwrap();
    token_delta::Entity::delete_many().exec(&tx).await.unwrap();
    tx.commit().await.unwrap();
    assert!(app.row_counts().await["messages"] >= i64::from(count));
}

#[tokio::test]
async fn a_rebuild_that_is_called_off_half_way_is_gone_on_with() {
    for app in TestApp::each().await {
        days(&app, &mut Dice(0x0B_0003), 160).await;
        let admin = app.user("admin", UserRole::Admin).await;
        let job = reconcile(&app.system()).await.unwrap().build.unwrap();
        let worker = app.worker();
        let working = tokio::spawn(async move { worker.step().await.unwrap() });
        let position = async || standing(&app.system()).await.unwrap().resume_from;
        let begun = eventually(position).await;
        assert!(begun.starts_with("days "), "{}: {begun}", app.engine);
        let cancel = "mutation($id: UUID!) { cancelJob(id: $id) { state } }";
        let body = json!({ "query": cancel, "variables": { "id": job } });
        let answer = admin.post("/graphql", body).await;
        assert_eq!(answer.body["errors"], Value::Null, "{}", answer.body);
        assert!(working.await.unwrap());
        assert_eq!(
            builders(&app).await[0].state,
            JobState::Cancelled,
            "{}",
            app.engine
        );
        let seen = standing(&app.system()).await.unwrap();
        assert_eq!((seen.built_at, seen.charts_built_at), (None, None));
        let came_to = seen.resume_from.unwrap();
        assert!(came_to.starts_with("days "), "{}: {came_to}", app.engine);

        // What was proven before is not proven again, and all the rest is.
        let tx = app.system().write().await.unwrap();
        let mut proven = all::<token_rollup::Entity>(&tx).await;
        proven.sort_by_key(|row| row.bucket_start);
        token_rollup::Entity::update_many()
            .col_expr(
                token_rollup::Column::Count,
                Expr::value(proven[0].count + 1),
            )
            .filter(token_rollup::Column::Id.eq(proven[0].id))
            .exec(&tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let summed = app.row_counts().await["user_day_rollups"];
        let all_days = all::<message::Entity>(&app.services().db.read().unwrap())
            .await
            .len();
        assert!(
            summed > 0 && summed < i64::try_from(all_days).unwrap(),
            "{}: {summed}",
            app.engine
        );

        assert!(reconcile(&app.system()).await.unwrap().build.is_some());
        app.worker().drain().await.unwrap();
        let states: Vec<JobState> = builders(&app).await.iter().map(|job| job.state).collect();
        assert!(
            states.contains(&JobState::Succeeded),
            "{}: {states:?}",
            app.engine
        );
        let seen = standing(&app.system()).await.unwrap();
        assert!(seen.built_at.is_some() && seen.charts_built_at.is_some());
        let check = rebuild(&app.system(), true, &|_| ()).await.unwrap();
        let wrong: Vec<_> = check.differences.counts.into_keys().collect();
        assert_eq!(wrong, ["token_rollups"], "{}", app.engine);
        rebuild(&app.system(), false, &|_| ()).await.unwrap();
        agree(&app, "mended").await;
        app.stop().await;
    }
}
