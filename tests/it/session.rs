//! Signing in and out, and what becomes of the sessions.

use std::time::Duration;

use chrono::TimeDelta;
use entity::identity::user::{UserRole, UserStatus};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tests::{PASSWORD, Plan, TestApp, eventually};

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
        for session in sessions["items"].as_array().unwrap() {
            assert_eq!(session["ip"], "127.0.0.1", "{}", app.engine);
        }
        app.stop().await;
    }
}

/// The hash that the bcrypt of Python makes of `correct horse battery staple`.
const BCRYPT: &str = "$2b$05$jdC65GYFCxlokAyOpqijO.VtFekI1Il3mhaOQ5oVZQYTvcbBn5rp6";

#[tokio::test]
async fn who_came_with_another_program_signs_in_with_the_password_from_there() {
    for app in TestApp::each().await {
        app.user_row("ann", UserRole::User).await;
        let tx = app.system().write().await.unwrap();
        let moved = format!("UPDATE users SET password_hash = '{BCRYPT}' WHERE role = 'user'");
        tx.execute_unprepared(&moved).await.unwrap();
        tx.commit().await.unwrap();
        let how_many = |hash: &str| {
            format!(
                "SELECT count(*) FROM users WHERE role = 'user' AND password_hash LIKE '{hash}%'"
            )
        };
        let nobody = app.anonymous();
        let wrong = credentials("ann@example.test", PASSWORD);
        assert_eq!(
            nobody.post(SESSION, wrong).await.verdict(),
            "401 auth.bad_credentials"
        );
        assert_eq!(app.number(&how_many("$2b$")).await, 1);
        let right = credentials("ann@example.test", "correct horse battery staple");
        assert_eq!(nobody.post(SESSION, right.clone()).await.verdict(), "200");
        assert_eq!(
            app.number(&how_many("$argon2id$")).await,
            1,
            "it is ours by now"
        );
        assert_eq!(nobody.post(SESSION, right).await.verdict(), "200");
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

#[tokio::test]
async fn what_is_revoked_is_dead_on_the_very_next_request() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let elsewhere = app.sign_in("ann@example.test").await;
        let key = |at: usize| {
            let (app, ann) = (&app, &elsewhere);
            async move {
                let body = json!({ "name": format!("key {at}"), "scopes": ["read"] });
                let made = ann.post("/api/v1/me/keys", body).await;
                let client = app.anonymous();
                let client = client.with("x-api-key", made.body["key"].as_str().unwrap());
                (
                    client,
                    format!("/api/v1/me/keys/{}", made.body["id"].as_str().unwrap()),
                )
            }
        };
        let ((first, path), (second, _)) = (key(1).await, key(2).await);
        let dead = "401 auth.bad_token";
        let me = "/api/v1/me";
        let alive = [&ann, &elsewhere, &first, &second];
        for client in alive {
            assert_eq!(client.get(me).await.status, 200);
        }

        assert_eq!(ann.delete(SESSION).await.status, 204);
        assert_eq!(ann.get(me).await.verdict(), dead, "{}", app.engine);
        assert_eq!(elsewhere.delete(&path).await.status, 204);
        assert_eq!(first.get(me).await.verdict(), dead, "{}", app.engine);
        assert_eq!(second.get(me).await.status, 200);

        let id = second.get(me).await.body["id"].clone();
        let id = serde_json::from_value(id).unwrap();
        let admin = app.system();
        let set = |status| service::identity::set_status(&admin, id, status);
        set(UserStatus::Suspended).await.unwrap();
        for client in [&second, &elsewhere] {
            assert_eq!(client.get(me).await.verdict(), dead, "{}", app.engine);
        }
        let right = credentials("ann@example.test", PASSWORD);
        let refused = app.anonymous().post(SESSION, right).await;
        assert_eq!(refused.verdict(), "401 auth.bad_credentials");
        set(UserStatus::Active).await.unwrap();
        assert_eq!(second.get(me).await.status, 200);
        assert_eq!(
            elsewhere.get(me).await.verdict(),
            dead,
            "its session is over"
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn who_signs_in_anew_leaves_the_old_session_behind() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let elsewhere = app.sign_in("ann@example.test").await;
        app.user("bob", UserRole::User).await;
        let (me, dead) = ("/api/v1/me", "401 auth.bad_token");

        let wrong = credentials("bob@example.test", "not the password");
        assert_eq!(ann.post(SESSION, wrong).await.status, 401);
        assert_eq!(ann.get(me).await.status, 200, "nothing has happened");

        // Also where the session was somebody else's.
        let bob = ann.post(SESSION, credentials("bob@example.test", PASSWORD));
        let bob = bob.await;
        assert_eq!(bob.body["email"], "bob@example.test", "{}", app.engine);
        assert_eq!(ann.get(me).await.verdict(), dead, "{}", app.engine);
        let cookie = bob.headers["set-cookie"].to_str().unwrap();
        let bob = ann.with("cookie", cookie.split(';').next().unwrap());
        assert_eq!(bob.get(me).await.body["email"], "bob@example.test");

        // The other browser goes on.
        let sessions = elsewhere.get("/api/v1/me/sessions").await;
        assert_eq!(sessions.body["items"].as_array().unwrap().len(), 1);
        app.stop().await;
    }
}

#[tokio::test]
async fn who_failed_too_often_is_told_the_limit_and_when_to_come_back() {
    for app in TestApp::each().await {
        app.user("ann", UserRole::User).await;
        let nobody = app.anonymous();
        let wrong = credentials("ann@example.test", "not the password");
        for _ in 0..5 {
            let answer = nobody.post(SESSION, wrong.clone()).await;
            assert_eq!(answer.verdict(), "401 auth.bad_credentials");
            assert!(!answer.headers.contains_key("ratelimit"));
        }
        let limited = nobody.post(SESSION, wrong.clone()).await;
        assert_eq!(limited.verdict(), "429 auth.too_many_failures");
        let wait = limited.headers["retry-after"].to_str().unwrap();
        let limit = format!("\"sign-in\";r=0;t={wait}");
        assert_eq!(limited.headers["ratelimit"], limit, "{}", app.engine);
        assert_eq!(limited.headers["ratelimit-policy"], "\"sign-in\";q=5;w=900");

        let wait: i64 = wait.parse().unwrap();
        assert!((1..=900).contains(&wait), "{wait}");
        app.clock.advance(TimeDelta::seconds(wait));
        let right = credentials("ann@example.test", PASSWORD);
        let answer = nobody.post(SESSION, right).await;
        assert_eq!(answer.verdict(), "200", "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn tries_at_the_same_time_are_no_way_around_the_limit() {
    for app in TestApp::each().await {
        app.user_row("ann", UserRole::User).await;
        let nobody = app.anonymous();
        let wrong = credentials("ann@example.test", "not the password");
        let tries = (0..40).map(|_| nobody.post(SESSION, wrong.clone()));
        let answers = futures::future::join_all(tries).await;
        let heard = |verdict: &str| answers.iter().filter(|a| a.verdict() == verdict).count();
        assert_eq!(heard("401 auth.bad_credentials"), 5, "{}", app.engine);
        assert_eq!(heard("429 auth.too_many_failures"), 35, "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn whoever_signs_in_has_not_failed() {
    for app in TestApp::each().await {
        app.user_row("ann", UserRole::User).await;
        let right = credentials("ann@example.test", PASSWORD);
        let nobody = app.anonymous();
        let tries = (0..30).map(|_| nobody.post(SESSION, right.clone()));
        for answer in futures::future::join_all(tries).await {
            assert_eq!(answer.verdict(), "200", "{}", app.engine);
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn replicas_hear_of_a_revocation() {
    let mut plan = Plan::default();
    plan.settings.caller_cache = Duration::from_hours(1);
    for app in TestApp::each_with(&plan).await {
        // An embedded file has no replicas.
        if app.engine == "PostgreSQL" {
            let replica = app.beside().await;
            let listening = "SELECT count(*) FROM pg_stat_activity \
                             WHERE datname = current_database() AND query LIKE 'LISTEN%'";
            eventually(async || (app.number(listening).await == 2).then_some(())).await;
            for lost in [false, true] {
                let ann = app.user(&format!("ann-{lost}"), UserRole::User).await;
                let known = replica.seen(&ann);
                assert_eq!(known.get("/api/v1/me").await.status, 200);
                if lost {
                    // What is said while a replica does not hear is made up for when it does again.
                    let end = listening.replace("count(*)", "count(pg_terminate_backend(pid))");
                    assert_eq!(app.number(&end).await, 2);
                }
                assert_eq!(ann.delete(SESSION).await.status, 204);
                let refused = async || (known.get("/api/v1/me").await.status == 401).then_some(());
                eventually(refused).await;
            }
            replica.stop().await;
        }
        app.stop().await;
    }
}
