//! A row of every kind, all of them Ann's.

use crate::upload::tus;
use entity::webhook::source::WebhookScheme;
use serde_json::{Value, json};
use service::webhook::inbound::{NewSource, create_source};
use tests::{Client, TestApp, run_body, stage_body};

/// The ids of the rows that the table speaks of.
pub(super) struct Rows {
    /// A run that waits.
    pub(super) waiting: String,
    /// A run that a worker holds.
    pub(super) held: String,
    /// The worker's token.
    pub(super) lease: Value,
    /// A card of a completed run.
    pub(super) card: String,
    pub(super) key: String,
    /// A session that is not the one that asks.
    pub(super) session: String,
    pub(super) thread: String,
    pub(super) message: String,
    /// A document.
    pub(super) upload: String,
    /// A document of which nothing is here yet.
    pub(super) begun: String,
    pub(super) endpoint: String,
    pub(super) delivery: String,
    /// A source, which is nobody's own.
    pub(super) source: String,
}

fn id(answer: &Value) -> String {
    answer["id"].as_str().unwrap().to_owned()
}

impl Rows {
    pub(super) async fn make(app: &TestApp, ann: &Client, worker: &Client) -> Self {
        let run = async |name| id(&ann.post("/api/v1/runs", run_body(name)).await.body);
        let claim = async || {
            let claim = json!({ "worker": "w" });
            worker.post("/api/v1/runs/claim", claim).await.body
        };
        let done = run("done.pdf").await;
        let token = claim().await["lease_token"].clone();
        for stage in 1..=5 {
            let path = format!("/api/v1/runs/{done}/stages/{stage}");
            let handed = worker.put(&path, stage_body(stage, &token)).await;
            assert_eq!(handed.status, 200, "{}", handed.body);
        }
        let done = ann.get(&format!("/api/v1/runs/{done}")).await.body;
        let held = run("held.pdf").await;
        let lease = claim().await["lease_token"].clone();
        let waiting = run("waiting.pdf").await;

        let key = json!({ "name": "k", "scopes": ["read"] });
        let key = ann.post("/api/v1/me/keys", key).await.body;
        let mine = ann.get("/api/v1/me/sessions").await.body;
        app.sign_in("ann@example.test").await;
        let sessions = ann.get("/api/v1/me/sessions").await.body;
        let mut sessions = sessions.as_array().unwrap().iter();
        let session = sessions.find(|session| session["id"] != mine[0]["id"]);
        let thread = json!({ "title": "t" });
        let thread = id(&ann.post("/api/v1/threads", thread).await.body);
        let message = json!({ "entity": "USER", "content": { "content": "walrus" } });
        let messages = format!("/api/v1/threads/{thread}/messages");
        let message = ann.post(&messages, message).await.body;
        let document = "/api/v1/uploads/document";
        let upload = ann.upload(document, "a.txt", "", b"text").await.body;
        let begun = tus::begin(ann, "b.txt", 4).await;
        let endpoint = json!({ "url": "https://8.8.8.8/", "event_types": ["run.created"] });
        let endpoint = id(&ann.post("/api/v1/webhook-endpoints", endpoint).await.body);
        let test = format!("/api/v1/webhook-endpoints/{endpoint}/test");
        let delivery = id(&ann.post(&test, json!({})).await.body);
        let source = NewSource {
            name: "generator".to_owned(),
            scheme: WebhookScheme::Standard,
            secret: None,
        };
        let source = create_source(&app.system(), source).await.unwrap();
        Self {
            endpoint,
            delivery,
            source: source.row.id.to_string(),
            waiting,
            held,
            lease,
            card: id(&done["cards"][0]),
            key: id(&key),
            session: id(session.unwrap()),
            thread,
            message: id(&message),
            upload: id(&upload),
            begun: id(&begun.body),
        }
    }

    /// Every id, to be sure that no stranger hears one.
    pub(super) fn ids(&self) -> [&str; 12] {
        [
            &self.waiting,
            &self.held,
            &self.card,
            &self.key,
            &self.session,
            &self.thread,
            &self.message,
            &self.upload,
            &self.begun,
            &self.endpoint,
            &self.delivery,
            &self.source,
        ]
    }
}
