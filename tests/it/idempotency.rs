//! A keyed request is done once, however often it is sent.

use entity::identity::user::UserRole;
use tests::{TestApp, run_body};

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
