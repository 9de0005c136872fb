//! Pages of other origins, and the addresses that clients are told.

use entity::identity::user::UserRole;
use reqwest::Method;
use service::settings::Environment;
use tests::{Client, Plan, TestApp, run_body};

const GUEST: &str = "https://app.example.com";

/// Ann, on our pages below `origin`.
async fn signed_in(app: &TestApp, origin: &str) -> Client {
    let body = serde_json::json!({ "email": "ann@example.test", "password": tests::PASSWORD });
    app.user_row("ann", UserRole::User).await;
    let answer = app.anonymous().post("/api/v1/session", body).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("__Host-chancery=") && cookie.contains("; Secure"));
    let mut ann = app.anonymous();
    ann.header("cookie", cookie.split(';').next().unwrap());
    ann.header("x-requested-with", "tests");
    ann.header("origin", origin);
    ann
}

fn preflight(client: &Client, origin: &str) -> Client {
    client
        .with("origin", origin)
        .with("access-control-request-method", "POST")
        .with(
            "access-control-request-headers",
            "content-type,x-requested-with",
        )
}

#[tokio::test]
async fn no_foreign_page_is_let_in_unless_it_is_set() {
    for app in TestApp::each().await {
        let asking = preflight(&app.anonymous(), GUEST);
        let answer = asking.ask(Method::OPTIONS, "/api/v1/runs", None).await;
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
        assert_eq!(answer.verdict(), "405 method_not_allowed");
        app.stop().await;
    }
}

#[tokio::test]
async fn pages_of_set_origins_are_let_in_and_no_others() {
    let mut plan = Plan::default();
    plan.settings.cors_origins = vec![GUEST.to_owned(), "http://localhost:5173".to_owned()];
    for app in TestApp::each_with(&plan).await {
        let nobody = app.anonymous();
        let answer = preflight(&nobody, GUEST)
            .ask(Method::OPTIONS, "/api/v1/runs", None)
            .await;
        assert_eq!(answer.status, 200);
        let header = |name: &str| answer.headers[name].to_str().unwrap().to_lowercase();
        assert_eq!(header("access-control-allow-origin"), GUEST);
        assert_eq!(header("access-control-allow-credentials"), "true");
        assert!(header("access-control-allow-methods").contains("delete"));
        for name in [
            "content-type",
            "x-requested-with",
            "idempotency-key",
            "if-match",
        ] {
            assert!(header("access-control-allow-headers").contains(name));
        }
        assert!(header("vary").contains("origin"));
        for stranger in [
            "https://evil.example.com",
            "https://app.example.com.evil.example",
            "null",
        ] {
            let answer = preflight(&nobody, stranger)
                .ask(Method::OPTIONS, "/api/v1/runs", None)
                .await;
            assert!(!answer.headers.contains_key("access-control-allow-origin"));
        }

        // A refusal can be read, too.
        let refused = nobody.with("origin", GUEST).get("/api/v1/runs").await;
        assert_eq!(refused.verdict(), "401 unauthenticated");
        assert_eq!(refused.headers["access-control-allow-origin"], GUEST);
        let exposed = refused.headers["access-control-expose-headers"].to_str();
        assert!(exposed.unwrap().contains("x-request-id"));

        let ann = app.user("ann", UserRole::User).await;
        let run = run_body("a.pdf");
        let guest = ann.with("origin", GUEST);
        assert_eq!(guest.post("/api/v1/runs", run.clone()).await.status, 201);
        let stranger = ann.with("origin", "https://evil.example.com");
        let answer = stranger.post("/api/v1/runs", run).await;
        assert_eq!(answer.verdict(), "403 csrf");
        app.stop().await;
    }
}

#[tokio::test]
async fn clients_are_told_where_the_doors_are() {
    let path = "/api/v1/config/public";
    for app in TestApp::each().await {
        let answer = app.anonymous().get(path).await;
        let api = answer.body["urls"]["api"].as_str().unwrap();
        assert_eq!(api, format!("{}/api/v1", app.base));
        assert_eq!(answer.body["environment"], "test");
        assert_eq!(answer.body["auth"]["signup"], false);
        assert_eq!(answer.body["version"], env!("CARGO_PKG_VERSION"));
        app.stop().await;
    }

    let mut plan = Plan::default();
    plan.settings.public_url = Some("https://chancery.example.com".parse().unwrap());
    for app in TestApp::each_with(&plan).await {
        let lying = app.anonymous().with("x-forwarded-host", "evil.example");
        let urls = &lying.with("host", "evil.example").get(path).await.body["urls"];
        assert_eq!(urls["api"], "https://chancery.example.com/api/v1");
        assert_eq!(urls["graphql"], "https://chancery.example.com/graphql");
        assert_eq!(urls["public"], "https://chancery.example.com/");

        // The cookie is for that address alone, and so are writes with it.
        let ann = signed_in(&app, "https://chancery.example.com").await;
        for (origin, status) in [
            ("https://chancery.example.com", 201),
            (app.base.as_str(), 403),
        ] {
            let answer = ann
                .with("origin", origin)
                .post("/api/v1/runs", run_body("a.pdf"))
                .await;
            assert_eq!(answer.status, status, "{}: {origin}", app.engine);
        }
        app.stop().await;
    }

    let mut plan = Plan::default();
    plan.settings.environment = Environment::Staging;
    for app in TestApp::each_with(&plan).await {
        let urls = &app.anonymous().get(path).await.body["urls"];
        assert_eq!(
            urls["api"], "/api/v1",
            "a Host header is the caller's to choose"
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn places_are_named_as_people_reach_them() {
    let mut plan = Plan::default();
    plan.settings.public_url = Some("https://example.com/records/".parse().unwrap());
    for app in TestApp::each_with(&plan).await {
        let nobody = app.anonymous();
        let urls = &nobody.get("/api/v1/config/public").await.body["urls"];
        assert_eq!(urls["api"], "https://example.com/records/api/v1");
        assert_eq!(urls["docs"], "https://example.com/records/api/docs/");
        let refused = nobody.get("/api/v1/runs").await;
        assert_eq!(refused.body["type"], "/records/errors/unauthenticated");

        let ann = signed_in(&app, "https://example.com").await;
        for name in ["a.pdf", "b.pdf"] {
            let made = ann.post("/api/v1/runs", run_body(name)).await;
            let place = made.headers["location"].to_str().unwrap();
            let id = made.body["id"].as_str().unwrap();
            assert_eq!(place, format!("/records/api/v1/runs/{id}"));
        }
        let list = ann.get("/api/v1/runs?limit=1").await;
        let link = list.headers["link"].to_str().unwrap();
        assert!(
            link.starts_with("</records/api/v1/runs?limit=1&after="),
            "{link}"
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn a_trusted_proxy_says_who_called() {
    let mut plan = Plan::default();
    plan.settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    for app in TestApp::each_with(&plan).await {
        app.user_row("ann", UserRole::User).await;
        let body = serde_json::json!({ "email": "ann@example.test", "password": tests::PASSWORD });
        let caller = app.anonymous().with(
            "forwarded",
            "for=6.6.6.6, for=\"[2001:db8::7]:99\";proto=https",
        );
        let answer = caller.post("/api/v1/session", body).await;
        let mut ann = caller.clone();
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        assert!(cookie.contains("; Secure"), "{cookie}");
        let ours = cookie.split(';').next().unwrap();
        // Any host of the domain can set this one; it is nobody's over TLS.
        let planted = ours.replace("__Host-", "");
        let stranger = ann.with("cookie", &planted).get("/api/v1/me").await;
        assert_eq!(stranger.verdict(), "401 unauthenticated");
        ann.header("cookie", &format!("note=\u{e9}; {planted}x; {ours}"));
        let sessions = ann.get("/api/v1/me/sessions").await;
        assert_eq!(
            sessions.body["items"][0]["ip"], "2001:db8::7",
            "{}",
            app.engine
        );
        app.stop().await;
    }
}
