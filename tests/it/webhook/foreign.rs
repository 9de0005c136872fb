//! What the public Standard Webhooks libraries of two other languages sign is taken.
//!
//! `standardwebhooks` 1.0.1 of `PyPI` and 1.0.0 of npm made these signatures, and the same ones;
//! `.ci/run webhooks` has both sign and check with a server that runs.

use chrono::{DateTime, Utc};
use entity::identity::user::UserRole;
use reqwest::Method;
use serde_json::json;
use tests::TestApp;

const SECRET: &str = "whsec_Q2hhbmNlcnkncyBvd24gc2VjcmV0IG9mIDMyIGJ5dGU=";
const TIME: &str = "2026-01-15T09:30:00Z";
/// Id, body, signature.
const LETTERS: [(&str, &str, &str); 3] = [
    (
        "msg_plain",
        "{\"type\":\"video.completed\"}",
        "v1,B3maaUuKqdiUZ4ujowB3lkjkIIXJ1tyFMLkJyMzZxuc=",
    ),
    (
        "msg_unicode",
        "{\"title\":\"Grüße, 世界 🎬\"}",
        "v1,AwYOoDYqYGD/0PMj/ZdEiIErJedtLEtKR7HJrLqwm+k=",
    ),
    (
        "msg_spaces",
        "{ \"a\" : 1,\n \"b\":[ ] }\n",
        "v1,LEqAq8HbNlil4kwRdVNEgMs/KuPL2bOJa6ZtMMtxi34=",
    ),
];

#[tokio::test]
async fn what_other_libraries_sign_is_taken() {
    let time: DateTime<Utc> = TIME.parse().unwrap();
    for app in TestApp::each().await {
        app.clock.stop_at(time);
        let admin = app.user("admin", UserRole::Admin).await;
        let source = json!({ "name": "generator", "scheme": "standard", "secret": SECRET });
        let made = admin.post("/api/v1/webhook-sources", source).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let mut sender = app.anonymous();
        sender.header("webhook-timestamp", &time.timestamp().to_string());
        let tell = async |id: &str, body: &str, signature: &str| {
            let sender = sender.with("webhook-id", id);
            let sender = sender.with("webhook-signature", signature);
            let body = Some(body.as_bytes().to_vec());
            let path = "/api/v1/webhooks/generator";
            sender.ask(Method::POST, path, body).await.verdict()
        };
        for (id, body, signature) in LETTERS {
            assert_eq!(tell(id, body, signature).await, "202", "{}", app.engine);
            assert_eq!(tell(id, body, signature).await, "200", "the same again");
            let refused = "401 webhook.bad_signature";
            let longer = format!("{body} ");
            assert_eq!(tell(id, &longer, signature).await, refused, "{id}");
            assert_eq!(tell("msg_other", body, signature).await, refused, "{id}");
        }
        let [(id, body, right), (_, _, wrong), _] = LETTERS;
        let both = format!("{wrong} {right}");
        assert_eq!(
            tell(id, body, &both).await,
            "200",
            "one of several is right"
        );
        app.stop().await;
    }
}

/// And what is sent is signed as they sign.
#[test]
fn what_we_sign_is_what_other_libraries_sign() {
    let time: DateTime<Utc> = TIME.parse().unwrap();
    for (id, body, signature) in LETTERS {
        let ours = service::webhook::sign([SECRET], id, time.timestamp(), body.as_bytes());
        assert_eq!(ours, signature);
    }
}
