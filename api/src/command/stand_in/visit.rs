//! How a stand-in speaks to the server.

use std::time::Duration;

use reqwest::header::{COOKIE, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::Call;
use crate::command::Failure;

/// How often something is asked until the server takes it.
const TRIES: u32 = 30;

/// A caller, known by a session or by a key.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    http: Client,
    server: String,
    header: (&'static str, String),
}

impl Visit {
    /// Sign in as the admin who lets the stand-in in.
    pub(super) async fn begin(call: &Call) -> Result<Self, Failure> {
        let visit = Self {
            http: Client::builder().timeout(Duration::from_mins(1)).build()?,
            server: call.server.clone(),
            header: (COOKIE.as_str(), String::new()),
        };
        let body = json!({ "email": call.email, "password": call.password });
        let answer = visit.send(Method::POST, "/session", &body).await?;
        let cookie = answer.headers().get(SET_COOKIE).map(|value| value.to_str());
        let cookie = cookie.transpose()?.unwrap_or_default();
        let (cookie, _) = cookie.split_once(';').ok_or("nobody was let in")?;
        Ok(Self {
            header: (COOKIE.as_str(), cookie.to_owned()),
            ..visit
        })
    }

    /// The same server, by a key.
    pub(super) fn by_key(self, key: &str) -> Self {
        Self {
            header: ("x-api-key", key.to_owned()),
            ..self
        }
    }

    /// Sign out again.
    pub(super) async fn end(&self) -> Result<(), Failure> {
        self.send(Method::DELETE, "/session", &json!({})).await?;
        Ok(())
    }

    /// What the server answers; nothing where it has nothing.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Option<Value>, Failure> {
        let answer = self.send(method, path, body).await?;
        Ok(match answer.status() {
            StatusCode::NO_CONTENT => None,
            _ => Some(answer.json().await?),
        })
    }

    /// Ask until there is an answer that says more than 'later'.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<reqwest::Response, Failure> {
        let url = format!("{}{}{path}", self.server, api::urls::path::API);
        let mut tries = 0;
        loop {
            let (name, value) = &self.header;
            let asked = self.http.request(method.clone(), &url);
            let asked = asked
                .header(*name, value)
                .header(ORIGIN, &self.server)
                .header("x-requested-with", "stand-in");
            let asked = match method {
                Method::GET => asked,
                _ => asked.json(body),
            };
            let answer = asked.send().await;
            tries += 1;
            match answer {
                Ok(answer) if answer.status().is_success() => return Ok(answer),
                Ok(answer) if tries == TRIES || !is_for_now(answer.status()) => {
                    return Err(format!("{path}: {}", answer.text().await?).into());
                }
                Err(error) if tries == TRIES => return Err(error.into()),
                Ok(_) | Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        }
    }
}

fn is_for_now(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
    )
}
