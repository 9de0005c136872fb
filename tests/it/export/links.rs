//! Links: for five minutes, for what their maker may read.

use chrono::{DateTime, TimeDelta, Utc};
use entity::identity::user::UserRole;
use reqwest::Method;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tests::{Client, TestApp};

use super::{address, export, file, text, threads};

const LINKS: &str = "/api/v1/export/links";
const TITLES: &str = "{ threads(orderBy: [TITLE_ASC]) { nodes { title } } }";

/// The path of a fresh link.
async fn link(app: &TestApp, who: &Client, body: Value) -> String {
    let answer = who.post(LINKS, body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let until: DateTime<Utc> = answer.body["expires_at"].as_str().unwrap().parse().unwrap();
    let now = app.system().now();
    assert!(until > now && until <= now + TimeDelta::minutes(5));
    let url = answer.body["url"].as_str().unwrap();
    url.strip_prefix(&app.base).unwrap().to_owned()
}

async fn with_threads(app: &TestApp) -> [Client; 3] {
    let ann = app.user("ann", UserRole::User).await;
    let bob = app.user("bob", UserRole::User).await;
    let admin = app.user("admin", UserRole::Admin).await;
    for (who, title) in [(&ann, "a"), (&bob, "b"), (&admin, "c")] {
        threads(app, who.id().await, [title.to_owned()]).await;
    }
    [ann, bob, admin]
}

#[tokio::test]
async fn a_link_gives_what_its_maker_reads_to_whoever_has_it() {
    for app in TestApp::each().await {
        let [ann, bob, admin] = with_threads(&app).await;
        let nobody = app.anonymous();
        for (who, titles) in [(&ann, "a\r\n"), (&admin, "a\r\nb\r\nc\r\n")] {
            let path = link(&app, who, json!({ "document": TITLES })).await;
            assert_eq!(text(nobody.get(&path).await), format!("title\r\n{titles}"));
            assert_eq!(text(who.get(&path).await), format!("title\r\n{titles}"));
            // A credential that is over does not count against a link.
            let stale = nobody.with("cookie", "chancery=over");
            assert_eq!(stale.get(&path).await.status, 200);
            assert_eq!(bob.get(&path).await.verdict(), "403 export.bad_link");
        }
        let asked = json!({
            "document": "query A { threads { nodes { id } } }
                         query B($title: String) {
                             threads(filter: { title: { eq: $title } }) { nodes { title } }
                         }",
            "variables": { "title": "b" }, "operation_name": "B", "format": "jsonl",
            "cursor": true, "formula": "escape",
        });
        let path = link(&app, &admin, asked).await;
        let row: Value = serde_json::from_str(&text(nobody.get(&path).await)).unwrap();
        assert_eq!(row["title"], "b");
        assert!(row["cursor"].is_string());

        // A program's link is its program's.
        let key = json!({ "name": "k", "scopes": ["read"] });
        let key = ann.post("/api/v1/me/keys", key).await.body;
        let program = nobody.with("x-api-key", key["key"].as_str().unwrap());
        let path = link(&app, &program, json!({ "document": TITLES })).await;
        assert_eq!(text(nobody.get(&path).await), "title\r\na\r\n");
        let key = format!("/api/v1/me/keys/{}", key["id"].as_str().unwrap());
        assert_eq!(ann.delete(&key).await.status, 204);
        assert_eq!(nobody.get(&path).await.verdict(), "403 export.link_over");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_link_ends_with_its_time_its_session_and_its_makers_rights() {
    for app in TestApp::each().await {
        let [ann, _, admin] = with_threads(&app).await;
        let nobody = app.anonymous();
        let body = json!({ "document": TITLES });

        // The last second may take longer than that.
        app.clock.stop_at(app.system().now());
        let path = link(&app, &ann, body.clone()).await;
        app.clock.advance(TimeDelta::seconds(299));
        assert_eq!(nobody.get(&path).await.status, 200);
        app.clock.advance(TimeDelta::seconds(1));
        assert_eq!(nobody.get(&path).await.verdict(), "403 export.link_over");

        let path = link(&app, &ann, body.clone()).await;
        assert_eq!(ann.delete("/api/v1/session").await.status, 204);
        assert_eq!(nobody.get(&path).await.verdict(), "403 export.link_over");

        let path = link(&app, &admin, body.clone()).await;
        assert_eq!(text(nobody.get(&path).await), "title\r\na\r\nb\r\nc\r\n");
        for (change, verdict) in [
            ("role = 'user'", "title\r\nc\r\n"),
            ("status = 'suspended'", "403 export.link_over"),
        ] {
            let tx = app.system().write().await.unwrap();
            let sql = format!("UPDATE users SET {change} WHERE email = 'admin@example.test'");
            tx.execute_unprepared(&sql).await.unwrap();
            tx.commit().await.unwrap();
            let answer = nobody.get(&path).await;
            if answer.status == 200 {
                assert_eq!(text(answer), verdict, "{}", app.engine);
            } else {
                assert_eq!(answer.verdict(), verdict, "{}", app.engine);
            }
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_link_says_one_thing_and_cannot_be_made_to_say_another() {
    for app in TestApp::each().await {
        let [ann, ..] = with_threads(&app).await;
        let nobody = app.anonymous();
        let path = link(&app, &ann, json!({ "document": TITLES })).await;
        let other = address("{ users { nodes { email } } }", &[("format", "jsonl")]);
        let (_, other) = other.split_once('?').unwrap();
        let found = text(nobody.get(&format!("{path}&{other}")).await);
        assert_eq!(found, "title\r\na\r\n", "{}", app.engine);

        let (start, token) = path.split_once("token=").unwrap();
        for at in [0, 5, 15, 60, token.len() - 1] {
            let mut letters = token.as_bytes().to_vec();
            letters[at] = if letters[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(letters).unwrap();
            let answer = nobody.get(&format!("{start}token={altered}")).await;
            assert_eq!(answer.verdict(), "403 export.bad_link", "{altered}");
        }
        for token in ["", "x", "v1.00000000.AAAA"] {
            let answer = nobody.get(&format!("{start}token={token}")).await;
            assert_eq!(answer.verdict(), "403 export.bad_link", "{token:?}");
        }

        // A secret that was sealed for another place.
        let services = app.services();
        let foreign = services.keyring.seal(&*services.chance, "elsewhere", b"{}");
        let answer = nobody.get(&format!("{start}token={}", foreign.0)).await;
        assert_eq!(answer.verdict(), "403 export.bad_link");
        assert_eq!(
            export(&nobody, TITLES, &[]).await.verdict(),
            "401 unauthenticated"
        );

        let long = format!("{TITLES} # {}", "x".repeat(9_000));
        let answer = ann.post(LINKS, json!({ "document": long })).await;
        assert_eq!(answer.verdict(), "422 invalid");
        assert_eq!(answer.body["errors"][0]["pointer"], "/document");
        let wrong = json!({ "document": "{ threads { nodes { secret } } }" });
        assert_eq!(
            ann.post(LINKS, wrong).await.verdict(),
            "400 graphql.invalid"
        );
        assert_eq!(file(&ann, TITLES, &[]).await, "title\r\na\r\n");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_link_is_made_once_under_a_key_and_is_in_the_audit_log() {
    for app in TestApp::each().await {
        let [ann, ..] = with_threads(&app).await;
        let body = json!({ "document": TITLES }).to_string().into_bytes();
        let keyed = ann.with("idempotency-key", "5e1f0d3a-1");
        let first = keyed.ask(Method::POST, LINKS, Some(body.clone())).await;
        assert_eq!(first.status, 201, "{}", first.body);
        let again = keyed.ask(Method::POST, LINKS, Some(body.clone())).await;
        // Whoever has the address needs nothing else: it is kept nowhere.
        assert_eq!(again.verdict(), "409 idempotency.secret", "{}", app.engine);
        let made = "SELECT count(*) FROM audit_log WHERE action = 'export_link' \
                    AND resource_type = 'threads'";
        assert_eq!(app.number(made).await, 1, "{}", app.engine);
        app.stop().await;
    }
}
