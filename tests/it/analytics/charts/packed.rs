//! Days that are packed: charts say what the rows say, whatever is packed and whatever moves meanwhile.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use chrono::TimeDelta;
use entity::analytics::day_pack::{self, PackSubject};
use entity::analytics::{run_rollup, token_day_rollup, token_hour_rollup, token_rollup};
use entity::conversation::message::MessageEntity;
use entity::conversation::token_consumption::{TokenTask, TokenType};
use entity::conversation::{message, token_consumption};
use entity::pipeline::run;
use sea_orm::EntityTrait;
use service::analytics::{
    Bucket, Dimension, Question, Range, Tz, fold, pack, rebuild, reconcile, run_funnel, token_usage,
};
use service::conversation::{self, NewMessage, NewTokens};
use tests::TestApp;

use super::{Dice, all, at, built, funnels_agree, nothing_is_wrong, people, periods, step};
use crate::analytics::rebuild::{elsewhere, talk};
use crate::analytics::{agree, quarter};

/// Later than all that is written, so that all of it is over.
const LATER: &str = "2026-06-05T00:00:00Z";

fn question(range: Range, zone: Tz, points: bool) -> Question {
    Question {
        range,
        bucket: Bucket::Day,
        zone,
        group_by: vec![Dimension::Model, Dimension::Type],
        top: 100,
        points,
        cost: false,
    }
}

/// The tokens of every model and type by day are those of the rows.
async fn tokens_agree(app: &TestApp, when: &str) {
    let db = app.services().db.read().unwrap();
    let messages = all::<message::Entity>(&db).await;
    let tokens = all::<token_consumption::Entity>(&db).await;
    for (range, zone) in periods().into_iter().map(|one| (one.range, one.zone)) {
        for points in [true, false] {
            let asked = question(range, zone, points);
            let told = token_usage(&app.system(), asked).await.unwrap();
            let what = format!("{}, {when}: {range:?} {zone} {points}", app.engine);
            let mut total = 0;
            for series in &told.series {
                let mut counted = vec![0; series.points.len()];
                let mut sum = 0;
                for row in &tokens {
                    let said = messages.iter().find(|one| one.id == row.message_id);
                    let moment = quarter(said.unwrap().creation_date);
                    let model: String = row.model.chars().take(255).collect();
                    if !(told.range.from..told.range.to).contains(&moment)
                        || series.group.model.as_deref() != Some(model.as_str())
                        || series.group.kind != Some(row.kind)
                    {
                        continue;
                    }
                    sum += i64::from(row.count);
                    let place = series.points.partition_point(|one| one.start <= moment);
                    if points {
                        counted[place - 1] += i64::from(row.count);
                    }
                }
                assert_eq!(series.total, sum, "{what}: {:?}", series.group);
                let shown: Vec<i64> = series.points.iter().map(|one| one.tokens).collect();
                assert_eq!(shown, counted, "{what}: {:?}", series.group);
                total += sum;
            }
            assert_eq!(told.total, total, "{what}");
        }
    }
}

async fn packs(app: &TestApp, subject: PackSubject) -> usize {
    let db = app.services().db.read().unwrap();
    let all = all::<day_pack::Entity>(&db).await;
    all.iter().filter(|one| one.subject == subject).count()
}

async fn packed(app: &TestApp) {
    while pack(&app.system()).await.unwrap() > 0 {}
}

#[tokio::test]
async fn charts_are_the_same_packed_or_not() {
    for app in TestApp::each().await {
        app.clock.stop_at(at(LATER));
        let mut dice = Dice(0xDA_0001);
        let whose = people(&app).await;
        built(&app).await;
        for round in 0..5 {
            for _ in 0..4 {
                step(&app, &mut dice, &whose).await;
            }
            talk(&app, &mut dice, 1 + round).await;
            for when in ["open", "folded", "packed", "packed again"] {
                match when {
                    "open" => {}
                    "folded" => {
                        fold(&app.system()).await.unwrap();
                    }
                    _ => packed(&app).await,
                }
                let when = format!("round {round}, {when}");
                funnels_agree(&app, &when).await;
                tokens_agree(&app, &when).await;
            }
            for subject in [PackSubject::Tokens, PackSubject::Runs] {
                let some = packs(&app, subject).await;
                assert!(some > 0, "{}: {subject:?}, round {round}", app.engine);
            }
        }
        nothing_is_wrong(&app, "at the end").await;
        app.stop().await;
    }
}

#[tokio::test]
async fn charts_are_drawn_from_packs_until_a_rebuild_mends_what_these_are_of() {
    for app in TestApp::each().await {
        app.clock.stop_at(at(LATER));
        let mut dice = Dice(0xDA_0002);
        let whose = people(&app).await;
        built(&app).await;
        talk(&app, &mut dice, 1).await;
        for _ in 0..6 {
            step(&app, &mut dice, &whose).await;
        }
        fold(&app.system()).await.unwrap();
        packed(&app).await;
        // What the packs are of is lost: nobody looks at it.
        let tx = app.system().write().await.unwrap();
        token_day_rollup::Entity::delete_many()
            .exec(&tx)
            .await
            .unwrap();
        token_hour_rollup::Entity::delete_many()
            .exec(&tx)
            .await
            .unwrap();
        token_rollup::Entity::delete_many().exec(&tx).await.unwrap();
        run_rollup::Entity::delete_many().exec(&tx).await.unwrap();
        tx.commit().await.unwrap();
        tokens_agree(&app, "lost").await;
        let funnel = run_funnel(&app.system(), periods()[0]).await.unwrap();
        assert!(funnel.all.created > 0, "{}", app.engine);

        rebuild(&app.system(), false, &|_| ()).await.unwrap();
        assert_eq!(app.row_counts().await["day_packs"], 0, "{}", app.engine);
        tokens_agree(&app, "mended").await;
        funnels_agree(&app, "mended").await;
        packed(&app).await;
        tokens_agree(&app, "packed anew").await;
        funnels_agree(&app, "packed anew").await;
        app.stop().await;
    }
}

#[tokio::test]
async fn what_another_backend_writes_takes_the_pack_of_its_day_away() {
    for app in TestApp::each().await {
        app.clock.stop_at(at(LATER));
        let mut dice = Dice(0xDA_0003);
        built(&app).await;
        let thread = talk(&app, &mut dice, 1).await;
        fold(&app.system()).await.unwrap();
        packed(&app).await;
        let before = packs(&app, PackSubject::Tokens).await;
        elsewhere(&app, &mut dice, thread, 1).await;
        app.clock.advance(TimeDelta::minutes(5));
        reconcile(&app.system()).await.unwrap();
        agree(&app, "reconciled").await;
        tokens_agree(&app, "reconciled").await;
        assert_eq!(
            packs(&app, PackSubject::Tokens).await,
            before - 1,
            "{}",
            app.engine
        );
        packed(&app).await;
        tokens_agree(&app, "packed again").await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_day_that_is_not_over_is_not_packed() {
    for app in TestApp::each().await {
        // Two days later, and not quite.
        app.clock.stop_at(at("2026-03-31T23:59:59Z"));
        built(&app).await;
        talk(&app, &mut Dice(0xDA_0004), 1).await;
        fold(&app.system()).await.unwrap();
        packed(&app).await;
        let db = app.services().db.read().unwrap();
        let days = all::<day_pack::Entity>(&db).await.into_iter();
        let last = days.map(|pack| pack.day).max();
        assert_eq!(last.unwrap().to_string(), "2026-03-28", "{}", app.engine);
        app.stop().await;
    }
}

fn said() -> NewMessage {
    NewMessage {
        id: None,
        creation_date: Some(at("2026-03-29T12:00:00Z")),
        entity: MessageEntity::Tool,
        content: "{}".to_owned(),
        is_complete: true,
        tool_calls: Vec::new(),
        tool_selections: Vec::new(),
        complexity: Vec::new(),
        tokens: vec![NewTokens {
            id: None,
            kind: TokenType::Completion,
            task: TokenTask::ChatCompletion,
            count: 1,
            model: "heron".to_owned(),
        }],
    }
}

/// How many were begun to be written, and how many are for sure.
#[derive(Default)]
struct Written {
    begun: AtomicI64,
    done: AtomicI64,
}

#[tokio::test]
async fn who_reads_while_days_are_packed_and_move_reads_what_was_written() {
    for app in TestApp::each().await {
        app.clock.stop_at(at(LATER));
        let other = app.beside().await;
        let mut dice = Dice(0xDA_0005);
        let user = people(&app).await[0];
        built(&app).await;
        let thread = crate::analytics::begin(&app, user).await;
        let (tokens, runs) = (Written::default(), Written::default());
        let over = AtomicBool::new(false);
        let writer = async {
            for _ in 0..25 {
                tokens.begun.fetch_add(1, Ordering::SeqCst);
                conversation::append(&app.system(), thread, vec![said()], "/messages")
                    .await
                    .unwrap();
                tokens.done.fetch_add(1, Ordering::SeqCst);
                runs.begun.fetch_add(1, Ordering::SeqCst);
                let tx = app.system().write().await.unwrap();
                let row = super::some_run(&tx, &mut dice, user);
                run::Entity::insert(row)
                    .exec_without_returning(&tx)
                    .await
                    .unwrap();
                tx.commit().await.unwrap();
                runs.done.fetch_add(1, Ordering::SeqCst);
            }
            over.store(true, Ordering::SeqCst);
        };
        let house = async |app: &TestApp| {
            let mut made = 0;
            while !over.load(Ordering::SeqCst) {
                fold(&app.system()).await.unwrap();
                made += pack(&app.system()).await.unwrap();
            }
            made
        };
        let reader = async |app: &TestApp| {
            let period = periods()[0];
            while !over.load(Ordering::SeqCst) {
                let from = tokens.done.load(Ordering::SeqCst);
                let asked = question(period.range, period.zone, true);
                let told = token_usage(&app.system(), asked).await.unwrap().total;
                let to = tokens.begun.load(Ordering::SeqCst);
                assert!(
                    (from..=to).contains(&told),
                    "{}: {from} {told} {to}",
                    app.engine
                );
                let from = runs.done.load(Ordering::SeqCst);
                let told = run_funnel(&app.system(), period).await.unwrap().all.created;
                let to = runs.begun.load(Ordering::SeqCst);
                assert!(
                    (from..=to).contains(&told),
                    "{}: {from} {told} {to}",
                    app.engine
                );
            }
        };
        let ((), here, there, (), ()) = tokio::join!(
            writer,
            house(&app),
            house(&other),
            reader(&app),
            reader(&other)
        );
        assert!(here + there > 0, "{}", app.engine);
        fold(&app.system()).await.unwrap();
        packed(&app).await;
        tokens_agree(&app, "at the end").await;
        funnels_agree(&app, "at the end").await;
        nothing_is_wrong(&app, "at the end").await;
        other.stop().await;
        app.stop().await;
    }
}
