//! Signing in and out, and what becomes of the sessions.

use entity::identity::user::UserRole;
use serde_json::{Value, json};
use tests::{PASSWORD, TestApp};

const SESSION: &str = "/api/v1/session";

fn credentials(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

#[tokio::test]
async fn a_stale_credential_does_not_keep_anybody_from_signing_in() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let right = credentials("ann@example.test", PASSWORD);
        let nobody = app.anonymous();
        let stale = [
            ("cookie", "chancery=gone"),
            ("x-api-key", "ck_live_0123_gone"),
            ("authorization", "Bearer nonsense"),
        ];
        for (name, value) in stale {
            let stale = nobody.with(name, value);
            let answer = stale.get("/api/v1/me").await;
            assert_eq!(answer.verdict(), "401 auth.bad_token", "{name}");
            let answer = stale.post(SESSION, right.clone()).await;
            assert_eq!(answer.verdict(), "200", "{} {name}", app.engine);
            assert!(answer.headers.contains_key("set-cookie"));
            let keyed = stale.with("idempotency-key", name);
            assert_eq!(keyed.post(SESSION, right.clone()).await.verdict(), "200");
            let again = keyed.post(SESSION, right.clone()).await;
            assert_eq!(again.verdict(), "409 idempotency.secret", "{name}");
        }
        // A good cookie without proof of its origin is as good as none, too.
        let foreign = ann.with("origin", "https://evil.example");
        assert_eq!(foreign.post(SESSION, right.clone()).await.verdict(), "200");

        let wrong = credentials("ann@example.test", "not the password");
        let refused = nobody.with("cookie", "chancery=gone");
        let refused = refused.with("x-request-id", "request-of-ann");
        let refused = refused.post(SESSION, wrong).await;
        assert_eq!(refused.verdict(), "401 auth.bad_credentials");
        assert_eq!(refused.body["request_id"], "request-of-ann");
        let sessions = ann.get("/api/v1/me/sessions").await.body;
        for session in sessions.as_array().unwrap() {
            assert_eq!(session["ip"], "127.0.0.1", "{}", app.engine);
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_failed_sign_in_leaves_its_idempotency_key_free() {
    for app in TestApp::each().await {
        app.user("ann", UserRole::User).await;
        let keyed = app.anonymous().with("idempotency-key", "first");
        let wrong = credentials("ann@example.test", "not the password");
        for _ in 0..5 {
            let answer = keyed.post(SESSION, wrong.clone()).await;
            assert_eq!(
                answer.verdict(),
                "401 auth.bad_credentials",
                "{}",
                app.engine
            );
        }
        // Each of them was counted.
        let answer = keyed.post(SESSION, wrong.clone()).await;
        assert_eq!(answer.verdict(), "429 auth.too_many_failures");
        app.stop().await;
    }
}
