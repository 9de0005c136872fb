//! Somebody who is told of events: a small HTTP server, which answers as it is told to.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What a receiver says.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A status, more headers (each ending in CR LF), and a body.
    Say(u16, String, Vec<u8>),
    /// Nothing, for ever.
    Hang,
    /// Something, but only once it is told to.
    Once(Arc<Notify>, Box<Self>),
}

impl Reply {
    /// A status and nothing else.
    pub fn status(status: u16) -> Self {
        Self::Say(status, String::new(), Vec::new())
    }

    /// A status and a JSON body.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        let kind = "content-type: application/json\r\n".to_owned();
        Self::Say(status, kind, body.to_string().into_bytes())
    }
}

/// What a receiver was sent.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Its path.
    pub path: String,
    /// Its headers: names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Letter {
    /// A header.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        &found.unwrap_or_else(|| panic!("no {name}")).1
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Whether it is signed with `secret`, among others.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let time = self.header("webhook-timestamp").parse().unwrap();
        let right = service::webhook::sign([secret], self.header("webhook-id"), time, &self.body);
        let mut signatures = self.header("webhook-signature").split(' ');
        signatures.any(|one| one == right)
    }
}

type Answer = dyn Fn(usize, &Letter) -> Reply + Send + Sync;

/// A receiver; gone when it is dropped.
pub struct Receiver {
    /// Its address.
    pub url: String,
    heard: Arc<Mutex<Vec<Letter>>>,
    server: tokio::task::JoinHandle<()>,
}

impl Receiver {
    /// A receiver that says to its n-th letter, from 0, what `answer` says.
    pub async fn start(answer: impl Fn(usize, &Letter) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let heard: Arc<Mutex<Vec<Letter>>> = Arc::default();
        let answer: Arc<Answer> = Arc::new(answer);
        let kept = Arc::clone(&heard);
        let server = tokio::spawn(async move {
            let mut talks = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                talks.spawn(talk(stream, Arc::clone(&kept), Arc::clone(&answer)));
            }
        });
        Self { url, heard, server }
    }

    /// One that takes everything.
    pub async fn good() -> Self {
        Self::start(|_, _| Reply::status(204)).await
    }

    /// What it was sent so far.
    pub fn heard(&self) -> Vec<Letter> {
        self.heard.lock().unwrap().clone()
    }

    /// The types of the events that it was told of.
    pub fn types(&self) -> Vec<String> {
        let name = |letter: Letter| letter.json()["type"].as_str().unwrap().to_owned();
        self.heard().into_iter().map(name).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn talk(mut stream: TcpStream, heard: Arc<Mutex<Vec<Letter>>>, answer: Arc<Answer>) {
    let Some(letter) = read(&mut stream).await else {
        return;
    };
    let number = {
        let mut heard = heard.lock().unwrap();
        heard.push(letter.clone());
        heard.len() - 1
    };
    let mut reply = answer(number, &letter);
    while let Reply::Once(told, then) = reply {
        told.notified().await;
        reply = *then;
    }
    match reply {
        Reply::Once(..) => {}
        Reply::Hang => std::future::pending().await,
        Reply::Say(status, headers, body) => {
            let start = format!(
                "HTTP/1.1 {status} Said\r\n{headers}connection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            // Whoever has read enough hangs up.
            let _ = stream.write_all(&[start.as_bytes(), &body].concat()).await;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Letter> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        let mut some = [0; 4096];
        match stream.read(&mut some).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&some[..count]),
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = head.split("\r\n");
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers: Vec<(String, String)> = headers
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, length)| length.parse().unwrap());
    let mut body = bytes[end + 4..].to_vec();
    let begun = body.len();
    body.resize(length, 0);
    stream.read_exact(&mut body[begun..]).await.ok()?;
    Some(Letter {
        path,
        headers,
        body,
    })
}
