//! A thread as a stream of server-sent events.

use entity::identity::user::UserRole;
use serde_json::{Value, json};
use tests::{Client, EventStream, TestApp};

use super::{begin, say};

async fn open(who: &Client, thread: &str, last: Option<&str>) -> EventStream {
    EventStream::open(who, &format!("{thread}/events"), last).await
}

/// Say it; the message as it is shown.
async fn said(who: &Client, thread: &str, text: &str) -> Value {
    let said = who.post(&format!("{thread}/messages"), say(text)).await;
    assert_eq!(said.status, 201, "{}", said.body);
    said.body
}

/// Say it all at once; the messages as they are shown.
async fn all_said(who: &Client, thread: &str, texts: &[String]) -> Vec<Value> {
    let messages: Vec<Value> = texts.iter().map(|text| say(text)).collect();
    let bulk = format!("{thread}/messages/bulk");
    let done = who.post(&bulk, json!({ "messages": messages })).await;
    assert_eq!(done.status, 201, "{}", done.body);
    let mut shown = Vec::new();
    for id in done.body["ids"].as_array().unwrap() {
        let path = format!("{thread}/messages/{}", id.as_str().unwrap());
        shown.push(who.get(&path).await.body);
    }
    shown
}

#[tokio::test]
async fn messages_come_whole_and_in_order_and_go_on_behind_the_last() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let thread = begin(&ann, "Cells").await;
        said(&ann, &thread, "before").await;
        let mut stream = open(&ann, &thread, None).await;
        let (begun, kind, shown) = stream.next().await.unwrap();
        assert_eq!(
            (kind.as_str(), &shown["title"]),
            ("thread", &json!("Cells"))
        );

        let other = app.beside().await;
        let one = said(&ann, &thread, "one").await;
        let (first, kind, told) = stream.next().await.unwrap();
        assert_eq!((kind.as_str(), &told), ("message", &one), "{}", app.engine);
        // Another process tells, and this one hears of it.
        let two = said(&other.seen(&ann), &thread, "two").await;
        assert_eq!(stream.next().await.unwrap().2, two, "{}", app.engine);
        drop(stream);

        // More than is read, or remembered, at once.
        let texts: Vec<String> = (0..70).map(|number| format!("word {number}")).collect();
        let many = all_said(&ann, &thread, &texts).await;
        let mut again = open(&ann, &thread, Some(&first)).await;
        let mut place = String::new();
        for missed in [&two].into_iter().chain(&many[..40]) {
            let (id, _, told) = again.next().await.unwrap();
            assert_eq!(told, *missed, "{}", app.engine);
            place = id;
        }
        drop(again);
        let mut again = open(&ann, &thread, Some(&place)).await;
        for missed in &many[40..] {
            assert_eq!(again.next().await.unwrap().2, *missed, "{}", app.engine);
        }
        drop(again);
        // The whole of what came behind the beginning, and nothing twice.
        let mut whole = open(&ann, &thread, Some(&begun)).await;
        for missed in [&one, &two].into_iter().chain(&many) {
            assert_eq!(whole.next().await.unwrap().2, *missed, "{}", app.engine);
        }
        let last = said(&ann, &thread, "last").await;
        assert_eq!(whole.next().await.unwrap().2, last, "{}", app.engine);

        // The same by asking.
        let page = ann.get(&format!("{thread}/events?limit=2")).await.body;
        assert_eq!(page["items"][1], one);
        let foreign = bob.with("accept", "text/event-stream");
        let foreign = foreign.get(&format!("{thread}/events")).await;
        assert_eq!(foreign.verdict(), "404 thread.not_found");
        let elsewhere = begin(&ann, "Elsewhere").await;
        for (thread, cursor) in [(&thread, "x"), (&elsewhere, first.as_str())] {
            let odd = ann.with("accept", "text/event-stream");
            let odd = odd.with("last-event-id", cursor);
            let odd = odd.get(&format!("{thread}/events")).await;
            assert_eq!(odd.verdict(), "400 cursor.bad");
        }
        other.stop().await;
        app.stop().await;
    }
}

const ALLOW: &str = "mutation($id: String!, $version: String!) {
    updateToolCall(id: $id, rowVersion: $version, patch: { validated: true }) { id }
}";

#[tokio::test]
async fn who_comes_back_hears_what_changed_what_came_late_and_what_is_gone() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let admin = app.user("admin", UserRole::Admin).await;
        let thread = begin(&ann, "Cells").await;
        let gone = said(&ann, &thread, "never mind").await;
        let call = json!({ "id": "call 1", "name": "find", "arguments": "{}", "validated": null });
        let asking = json!({ "entity": "AI_TOOL", "content": {}, "tool_calls": [call] });
        let asked = ann.post(&format!("{thread}/messages"), asking).await.body;
        let mut stream = open(&ann, &thread, None).await;
        let (begun, ..) = stream.next().await.unwrap();

        // While the stream hears it …
        let mut late = say("a word that came late");
        late["creation_date"] = gone["creation_date"].clone();
        let late = ann.post(&format!("{thread}/messages"), late).await.body;
        let (heard, kind, told) = stream.next().await.unwrap();
        assert_eq!((kind.as_str(), &told), ("message", &late), "{}", app.engine);
        let place = format!("{thread}/messages/{}", gone["id"].as_str().unwrap());
        assert_eq!(ann.delete(&place).await.status, 204);
        let (_, kind, told) = stream.next().await.unwrap();
        let removed = json!({ "id": gone["id"] });
        assert_eq!((kind.as_str(), &told), ("removed", &removed));
        let title = json!({ "title": "Better" });
        assert_eq!(ann.patch(&thread, title).await.status, 200);
        let (_, kind, told) = stream.next().await.unwrap();
        assert_eq!(
            (kind.as_str(), &told["title"]),
            ("thread", &json!("Better"))
        );
        drop(stream);

        // … and while it does not.
        let ask = async |query: &str, id: &Value| {
            let ask = json!({ "query": query, "variables": { "id": id } });
            admin.post("/graphql", ask).await.body["data"].clone()
        };
        let node = "query($id: String!) { toolCall(id: $id) { nodeId } }";
        let node = ask(node, &json!("call 1")).await["toolCall"]["nodeId"].clone();
        let version = "query($id: ID!) { rowVersion(id: $id) }";
        let version = ask(version, &node).await["rowVersion"].clone();
        let allow = json!({ "query": ALLOW, "variables": { "id": "call 1", "version": version } });
        let allowed = admin.post("/graphql", allow).await.body;
        assert!(allowed.get("errors").is_none(), "{allowed}");
        let path = format!("{thread}/messages/{}", asked["id"].as_str().unwrap());
        let shown = ann.get(&path).await.body;
        assert_eq!(shown["tool_calls"][0]["validated"], true);
        for (last, kinds) in [
            (&begun, &["thread", "message", "message", "removed"][..]),
            (&heard, &["thread", "message", "removed"]),
        ] {
            let mut again = open(&ann, &thread, Some(last)).await;
            let mut told = Vec::new();
            for kind in kinds {
                let event = again.next().await.unwrap();
                assert_eq!(event.1, *kind, "{}: {told:?}", app.engine);
                told.push(event.2);
            }
            let [_, .., changed, removed] = &told[..] else {
                panic!("{told:?}")
            };
            assert_eq!((changed, &removed["id"]), (&shown, &gone["id"]));
            // And nothing else.
            let next = said(&ann, &thread, "next").await;
            assert_eq!(again.next().await.unwrap().2, next, "{}", app.engine);
            let next = format!("{thread}/messages/{}", next["id"].as_str().unwrap());
            assert_eq!(ann.delete(&next).await.status, 204);
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_thread_and_with_the_session_that_opened_it() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let (one, two) = (begin(&ann, "One").await, begin(&ann, "Two").await);
        let mut first = open(&ann, &one, None).await;
        let mut second = open(&ann, &two, None).await;
        assert_eq!(first.kinds(1).await, ["thread"]);
        assert_eq!(second.kinds(1).await, ["thread"]);
        assert_eq!(ann.delete(&one).await.status, 204);
        let (_, kind, problem) = first.next().await.unwrap();
        let verdict = (kind.as_str(), &problem["code"]);
        let gone = ("problem", &json!("thread.not_found"));
        assert_eq!(verdict, gone, "{}", app.engine);
        assert_eq!(first.next().await, None);

        assert_eq!(ann.delete("/api/v1/session").await.status, 204);
        let (_, kind, problem) = second.next().await.unwrap();
        assert_eq!(kind, "problem", "{}: {problem}", app.engine);
        assert_eq!(problem["status"], 401, "{problem}");
        assert_eq!(second.next().await, None);
        app.stop().await;
    }
}

/// Whoever goes by the last that they have seen misses nothing, however many say something at once.
#[tokio::test]
async fn nothing_is_passed_over_when_many_speak_at_once() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let other = app.beside().await;
        let there = other.seen(&ann);
        let thread = begin(&ann, "Crowd").await;
        let mut stream = open(&ann, &thread, None).await;
        assert_eq!(stream.kinds(1).await, ["thread"]);
        let speak = (0..12_usize).map(|number| {
            let who = if number % 2 == 0 { &ann } else { &there };
            let texts: Vec<String> = (0..25).map(|at| format!("{number} {at}")).collect();
            let thread = &thread;
            async move { all_said(who, thread, &texts).await }
        });
        let hear = async {
            let mut heard = Vec::new();
            while heard.len() < 300 {
                heard.push(stream.next().await.unwrap().2);
            }
            heard
        };
        let (said, heard) = tokio::join!(futures::future::join_all(speak), hear);
        // What is said in one breath is heard in one.
        let mut breaths: Vec<&[Value]> = heard.chunks(25).collect();
        breaths.sort_by_key(|breath| breath[0]["content"].to_string());
        let mut said: Vec<&[Value]> = said.iter().map(Vec::as_slice).collect();
        said.sort_by_key(|breath| breath[0]["content"].to_string());
        assert_eq!(breaths, said, "{}", app.engine);
        other.stop().await;
        app.stop().await;
    }
}
