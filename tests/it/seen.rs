//! When sessions, keys and people were last seen.

use chrono::{DateTime, TimeDelta, Utc};
use entity::identity::user::UserRole;
use serde_json::{Value, json};
use tests::{Client, PASSWORD, TestApp, eventually};

fn time(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str().map(|text| text.parse().unwrap())
}

async fn last_seen(client: &Client) -> DateTime<Utc> {
    let sessions = client.get("/api/v1/me/sessions").await;
    time(&sessions.body["items"][0]["last_seen_at"]).unwrap()
}

async fn last_used(owner: &Client) -> Option<DateTime<Utc>> {
    let keys = owner.get("/api/v1/me/keys").await;
    time(&keys.body["items"][0]["last_used_at"])
}

async fn last_login(client: &Client) -> Option<DateTime<Utc>> {
    time(&client.get("/api/v1/me").await.body["last_login"])
}

/// A key of `owner`'s.
async fn key(app: &TestApp, owner: &Client) -> Client {
    let body = json!({ "name": "k", "scopes": ["read"] });
    let made = owner.post("/api/v1/me/keys", body).await;
    let key = made.body["key"].as_str().unwrap();
    app.anonymous().with("x-api-key", key)
}

#[tokio::test]
async fn the_use_of_a_session_and_of_a_key_is_noted_once_a_minute() {
    for app in TestApp::each().await {
        let replica = app.beside().await;
        let ann = app.user("ann", UserRole::User).await;
        let key_of_ann = key(&app, &ann).await;
        let bob = app.user("bob", UserRole::User).await;
        let key_of_bob = key(&app, &bob).await;
        let begun = last_seen(&ann).await;
        assert_eq!(last_used(&ann).await, None, "{}", app.engine);

        app.clock.advance(TimeDelta::seconds(61));
        key_of_ann.get("/api/v1/me").await;
        let later = async |now: DateTime<Utc>| (now > begun).then_some(now);
        let seen = eventually(async || later(last_seen(&ann).await).await).await;
        assert!(seen >= begun + TimeDelta::seconds(61), "{}", app.engine);
        let used = eventually(async || last_used(&ann).await).await;
        assert!(used >= begun + TimeDelta::seconds(61), "{}", app.engine);

        // Half a minute later nothing is noted, wherever they show up.
        app.clock.advance(TimeDelta::seconds(30));
        for server in [&app, &replica] {
            server.seen(&ann).get("/api/v1/me").await;
            server.seen(&key_of_ann).get("/api/v1/me").await;
        }
        // What a server notes, it notes in order: bob came last, and is seen.
        replica.seen(&key_of_bob).get("/api/v1/me").await;
        eventually(async || last_used(&bob).await).await;
        assert_eq!(last_seen(&ann).await, seen, "{}", app.engine);
        assert_eq!(last_used(&ann).await, Some(used), "{}", app.engine);
        replica.stop().await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_sign_in_is_noted_once_a_minute() {
    for app in TestApp::each().await {
        let replica = app.beside().await;
        let ann = app.user("ann", UserRole::User).await;
        let first = eventually(async || last_login(&ann).await).await;

        app.clock.advance(TimeDelta::seconds(30));
        let body = json!({ "email": "ann@example.test", "password": PASSWORD });
        let answer = replica.anonymous().post("/api/v1/session", body).await;
        assert!(time(&answer.body["last_login"]).unwrap() > first);
        // What a server notes, it notes in order: bob came last, and is seen.
        let bob = replica.user("bob", UserRole::User).await;
        eventually(async || last_login(&bob).await).await;
        assert_eq!(last_login(&ann).await, Some(first), "{}", app.engine);

        app.clock.advance(TimeDelta::seconds(31));
        app.sign_in("ann@example.test").await;
        let later = async || last_login(&ann).await.filter(|now| *now > first);
        let second = eventually(later).await;
        assert!(second >= first + TimeDelta::seconds(61), "{}", app.engine);
        replica.stop().await;
        app.stop().await;
    }
}
