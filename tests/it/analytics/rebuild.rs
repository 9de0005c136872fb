//! The rebuilding finds what is wrong, mends it once, and takes in what others wrote.

use chrono::TimeDelta;
use entity::analytics::{token_delta, token_rollup, user_day_rollup};
use entity::conversation::{message, thread, token_consumption};
use entity::id::UserId;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, Set};
use service::analytics::{Reconciled, fold, rebuild, reconcile};
use service::conversation;
use tests::TestApp;
use uuid::Uuid;

use super::{Dice, agree, all, begin, message as some_message, rows, snapshot};

pub(super) async fn talk(app: &TestApp, dice: &mut Dice, user: u128) -> entity::id::ThreadId {
    let thread = begin(app, UserId(Uuid::from_u128(user))).await;
    let new = (0..30).map(|_| some_message(dice, None)).collect();
    conversation::append(&app.system(), thread, new, "/messages")
        .await
        .unwrap();
    thread
}

#[tokio::test]
async fn a_planted_error_is_told_and_mended() {
    for app in TestApp::each().await {
        let mut dice = Dice(11);
        talk(&app, &mut dice, 1).await;
        talk(&app, &mut dice, 2).await;
        fold(&app.system()).await.unwrap();
        talk(&app, &mut dice, 1).await;

        let tx = app.system().write().await.unwrap();
        let db = app.services().db.read().unwrap();
        let planted = all::<token_rollup::Entity>(&db).await.remove(0);
        token_rollup::Entity::update_many()
            .col_expr(
                token_rollup::Column::Count,
                Expr::col(token_rollup::Column::Count).add(7),
            )
            .filter(token_rollup::Column::Id.eq(planted.id))
            .exec(&tx)
            .await
            .unwrap();
        // A day that nobody had, and days that are lost.
        let mut days = all::<user_day_rollup::Entity>(&db).await;
        let lost = days.pop().unwrap();
        let stray = user_day_rollup::Model {
            id: tx.fresh(),
            user_id: UserId(Uuid::from_u128(99)),
            ..lost.clone()
        };
        user_day_rollup::Entity::delete_by_id(lost.id)
            .exec(&tx)
            .await
            .unwrap();
        stray
            .into_active_model()
            .reset_all()
            .insert(&tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let check = rebuild(&app.system(), true, &|_| ()).await.unwrap();
        assert!(!check.mended);
        let found = check.differences;
        assert_eq!(found.counts["token_rollups"], 1, "{}", app.engine);
        assert_eq!(found.counts["user_day_rollups"], 2, "{}", app.engine);
        // Who was active is told by the days of people.
        assert_eq!(found.counts["active_rollups"], 2, "{}", app.engine);
        assert_eq!(found.counts.len(), 3);
        assert_eq!(found.first[0].tokens, -7, "seven too many");
        assert_eq!(found.first[0].at, Some(planted.bucket_start));

        let mended = rebuild(&app.system(), false, &|_| ()).await.unwrap();
        assert_eq!(mended.differences, found, "{}", app.engine);
        agree(&app, "mended").await;
        let again = rebuild(&app.system(), false, &|_| ()).await.unwrap();
        assert!(again.differences.is_empty(), "{}", app.engine);
        app.stop().await;
    }
}

/// Say in a thread as another backend does: rows, and no delta.
pub(super) async fn elsewhere(
    app: &TestApp,
    dice: &mut Dice,
    thread: entity::id::ThreadId,
    count: usize,
) {
    let tx = app.system().write().await.unwrap();
    for _ in 0..count {
        let new = some_message(dice, None);
        let row = message::Model {
            id: tx.fresh(),
            creation_date: new.creation_date.unwrap(),
            content: new.content,
            thread_id: thread,
            entity: new.entity,
            is_complete: true,
        };
        let tokens = new
            .tokens
            .into_iter()
            .map(|tokens| token_consumption::Model {
                id: tx.fresh(),
                message_id: row.id,
                kind: tokens.kind,
                task: tokens.task,
                count: tokens.count,
                model: tokens.model.repeat(60),
            });
        let tokens: Vec<_> = tokens.collect();
        row.into_active_model()
            .reset_all()
            .insert(&tx)
            .await
            .unwrap();
        for row in tokens {
            row.into_active_model()
                .reset_all()
                .insert(&tx)
                .await
                .unwrap();
        }
    }
    touch(&tx, thread).await;
    tx.commit().await.unwrap();
}

pub(super) async fn touch(tx: &service::write::Write, thread: entity::id::ThreadId) {
    let row = thread::ActiveModel {
        id: Set(thread),
        update_date: Set(tx.now),
        ..Default::default()
    };
    row.update(tx).await.unwrap();
}

#[tokio::test]
async fn what_another_backend_wrote_is_taken_in() {
    for app in TestApp::each().await {
        let ctx = app.system();
        let mut dice = Dice(23);
        let ours = talk(&app, &mut dice, 1).await;
        let theirs = talk(&app, &mut dice, 2).await;
        elsewhere(&app, &mut dice, theirs, 5).await;
        // Never built: everything is looked through, by a job.
        reconcile(&ctx).await.unwrap();
        app.worker().drain().await.unwrap();
        agree(&app, "built").await;
        fold(&ctx).await.unwrap();

        let minute = || app.clock.advance(TimeDelta::minutes(1));
        minute();
        minute();
        elsewhere(&app, &mut dice, ours, 4).await;
        elsewhere(&app, &mut dice, theirs, 3).await;
        minute();
        let done = reconcile(&ctx).await.unwrap();
        assert_eq!(done.people, 2, "{}", app.engine);
        assert!(!done.differences.is_empty());
        agree(&app, "more was said").await;

        // As much as before, at another model: replaced.
        let tx = ctx.write().await.unwrap();
        token_consumption::Entity::update_many()
            .col_expr(token_consumption::Column::Model, Expr::value("other"))
            .exec(&tx)
            .await
            .unwrap();
        touch(&tx, ours).await;
        touch(&tx, theirs).await;
        tx.commit().await.unwrap();
        minute();
        reconcile(&ctx).await.unwrap();
        agree(&app, "replaced").await;

        // Taken back, all of one thread.
        let tx = ctx.write().await.unwrap();
        let own = message::Column::ThreadId.eq(theirs);
        let mine = message::Entity::find()
            .filter(own.clone())
            .all(&tx)
            .await
            .unwrap();
        let ids: Vec<_> = mine.iter().map(|row| row.id).collect();
        token_consumption::Entity::delete_many()
            .filter(token_consumption::Column::MessageId.is_in(ids))
            .exec(&tx)
            .await
            .unwrap();
        message::Entity::delete_many()
            .filter(own)
            .exec(&tx)
            .await
            .unwrap();
        touch(&tx, theirs).await;
        tx.commit().await.unwrap();
        minute();
        reconcile(&ctx).await.unwrap();
        agree(&app, "taken back").await;

        minute();
        let quiet = reconcile(&ctx).await.unwrap();
        assert!(quiet.differences.is_empty(), "{}", app.engine);
        assert_eq!(
            reconcile(&ctx).await.unwrap(),
            Reconciled::default(),
            "just looked"
        );

        // The sums are thrown away and everything comes anew.
        let tx = ctx.write().await.unwrap();
        token_rollup::Entity::delete_many().exec(&tx).await.unwrap();
        token_delta::Entity::delete_many().exec(&tx).await.unwrap();
        tx.commit().await.unwrap();
        rebuild(&ctx, false, &|_| ()).await.unwrap();
        agree(&app, "built anew").await;
        assert!(!rows(&snapshot(&app).await).await.is_empty());
        app.stop().await;
    }
}
