//! What others tell us.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use chrono::TimeDelta;
use entity::identity::user::UserRole;
use futures::future::BoxFuture;
use reqwest::Method;
use serde_json::{Value, json};
use service::clock::Clock as _;
use service::error::Common;
use service::webhook::inbound::{HANDLERS, Handled, Handlers, handle_due};
use service::webhook::sign;
use tests::{Answer, Client, TestApp};

use super::text;

/// HMAC-SHA256, as the schemes write it.
fn hex_mac(secret: &str, parts: &[&[u8]]) -> String {
    // One block of key, as RFC 2104 has it; by hand, so that it is not our own code that is right.
    let mut key = [0_u8; 64];
    key[..secret.len()].copy_from_slice(secret.as_bytes());
    let pad = |with: u8| key.map(|byte| byte ^ with);
    let inner = [&pad(0x36)[..], &parts.concat()].concat();
    let inner = hex_bytes(&service::secret::fingerprint(&inner));
    service::secret::fingerprint(&[&pad(0x5c)[..], &inner].concat())
}

fn hex_bytes(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

async fn source(admin: &Client, name: &str, scheme: &str, secret: Option<&str>) -> Value {
    let body = json!({ "name": name, "scheme": scheme, "secret": secret });
    let made = admin.post("/api/v1/webhook-sources", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.body
}

async fn tell(
    app: &TestApp,
    name: &str,
    headers: &[(&'static str, String)],
    body: &[u8],
) -> Answer {
    let mut client = app.anonymous();
    for (header, value) in headers {
        client.header(header, value);
    }
    let path = format!("/api/v1/webhooks/{name}");
    client.ask(Method::POST, &path, Some(body.to_vec())).await
}

fn standard(
    app: &TestApp,
    secret: &str,
    id: &str,
    age: i64,
    body: &[u8],
) -> Vec<(&'static str, String)> {
    let time = app.clock.now().timestamp() - age;
    vec![
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", time.to_string()),
        ("webhook-signature", sign([secret], id, time, body)),
    ]
}

#[tokio::test]
async fn what_is_signed_is_kept_once() {
    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        let body = br#"{ "id": "evt_1",  "type": "video.completed" }"#;
        let made = source(&admin, "video-generator", "standard", None).await;
        assert_eq!(made["address"], "/api/v1/webhooks/video-generator");
        let secret = text(&made["secret"]);
        let signed = standard(&app, secret, "msg_1", 0, body);
        let first = tell(&app, "video-generator", &signed, body).await;
        assert_eq!(first.status, 202, "{}: {}", app.engine, first.body);
        let again = tell(&app, "video-generator", &signed, body).await;
        assert_eq!(again.status, 200);
        assert_eq!(
            again.body,
            json!({ "id": first.body["id"], "duplicate": true })
        );
        let other = standard(&app, secret, "msg_2", 0, body);
        assert_eq!(
            tell(&app, "video-generator", &other, body).await.status,
            202
        );

        let github = "a secret of the code host";
        source(&admin, "code-host", "github", Some(github)).await;
        let signature = format!("sha256={}", hex_mac(github, &[body]));
        let signed = [("x-hub-signature-256", signature)];
        assert_eq!(tell(&app, "code-host", &signed, body).await.status, 202);
        assert_eq!(tell(&app, "code-host", &signed, body).await.status, 200);

        let stripe = "whsec_of_the_payments";
        let made = source(&admin, "payments", "stripe", Some(stripe)).await;
        assert_eq!(made["secret"], Value::Null, "who brought it knows it");
        let time = app.clock.now().timestamp().to_string();
        let code = hex_mac(stripe, &[time.as_bytes(), b".", body]);
        let signed = [(
            "stripe-signature",
            format!("t={time},v0=00,v1=00,v1={code}"),
        )];
        assert_eq!(tell(&app, "payments", &signed, body).await.status, 202);
        // The same event, told anew: its id is in it.
        let later = br#"{"id":"evt_1"}"#;
        let code = hex_mac(stripe, &[time.as_bytes(), b".", later]);
        let signed = [("stripe-signature", format!("t={time},v1={code}"))];
        assert_eq!(tell(&app, "payments", &signed, later).await.status, 200);
        assert_eq!(app.number("SELECT count(*) FROM inbound_events").await, 4);

        let racing = standard(&app, secret, "msg_9", 0, body);
        let tries = (0..20).map(|_| tell(&app, "video-generator", &racing, body));
        let answers = futures::future::join_all(tries).await;
        let fresh = answers.iter().filter(|answer| answer.status == 202).count();
        let known = answers.iter().filter(|answer| answer.status == 200).count();
        let busy = answers.iter().filter(|answer| answer.status == 503).count();
        assert_eq!((fresh, known + busy), (1, 19), "{}", app.engine);
        app.stop().await;
    }
}

/// A source, the headers, the body, what is answered.
type Line<'a> = (&'a str, Vec<(&'static str, String)>, &'a [u8], &'a str);

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is a table")]
async fn what_is_not_signed_right_leaves_nothing() {
    for app in TestApp::each().await {
        // What comes too soon does so to the end of the table.
        app.clock.stop_at(app.clock.now());
        let admin = app.user("admin", UserRole::Admin).await;
        let body: &[u8] = br#"{"id":"evt_1"}"#;
        let made = source(&admin, "standard", "standard", None).await;
        let secret = text(&made["secret"]);
        let (hub, pay) = ("a secret of the code host", "a secret of the payments");
        source(&admin, "github", "github", Some(hub)).await;
        source(&admin, "stripe", "stripe", Some(pay)).await;
        let off = source(&admin, "off", "github", Some(hub)).await;
        let place = format!("/api/v1/webhook-sources/{}", text(&off["id"]));
        let changed = admin.patch(&place, json!({ "is_active": false })).await;
        assert_eq!(changed.body["is_active"], false);

        let now = app.clock.now().timestamp();
        let good = standard(&app, secret, "msg_1", 0, body);
        let with = |name: &str, value: &str| -> Vec<(&'static str, String)> {
            let mut headers = good.clone();
            headers
                .iter_mut()
                .find(|(known, _)| *known == name)
                .unwrap()
                .1 = value.to_owned();
            headers
        };
        let without = |name: &str| -> Vec<(&'static str, String)> {
            good.iter()
                .filter(|(known, _)| *known != name)
                .cloned()
                .collect()
        };
        let foreign = format!("whsec_{}", BASE64.encode([7; 32]));
        let hub_right = hex_mac(hub, &[body]);
        let pay_right = |time: i64| hex_mac(pay, &[time.to_string().as_bytes(), b".", body]);
        let of = |name: &'static str, value: String| vec![(name, value)];
        let hub_of = |value: String| of("x-hub-signature-256", value);
        let pay_of = |value: String| of("stripe-signature", value);
        let code = good[2].1.clone();
        let id256 = "i".repeat(256);
        let (unsigned, bad, late, nobody) = (
            "400 webhook.unsigned",
            "401 webhook.bad_signature",
            "401 webhook.out_of_time",
            "404 webhook.no_such_source",
        );
        let table: Vec<Line<'_>> = vec![
            ("standard", vec![], body, unsigned),
            ("standard", without("webhook-id"), body, unsigned),
            ("standard", without("webhook-timestamp"), body, unsigned),
            ("standard", without("webhook-signature"), body, unsigned),
            (
                "standard",
                with("webhook-timestamp", "yesterday"),
                body,
                unsigned,
            ),
            (
                "standard",
                with("webhook-timestamp", &format!("+{now}")),
                body,
                unsigned,
            ),
            (
                "standard",
                with("webhook-timestamp", &format!("{now}.0")),
                body,
                unsigned,
            ),
            (
                "standard",
                with("webhook-timestamp", &(now - 1).to_string()),
                body,
                bad,
            ),
            ("standard", with("webhook-id", "msg_2"), body, bad),
            ("standard", with("webhook-signature", ""), body, bad),
            ("standard", with("webhook-signature", "v1,"), body, bad),
            ("standard", with("webhook-signature", "v1,AAAA"), body, bad),
            (
                "standard",
                with("webhook-signature", &code.replace("v1,", "v1a,")),
                body,
                bad,
            ),
            (
                "standard",
                with("webhook-signature", &code.replace("v1,", "")),
                body,
                bad,
            ),
            ("standard", good.clone(), br#"{"id":"evt_1"} "#, bad),
            ("standard", good.clone(), b"", bad),
            (
                "standard",
                standard(&app, &foreign, "msg_1", 0, body),
                body,
                bad,
            ),
            (
                "standard",
                standard(&app, secret, "msg_1", 310, body),
                body,
                late,
            ),
            (
                "standard",
                standard(&app, secret, "msg_1", -310, body),
                body,
                late,
            ),
            (
                "standard",
                standard(&app, secret, &id256, 0, body),
                body,
                "422 invalid",
            ),
            ("github", vec![], body, unsigned),
            ("github", hub_of(hub_right.clone()), body, unsigned),
            ("github", hub_of("sha256=zz".to_owned()), body, unsigned),
            (
                "github",
                hub_of(format!("sha256={}", &hub_right[..62])),
                body,
                bad,
            ),
            (
                "github",
                hub_of(format!("sha256={}", hex_mac(pay, &[body]))),
                body,
                bad,
            ),
            ("stripe", vec![], body, unsigned),
            (
                "stripe",
                pay_of(format!("v1={}", pay_right(now))),
                body,
                unsigned,
            ),
            (
                "stripe",
                pay_of(format!("t={now},t={now},v1={}", pay_right(now))),
                body,
                unsigned,
            ),
            ("stripe", pay_of(format!("t={now}")), body, bad),
            (
                "stripe",
                pay_of(format!("t={now},v0={}", pay_right(now))),
                body,
                bad,
            ),
            (
                "stripe",
                pay_of(format!("t={now},v1={}", pay_right(now - 1))),
                body,
                bad,
            ),
            (
                "stripe",
                pay_of(format!("t={},v1={}", now - 310, pay_right(now - 310))),
                body,
                late,
            ),
            ("off", hub_of(format!("sha256={hub_right}")), body, nobody),
            ("nowhere", good.clone(), body, nobody),
            ("%00", good.clone(), body, nobody),
        ];
        for (at, (name, headers, body, verdict)) in table.iter().enumerate() {
            let answer = tell(&app, name, headers, body).await;
            assert_eq!(
                answer.verdict(),
                *verdict,
                "{}: {at} {name}: {}",
                app.engine,
                answer.body
            );
        }
        let large = vec![b' '; 1024 * 1024 + 1];
        assert_eq!(
            tell(&app, "standard", &good, &large).await.verdict(),
            "413 too_large"
        );
        assert_eq!(app.number("SELECT count(*) FROM inbound_events").await, 0);
        assert_eq!(
            tell(&app, "standard", &good, body).await.status,
            202,
            "it was the table"
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn a_sources_old_secret_counts_for_a_day() {
    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        let operator = app.user("operator", UserRole::Operator).await;
        let made = source(&admin, "generator", "standard", None).await;
        let place = format!("/api/v1/webhook-sources/{}", text(&made["id"]));
        let wrong = json!({ "secret": "not of the scheme, though long enough" });
        let wrong = admin.post(&format!("{place}/secret"), wrong).await;
        assert_eq!(wrong.verdict(), "422 invalid");
        let rotated = admin.post(&format!("{place}/secret"), json!({})).await;
        assert_eq!(rotated.status, 200, "{}", rotated.body);
        let (old, new) = (text(&made["secret"]), text(&rotated.body["secret"]));
        for (hours, verdict) in [(0, "202"), (25, "401 webhook.bad_signature")] {
            app.clock.advance(TimeDelta::hours(hours));
            let (first, second) = (format!("a{hours}"), format!("b{hours}"));
            let signed = standard(&app, new, &first, 0, b"{}");
            assert_eq!(tell(&app, "generator", &signed, b"{}").await.status, 202);
            let signed = standard(&app, old, &second, 0, b"{}");
            let answer = tell(&app, "generator", &signed, b"{}").await;
            assert_eq!(answer.verdict(), verdict, "{}", app.engine);
        }
        let seen = operator.get(&place).await;
        assert_eq!(seen.status, 200);
        assert!(!seen.text.contains("whsec_"), "{}", seen.text);
        let refused = operator.delete(&place).await;
        assert_eq!(refused.verdict(), "403 forbidden");
        let twice = json!({ "name": "generator", "scheme": "github" });
        let twice = admin.post("/api/v1/webhook-sources", twice).await;
        assert_eq!(twice.verdict(), "409 unique_violation");
        assert_eq!(admin.delete(&place).await.status, 204);
        assert_eq!(app.number("SELECT count(*) FROM inbound_events").await, 3);
        app.stop().await;
    }
}

fn handler<'a>(
    tx: &'a service::write::Write,
    event: &'a entity::webhook::inbound_event::Model,
) -> BoxFuture<'a, service::Result<Handled>> {
    Box::pin(async move {
        let body: Value = serde_json::from_slice(&event.body).unwrap_or_default();
        let sql = "INSERT INTO login_failures \
                   SELECT * FROM login_failures WHERE 1 = 0";
        sea_orm::ConnectionTrait::execute_unprepared(tx, sql).await?;
        match body["do"].as_str() {
            Some("work") => Ok(Handled::Processed),
            Some("refuse") => Err(Common::NotFound { what: "video" }.into()),
            _ => Ok(Handled::Ignored),
        }
    })
}

#[tokio::test]
async fn an_event_is_handled_by_the_handler_of_its_source() {
    const SOME: Handlers = &[("generator", handler)];
    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        let made = source(&admin, "generator", "standard", None).await;
        let other = source(&admin, "other", "standard", None).await;
        for (name, source, body) in [
            ("generator", &made, r#"{"do":"work"}"#),
            ("generator", &made, r#"{"do":"refuse"}"#),
            ("generator", &made, "no JSON"),
            ("other", &other, r#"{"do":"work"}"#),
        ] {
            let signed = standard(&app, text(&source["secret"]), body, 0, body.as_bytes());
            let told = tell(&app, name, &signed, body.as_bytes()).await;
            assert_eq!(told.status, 202, "{}", told.body);
        }
        assert_eq!(handle_due(&app.system(), SOME).await.unwrap(), 4);
        assert_eq!(handle_due(&app.system(), HANDLERS).await.unwrap(), 0);
        for (state, count) in [
            ("processed", 1),
            ("failed", 1),
            ("ignored", 2),
            ("received", 0),
        ] {
            let sql = format!("SELECT count(*) FROM inbound_events WHERE state = '{state}'");
            assert_eq!(app.number(&sql).await, count, "{}: {state}", app.engine);
        }
        let complaint = "SELECT count(*) FROM inbound_events \
                         WHERE state = 'failed' AND error = 'there is no such video'";
        assert_eq!(app.number(complaint).await, 1, "{}", app.engine);
        app.stop().await;
    }
}
