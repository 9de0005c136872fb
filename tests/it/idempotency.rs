//! A keyed request is done once, however often it is sent.

use std::collections::BTreeSet;

use entity::id::{RunId, SessionId, UserId};
use entity::identity::user::UserRole;
use serde_json::{Value, json};
use service::Ctx;
use service::actor::Actor;
use service::idempotency::Claim;
use service::pipeline::{NewRun, create, retry};
use tests::{Client, TestApp, run_body};

/// What the operation behind `route` is given when `person` posts `body` to `path` under a key. The
/// effect of an operation that is called with it stands; its answer is lost.
fn unanswered(app: &TestApp, person: UserId, route: &str, path: &str, body: &Value) -> Ctx {
    let mut ctx = app.system().acting_as(Actor::User {
        id: person,
        role: UserRole::User,
        session: SessionId(uuid::Uuid::nil()),
    });
    let request = format!("{path}\n{body}");
    let claim = Claim::new(&ctx, format!("POST {route}"), "lost", [request.as_bytes()]);
    ctx.request.claim = Some(claim.unwrap());
    ctx
}

#[tokio::test]
async fn a_hundred_keys_sent_fifty_times_each_have_a_hundred_effects() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        for key in 0..100 {
            let keyed = ann.with("idempotency-key", &format!("key-{key}"));
            let sent = (0..50).map(|_| {
                let keyed = keyed.clone();
                async move { keyed.post("/api/v1/runs", run_body("same.pdf")).await }
            });
            for answer in futures::future::join_all(sent).await {
                let verdict = answer.verdict();
                let known = ["201", "409 idempotency.in_flight"].contains(&verdict.as_str());
                assert!(known, "{}: {verdict}", app.engine);
            }
            let again = keyed.post("/api/v1/runs", run_body("same.pdf")).await;
            assert_eq!(again.status, 201);
            assert_eq!(again.headers["idempotency-replayed"], "true");
            let id = again.body["id"].as_str().unwrap();
            assert_eq!(again.headers["location"], format!("/api/v1/runs/{id}"));
            let other = keyed.post("/api/v1/runs", run_body("other.pdf")).await;
            assert_eq!(other.verdict(), "422 idempotency.mismatch");
        }
        let (mut count, mut path) = (0, "/api/v1/runs?limit=100".to_owned());
        loop {
            let page = ann.get(&path).await;
            count += page.body["items"].as_array().unwrap().len();
            match page.body["next"].as_str() {
                Some(next) => path = format!("/api/v1/runs?limit=100&after={next}"),
                None => break,
            }
        }
        assert_eq!(count, 100, "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn replicas_do_a_keyed_request_once() {
    for app in TestApp::each().await {
        let other = app.beside().await;
        let ann = app.user("ann", UserRole::User).await;
        for key in 0..10 {
            let keyed = ann.with("idempotency-key", &format!("key-{key}"));
            let sent = (0..6).map(|at| {
                let server = if at % 2 == 0 { &app } else { &other };
                let keyed = server.seen(&keyed);
                async move { keyed.post("/api/v1/runs", run_body("same.pdf")).await }
            });
            for answer in futures::future::join_all(sent).await {
                let verdict = answer.verdict();
                let known = ["201", "409 idempotency.in_flight"].contains(&verdict.as_str());
                assert!(known, "{}: {verdict}", app.engine);
            }
        }
        let runs = ann.get("/api/v1/runs?limit=100").await;
        let count = runs.body["items"].as_array().unwrap().len();
        assert_eq!(count, 10, "{}", app.engine);
        other.stop().await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_repetition_at_another_replica_is_not_made_to_wait() {
    for app in TestApp::each().await {
        if app.engine == "SQLite" {
            // One file has one writer: the second waits for the write, not for the key.
            app.stop().await;
            continue;
        }
        let other = app.beside().await;
        let ann = app.user("ann", UserRole::User).await;
        let keyed = ann.with("idempotency-key", "once");
        let (here, there) = (app.seen(&keyed), other.seen(&keyed));

        let held = app.hold(ann.id().await).await;
        let first = Box::pin(here.post("/api/v1/runs", run_body("a.pdf")));
        let second = Box::pin(there.post("/api/v1/runs", run_body("a.pdf")));
        let (told, done) = futures::future::select(first, second).await.factor_first();
        assert_eq!(told.verdict(), "409 idempotency.in_flight");
        assert_eq!(told.headers["retry-after"], "1");
        drop(held);

        let done = done.await;
        assert_eq!(done.status, 201, "{}", done.body);
        for client in [&here, &there] {
            let again = client.post("/api/v1/runs", run_body("a.pdf")).await;
            assert_eq!(again.headers["idempotency-replayed"], "true");
            assert_eq!(again.body, done.body);
        }
        other.stop().await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_lost_answer_is_given_from_what_was_made() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let (keyed, id) = (ann.with("idempotency-key", "lost"), ann.id().await);
        let worker = app.key("worker", &["worker"]).await;
        let (runs, body) = ("/api/v1/runs", run_body("a.pdf"));
        let text = |member: &str| body[member].as_str().unwrap().to_owned();
        let new = NewRun {
            company_id: text("company_id"),
            company_name: text("company_name"),
            document_name: text("document_name"),
            document_url: text("document_url"),
            document_upload_id: None,
        };
        let made = create(&unanswered(&app, id, runs, runs, &body), new).await;
        let path = format!("{runs}/{}", made.unwrap().id);

        let again = keyed.post(runs, body.clone()).await;
        assert_eq!(again.status, 201, "{}: {}", app.engine, again.body);
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.headers["location"], path);
        let shown = ann.get(&path).await;
        assert_eq!(again.headers["etag"], shown.headers["etag"]);
        assert_eq!(again.headers["content-type"], "application/json");
        assert_eq!(again.body, shown.body);
        let other = keyed.post(runs, run_body("b.pdf")).await;
        assert_eq!(other.verdict(), "422 idempotency.mismatch");

        let claim = json!({ "worker": "w" });
        let claimed = worker.post("/api/v1/runs/claim", claim).await;
        let lease = json!({ "lease_token": claimed.body["lease_token"], "message": "no" });
        worker.post(&format!("{path}/fail"), lease).await;
        let (route, again) = ("/api/v1/runs/{id}/retry", format!("{path}/retry"));
        let run: RunId = serde_json::from_value(shown.body["id"].clone()).unwrap();
        let touched = retry(&unanswered(&app, id, route, &again, &json!({})), run).await;
        let again = keyed.post(&again, json!({})).await;
        assert_eq!(again.status, 200, "{}: {}", app.engine, again.body);
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.body["status"], "PENDING");
        assert_eq!(again.body["version"], touched.unwrap().version);

        assert_eq!(ann.delete(&path).await.status, 204);
        let gone = keyed.post(runs, body.clone()).await;
        assert_eq!(gone.verdict(), "409 idempotency.done", "{}", app.engine);
        let left = ann.get(runs).await;
        assert_eq!(left.body["items"], json!([]), "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_persons_programs_do_not_share_their_keys() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let program = async |scope: &str| {
            let body = json!({ "name": scope, "scopes": [scope] });
            let made = ann.post("/api/v1/me/keys", body).await;
            let key = made.body["key"].as_str().unwrap().to_owned();
            app.anonymous().with("x-api-key", &key)
        };
        let (one, two, reader) = (
            program("write").await,
            program("write").await,
            program("read").await,
        );
        let ask = async |who: &Client| {
            let keyed = who.with("idempotency-key", "of-one-person");
            keyed.post("/api/v1/runs", run_body("a.pdf")).await
        };
        let mut made = BTreeSet::new();
        for who in [&ann, &one, &two] {
            let first = ask(who).await;
            assert_eq!(first.status, 201, "{}: {}", app.engine, first.body);
            assert!(!first.headers.contains_key("idempotency-replayed"));
            made.insert(first.body["id"].as_str().unwrap().to_owned());
            let again = ask(who).await;
            assert_eq!(again.headers["idempotency-replayed"], "true");
            assert_eq!(again.body, first.body);
        }
        assert_eq!(made.len(), 3, "{}", app.engine);
        assert_eq!(ask(&reader).await.verdict(), "403 forbidden");

        // Another session of the same person is the same caller.
        let ann = app.sign_in("ann@example.test").await;
        assert_eq!(ask(&ann).await.headers["idempotency-replayed"], "true");
        app.stop().await;
    }
}
