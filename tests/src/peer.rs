//! The other end of a WebSocket.

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::Client;

/// The other end of a socket at `/graphql`.
#[derive(Debug)]
pub struct Peer(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What a socket says.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A message.
    Said(Value),
    /// That it closes, with this code.
    Closed(u16),
    /// Nothing any more, and no word of it.
    Gone,
}

impl Client {
    /// Open a socket of the subprotocol `protocol`; else the answer's status and first code.
    pub async fn socket(&self, protocol: &str) -> Result<Peer, String> {
        let address = format!("{}/graphql", self.base.replacen("http", "ws", 1));
        let mut request = address.into_client_request().unwrap();
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        headers.insert("sec-websocket-protocol", protocol.parse().unwrap());
        match connect_async(request).await {
            Ok((socket, response)) => {
                assert_eq!(response.headers()["sec-websocket-protocol"], protocol);
                Ok(Peer(socket))
            }
            Err(Error::Http(response)) => {
                let body = response.body().as_deref().unwrap_or_default();
                let body: Value = serde_json::from_slice(body).unwrap();
                let code = body["errors"][0]["extensions"]["code"].as_str().unwrap();
                Err(format!("{} {code}", response.status().as_u16()))
            }
            Err(other) => panic!("{other}"),
        }
    }

    /// A socket that was taken up.
    pub async fn listen(&self) -> Peer {
        let mut peer = self.socket("graphql-transport-ws").await.unwrap();
        peer.say(json!({ "type": "connection_init" })).await;
        assert_eq!(
            peer.hear().await,
            Heard::Said(json!({ "type": "connection_ack" }))
        );
        peer
    }
}

impl Peer {
    /// Say something, whether or not anybody listens.
    pub async fn say(&mut self, message: Value) {
        self.say_text(message.to_string()).await;
    }

    /// Say a text as it is written.
    pub async fn say_text(&mut self, text: String) {
        let _ = self.0.send(Message::text(text)).await;
    }

    /// Say some bytes.
    pub async fn say_bytes(&mut self, bytes: Vec<u8>) {
        let _ = self.0.send(Message::binary(bytes)).await;
    }

    /// Begin an operation.
    pub async fn ask(&mut self, id: &str, payload: Value) {
        self.say(json!({ "type": "subscribe", "id": id, "payload": payload }))
            .await;
    }

    /// Subscribe, and wait until it is listened to.
    pub async fn follow(&mut self, id: &str, query: &str) {
        self.ask(id, json!({ "query": query })).await;
        // What comes after is begun after.
        self.ask("after", json!({ "query": "{ __typename }" }))
            .await;
        let next = json!({ "type": "next", "id": "after", "payload": { "data": { "__typename": "Query" } } });
        assert_eq!(self.hear().await, Heard::Said(next));
        assert_eq!(
            self.hear().await,
            Heard::Said(json!({ "type": "complete", "id": "after" }))
        );
    }

    /// The next thing that is said.
    pub async fn hear(&mut self) -> Heard {
        let heard = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => {
                        return Heard::Said(serde_json::from_str(&text).unwrap());
                    }
                    Some(Ok(Message::Close(frame))) => {
                        return Heard::Closed(frame.map_or(1005, |frame| frame.code.into()));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Heard::Gone,
                }
            }
        };
        let patience = std::time::Duration::from_secs(30);
        tokio::time::timeout(patience, heard)
            .await
            .expect("nothing is said")
    }

    /// The next message.
    pub async fn message(&mut self) -> Value {
        match self.hear().await {
            Heard::Said(message) => message,
            other => panic!("{other:?}"),
        }
    }
}
