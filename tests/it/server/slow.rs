//! What happens to requests that arrive slowly, or not at all.

use std::time::Duration;

use tests::{Plan, TestApp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn hurried() -> Plan {
    let mut plan = Plan::default();
    plan.timeouts.headers = Duration::from_millis(200);
    plan.timeouts.body = Duration::from_millis(200);
    plan
}

async fn connect(app: &TestApp) -> TcpStream {
    let address = app.base.strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

fn head(more: &str) -> String {
    format!(
        "POST /api/v1/session HTTP/1.1\r\nhost: chancery\r\ncontent-type: application/json\r\n\
         content-length: 100000\r\n{more}\r\n"
    )
}

/// Everything up to the end of the connection.
async fn heard(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // The door may be shut before the last words are read.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_body_that_stalls_is_given_up_and_so_is_its_connection() {
    for app in TestApp::each_with(&hurried()).await {
        for more in ["", "idempotency-key: a-key-of-its-own\r\n"] {
            let mut stream = connect(&app).await;
            let half = format!("{}{{\"email\": \"ann@", head(more));
            stream.write_all(half.as_bytes()).await.unwrap();
            let answer = heard(&mut stream).await;
            assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
            for part in [
                "\"code\":\"request.timeout\"",
                "\"request_id\":",
                "application/problem+json",
                "connection: close",
            ] {
                assert!(answer.contains(part), "{}: {part}: {answer}", app.engine);
            }
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn no_more_of_a_keyed_body_is_awaited_than_is_taken() {
    let mut plan = hurried();
    // A connection that rests between two requests is not closed.
    plan.timeouts.headers = Plan::default().timeouts.headers;
    for app in TestApp::each_with(&plan).await {
        let key = app.key("ann", &["write"]).await;
        let credential = format!("x-api-key: {}\r\n", key.sends("x-api-key"));
        for (sender, sent, status) in [("", 0, 401), (credential.as_str(), 1024 * 1024 + 1, 413)] {
            let mut stream = connect(&app).await;
            let head = format!(
                "POST /api/v1/threads HTTP/1.1\r\nhost: chancery\r\nidempotency-key: large\r\n\
                 content-type: application/json\r\ncontent-length: 20000000\r\n{sender}\r\n"
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(&vec![b' '; sent]).await.unwrap();
            let mut line = [0; 12];
            stream.read_exact(&mut line).await.unwrap();
            let line = String::from_utf8_lossy(&line).into_owned();
            assert_eq!(line, format!("HTTP/1.1 {status}"), "{}", app.engine);
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_byte_now_and_then_does_not_keep_a_body_alive() {
    for app in TestApp::each_with(&hurried()).await {
        let (mut reading, mut writing) = connect(&app).await.into_split();
        writing.write_all(head("").as_bytes()).await.unwrap();
        let dripping = tokio::spawn(async move {
            while writing.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let mut line = [0; 12];
        reading.read_exact(&mut line).await.unwrap();
        assert_eq!(&line, b"HTTP/1.1 408", "{}", app.engine);
        dripping.abort();
        app.stop().await;
    }
}

#[tokio::test]
async fn headers_that_never_end_are_given_up() {
    for app in TestApp::each_with(&hurried()).await {
        let mut stream = connect(&app).await;
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: c")
            .await
            .unwrap();
        let answer = heard(&mut stream).await;
        assert!(!answer.contains(" 200 "), "{answer}");
        app.stop().await;
    }
}

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    for app in TestApp::each_with(&hurried()).await {
        for beginning in ["", "PRI", "PRI * HTTP/2.0\r\n\r\n"] {
            let mut stream = connect(&app).await;
            stream.write_all(beginning.as_bytes()).await.unwrap();
            let patience = Duration::from_secs(30);
            let end = tokio::time::timeout(patience, heard(&mut stream)).await;
            assert_eq!(end.unwrap(), "", "{}: {beginning:?}", app.engine);
        }
        app.stop().await;
    }
}
