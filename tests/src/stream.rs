//! A stream of server-sent events, as a client hears it.

use futures::StreamExt;
use serde_json::Value;

use crate::Client;

/// The lines of a stream, as they come.
pub struct EventStream {
    pieces: futures::stream::BoxStream<'static, Vec<u8>>,
    text: String,
}

impl EventStream {
    /// The stream at `path`, behind the event `last` where one is named.
    pub async fn open(who: &Client, path: &str, last: Option<&str>) -> Self {
        let mut who = who.with("accept", "text/event-stream");
        if let Some(last) = last {
            who.header("last-event-id", last);
        }
        let request = who.http.get(format!("{}{path}", who.base));
        let answer = request.headers(who.headers.clone()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        // What breaks off is over.
        let pieces = answer
            .bytes_stream()
            .map(|piece| piece.unwrap_or_default().to_vec());
        Self {
            pieces: pieces.boxed(),
            text: String::new(),
        }
    }

    /// The next event's id, type and data; nothing once the stream is over.
    pub async fn next(&mut self) -> Option<(String, String, Value)> {
        let patience = std::time::Duration::from_secs(30);
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name));
                    line.unwrap_or_default().trim().to_owned()
                };
                let data = serde_json::from_str(&field("data:")).unwrap_or_default();
                let told = (field("id:"), field("event:"), data);
                self.text = rest.to_string();
                if told.1.is_empty() {
                    continue;
                }
                return Some(told);
            }
            let piece = tokio::time::timeout(patience, self.pieces.next()).await;
            self.text += &String::from_utf8(piece.unwrap()?).unwrap();
        }
    }

    /// The types of the next `count` events.
    pub async fn kinds(&mut self, count: usize) -> Vec<String> {
        let mut kinds = Vec::new();
        for _ in 0..count {
            kinds.push(self.next().await.unwrap().1);
        }
        kinds
    }
}
