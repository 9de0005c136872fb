//! What is queued, and what becomes of tries.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use service::job::{NewJob, Nothing, Task, enqueue, enqueue_all};
use tests::TestApp;

use super::{Bench, What, act, job, note, operator, put, stands};

#[tokio::test]
async fn a_job_follows_exactly_the_writes_that_happened() {
    let bench = Bench::default();
    for app in TestApp::each_with(&bench.plan()).await {
        let staff = operator(&app).await;
        let tx = app.system().write().await.unwrap();
        enqueue(&tx, note("rolled back")).await.unwrap();
        drop(tx);
        let tx = app.system().write().await.unwrap();
        let id = enqueue(&tx, note("committed")).await.unwrap();
        let many = ["a", "b", "c"].map(note);
        enqueue_all(&tx, many).await.unwrap();
        tx.commit().await.unwrap();
        stands(&job(&staff, id).await, "queued", 0);
        assert_eq!(app.row_counts().await["jobs"], 4, "{}", app.engine);

        let worker = app.worker();
        assert_eq!(worker.drain().await.unwrap(), 4, "{}", app.engine);
        assert_eq!(bench.log(), ["committed", "a", "b", "c"], "{}", app.engine);
        let done = job(&staff, id).await;
        stands(&done, "succeeded", 1);
        assert_eq!(
            (&done["progress"], &done["worker"]),
            (&json!(100), &Value::Null)
        );
        bench.log.lock().unwrap().clear();
        app.stop().await;
    }
}

/// A task that nobody registers.
struct Stranger;

impl Task for Stranger {
    const KIND: &'static str = "test.stranger";
    type Payload = Nothing;

    async fn run(
        &self,
        _: &service::Ctx,
        _: Nothing,
        _: &service::job::Held,
    ) -> service::Result<service::job::Ending> {
        unreachable!()
    }
}

#[tokio::test]
async fn what_nobody_can_do_is_not_queued() {
    for app in TestApp::each().await {
        let tx = app.system().write().await.unwrap();
        let stranger = NewJob::of::<Stranger>(&Nothing {}).unwrap();
        assert!(enqueue(&tx, stranger).await.is_err(), "{}", app.engine);
        drop(tx);
        app.stop().await;
    }
}

#[tokio::test]
async fn an_open_key_takes_no_second_job() {
    let bench = Bench::default();
    for app in TestApp::each_with(&bench.plan()).await {
        let staff = operator(&app).await;
        let now = app.system().now();
        let later = now + TimeDelta::hours(1);
        let first = put(&app, note("first").once_as("key").not_before(later)).await;
        let other = put(&app, note("other").once_as("other key")).await;
        assert_ne!(first, other);
        // The second comes sooner and goes before others: so does the first now.
        let second = note("second")
            .once_as("key")
            .not_before(now)
            .with_priority(-1);
        assert_eq!(put(&app, second).await, first, "{}", app.engine);
        assert_eq!(
            put(&app, note("third").once_as("key").not_before(later)).await,
            first
        );
        assert_eq!(job(&staff, first).await["priority"], -1);

        // Many together: whose key is taken is left out.
        let tx = app.system().write().await.unwrap();
        let many = ["key", "third key"].map(|key| note(key).once_as(key));
        enqueue_all(&tx, many).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(app.worker().drain().await.unwrap(), 3, "{}", app.engine);
        assert_eq!(
            bench.log(),
            ["first", "other", "third key"],
            "{}",
            app.engine
        );

        // One that is over is not open.
        let again = put(&app, note("again").once_as("key")).await;
        assert_ne!(again, first, "{}", app.engine);
        bench.log.lock().unwrap().clear();
        app.stop().await;
    }
}

fn moment(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_failed_try_comes_again_after_a_pause_that_grows() {
    let bench = Bench::default();
    for app in TestApp::each_with(&bench.plan()).await {
        let staff = operator(&app).await;
        app.clock.stop_at(app.system().now());
        let worker = app.worker();
        let id = put(&app, act("a", What::Fail)).await;
        for (attempt, pause) in [(1, 5.0), (2, 10.0)] {
            assert_eq!(worker.drain().await.unwrap(), 1, "{}", app.engine);
            let failed = job(&staff, id).await;
            stands(&failed, "queued", attempt);
            assert_eq!(
                failed["lastError"], "internal: internal error",
                "no secret is kept"
            );
            let wait = moment(&failed["runAt"]) - app.system().now();
            let seconds = wait.as_seconds_f64();
            assert!(
                (0.8 * pause..=1.2 * pause).contains(&seconds),
                "{attempt}: {seconds}"
            );
            app.clock.advance(wait - TimeDelta::milliseconds(1));
            assert_eq!(worker.drain().await.unwrap(), 0, "{}", app.engine);
            app.clock.advance(TimeDelta::milliseconds(1));
        }
        assert_eq!(worker.drain().await.unwrap(), 1, "{}", app.engine);
        let dead = job(&staff, id).await;
        stands(&dead, "dead", 3);
        assert!(dead["finishedAt"].is_string(), "{dead}");
        app.clock.advance(TimeDelta::days(1));
        assert_eq!(worker.drain().await.unwrap(), 0, "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn each_way_to_fail_is_told_in_its_own_words() {
    let bench = Bench::default();
    for app in TestApp::each_with(&bench.plan()).await {
        let staff = operator(&app).await;
        app.clock.stop_at(app.system().now());
        let worker = app.worker();
        for (what, state, says) in [
            (What::Panic, "queued", "the task panicked"),
            (What::Refuse, "queued", "not_found: there is no such door"),
            (What::Again, "queued", "not yet"),
            (What::Hopeless, "dead", "there is no such door"),
        ] {
            let id = put(&app, act("a", what)).await;
            assert_eq!(worker.drain().await.unwrap(), 1, "{}: {what:?}", app.engine);
            let failed = job(&staff, id).await;
            stands(&failed, state, 1);
            assert_eq!(failed["lastError"], says, "{}", app.engine);
            if what == What::Again {
                let wait = moment(&failed["runAt"]) - app.system().now();
                assert_eq!(wait, TimeDelta::minutes(1), "the task's own pause");
            }
        }
        // A payload that is none of the task's.
        let id = put(&app, note("a")).await;
        let tx = app.system().write().await.unwrap();
        let sql =
            "UPDATE jobs SET payload = '{\"name\": 1}' WHERE state = 'queued' AND attempt = 0";
        sea_orm::ConnectionTrait::execute_unprepared(&tx, sql)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(worker.drain().await.unwrap(), 1);
        let dead = job(&staff, id).await;
        stands(&dead, "dead", 1);
        assert_eq!(
            dead["lastError"],
            "the payload is not one of test.act: Data"
        );
        app.stop().await;
    }
}
