//! A connection carries the next request, or says that it does not.

use tests::TestApp;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

struct Connection(BufReader<TcpStream>);

impl Connection {
    async fn open(app: &TestApp) -> Self {
        let address = app.base.strip_prefix("http://").unwrap();
        Self(BufReader::new(TcpStream::connect(address).await.unwrap()))
    }

    async fn say(&mut self, words: &str) {
        self.0.write_all(words.as_bytes()).await.unwrap();
    }

    /// The next answer's head; its body is read too.
    async fn hear(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let length = self.0.read_line(&mut head).await.unwrap();
            assert_ne!(length, 0, "the connection ended: {head:?}");
        }
        let length = head.split("content-length: ").nth(1).unwrap();
        let length = length.lines().next().unwrap().parse().unwrap();
        self.0.read_exact(&mut vec![0; length]).await.unwrap();
        head
    }
}

/// The beginning of a request that a stranger is refused.
fn head(length: usize, more: &str) -> String {
    format!(
        "POST /api/v1/threads HTTP/1.1\r\nhost: chancery\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{more}\r\n"
    )
}

fn closes(head: &str) -> bool {
    head.contains("connection: close")
}

#[tokio::test]
async fn a_refusal_does_not_cost_the_next_request_its_connection() {
    for app in TestApp::each().await {
        let (mut kept, mut connection) = (0, Connection::open(&app).await);
        for at in 0..300 {
            connection.say(&head(2, "")).await;
            // The body is a packet of its own, as most clients send it.
            tokio::task::yield_now().await;
            connection.say("{}").await;
            let answer = connection.hear().await;
            assert!(answer.starts_with("HTTP/1.1 401 "), "{at}: {answer}");
            if closes(&answer) {
                connection = Connection::open(&app).await;
            } else {
                kept += 1;
            }
        }
        assert_ne!(kept, 0, "{}: a small rest is read", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn who_sends_more_than_is_read_is_told_that_the_connection_ends() {
    for app in TestApp::each().await {
        let waiting = "expect: 100-continue\r\n";
        for (length, more, sent) in [(2, "", ""), (2, waiting, ""), (1_000_000, "", "{")] {
            let mut connection = Connection::open(&app).await;
            connection.say(&head(length, more)).await;
            connection.say(sent).await;
            let answer = connection.hear().await;
            assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
            assert!(closes(&answer), "{}: {length}: {answer}", app.engine);
        }
        app.stop().await;
    }
}
