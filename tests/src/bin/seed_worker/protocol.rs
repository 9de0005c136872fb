//! The worker protocol of `/api/v1/runs`: claim, heartbeat, submit, fail; and how any request is sent.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// How often a request that may be sent again is sent in all.
const TRIES: u32 = 20;

/// Why the worker cannot go on.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The claim is no longer in force.
    Lost,
    /// The server said no.
    Refused(StatusCode, String),
    /// The server could not be reached, again and again.
    Unreachable(String),
    /// The worker's own input or output broke.
    Pipe(std::io::Error),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lost => write!(f, "the claim is lost"),
            Self::Refused(status, text) => write!(f, "{status}: {text}"),
            Self::Unreachable(why) => write!(f, "{why}"),
            Self::Pipe(error) => write!(f, "{error}"),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Pipe(error)
    }
}

/// The server, as a worker sees it.
pub(crate) struct Server {
    base: String,
    key: String,
    http: reqwest::Client,
}

impl Server {
    pub(crate) fn new(base: &str, key: String) -> Self {
        service::tls::install();
        Self {
            base: base.trim_end_matches('/').to_owned(),
            key,
            http: reqwest::Client::new(),
        }
    }

    /// The run that has waited longest, if one waits.
    pub(crate) async fn claim(&self) -> Result<Option<Value>, Failure> {
        let worker = format!("seed_worker {}", std::process::id());
        let body = json!({ "worker": worker });
        self.ask(Method::POST, "/api/v1/runs/claim", body).await
    }

    /// Keep the claim in force until it is lost.
    pub(crate) async fn renew(&self, claim: &Value) -> Failure {
        let body = json!({ "lease_token": claim["lease_token"] });
        loop {
            tokio::time::sleep(Duration::from_secs(10)).await;
            let path = path(claim, "heartbeat");
            if let Err(failure) = self.ask(Method::POST, &path, body.clone()).await {
                return failure;
            }
        }
    }

    /// Hand in a stage.
    pub(crate) async fn submit(
        &self,
        claim: &Value,
        stage: i64,
        mut body: Value,
    ) -> Result<(), Failure> {
        body["lease_token"] = claim["lease_token"].clone();
        let path = path(claim, &format!("stages/{stage}"));
        self.ask(Method::PUT, &path, body).await.map(drop)
    }

    /// Give the run up.
    pub(crate) async fn fail(&self, claim: &Value, message: &str) -> Result<(), Failure> {
        let body = json!({ "lease_token": claim["lease_token"], "message": message });
        let path = path(claim, "fail");
        self.ask(Method::POST, &path, body).await.map(drop)
    }

    /// Ask until there is an answer that says more than 'later'.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> Result<Option<Value>, Failure> {
        let mut tries = 1;
        loop {
            let request = self
                .http
                .request(method.clone(), format!("{}{path}", self.base));
            let request = request.header("x-api-key", &self.key).json(&body);
            let (pause, why) = match request.send().await {
                Ok(answer) => match answer.status() {
                    StatusCode::NO_CONTENT => return Ok(None),
                    StatusCode::OK => match answer.json().await {
                        Ok(body) => return Ok(Some(body)),
                        Err(error) => (1, error.to_string()),
                    },
                    StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                        (retry_after(&answer), answer.status().to_string())
                    }
                    status => return Err(refusal(status, answer).await),
                },
                Err(error) => (1, error.to_string()),
            };
            if tries == TRIES {
                return Err(Failure::Unreachable(why));
            }
            tries += 1;
            tokio::time::sleep(Duration::from_secs(pause)).await;
        }
    }
}

fn path(claim: &Value, rest: &str) -> String {
    let id = claim["run"]["id"].as_str().unwrap_or_default();
    format!("/api/v1/runs/{id}/{rest}")
}

fn retry_after(answer: &reqwest::Response) -> u64 {
    let header = answer.headers().get("retry-after");
    let seconds = header.and_then(|value| value.to_str().ok()?.parse().ok());
    seconds.unwrap_or(1).clamp(1, 30)
}

async fn refusal(status: StatusCode, answer: reqwest::Response) -> Failure {
    let body = answer.text().await.unwrap_or_default();
    let code = serde_json::from_str::<Value>(&body).unwrap_or_default()["code"].clone();
    if code == "run.stale_lease" || code == "execution.stale_lease" {
        Failure::Lost
    } else {
        Failure::Refused(status, body)
    }
}
