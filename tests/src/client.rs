//! Who asks, and what they hear.

use entity::id::UserId;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::Value;

/// Somebody who asks.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
    pub(crate) headers: HeaderMap,
}

/// What is heard back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body: JSON, or the text as a string.
    pub body: Value,
    /// The body as it came: JSON that was read has forgotten the order of its members.
    pub text: String,
    /// The same as bytes.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// Status and code, as `409 run.stale_lease`.
    pub fn verdict(&self) -> String {
        let status = self.status.as_u16();
        self.body["code"]
            .as_str()
            .map_or(status.to_string(), |code| format!("{status} {code}"))
    }
}

impl Client {
    /// Somebody without credentials who asks the server at `base`.
    pub fn at(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            http: reqwest::Client::new(),
            headers: HeaderMap::new(),
        }
    }

    /// The same after an answer that signed them in: its cookie, and what a browser sends beside.
    #[must_use]
    pub fn signed_in(&self, answer: &Answer) -> Self {
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        self.with("cookie", cookie.split(';').next().unwrap())
            .with("origin", &self.base)
            .with("x-requested-with", "tests")
    }

    /// Send this header with every request.
    pub fn header(&mut self, name: &'static str, value: &str) {
        self.headers
            .insert(name, HeaderValue::from_str(value).unwrap());
    }

    /// What it sends as this header with every request.
    pub fn sends(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// The same caller with one more header.
    #[must_use]
    pub fn with(&self, name: &'static str, value: &str) -> Self {
        let mut client = self.clone();
        client.header(name, value);
        client
    }

    /// Ask.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = request.headers(self.headers.clone());
        if let Some(body) = body {
            if !self.headers.contains_key("content-type") {
                request = request.header("content-type", "application/json");
            }
            request = request.body(body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.unwrap().to_vec();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.clone()));
        Answer {
            status,
            headers,
            body,
            text,
            bytes,
        }
    }

    /// POST a form with one file.
    pub async fn upload(&self, path: &str, name: &str, kind: &str, content: &[u8]) -> Answer {
        let said = format!("Content-Type: {kind}\r\n");
        let said = if kind.is_empty() { "" } else { &said };
        let head = format!(
            "--frontier\r\nContent-Disposition: form-data; name=\"file\"; \
             filename=\"{name}\"\r\n{said}\r\n"
        );
        let body = [head.as_bytes(), content, b"\r\n--frontier--\r\n"].concat();
        self.form(path, body).await
    }

    /// POST a form as it is, its parts between `--frontier`.
    pub async fn form(&self, path: &str, body: Vec<u8>) -> Answer {
        let form = self.with("content-type", "multipart/form-data; boundary=frontier");
        form.ask(Method::POST, path, Some(body)).await
    }

    /// Who it is.
    pub async fn id(&self) -> UserId {
        let me = self.get("/api/v1/me").await;
        serde_json::from_value(me.body["id"].clone()).unwrap()
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    /// POST a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body.to_string().into_bytes()))
            .await
    }

    /// PUT a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, Some(body.to_string().into_bytes()))
            .await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PATCH, path, Some(body.to_string().into_bytes()))
            .await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None).await
    }
}
