//! How much a message holds.

use entity::identity::user::UserRole;
use serde_json::{Value, json};
use tests::TestApp;

use super::{begin, say};

/// The most bytes that a content may have, or a tool call's arguments.
const MOST: usize = 1024 * 1024;

/// A message with a content of `length` letters and that many of each of its `children`, whose
/// tool calls take arguments of so many bytes.
fn holding(length: usize, arguments: usize, children: &[(&str, usize)]) -> Value {
    let mut message = json!({ "entity": "TOOL", "content": "a".repeat(length) });
    for (kind, count) in children {
        let child = |n: usize| match *kind {
            "tool_calls" => json!({
                "id": format!("{length} {n}"), "name": "n", "arguments": "a".repeat(arguments),
            }),
            "tool_selections" => json!({ "tool_name": "n" }),
            "complexity" => json!({ "model": "m" }),
            _ => json!({
                "type": "COMPLETION", "task": "TOOL_SELECTION", "count": 1, "model": "m",
            }),
        };
        message[*kind] = (0..*count).map(child).collect();
    }
    message
}

fn bulk(messages: &[Value]) -> Value {
    json!({ "messages": messages })
}

const KINDS: [&str; 4] = ["tool_calls", "tool_selections", "complexity", "tokens"];

#[tokio::test]
async fn a_message_holds_so_much_and_no_more() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let thread = begin(&ann, "Room").await;
        let messages = format!("{thread}/messages");
        let path = format!("{messages}/bulk");
        let full = holding(MOST, MOST, &[("tool_calls", 1)]);
        let many = holding(1, 1, &KINDS.map(|kind| (kind, 128)));
        let done = ann.post(&path, bulk(&[full, many])).await;
        assert_eq!(done.status, 201, "{} {}", app.engine, done.body);

        let wide = holding(MOST + 1, 1, &[]);
        let asking = holding(2, MOST + 1, &[("tool_calls", 1)]);
        for (message, pointer) in [
            (wide, "/messages/1/content"),
            (asking, "/messages/1/tool_calls/0/arguments"),
        ] {
            let answer = ann.post(&path, bulk(&[say("before"), message])).await;
            assert_eq!(answer.verdict(), "422 invalid", "{} {pointer}", app.engine);
            assert_eq!(answer.body["errors"][0]["pointer"], pointer);
        }
        for kind in KINDS {
            let answer = ann.post(&messages, holding(3, 1, &[(kind, 129)])).await;
            assert_eq!(answer.verdict(), "422 invalid", "{} {kind}", app.engine);
            assert_eq!(answer.body["errors"][0]["pointer"], format!("/{kind}"));
        }
        let kept = ann.get(&messages).await;
        assert_eq!(kept.body["items"].as_array().unwrap().len(), 2);
        app.stop().await;
    }
}
