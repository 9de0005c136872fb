//! What the generator tells whoever sent a job: signed, and again until it is taken.

use std::time::Duration;

use serde_json::{Value, json};
use service::webhook::sign;

/// How often something is told until it is taken.
const TRIES: u32 = 8;

/// Whom the generator tells.
pub(crate) struct Callback {
    url: String,
    secret: String,
    http: reqwest::Client,
}

impl Callback {
    pub(crate) fn new(url: &str, secret: String) -> Self {
        service::tls::install();
        Self {
            url: url.to_owned(),
            secret,
            http: reqwest::Client::new(),
        }
    }

    /// Tell something: the same id and the same bytes at every try.
    pub(crate) async fn tell(&self, id: &str, kind: &str, data: &Value) {
        let body = json!({ "type": kind, "data": data })
            .to_string()
            .into_bytes();
        for number in 0..TRIES {
            let time = std::time::SystemTime::UNIX_EPOCH
                .elapsed()
                .unwrap_or_default();
            let time = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
            let signature = sign([self.secret.as_str()], id, time, &body);
            let sent = self
                .http
                .post(&self.url)
                .header("content-type", "application/json")
                .header("webhook-id", id)
                .header("webhook-timestamp", time.to_string())
                .header("webhook-signature", signature)
                .body(body.clone())
                .send()
                .await;
            match sent {
                Ok(answer) if answer.status().is_success() => return,
                Ok(answer) => eprintln!("{id}: {}", answer.status()),
                Err(failure) => eprintln!("{id}: {failure}"),
            }
            tokio::time::sleep(Duration::from_millis(200) * 2_u32.pow(number)).await;
        }
    }
}
