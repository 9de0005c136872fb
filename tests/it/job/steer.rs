//! Jobs steered by the staff, who see how they move.

use chrono::TimeDelta;
use entity::identity::user::UserRole;
use serde_json::json;
use service::job::Halt;
use tests::TestApp;

use super::{Bench, What, act, good, heard, job, note, operator, put, refused, stands};

const RETRY: &str = "mutation($id: UUID!) { retryJob(id: $id) { state attempt } }";
const CANCEL: &str = "mutation($id: UUID!) { cancelJob(id: $id) { state cancelRequestedAt } }";

#[tokio::test]
async fn a_job_that_waits_is_cancelled_at_once_and_tried_again_when_asked() {
    let bench = Bench::default();
    for app in TestApp::each_with(&bench.plan()).await {
        let staff = operator(&app).await;
        let admin = app.user("admin", UserRole::Admin).await;
        let ann = app.user("ann", UserRole::User).await;
        let id = put(&app, note("a").once_as("key").owned_by(ann.id().await)).await;
        let this = json!({ "id": id });
        for steer in [RETRY, CANCEL] {
            assert_eq!(refused(&ann, steer, this.clone()).await, "forbidden");
        }
        assert_eq!(
            refused(&ann, "mutation { replayJobs }", json!({})).await,
            "forbidden"
        );
        let cancelled = good(&staff, CANCEL, this.clone()).await;
        assert_eq!(
            cancelled["cancelJob"]["state"], "cancelled",
            "{}",
            app.engine
        );
        assert_eq!(
            refused(&staff, CANCEL, this.clone()).await,
            "job.invalid_transition"
        );
        assert_eq!(app.worker().drain().await.unwrap(), 0, "{}", app.engine);

        // Another does the same by now.
        let other = put(&app, note("b").once_as("key")).await;
        assert_eq!(
            refused(&staff, RETRY, this.clone()).await,
            "job.already_open"
        );
        good(&staff, CANCEL, json!({ "id": other })).await;
        let again = good(&staff, RETRY, this.clone()).await;
        assert_eq!(
            again["retryJob"],
            json!({ "state": "queued", "attempt": 0 })
        );
        assert_eq!(app.worker().drain().await.unwrap(), 1, "{}", app.engine);
        assert_eq!(bench.log(), ["a"], "{}", app.engine);
        assert_eq!(
            refused(&staff, RETRY, this.clone()).await,
            "job.invalid_transition"
        );
        let nobody = json!({ "id": uuid::Uuid::nil() });
        assert_eq!(refused(&staff, RETRY, nobody).await, "job.not_found");

        let lines = "query($id: String!) {
            auditLogs(first: 9, filter: { resourceId: { eq: $id } }, orderBy: [CREATED_AT_ASC, ID_ASC]) {
                nodes { action actorId before after }
            }
        }";
        let lines = good(&admin, lines, this).await["auditLogs"]["nodes"].clone();
        let operator = staff.id().await.to_string();
        let expected = json!([
            { "action": "job.cancel", "actorId": operator,
              "before": { "state": "queued", "attempt": 0 },
              "after": { "state": "cancelled", "kind": "test.act" } },
            { "action": "job.retry", "actorId": operator,
              "before": { "state": "cancelled", "attempt": 0 },
              "after": { "state": "queued", "kind": "test.act" } },
        ]);
        assert_eq!(lines, expected, "{}", app.engine);
        bench.log.lock().unwrap().clear();
        app.stop().await;
    }
}

#[tokio::test]
async fn a_job_that_runs_is_told_to_stop() {
    let bench = Bench::default();
    for app in TestApp::each_with(&bench.plan()).await {
        let staff = operator(&app).await;
        let other = app.beside().await;
        // The request may come to another process than the one that works.
        let works = if app.engine == "SQLite" { &app } else { &other };
        // It ends when the answer is there, which tells how the job stands by then.
        let id = put(&app, act("a", What::Linger)).await;
        let worker = works.worker();
        let working = tokio::spawn(async move { worker.step().await.unwrap() });
        bench.begun.acquire().await.unwrap().forget();
        let told = good(&staff, CANCEL, json!({ "id": id })).await;
        assert_eq!(told["cancelJob"]["state"], "running", "{}", app.engine);
        assert!(told["cancelJob"]["cancelRequestedAt"].is_string());
        bench.go.add_permits(1);
        assert!(working.await.unwrap());
        assert_eq!(bench.log(), [heard("a", Halt::Cancelled)], "{}", app.engine);
        stands(&job(&staff, id).await, "cancelled", 1);
        bench.log.lock().unwrap().clear();
        other.stop().await;
        app.stop().await;
    }
}

#[tokio::test]
async fn how_far_a_job_is_is_told_to_who_listens() {
    let bench = Bench::default();
    for app in TestApp::each_with(&bench.plan()).await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let (mut hers, mut his) = (ann.listen().await, bob.listen().await);
        let follow = "subscription { jobChanged { state progress attempt } }";
        for peer in [&mut hers, &mut his] {
            peer.follow("jobs", follow).await;
        }
        put(&app, act("a", What::Portions).owned_by(ann.id().await)).await;
        let mut next = async |state: &str, progress: i64| loop {
            let message = hers.message().await;
            let told = &message["payload"]["data"]["jobChanged"];
            // A row may come twice.
            if told["state"] == state && told["progress"] == progress {
                break;
            }
        };
        next("queued", 0).await;
        let worker = app.worker();
        let working = tokio::spawn(async move { worker.step().await.unwrap() });
        for percent in [25, 50, 75] {
            bench.begun.acquire().await.unwrap().forget();
            next("running", percent).await;
            bench.go.add_permits(1);
        }
        assert!(working.await.unwrap());
        next("succeeded", 100).await;
        // The first that he hears of is his own.
        put(&app, note("his").owned_by(bob.id().await)).await;
        let told = his.message().await["payload"]["data"]["jobChanged"].clone();
        assert_eq!(
            told,
            json!({ "state": "queued", "progress": 0, "attempt": 0 })
        );
        bench.log.lock().unwrap().clear();
        app.stop().await;
    }
}

#[tokio::test]
async fn the_dead_are_tried_again() {
    let bench = Bench::default();
    for app in TestApp::each_with(&bench.plan()).await {
        let staff = operator(&app).await;
        let worker = app.worker();
        let mut ids = Vec::new();
        for name in ["a", "b", "c"] {
            ids.push(put(&app, act(name, What::Hopeless).once_as(name)).await);
            worker.drain().await.unwrap();
            app.clock.advance(TimeDelta::minutes(1));
        }
        let since = app.system().now() - TimeDelta::seconds(150);
        // Somebody does the second's work already.
        put(
            &app,
            note("b")
                .once_as("b")
                .not_before(app.system().now() + TimeDelta::days(1)),
        )
        .await;
        let replay =
            "mutation($kind: String, $queue: String, $since: DateTime, $most: Int! = 100) {
            replayJobs(kind: $kind, queue: $queue, since: $since, most: $most)
        }";
        for (which, count) in [
            (json!({ "kind": "another" }), 0),
            (json!({ "queue": "another" }), 0),
            (
                json!({ "kind": "test.act", "queue": "default", "since": since }),
                1,
            ),
            (json!({ "most": 1 }), 1),
            (json!({}), 0),
        ] {
            let told = good(&staff, replay, which.clone()).await;
            assert_eq!(told["replayJobs"], count, "{}: {which}", app.engine);
        }
        for most in [0, -1, 1_001] {
            let code = refused(&staff, replay, json!({ "most": most })).await;
            assert_eq!(code, "limit.out_of_range");
        }
        for (id, state, attempt) in [
            (ids[0], "queued", 0),
            (ids[1], "dead", 1),
            (ids[2], "queued", 0),
        ] {
            stands(&job(&staff, id).await, state, attempt);
        }
        assert_eq!(worker.drain().await.unwrap(), 2, "{}", app.engine);
        stands(&job(&staff, ids[0]).await, "dead", 1);
        app.stop().await;
    }
}
