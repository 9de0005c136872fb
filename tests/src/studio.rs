//! A generator of videos that takes jobs on, and says what became of them when a test wants it to.

use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::{Value, json};
use service::clock::Clock as _;
use service::webhook::sign;

use crate::receiver::{Letter, Receiver, Reply};
use crate::{Answer, Client, TestApp};

/// A generator of videos.
pub struct Studio {
    door: Receiver,
    instead: Arc<Mutex<Option<Reply>>>,
}

impl Studio {
    /// One that takes everything on.
    pub async fn start() -> Self {
        let instead: Arc<Mutex<Option<Reply>>> = Arc::default();
        let kept = Arc::clone(&instead);
        let door = Receiver::start(move |_, letter| {
            let instead = kept.lock().unwrap().clone();
            instead.unwrap_or_else(|| Self::taken(letter))
        });
        Self {
            door: door.await,
            instead,
        }
    }

    /// Its address.
    pub fn url(&self) -> url::Url {
        self.door.url.parse().unwrap()
    }

    /// What it says when it takes a job on.
    pub fn taken(letter: &Letter) -> Reply {
        Self::takes(letter.json()["job_id"].as_str().unwrap())
    }

    /// The same, of a job whose name is known before.
    pub fn takes(job_id: &str) -> Reply {
        Reply::json(202, &json!({ "id": Self::name(job_id) }))
    }

    /// What it calls a job.
    pub fn name(job_id: &str) -> String {
        format!("gen-{job_id}")
    }

    /// Say so from now on; with nothing, what it should.
    pub fn say(&self, reply: Option<Reply>) {
        *self.instead.lock().unwrap() = reply;
    }

    /// The jobs that it was sent.
    pub fn jobs(&self) -> Vec<Letter> {
        self.door.heard()
    }

    /// Make the generator known at the application; tells the secret that it signs with.
    pub async fn known(admin: &Client) -> String {
        let source = json!({ "name": "video-generator", "scheme": "standard" });
        let made = admin.post("/api/v1/webhook-sources", source).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.body["secret"].as_str().unwrap().to_owned()
    }

    /// Tell the application something, signed, under the id `id`.
    pub async fn tell(app: &TestApp, secret: &str, id: &str, told: &Value) -> Answer {
        let body = told.to_string().into_bytes();
        let time = app.clock.now().timestamp();
        let client = app
            .anonymous()
            .with("webhook-id", id)
            .with("webhook-timestamp", &time.to_string())
            .with("webhook-signature", &sign([secret], id, time, &body));
        client
            .ask(Method::POST, "/api/v1/webhooks/video-generator", Some(body))
            .await
    }

    /// What it tells of a job that is done.
    pub fn done(job_id: &str) -> Value {
        json!({
            "type": "video.completed", "timestamp": "2026-01-15T09:30:00Z",
            "data": {
                "job_id": job_id, "id": Self::name(job_id),
                "video_url": "https://media.example.com/a.mp4",
                "thumbnail_url": "https://media.example.com/a.webp",
            },
        })
    }

    /// What it tells of a job that it gives up.
    pub fn gone_wrong(job_id: &str, why: &str) -> Value {
        json!({
            "type": "video.failed", "timestamp": "2026-01-15T09:30:00Z",
            "data": { "job_id": job_id, "id": Self::name(job_id), "error": why },
        })
    }
}
