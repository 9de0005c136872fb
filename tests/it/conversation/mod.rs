//! Conversations, from the first word to the last.

mod adopt;
mod bounds;
mod neuroagent;
mod stream;

use entity::identity::user::UserRole;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Client, TestApp};

async fn begin(client: &Client, title: &str) -> String {
    let thread = client
        .post("/api/v1/threads", json!({ "title": title }))
        .await;
    assert_eq!(thread.status, 201, "{}", thread.body);
    format!("/api/v1/threads/{}", thread.body["id"].as_str().unwrap())
}

fn say(text: &str) -> Value {
    json!({ "entity": "USER", "content": { "role": "user", "content": text } })
}

async fn found(client: &Client, question: &str) -> usize {
    let mut path = format!("/api/v1/search?limit=7&q={question}");
    let mut count = 0;
    loop {
        let page = client.get(&path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        count += page.body["items"].as_array().unwrap().len();
        let Some(next) = page.body["next"].as_str() else {
            return count;
        };
        path = format!("/api/v1/search?limit=7&q={question}&after={next}");
    }
}

#[tokio::test]
async fn a_message_goes_in_with_all_that_belongs_to_it() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let thread = begin(&ann, "Layer 5").await;
        let body = json!({
            "entity": "AI_MESSAGE",
            "content": "{\"role\": \"assistant\",  \"content\": \"Pyramidal cells\", \"n\": 9007199254740993}",
            "tool_calls": [
                { "id": "call \"1\"", "name": "find-cells", "arguments": "{broken", "validated": true },
            ],
            "tool_selections": [{ "tool_name": "find-cells" }, { "tool_name": "plot" }],
            "complexity": [{ "complexity": 3, "model": "gpt-5-mini", "reasoning": "LOW" }],
            "tokens": [
                { "type": "INPUT_CACHED", "task": "CHAT_COMPLETION", "count": 100, "model": "gpt-5" },
                { "type": "COMPLETION", "task": "TOOL_SELECTION", "count": 7, "model": "gpt-5-mini" },
            ],
        });
        let said = ann.post(&format!("{thread}/messages"), body.clone()).await;
        assert_eq!(said.status, 201, "{} {}", app.engine, said.body);
        let place = said.headers["location"].to_str().unwrap();
        let shown = ann.get(place).await;
        assert_eq!(shown.body, said.body, "{}", app.engine);
        assert_eq!(shown.body["content"], body["content"], "kept to the letter");
        assert_eq!(shown.body["tool_calls"], body["tool_calls"]);
        assert_eq!(shown.body["tool_selections"].as_array().unwrap().len(), 2);
        assert_eq!(shown.body["complexity"][0]["reasoning"], "LOW");
        assert_eq!(shown.body["tokens"][1]["count"], 7);

        let listed = ann.get(&format!("{thread}/messages")).await;
        assert_eq!(listed.body["items"], json!([said.body]));
        let again = json!({ "id": said.body["id"], "entity": "TOOL", "content": "x" });
        let again = ann.post(&format!("{thread}/messages"), again).await;
        assert_eq!(again.verdict(), "409 unique_violation");

        assert_eq!(ann.delete(place).await.status, 204);
        assert_eq!(ann.get(place).await.verdict(), "404 message.not_found");
        assert_eq!(found(&ann, "pyramidal").await, 0, "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_thousand_messages_go_in_at_once_and_in_order() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let thread = begin(&ann, "").await;
        let mut messages: Vec<Value> = (0..1_000)
            .map(|n| say(&format!("word{n} common")))
            .collect();
        messages[3]["tokens"] = json!([
            { "type": "COMPLETION", "task": "CHAT_COMPLETION", "count": 5, "model": "m" },
        ]);
        let bulk = format!("{thread}/messages/bulk");
        let done = ann.post(&bulk, json!({ "messages": messages })).await;
        assert_eq!(done.status, 201, "{} {}", app.engine, done.body);
        assert_eq!(done.body["count"], 1_000);

        let mut path = format!("{thread}/messages?limit=100");
        let mut seen = Vec::new();
        loop {
            let page = ann.get(&path).await;
            seen.extend(page.body["items"].as_array().unwrap().clone());
            let Some(next) = page.body["next"].as_str() else {
                break;
            };
            path = format!("{thread}/messages?limit=100&after={next}");
        }
        let ids: Vec<&Value> = seen.iter().map(|message| &message["id"]).collect();
        let made: Vec<&Value> = done.body["ids"].as_array().unwrap().iter().collect();
        assert_eq!(
            ids, made,
            "{}: the order is that of the request",
            app.engine
        );
        assert_eq!(found(&ann, "word77").await, 1);
        let newest = ann
            .get(&format!("{thread}/messages?order=newest&limit=1"))
            .await;
        assert_eq!(newest.body["items"][0]["id"], *made[999]);

        messages[998]["content"] = json!("no JSON");
        let refused = ann.post(&bulk, json!({ "messages": messages })).await;
        assert_eq!(refused.verdict(), "422 invalid");
        assert_eq!(
            refused.body["errors"][0]["pointer"],
            "/messages/998/content"
        );
        let count = ann
            .get(&format!("{thread}/messages?order=newest&limit=1"))
            .await;
        assert_eq!(count.body["items"][0]["id"], *made[999], "all or nothing");

        assert_eq!(ann.delete(&thread).await.status, 204);
        assert_eq!(found(&ann, "common").await, 0);
        app.stop().await;
    }
}

#[tokio::test]
async fn search_finds_stems_phrases_and_leaves_out_exclusions() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let thread = begin(&ann, "Cells").await;
        for text in [
            "The neurons were firing in the thalamus",
            "One neuron of layer five",
            "five neurons of this layer <b>bold</b>",
            "nothing of interest",
            "long term memory",
            "a well-known brain at example.com",
            "layer or column",
        ] {
            ann.post(&format!("{thread}/messages"), say(text)).await;
        }
        for (question, hits) in [
            ("neuron", 3),
            ("NEURONS", 3),
            ("fire", 1),
            ("the+neuron+of", 3),
            ("%22layer+five%22", 1),
            ("neuron+-thalamus", 2),
            ("neuron+-%22layer+five%22", 2),
            ("thalamus+interest", 0),
            // Words that a stroke joins, in the question or in the text.
            ("long-term", 1),
            ("memory+-long-term", 0),
            ("%22well+known%22", 1),
            ("well_known", 1),
            // Words of no weight are not compared, wherever they stand in a phrase.
            ("%22the+brain%22", 1),
            ("%22layer+of+column%22", 1),
            ("%22the+layer+or+five%22", 2),
            ("brain+-%22the+layer+or+five%22", 1),
            // PostgreSQL takes a host for one word.
            ("example.com", 1),
            ("brain+-example.com", 0),
            ("the", 0),
            ("%27%3B+DROP+TABLE", 0),
        ] {
            let what = format!("{}: {question}", app.engine);
            assert_eq!(found(&ann, question).await, hits, "{what}");
            assert_eq!(found(&bob, question).await, 0, "{what}: not Bob's");
        }
        let page = ann.get("/api/v1/search?q=thalamus").await;
        let snippet = page.body["items"][0]["snippet"].as_array().unwrap();
        let marked: Vec<&Value> = snippet
            .iter()
            .filter(|piece| piece["hit"] == true)
            .collect();
        assert_eq!(marked, [&json!({ "text": "thalamus", "hit": true })]);
        let text: String = snippet
            .iter()
            .map(|piece| piece["text"].as_str().unwrap())
            .collect();
        assert!(
            text.contains("firing in the thalamus"),
            "{}: {text}",
            app.engine
        );

        let other = begin(&ann, "Other").await;
        let id = other.rsplit('/').next().unwrap();
        let inside = ann
            .get(&format!("/api/v1/search?q=neuron&thread_id={id}"))
            .await;
        assert_eq!(inside.body["items"], json!([]));
        app.stop().await;
    }
}

#[tokio::test]
async fn a_thread_is_listed_renamed_and_taken_with_its_children() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let first = begin(&ann, "First").await;
        let second = begin(&ann, "Second").await;
        let titles = |body: &Value| -> Vec<String> {
            let items = body["items"].as_array().unwrap();
            items
                .iter()
                .map(|thread| thread["title"].as_str().unwrap().to_owned())
                .collect()
        };
        let list = ann.get("/api/v1/threads").await;
        assert_eq!(titles(&list.body), ["Second", "First"]);
        ann.post(&format!("{first}/messages"), say("hello")).await;
        let list = ann.get("/api/v1/threads").await;
        assert_eq!(
            titles(&list.body),
            ["First", "Second"],
            "what moved comes first"
        );

        let shown = ann.get(&second).await;
        let etag = shown.headers["etag"].to_str().unwrap().to_owned();
        let same = ann.with("if-none-match", &etag).get(&second).await;
        assert_eq!(same.status, 304);
        let rename = json!({ "title": "Renamed" });
        let renamed = ann
            .with("if-match", &etag)
            .patch(&second, rename.clone())
            .await;
        assert_eq!(renamed.body["title"], "Renamed");
        let outdated = ann.with("if-match", &etag).patch(&second, rename).await;
        assert_eq!(outdated.verdict(), "412 version.conflict");
        let gone = ann.with("if-match", &etag).delete(&second).await;
        assert_eq!(gone.verdict(), "412 version.conflict");
        let fresh = ann.get(&second).await.headers["etag"].clone();
        let fresh = fresh.to_str().unwrap();
        let weak = ann.with("if-match", &format!("W/{fresh}"));
        assert_eq!(weak.delete(&second).await.verdict(), "412 version.conflict");
        let list = ann.with("if-none-match", &format!("{etag}, W/{fresh}"));
        assert_eq!(list.get(&second).await.status, 304);
        let list = ann.with("if-match", &format!("{etag}, {fresh}"));
        assert_eq!(list.delete(&second).await.status, 204);

        assert_eq!(ann.delete(&first).await.status, 204);
        assert_eq!(ann.get(&first).await.verdict(), "404 thread.not_found");
        let messages = ann.get(&format!("{first}/messages")).await;
        assert_eq!(messages.verdict(), "404 thread.not_found");
        app.stop().await;
    }
}

/// What is refused: where below the messages, what is sent, the verdict, and where it points.
fn refused() -> Vec<(&'static str, String, &'static str, &'static str)> {
    let long = format!(
        r#"{{"entity":"USER","content":{{"content":"{}"}}}}"#,
        "a".repeat(200_001)
    );
    let huge = format!(
        r#"{{"entity":"TOOL","content":"{}"}}"#,
        "a".repeat(1024 * 1024)
    );
    vec![
        (
            "",
            r#"{"entity":"TOOL","content":"x","creation_date":"-5000-01-01T00:00:00Z"}"#.to_owned(),
            "422 invalid",
            "/creation_date",
        ),
        (
            "",
            r#"{"entity":"USER","content":"{\"n\":1e-20000}"}"#.to_owned(),
            "422 invalid",
            "/content",
        ),
            (
                "",
                r#"{"entity":"USER","content":"hello"}"#.to_owned(),
                "422 invalid",
                "/content",
            ),
            (
                "",
                r#"{"entity":"AI_MESSAGE","content":""}"#.to_owned(),
                "422 invalid",
                "/content",
            ),
            (
                "",
                r#"{"entity":"USER","content":{"content":"a\u0000"}}"#.to_owned(),
                "422 invalid",
                "/content",
            ),
            (
                "",
                r#"{"entity":"TOOL","content":"a\u0000"}"#.to_owned(),
                "422 invalid",
                "/content",
            ),
            (
                "",
                r#"{"entity":"USER","content":{"content":"a","content":"b"}}"#.to_owned(),
                "422 invalid",
                "/content",
            ),
            ("", long, "422 invalid", "/content"),
            (
                "",
                r#"{"entity":"NOBODY","content":"x"}"#.to_owned(),
                "422 invalid",
                "/entity",
            ),
            ("", r#"{"entity":"USER"}"#.to_owned(), "422 invalid", "/content"),
            (
                "",
                r#"{"entity":"TOOL","content":"x","colour":1}"#.to_owned(),
                "422 invalid",
                "/colour",
            ),
            (
                "",
                r#"{"entity":"TOOL","content":"x","tokens":[{"type":"COMPLETION","task":"TOOL_SELECTION","count":-1,"model":"m"}]}"#.to_owned(),
                "422 invalid",
                "/tokens/0/count",
            ),
            (
                "",
                r#"{"entity":"TOOL","content":"x","tokens":[{"type":"COMPLETION","task":"TOOL_SELECTION","count":3000000000,"model":"m"}]}"#.to_owned(),
                "422 invalid",
                "/tokens/0/count",
            ),
            (
                "",
                r#"{"entity":"TOOL","content":"x","tool_calls":[{"id":"","name":"n","arguments":""}]}"#.to_owned(),
                "422 invalid",
                "/tool_calls/0/id",
            ),
            ("", huge, "413 too_large", ""),
            ("/bulk", r#"{"messages":[]}"#.to_owned(), "422 invalid", "/messages"),
            (
                "/bulk",
                r#"{"messages":[{"entity":"TOOL","content":"x"},{"entity":"USER","content":"y"}]}"#.to_owned(),
                "422 invalid",
                "/messages/1/content",
            ),
            ("/bulk", "[".to_owned(), "400 malformed", ""),
    ]
}

#[tokio::test]
async fn bad_words_are_refused_with_a_pointer_and_nothing_is_kept() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let thread = begin(&ann, "Rules").await;
        let messages = format!("{thread}/messages");
        for (path, body, verdict, pointer) in refused() {
            let path = format!("{messages}{path}");
            let answer = ann
                .ask(Method::POST, &path, Some(body.as_bytes().to_vec()))
                .await;
            let start: String = body.chars().take(120).collect();
            let what = format!("{} {start}: {}", app.engine, answer.body);
            assert_eq!(answer.verdict(), verdict, "{what}");
            if !pointer.is_empty() {
                assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{what}");
            }
        }
        let foreign = bob.post(&messages, say("mine")).await;
        assert_eq!(foreign.verdict(), "404 thread.not_found");
        assert_eq!(bob.delete(&thread).await.verdict(), "404 thread.not_found");
        let theirs = json!({ "title": "x", "user_id": "00000000-0000-4000-8000-000000000000" });
        let theirs = bob.post("/api/v1/threads", theirs).await;
        assert_eq!(theirs.verdict(), "403 forbidden");
        for query in ["", "q=", "q=-a", "q=a%00", "q=a&limit=0", "q=a&after=x"] {
            let answer = ann.get(&format!("/api/v1/search?{query}")).await;
            assert!(
                [400, 422].contains(&answer.status.as_u16()),
                "{query}: {}",
                answer.body
            );
        }
        let kept = ann.get(&messages).await;
        assert_eq!(kept.body["items"], json!([]), "nothing is half-written");
        app.stop().await;
    }
}
