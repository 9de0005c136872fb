//! Reconciling beside a rebuilding, and with people whose sums cannot be had.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::analytics::{rollup_state, thread_rollup, token_delta, token_rollup, user_day_rollup};
use entity::conversation::{message, token_consumption};
use entity::id::{ThreadId, UserId};
use futures::FutureExt;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use service::analytics::{fold, rebuild, reconcile};
use service::clock::Clock;
use tests::TestApp;
use uuid::Uuid;

use super::rebuild::{elsewhere, talk, touch};
use super::{Dice, agree, all, begin, rows, snapshot, sums};

fn minutes(app: &TestApp, count: i64) {
    app.clock.advance(TimeDelta::minutes(count));
}

async fn reconciled_to(app: &TestApp) -> Option<DateTime<Utc>> {
    let db = app.services().db.read().unwrap();
    all::<rollup_state::Entity>(&db).await[0].reconciled_to
}

/// Rollups that were built, a thread of a person, and time since.
async fn built(app: &TestApp, dice: &mut Dice) -> ThreadId {
    let thread = talk(app, dice, 1).await;
    rebuild(&app.system(), false, &|_| ()).await.unwrap();
    fold(&app.system()).await.unwrap();
    minutes(app, 3);
    thread
}

#[tokio::test]
async fn what_one_sum_has_already_is_not_added_again() {
    for app in TestApp::each().await {
        let mut dice = Dice(31);
        let thread = built(&app, &mut dice).await;
        // Said elsewhere; the sum that tells nobody apart has it, those of the person have not.
        let tx = app.system().write().await.unwrap();
        let known = all::<token_rollup::Entity>(&tx).await.remove(0);
        let row = message::Model {
            id: tx.fresh(),
            creation_date: known.bucket_start,
            content: "{}".to_owned(),
            thread_id: thread,
            entity: message::MessageEntity::Tool,
            is_complete: true,
        };
        let tokens = token_consumption::Model {
            id: tx.fresh(),
            message_id: row.id,
            kind: known.kind,
            task: known.task,
            count: 100,
            model: known.model.clone(),
        };
        let row = row.into_active_model().reset_all();
        row.insert(&tx).await.unwrap();
        let tokens = tokens.into_active_model().reset_all();
        tokens.insert(&tx).await.unwrap();
        let known = token_rollup::Model {
            count: known.count + 100,
            messages: known.messages + 1,
            ..known
        };
        let known = known.into_active_model().reset_all();
        known.update(&tx).await.unwrap();
        touch(&tx, thread).await;
        tx.commit().await.unwrap();
        minutes(&app, 1);

        reconcile(&app.system()).await.unwrap();
        agree(&app, "once, and not twice").await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_rebuild_that_is_cut_off_leaves_nothing_half_mended() {
    for app in TestApp::each().await {
        let mut dice = Dice(37);
        let thread = built(&app, &mut dice).await;
        let (mut patience, mut whole) = (0_u32, false);
        while !whole {
            assert!(
                patience < 20_000,
                "{}: it never came to its end",
                app.engine
            );
            elsewhere(&app, &mut dice, thread, 2).await;
            let ctx = app.system();
            let tell = |_| ();
            let mut rebuilding = Box::pin(rebuild(&ctx, false, &tell));
            for _ in 0..=patience {
                if let Some(done) = rebuilding.as_mut().now_or_never() {
                    done.unwrap();
                    whole = true;
                    break;
                }
                // The other side moves on.
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
            drop(rebuilding);
            minutes(&app, 1);
            reconcile(&app.system()).await.unwrap();
            agree(&app, &format!("cut off after {patience}")).await;
            patience += 1 + patience / 8;
        }
        app.stop().await;
    }
}

/// Sums of a day that no number holds: to read them fails.
async fn beyond_numbers(app: &TestApp, at: DateTime<Utc>, user: UserId, thread: ThreadId) {
    let tx = app.system().write().await.unwrap();
    let delta = token_delta::Model {
        id: tx.fresh(),
        bucket_start: at,
        user_id: user,
        thread_id: thread,
        model: None,
        task: None,
        kind: None,
        count: i64::MAX,
        messages: 0,
        created_at: tx.now,
        updated_at: tx.now,
    };
    let delta = delta.into_active_model().reset_all();
    delta.insert(&tx).await.unwrap();
    let day = user_day_rollup::Model {
        id: tx.fresh(),
        day: at.date_naive(),
        user_id: user,
        tokens: i64::MAX,
        messages: 0,
        created_at: tx.now,
        updated_at: tx.now,
    };
    let day = day.into_active_model().reset_all();
    day.insert(&tx).await.unwrap();
    thread_rollup::Entity::update_many()
        .col_expr(thread_rollup::Column::Tokens, Expr::value(i64::MAX))
        .filter(thread_rollup::Column::ThreadId.eq(thread))
        .exec(&tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn one_person_whose_sums_fail_keeps_nobody_else_waiting() {
    for app in TestApp::each().await {
        let mut dice = Dice(41);
        let hers = built(&app, &mut dice).await;
        let his = talk(&app, &mut dice, 2).await;
        let (her, him) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let later = app.clock.now() + TimeDelta::days(400);
        beyond_numbers(&app, later, UserId(her), hers).await;
        let before = reconciled_to(&app).await;
        elsewhere(&app, &mut dice, hers, 2).await;
        elsewhere(&app, &mut dice, his, 2).await;
        minutes(&app, 1);

        reconcile(&app.system()).await.unwrap_err();
        let db = snapshot(&app).await;
        let (mut rows, mut sums) = (rows(&db).await, sums(&db).await);
        for books in [&mut rows, &mut sums] {
            books.retain(|key, _| key.contains(&him.to_string()));
        }
        assert!(!rows.is_empty());
        assert_eq!(sums, rows, "{}", app.engine);
        drop(db);
        assert_eq!(reconciled_to(&app).await, before, "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn threads_that_did_not_move_are_not_summed() {
    for app in TestApp::each().await {
        let mut dice = Dice(43);
        let old = built(&app, &mut dice).await;
        let long_ago = "2020-01-01T00:00:00Z".parse().unwrap();
        minutes(&app, 10);
        reconcile(&app.system()).await.unwrap();
        beyond_numbers(&app, long_ago, UserId(Uuid::from_u128(1)), old).await;
        minutes(&app, 10);
        let new = begin(&app, UserId(Uuid::from_u128(1))).await;
        elsewhere(&app, &mut dice, new, 2).await;
        minutes(&app, 1);

        let done = reconcile(&app.system()).await.unwrap();
        assert_eq!(done.people, 1, "{}", app.engine);
        assert!(!done.differences.is_empty());
        app.stop().await;
    }
}

#[tokio::test]
async fn a_long_rebuild_sets_nothing_back() {
    for app in TestApp::each().await {
        let mut dice = Dice(47);
        built(&app, &mut dice).await;
        minutes(&app, 5);
        reconcile(&app.system()).await.unwrap();
        let far = reconciled_to(&app).await;
        // One that began before, and comes to its end now.
        minutes(&app, -5);
        rebuild(&app.system(), false, &|_| ()).await.unwrap();
        assert_eq!(reconciled_to(&app).await, far, "{}", app.engine);
        app.stop().await;
    }
}
