//! Who may, who may not, and what bad requests hear.

use entity::identity::user::UserRole;
use reqwest::Method;
use sea_orm::ConnectionTrait;
use serde_json::json;
use tests::{Client, PASSWORD, TestApp, run_body};

#[tokio::test]
async fn a_foreign_run_does_not_exist() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let operator = app.user("op", UserRole::Operator).await;
        let run = ann.post("/api/v1/runs", run_body("report.pdf")).await;
        let path = format!("/api/v1/runs/{}", run.body["id"].as_str().unwrap());

        assert_eq!(bob.get(&path).await.verdict(), "404 run.not_found");
        assert_eq!(bob.delete(&path).await.verdict(), "404 run.not_found");
        assert_eq!(
            bob.post(&format!("{path}/retry"), json!({}))
                .await
                .verdict(),
            "404 run.not_found"
        );
        assert_eq!(bob.get("/api/v1/runs").await.body["items"], json!([]));
        assert_eq!(operator.get(&path).await.status, 200);
        assert_eq!(
            app.anonymous().get(&path).await.verdict(),
            "401 unauthenticated"
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn sessions_end_keys_die_and_failures_are_limited() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let key = json!({ "name": "k", "scopes": ["read"] });
        let made = ann.post("/api/v1/me/keys", key.clone()).await;
        let reader = app
            .anonymous()
            .with("x-api-key", made.body["key"].as_str().unwrap());
        assert_eq!(
            reader.get("/api/v1/me").await.body["email"],
            "ann@example.test"
        );
        assert_eq!(
            reader.post("/api/v1/me/keys", key).await.verdict(),
            "403 key.needs_session"
        );
        assert_eq!(
            reader
                .post("/api/v1/runs", run_body("a.pdf"))
                .await
                .verdict(),
            "403 forbidden"
        );
        let worker = json!({ "name": "k", "scopes": ["worker"] });
        assert_eq!(
            ann.post("/api/v1/me/keys", worker).await.verdict(),
            "403 key.scope_denied"
        );
        let foreign = ann.with("origin", "https://evil.example");
        assert_eq!(
            foreign
                .post("/api/v1/runs", run_body("a.pdf"))
                .await
                .verdict(),
            "403 csrf"
        );

        assert_eq!(ann.delete("/api/v1/session").await.status, 204);
        let wrong = json!({ "email": "ann@example.test", "password": "not the password" });
        for _ in 0..5 {
            let answer = app.anonymous().post("/api/v1/session", wrong.clone()).await;
            assert_eq!(answer.verdict(), "401 auth.bad_credentials");
        }
        let right = json!({ "email": "ann@example.test", "password": PASSWORD });
        let limited = app.anonymous().post("/api/v1/session", right).await;
        assert_eq!(
            limited.verdict(),
            "429 auth.too_many_failures",
            "{}",
            app.engine
        );
        assert!(limited.headers.contains_key("retry-after"));
        app.stop().await;
    }
}

#[tokio::test]
async fn a_workers_key_is_worth_what_its_owner_is() {
    for app in TestApp::each().await {
        let worker = app.key("worker", &["read", "worker"]).await;
        let claim = async |who: &Client| {
            let body = json!({ "worker": "w" });
            let answer = who.post("/api/v1/runs/claim", body).await;
            answer.verdict()
        };
        assert_eq!(claim(&worker).await, "204", "{}", app.engine);

        let tx = app.system().write().await.unwrap();
        let demoted = "UPDATE users SET role = 'operator' WHERE name = 'worker'";
        tx.execute_unprepared(demoted).await.unwrap();
        tx.commit().await.unwrap();
        // A replica that has seen nobody yet.
        let replica = app.beside().await;
        let worker = replica.seen(&worker);
        assert_eq!(worker.get("/api/v1/me").await.body["role"], "operator");
        assert_eq!(claim(&worker).await, "403 forbidden", "{}", app.engine);
        replica.stop().await;
        app.stop().await;
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table")]
async fn bad_requests_are_told_what_is_wrong() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let worker = app.key("worker", &["worker"]).await;
        let nobody = app.anonymous();
        let run = "/api/v1/runs";
        let missing = "/api/v1/runs/00000000-0000-7000-8000-000000000000";
        let long = json!({ "company_id": "x".repeat(256), "company_name": "n",
            "document_name": "d", "document_url": "https://x.example" })
        .to_string();
        let nul = json!({ "company_id": "a\0b", "company_name": "n",
            "document_name": "d", "document_url": "https://x.example" })
        .to_string();
        let huge = json!({ "company_id": "x".repeat(2_000_000) }).to_string();
        let lease = json!({ "lease_token": "00000000-0000-4000-8000-000000000000" });
        for (who, method, path, body, verdict) in [
            (&nobody, Method::GET, "/nowhere", "", "404 no_route"),
            (&nobody, Method::PUT, run, "{}", "405 method_not_allowed"),
            (&nobody, Method::GET, run, "", "401 unauthenticated"),
            (
                &nobody,
                Method::POST,
                "/api/v1/session",
                "{}",
                "422 invalid",
            ),
            (
                &nobody,
                Method::POST,
                "/api/v1/session",
                "nonsense",
                "400 malformed",
            ),
            (
                &ann,
                Method::GET,
                "/api/v1/runs?limit=0",
                "",
                "422 limit.out_of_range",
            ),
            (&ann, Method::GET, "/api/v1/runs?limit=x", "", "422 invalid"),
            (
                &ann,
                Method::GET,
                "/api/v1/runs?after=zzz",
                "",
                "400 cursor.bad",
            ),
            (
                &ann,
                Method::GET,
                "/api/v1/runs?status=NOPE",
                "",
                "422 invalid",
            ),
            (
                &ann,
                Method::GET,
                "/api/v1/runs/not-an-id",
                "",
                "404 not_found",
            ),
            (&ann, Method::GET, missing, "", "404 run.not_found"),
            (&ann, Method::POST, run, "[]", "422 invalid"),
            (&ann, Method::POST, run, "{\"company_id\":1}", "422 invalid"),
            (&ann, Method::POST, run, &long, "422 invalid"),
            (&ann, Method::POST, run, &nul, "422 invalid"),
            (&ann, Method::POST, run, &huge, "413 too_large"),
            (
                &ann,
                Method::POST,
                "/api/v1/runs/claim",
                "{\"worker\":\"w\"}",
                "403 forbidden",
            ),
            (
                &ann,
                Method::PATCH,
                "/api/v1/cards/x",
                "{\"starred\":true}",
                "404 not_found",
            ),
            (
                &ann,
                Method::DELETE,
                "/api/v1/me/keys/x",
                "",
                "404 not_found",
            ),
            (
                &worker,
                Method::POST,
                "/api/v1/runs/claim",
                "{\"worker\":\"\"}",
                "422 invalid",
            ),
            (&worker, Method::GET, run, "", "403 forbidden"),
        ] {
            let body = (!body.is_empty()).then(|| body.as_bytes().to_vec());
            let answer = who.ask(method.clone(), path, body).await;
            let what = format!("{}: {method} {path}: {}", app.engine, answer.body);
            assert_eq!(answer.verdict(), verdict, "{what}");
            assert_eq!(
                answer.headers["content-type"], "application/problem+json",
                "{what}"
            );
            assert!(answer.body["request_id"].is_string(), "{what}");
        }
        let plain = ann.with("content-type", "text/plain");
        let text = plain.ask(Method::POST, run, Some(b"{}".to_vec())).await;
        assert_eq!(text.verdict(), "415 unsupported_media_type");
        let beat = worker.post(&format!("{missing}/heartbeat"), lease).await;
        assert_eq!(beat.verdict(), "404 run.not_found");
        assert_eq!(
            ann.get(run).await.body["items"],
            json!([]),
            "nothing is half-written"
        );
        app.stop().await;
    }
}
