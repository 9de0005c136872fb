//! One question by JSON-RPC 2.0.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::ctx::Services;
use crate::nft::chain::NftChain;
use crate::outbound::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use crate::outbound::{self, HeaderMap, HeaderValue, Method, Request};

/// What a chain answered: a result, or its own complaint.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// The result.
    Result(Value),
    /// What is wrong with the question.
    Complaint {
        /// Its number.
        code: i64,
        /// Its sentence, in small letters.
        message: String,
    },
}

#[derive(Deserialize)]
struct Envelope {
    jsonrpc: String,
    id: Value,
    // A result may be null, which is not the same as none.
    #[serde(default, deserialize_with = "there")]
    result: Option<Value>,
    #[serde(default)]
    error: Option<Complaint>,
}

#[derive(Deserialize)]
struct Complaint {
    code: i64,
    message: String,
}

fn there<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Ask; else the reason why there is no answer.
pub(super) async fn ask(
    services: &Services,
    chain: &NftChain,
    id: &str,
    method: &'static str,
    params: Value,
) -> Result<Answer, String> {
    let mut headers = HeaderMap::new();
    let json = HeaderValue::from_static("application/json");
    headers.insert(ACCEPT, json.clone());
    headers.insert(CONTENT_TYPE, json);
    if let Some(value) = &chain.authorization {
        let value = HeaderValue::from_str(value);
        let mut value = value.map_err(|_| "its authorization is no header".to_owned())?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    let request = Request {
        method: Method::POST,
        url: chain.url.clone(),
        headers,
        body: body.to_string().into_bytes(),
    };
    let answer = outbound::call(services, request).await;
    let answer = answer.map_err(|failure| failure.to_string())?;
    if answer.cut {
        return Err("its answer is too long".to_owned());
    }
    read(answer.status, &answer.body, id)
}

fn read(status: u16, body: &[u8], id: &str) -> Result<Answer, String> {
    let envelope = serde_json::from_slice::<Envelope>(body);
    let envelope = match envelope {
        Ok(envelope) if envelope.jsonrpc == "2.0" => envelope,
        _ if status != 200 => return Err(format!("it answered {status}")),
        _ => return Err("its answer is no JSON-RPC".to_owned()),
    };
    if envelope.id != json!(id) {
        return Err("its answer is to another question".to_owned());
    }
    match (envelope.result, envelope.error) {
        (Some(result), None) if status == 200 => Ok(Answer::Result(result)),
        // Some say `"result": null` beside an error.
        (None | Some(Value::Null), Some(error)) => Ok(Answer::Complaint {
            code: error.code,
            message: error.message.to_lowercase(),
        }),
        _ => Err("its answer is neither a result nor an error".to_owned()),
    }
}

/// A complaint that does not say anything about the NFT: worth another try.
pub(super) fn puzzled(code: i64) -> String {
    format!("it answered with the error {code}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_exactly_one_to_the_question() {
        let good = json!({ "jsonrpc": "2.0", "id": "7", "result": null });
        let asked = |status: u16, body: &Value| read(status, body.to_string().as_bytes(), "7");
        assert_eq!(asked(200, &good), Ok(Answer::Result(Value::Null)));
        let error = json!({ "code": 3, "message": "Execution Reverted" });
        let complaint = Answer::Complaint {
            code: 3,
            message: "execution reverted".to_owned(),
        };
        for status in [200, 400] {
            let no = json!({ "jsonrpc": "2.0", "id": "7", "error": error });
            assert_eq!(asked(status, &no), Ok(complaint.clone()));
        }
        for (status, member, value) in [
            (200, "id", json!(7)),
            (200, "id", json!("8")),
            (200, "id", Value::Null),
            (200, "jsonrpc", json!("1.0")),
            (200, "error", json!({ "code": "3", "message": "x" })),
            (200, "error", json!("no")),
            (503, "result", json!(1)),
        ] {
            let mut bad = good.clone();
            bad[member] = value;
            assert!(asked(status, &bad).is_err(), "{status} {bad}");
        }
        let both = json!({ "jsonrpc": "2.0", "id": "7", "result": 1, "error": error });
        assert!(asked(200, &both).is_err());
        for body in [json!([good]), json!({}), json!(1)] {
            assert!(asked(200, &body).is_err(), "{body}");
        }
        assert_eq!(read(502, b"<html>", "7"), Err("it answered 502".to_owned()));
    }
}
