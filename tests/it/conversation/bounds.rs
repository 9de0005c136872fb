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

#[tokio::test]
async fn a_large_bulk_is_written_in_statements_of_some_megabytes() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let thread = begin(&ann, "Much").await;
        let (sender, inserts) = std::sync::mpsc::channel();
        let sender = std::sync::Mutex::new(sender);
        app.services().db.observe(Box::new(move |seen| {
            let sql = seen.sql.replace('"', "");
            let table = sql.strip_prefix("INSERT INTO ");
            if let Some(table) = table.and_then(|rest| rest.split_once(' ')) {
                let _ = sender.lock().unwrap().send(table.0.to_owned());
            }
        }));
        let large = (0..5).map(|n| {
            let mut message = holding(MOST - 16, MOST - 16, &[("tool_calls", 1)]);
            message["tool_calls"][0]["id"] = json!(format!("call {n}"));
            message
        });
        let small = (0..1_000).map(|n| say(&format!("word{n}")));
        let messages: Vec<Value> = large.chain(small).collect();
        let path = format!("{thread}/messages/bulk");
        let done = ann.post(&path, bulk(&messages)).await;
        assert_eq!(done.status, 201, "{} {}", app.engine, done.body);
        let inserts: Vec<String> = inserts.try_iter().collect();
        let of = |table: &str| inserts.iter().filter(|name| *name == table).count();
        assert_eq!(of("messages"), 3, "{}: {inserts:?}", app.engine);
        assert_eq!(of("tool_calls"), 3, "{}: {inserts:?}", app.engine);
        let count = app.number("SELECT count(*) FROM messages").await;
        assert_eq!(count, 1_005, "{}", app.engine);
        app.stop().await;
    }
}
