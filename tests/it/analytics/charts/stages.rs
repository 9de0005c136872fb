//! How long stages took: many by histograms, within the error that is stated, few exactly.

use chrono::TimeDelta;
use entity::identity::user::UserRole;
use entity::pipeline::{run, stage_output};
use sea_orm::{EntityTrait, Set};
use serde_json::{Value, json};
use service::analytics::setting::EXACT;
use service::analytics::{Percentiles, RELATIVE_ERROR, StageDurations, fold, stage_durations};
use service::configuration::Given;
use tests::{Plan, TestApp};

use super::{Dice, at, built, nothing_is_wrong, people, periods, some_output, some_run, step};

/// Both ways of one chart.
async fn both(app: &TestApp, at: usize) -> (Vec<StageDurations>, Vec<StageDurations>) {
    let ctx = app.system();
    let told = stage_durations(&ctx, periods()[at], false).await.unwrap();
    let exact = stage_durations(&ctx, periods()[at], true).await.unwrap();
    (told, exact)
}

fn alike(told: &Percentiles, exact: &Percentiles, what: &str) {
    assert_eq!(told.count, exact.count, "{what}");
    match (told.mean, exact.mean) {
        (Some(told), Some(exact)) => {
            assert!(
                (told - exact).abs() <= exact * 1e-12,
                "{what}: {told} {exact}"
            );
        }
        (told, exact) => assert_eq!(told, exact, "{what}"),
    }
    for (told, exact) in [
        (told.p50, exact.p50),
        (told.p95, exact.p95),
        (told.p99, exact.p99),
    ] {
        let (Some(told), Some(exact)) = (told, exact) else {
            assert_eq!(told, exact, "{what}");
            continue;
        };
        // In whole numbers: the error is a 256th.
        assert!(
            (told - exact).abs() * 256 <= exact,
            "{what}: {told}, and not {exact}"
        );
    }
}

async fn within_the_error(app: &TestApp, when: &str) {
    for at in 0..periods().len() {
        let (told, exact) = both(app, at).await;
        for (told, exact) in told.iter().zip(&exact) {
            let what = format!("{}, {when}, period {at}, stage {}", app.engine, told.stage);
            assert!(exact.relative_error.abs() < f64::EPSILON, "{what}");
            alike(&told.all, &exact.all, &what);
            if told.all.count > 0 {
                assert!(
                    (told.relative_error - RELATIVE_ERROR).abs() < f64::EPSILON,
                    "{what}"
                );
            }
            assert_eq!(told.points.len(), exact.points.len());
            for ((start, told), (same, exact)) in told.points.iter().zip(&exact.points) {
                assert_eq!(start, same);
                alike(told, exact, &format!("{what}, {start}"));
            }
        }
    }
}

#[tokio::test]
async fn stages_by_histograms_are_within_the_error_whatever_is_done() {
    let mut plan = Plan::default();
    plan.settings.given = Given::default().with(&EXACT, &0);
    for app in TestApp::each_with(&plan).await {
        let mut dice = Dice(0x57_0001);
        let people = people(&app).await;
        built(&app).await;
        for round in 0..8 {
            for _ in 0..5 {
                step(&app, &mut dice, &people).await;
            }
            within_the_error(&app, &format!("round {round}, before the fold")).await;
            if dice.below(3) > 0 {
                fold(&app.system()).await.unwrap();
                within_the_error(&app, &format!("round {round}, after the fold")).await;
            }
        }
        assert!(
            app.row_counts().await["stage_rollups"] > 0,
            "{}",
            app.engine
        );
        nothing_is_wrong(&app, "at the end").await;
        app.stop().await;
    }
}

#[tokio::test]
async fn few_stages_are_told_exactly() {
    for app in TestApp::each().await {
        let mut dice = Dice(0x57_0002);
        let people = people(&app).await;
        built(&app).await;
        for _ in 0..6 {
            step(&app, &mut dice, &people).await;
        }
        let (told, exact) = both(&app, 0).await;
        assert_eq!(told, exact, "{}", app.engine);
        assert!(told.iter().any(|stage| stage.all.count > 0));
        app.stop().await;
    }
}

/// How long the outputs of the first stage take that are written in the n-th hour of a day: `count` of them.
async fn outputs(app: &TestApp, dice: &mut Dice, hour: i64, count: usize) -> Vec<i64> {
    let user = app
        .user(&format!("hour{hour}"), UserRole::User)
        .await
        .id()
        .await;
    let tx = app.system().write().await.unwrap();
    let begin = at("2026-03-27T00:00:00Z") + TimeDelta::hours(hour);
    let (mut runs, mut rows, mut took) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..count {
        let run = some_run(&tx, dice, user);
        let Set(id) = run.id else { continue };
        let mut output = some_output(&tx, dice, id, 1);
        let long = i64::try_from(1 + dice.below(1_000_000)).unwrap();
        output.duration_ms = Set(Some(long));
        output.created_at = Set(begin);
        took.push(long);
        runs.push(run);
        rows.push(output);
    }
    let runs = run::Entity::insert_many(runs);
    runs.exec_without_returning(&tx).await.unwrap();
    let rows = stage_output::Entity::insert_many(rows);
    rows.exec_without_returning(&tx).await.unwrap();
    tx.commit().await.unwrap();
    took.sort_unstable();
    took
}

#[tokio::test]
async fn the_answer_says_whether_it_is_exact() {
    let mut plan = Plan::default();
    plan.settings.given = Given::default().with(&EXACT, &20);
    for app in TestApp::each_with(&plan).await {
        let mut dice = Dice(0x57_0003);
        built(&app).await;
        // As many as are taken exactly, and one more.
        let few = outputs(&app, &mut dice, 1, 20).await;
        let many = outputs(&app, &mut dice, 5, 21).await;
        fold(&app.system()).await.unwrap();
        let admin = app.user("admin", UserRole::Admin).await;
        let ask = async |hour: i64, more: &str| -> Value {
            let query = format!(
                "{{ analytics {{ stageDurations(range: {{ from: \"2026-03-27T0{hour}:00:00Z\", \
                 to: \"2026-03-27T0{}:00:00Z\" }}, bucket: HOUR{more}) {{ \
                 stage exact relativeError total {{ count p50 p95 p99 }} }} }} }}",
                hour + 1
            );
            let answer = admin.post("/graphql", json!({ "query": query })).await;
            assert_eq!(answer.body["errors"], Value::Null, "{}", answer.body);
            answer.body["data"]["analytics"]["stageDurations"][0].clone()
        };
        let place = |took: &[i64], percent: usize| took[(took.len() * percent).div_ceil(100) - 1];
        let exactly = |took: &[i64]| {
            json!({
                "stage": 1, "exact": true, "relativeError": 0.0,
                "total": {
                    "count": took.len(), "p50": place(took, 50), "p95": place(took, 95), "p99": place(took, 99),
                },
            })
        };
        assert_eq!(ask(1, "").await, exactly(&few), "{}", app.engine);
        let told = ask(5, "").await;
        assert_eq!(told["exact"], false, "{}", app.engine);
        assert_eq!(told["relativeError"], RELATIVE_ERROR, "{}", app.engine);
        assert_eq!(told["total"]["count"], many.len());
        for percent in [50, 95, 99] {
            let (told, exact) = (&told["total"][format!("p{percent}")], place(&many, percent));
            let told = told.as_i64().unwrap();
            assert!(
                (told - exact).abs() * 256 <= exact,
                "{}: {told}, and not {exact}",
                app.engine
            );
        }
        assert_eq!(ask(5, ", exact: false").await, told, "{}", app.engine);
        assert_eq!(
            ask(5, ", exact: true").await,
            exactly(&many),
            "{}",
            app.engine
        );
        app.stop().await;
    }
}
