//! Charts that are drawn from sums: they say what the rows say, whatever was done to these, by whatever
//! way, folded or not.

mod feed;
mod job;
mod most;
mod packed;
mod people;
mod race;
mod stages;

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::{RunId, StageOutputId, UserId};
use entity::identity::user::UserRole;
use entity::pipeline::run::RunStatus;
use entity::pipeline::{run, stage_output};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
    QueryTrait, Set,
};
use service::analytics::{Bucket, Period, Range, RunFunnel, Runs, Tz, fold, rebuild, run_funnel};
use service::write::Write;
use tests::TestApp;

use super::{Dice, all};

const BEGIN: &str = "2026-03-27T00:00:00Z";

/// A moment within six days, in which a month ends and clocks are put forth.
fn moment(dice: &mut Dice) -> DateTime<Utc> {
    let begin: DateTime<Utc> = BEGIN.parse().unwrap();
    let micros = i64::try_from(dice.below(6 * 86_400)).unwrap() * 1_000_000;
    begin + TimeDelta::microseconds(micros + dice.pick(&[0, 1, 999_999]))
}

fn status(dice: &mut Dice) -> RunStatus {
    dice.pick(&[
        RunStatus::Pending,
        RunStatus::Running,
        RunStatus::Completed,
        RunStatus::Failed,
    ])
}

fn some_run(tx: &Write, dice: &mut Dice, user: UserId) -> run::ActiveModel {
    let created = moment(dice);
    let model = run::Model {
        id: tx.fresh(),
        user_id: user,
        company_id: "c".to_owned(),
        company_name: "C".to_owned(),
        document_name: "d".to_owned(),
        document_url: String::new(),
        document_upload_id: None,
        status: status(dice),
        current_stage: i32::try_from(dice.below(6)).unwrap(),
        error_message: None,
        started_at: None,
        completed_at: None,
        claimed_by: None,
        lease_token: None,
        lease_until: None,
        attempt: 0,
        version: 1,
        created_at: created,
        updated_at: created,
    };
    model.into_active_model().reset_all()
}

fn some_output(tx: &Write, dice: &mut Dice, run: RunId, stage: i32) -> stage_output::ActiveModel {
    let created = moment(dice);
    let long = i64::try_from(dice.below(100_000)).unwrap();
    let model = stage_output::Model {
        id: tx.fresh::<StageOutputId>(),
        run_id: run,
        stage_number: stage,
        markdown_output: String::new(),
        json_output: None,
        attempt: 1,
        content_hash: String::new(),
        started_at: None,
        duration_ms: dice.pick(&[None, Some(long), Some(long), Some(long % 7), Some(4_096)]),
        created_at: created,
        updated_at: created,
    };
    model.into_active_model().reset_all()
}

/// Do something at random to runs and their outputs: mostly to many at once.
async fn step(app: &TestApp, dice: &mut Dice, people: &[UserId]) {
    let tx = app.system().write().await.unwrap();
    let user = dice.pick(people);
    match dice.below(10) {
        0..4 => {
            let runs: Vec<run::ActiveModel> = (0..=dice.below(25))
                .map(|_| some_run(&tx, dice, user))
                .collect();
            let mut outputs = Vec::new();
            for run in &runs {
                let Set(id) = run.id else { continue };
                for stage in 1..=i32::try_from(dice.below(6)).unwrap() {
                    outputs.push(some_output(&tx, dice, id, stage));
                }
            }
            run::Entity::insert_many(runs)
                .exec_without_returning(&tx)
                .await
                .unwrap();
            if !outputs.is_empty() {
                let outputs = stage_output::Entity::insert_many(outputs);
                outputs.exec_without_returning(&tx).await.unwrap();
            }
        }
        4..7 => {
            let (from, to) = (status(dice), status(dice));
            let stage = i32::try_from(dice.below(6)).unwrap();
            run::Entity::update_many()
                .set(run::ActiveModel {
                    status: Set(to),
                    current_stage: Set(stage),
                    ..Default::default()
                })
                .filter(run::Column::Status.eq(from))
                .filter(run::Column::UserId.eq(user))
                .exec(&tx)
                .await
                .unwrap();
        }
        7 => {
            let stage = i32::try_from(1 + dice.below(5)).unwrap();
            let long = dice.pick(&[None, Some(70_000_i64), Some(1)]);
            let theirs = run::Entity::find()
                .select_only()
                .column(run::Column::Id)
                .filter(run::Column::UserId.eq(user));
            stage_output::Entity::update_many()
                .col_expr(stage_output::Column::DurationMs, Expr::value(long))
                .filter(stage_output::Column::StageNumber.eq(stage))
                .filter(stage_output::Column::CreatedAt.lt(moment(dice)))
                .filter(stage_output::Column::RunId.in_subquery(theirs.into_query()))
                .exec(&tx)
                .await
                .unwrap();
        }
        8 => {
            // Moved to another time, as an import that is corrected does.
            run::Entity::update_many()
                .col_expr(run::Column::CreatedAt, Expr::value(moment(dice)))
                .filter(run::Column::UserId.eq(user))
                .filter(run::Column::CurrentStage.eq(2))
                .exec(&tx)
                .await
                .unwrap();
        }
        _ => {
            // Their outputs go with them.
            run::Entity::delete_many()
                .filter(run::Column::CreatedAt.lt(moment(dice)))
                .filter(run::Column::UserId.eq(user))
                .exec(&tx)
                .await
                .unwrap();
        }
    }
    tx.commit().await.unwrap();
}

async fn people(app: &TestApp) -> Vec<UserId> {
    let mut people = Vec::new();
    for name in ["ann", "bob", "cid"] {
        people.push(app.user(name, UserRole::User).await.id().await);
    }
    people
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Periods whose edges are those of nothing, of days, of quarters of other zones.
fn periods() -> Vec<Period> {
    let period = |from: &str, to: &str, bucket, zone| Period {
        range: Range {
            from: at(from),
            to: at(to),
        },
        bucket,
        zone,
    };
    vec![
        period(
            "2026-03-27T00:00:00Z",
            "2026-04-02T00:00:00Z",
            Bucket::Day,
            Tz::UTC,
        ),
        period(
            "2026-03-01T00:00:00Z",
            "2026-05-01T00:00:00Z",
            Bucket::Month,
            Tz::UTC,
        ),
        period(
            "2026-02-27T11:22:33.4Z",
            "2026-04-29T05:06:07Z",
            Bucket::Week,
            Tz::Europe__Berlin,
        ),
        period(
            "2026-03-27T10:01:00Z",
            "2026-04-01T23:59:59.999999Z",
            Bucket::Day,
            Tz::Asia__Kathmandu,
        ),
        period(
            "2026-03-28T10:07:00Z",
            "2026-03-28T20:08:00.000001Z",
            Bucket::Hour,
            Tz::UTC,
        ),
        period(
            "2026-03-28T10:07:00Z",
            "2026-03-28T10:08:00Z",
            Bucket::Hour,
            Tz::UTC,
        ),
    ]
}

/// The funnel as the rows have it, at the starts that the answer has.
async fn counted(app: &TestApp, period: Period, starts: &[DateTime<Utc>]) -> RunFunnel {
    let db = app.services().db.read().unwrap();
    let mut funnel = RunFunnel {
        stages: vec![0; 5],
        points: starts
            .iter()
            .map(|start| (*start, Runs::default()))
            .collect(),
        ..RunFunnel::default()
    };
    let within = period.range.from..period.range.to;
    for run in all::<run::Entity>(&db).await {
        if !within.contains(&run.created_at) {
            continue;
        }
        let place = starts.partition_point(|start| *start <= run.created_at) - 1;
        for runs in [&mut funnel.all, &mut funnel.points[place].1] {
            runs.created += 1;
            *match run.status {
                RunStatus::Pending => &mut runs.pending,
                RunStatus::Running => &mut runs.running,
                RunStatus::Completed => &mut runs.completed,
                RunStatus::Failed => &mut runs.failed,
            } += 1;
        }
        for (stage, reached) in (1..).zip(&mut funnel.stages) {
            *reached += i64::from(run.current_stage >= stage);
        }
    }
    funnel
}

async fn funnels_agree(app: &TestApp, when: &str) {
    for period in periods() {
        let told = run_funnel(&app.system(), period).await.unwrap();
        let starts: Vec<DateTime<Utc>> = told.points.iter().map(|point| point.0).collect();
        let rows = counted(app, period, &starts).await;
        assert_eq!(told, rows, "{}, {when}: {period:?}", app.engine);
    }
}

async fn nothing_is_wrong(app: &TestApp, when: &str) {
    let check = rebuild(&app.system(), true, &|_| ()).await.unwrap();
    let found = check.differences;
    assert!(found.is_empty(), "{}, {when}: {found:?}", app.engine);
}

/// Sums that were built before anything was there.
async fn built(app: &TestApp) {
    rebuild(&app.system(), false, &|_| ()).await.unwrap();
}

#[tokio::test]
async fn the_funnel_says_what_the_rows_say_whatever_is_done() {
    for app in TestApp::each().await {
        let mut dice = Dice(0xF0_0001);
        let people = people(&app).await;
        built(&app).await;
        for round in 0..10 {
            for _ in 0..5 {
                step(&app, &mut dice, &people).await;
            }
            funnels_agree(&app, &format!("round {round}, before the fold")).await;
            if dice.below(3) > 0 {
                fold(&app.system()).await.unwrap();
                funnels_agree(&app, &format!("round {round}, after the fold")).await;
            }
        }
        assert!(app.row_counts().await["run_rollups"] > 0, "{}", app.engine);
        nothing_is_wrong(&app, "at the end").await;

        // What is left of runs that are gone is nothing.
        let tx = app.system().write().await.unwrap();
        run::Entity::delete_many().exec(&tx).await.unwrap();
        tx.commit().await.unwrap();
        funnels_agree(&app, "all are gone").await;
        fold(&app.system()).await.unwrap();
        let counts = app.row_counts().await;
        for table in ["run_rollups", "run_deltas", "stage_rollups", "stage_deltas"] {
            assert_eq!(counts[table], 0, "{}: {table}", app.engine);
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn what_was_there_before_the_sums_is_built() {
    for app in TestApp::each().await {
        let mut dice = Dice(0xF0_0002);
        let people = people(&app).await;
        for _ in 0..8 {
            step(&app, &mut dice, &people).await;
        }
        // As an upgrade finds it: rows, and no sums.
        let tx = app.system().write().await.unwrap();
        entity::analytics::run_delta::Entity::delete_many()
            .exec(&tx)
            .await
            .unwrap();
        entity::analytics::stage_delta::Entity::delete_many()
            .exec(&tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        funnels_agree(&app, "not built").await;
        step(&app, &mut dice, &people).await;
        fold(&app.system()).await.unwrap();
        built(&app).await;
        funnels_agree(&app, "built").await;
        nothing_is_wrong(&app, "built").await;
        app.stop().await;
    }
}

#[tokio::test]
async fn planted_errors_of_runs_and_stages_are_told_and_mended() {
    for app in TestApp::each().await {
        use entity::analytics::run_rollup::{self, RollupGrain};
        use entity::analytics::stage_rollup;
        let mut dice = Dice(0xF0_0003);
        let people = people(&app).await;
        built(&app).await;
        for _ in 0..8 {
            step(&app, &mut dice, &people).await;
        }
        fold(&app.system()).await.unwrap();
        let tx = app.system().write().await.unwrap();
        let run = all::<run_rollup::Entity>(&tx).await.remove(0);
        run_rollup::Entity::update_many()
            .col_expr(run_rollup::Column::Count, Expr::value(run.count + 3))
            .filter(run_rollup::Column::Id.eq(run.id))
            .exec(&tx)
            .await
            .unwrap();
        let stages = all::<stage_rollup::Entity>(&tx).await;
        let hour = stages
            .iter()
            .find(|row| row.grain == RollupGrain::Hour)
            .unwrap();
        let month = stages
            .iter()
            .find(|row| row.grain == RollupGrain::Month)
            .unwrap();
        stage_rollup::Entity::delete_by_id(hour.id)
            .exec(&tx)
            .await
            .unwrap();
        // The right count, of other durations.
        stage_rollup::Entity::update_many()
            .col_expr(
                stage_rollup::Column::Histogram,
                Expr::value(vec![1_u8, 5, 2]),
            )
            .filter(stage_rollup::Column::Id.eq(month.id))
            .exec(&tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let check = rebuild(&app.system(), true, &|_| ()).await.unwrap();
        let found = check.differences;
        assert_eq!(found.counts["run_rollups"], 1, "{}: {found:?}", app.engine);
        assert_eq!(
            found.counts["stage_rollups"], 2,
            "{}: {found:?}",
            app.engine
        );
        let planted = found.first.iter().find(|one| one.rollup == "run_rollups");
        assert_eq!(planted.unwrap().count, -3, "three too many");
        let mended = rebuild(&app.system(), false, &|_| ()).await.unwrap();
        assert_eq!(mended.differences, found, "{}", app.engine);
        nothing_is_wrong(&app, "mended").await;
        funnels_agree(&app, "mended").await;
        app.stop().await;
    }
}
