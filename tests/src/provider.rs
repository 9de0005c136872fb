//! A provider of accounts as a small server of its own: it gives tokens for the codes that it gave
//! out, once, to whom it knows and who shows the verifier.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::{Url, form_urlencoded};

/// What the provider answers next, beside what it should.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// What it should.
    #[default]
    Good,
    /// Not here: there.
    Elsewhere,
    /// Nonsense.
    Nonsense,
    /// More than anybody reads.
    Endless,
    /// No.
    Denying,
}

#[derive(Debug, Default)]
struct Books {
    mood: Mood,
    given: u32,
    /// The challenge and the way back of each code.
    codes: BTreeMap<String, (String, String)>,
    refresh: Vec<String>,
    asked: Vec<Value>,
}

/// A provider.
#[derive(Clone, Debug)]
pub struct StandIn {
    /// Its address.
    pub address: SocketAddr,
    books: Arc<Mutex<Books>>,
}

impl StandIn {
    /// A provider that listens on this machine.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stand_in = Self {
            address: listener.local_addr().unwrap(),
            books: Arc::default(),
        };
        let books = Arc::clone(&stand_in.books);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&books)));
            }
        });
        stand_in
    }

    /// How an operator would declare it.
    pub fn declared(&self, name: &str, authentication: &str) -> Value {
        let at = |path: &str| format!("http://{}/{path}", self.address);
        json!({
            "name": name, "authorize_url": at("authorize?tenant=1"), "token_url": at("token"),
            "client_id": "chancery:1", "client_secret": "s e&cret", "scopes": ["read", "write"],
            "client_authentication": authentication,
        })
    }

    /// Answer so from now on.
    pub fn be(&self, mood: Mood) {
        self.books.lock().unwrap().mood = mood;
    }

    /// What it was asked for tokens with.
    pub fn asked(&self) -> Vec<Value> {
        self.books.lock().unwrap().asked.clone()
    }

    /// A person agrees: the code and the state that the browser takes back.
    pub fn agree(&self, authorize_url: &str) -> (String, String) {
        let url = Url::parse(authorize_url).unwrap();
        let told: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(told["response_type"], "code");
        assert_eq!(told["client_id"], "chancery:1");
        assert_eq!(told["scope"], "read write");
        assert_eq!(told["code_challenge_method"], "S256");
        assert_eq!(told["tenant"], "1");
        let mut books = self.books.lock().unwrap();
        books.given += 1;
        let code = format!("code-{}", books.given);
        let way = (told["code_challenge"].clone(), told["redirect_uri"].clone());
        books.codes.insert(code.clone(), way);
        (code, told["state"].clone())
    }
}

async fn serve(mut stream: TcpStream, books: Arc<Mutex<Books>>) {
    let mut bytes = Vec::new();
    let (head, body) = loop {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.unwrap_or(0);
        if count == 0 {
            return;
        }
        bytes.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            line.to_lowercase()
                .strip_prefix("content-length: ")?
                .parse()
                .ok()
        });
        if body.len() >= length.unwrap_or(0) {
            break (head.to_owned(), body.to_owned());
        }
    };
    let (status, answer) = answer(&head, &body, &books);
    let headers = match status {
        302 => "location: /elsewhere\r\n",
        _ => "content-type: application/json\r\n",
    };
    let length = answer.len();
    let text = format!(
        "HTTP/1.1 {status} X\r\n{headers}connection: close\r\ncontent-length: {length}\r\n\r\n{answer}"
    );
    let _ = stream.write_all(text.as_bytes()).await;
}

fn answer(head: &str, body: &str, books: &Mutex<Books>) -> (u16, String) {
    let mut books = books.lock().unwrap();
    let told: BTreeMap<String, String> = form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect();
    // The pair of RFC 6749, section 2.3.1: each part form-encoded.
    let pair = "Y2hhbmNlcnklM0ExOnMrZSUyNmNyZXQ=";
    let basic = head
        .to_lowercase()
        .contains(&format!("authorization: basic {}", pair.to_lowercase()));
    let named = |name: &str, value: &str| told.get(name).is_some_and(|said| said == value);
    let known = basic || named("client_id", "chancery:1") && named("client_secret", "s e&cret");
    books
        .asked
        .push(json!({ "path": head.split(' ').nth(1), "basic": basic, "told": told }));
    let no = |error: &str| {
        (
            400,
            json!({ "error": error, "error_description": "x" }).to_string(),
        )
    };
    match books.mood {
        Mood::Elsewhere => return (302, String::new()),
        Mood::Nonsense => return (200, "<html>".to_owned()),
        Mood::Endless => return (200, "x".repeat(1 << 20)),
        Mood::Denying => return no("invalid_grant"),
        Mood::Good => {}
    }
    if !known {
        return no("invalid_client");
    }
    let good = match told.get("grant_type").map(String::as_str) {
        Some("authorization_code") => {
            let way = told.get("code").and_then(|code| books.codes.remove(code));
            let verifier = told.get("code_verifier").map(String::as_bytes);
            let shown = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.unwrap_or_default()));
            way.is_some_and(|(challenge, back)| challenge == shown && named("redirect_uri", &back))
        }
        Some("refresh_token") => {
            let token = told.get("refresh_token").cloned().unwrap_or_default();
            let known = books.refresh.iter().position(|one| *one == token);
            known.map(|at| books.refresh.remove(at)).is_some()
        }
        _ => false,
    };
    if !good {
        return no("invalid_grant");
    }
    books.given += 1;
    let number = books.given;
    let refresh = format!("refresh-{number}");
    books.refresh.push(refresh.clone());
    let tokens = json!({
        "access_token": format!("access-{number}"), "refresh_token": refresh,
        "token_type": "bearer", "expires_in": 3600, "scope": "read",
    });
    (200, tokens.to_string())
}
