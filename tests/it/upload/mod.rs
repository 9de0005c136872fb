//! Files: what is taken, what is refused, what is kept of it, and what becomes of the rest.

mod bad;
mod content;
mod file;
mod run;
mod sweep;
pub(crate) mod tus;

use std::fmt::Write as _;

use service::configuration::Given;
use tests::{Client, Plan, TestApp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const AVATAR: &str = "/api/v1/uploads/avatar";
pub(crate) const DOCUMENT: &str = "/api/v1/uploads/document";
pub(crate) const TUS: &str = "/api/v1/uploads/tus";

/// A plan with some settings.
fn given(settings: impl FnOnce(Given) -> Given) -> Plan {
    let mut plan = Plan::default();
    plan.settings.given = settings(Given::default());
    plan
}

/// Begin a request whose body says less than it promises.
async fn begin(
    app: &TestApp,
    who: &Client,
    method: &str,
    path: &str,
    body: &[u8],
    headers: &[(&str, &str)],
) -> TcpStream {
    let address = app.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n");
    for name in ["cookie", "origin", "x-requested-with"] {
        let _ = write!(head, "{name}: {}\r\n", who.sends(name));
    }
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let length = body.len() + 100;
    let _ = write!(head, "content-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    stream
}

/// The same, and what is heard to it.
async fn stall(
    app: &TestApp,
    who: &Client,
    method: &str,
    path: &str,
    body: &[u8],
    headers: &[(&str, &str)],
) -> String {
    let mut stream = begin(app, who, method, path, body, headers).await;
    let mut heard = [0; 64];
    let read = tokio::time::timeout(std::time::Duration::from_secs(30), stream.read(&mut heard));
    let length = read.await.unwrap().unwrap();
    String::from_utf8_lossy(&heard[..length]).into_owned()
}
