//! Whole numbers stay exact, or are refused where they stand: at both doors, and whichever way.

use entity::identity::user::UserRole;
use reqwest::Method;
use serde_json::json;
use tests::{Answer, Client, TestApp};

use super::code;

const WIDE: &str = "12345678901234567890123";
const PATH: &str = "/api/v1/me/preferences";

/// Send JSON as it is written: no program reads its numbers on the way.
async fn send(who: &Client, method: Method, path: &str, text: &str) -> Answer {
    who.ask(method, path, Some(text.as_bytes().to_vec())).await
}

fn pointer(answer: &Answer) -> &str {
    let errors = match &answer.body["errors"][0]["extensions"]["errors"] {
        serde_json::Value::Null => &answer.body["errors"],
        errors => errors,
    };
    errors[0]["pointer"].as_str().unwrap()
}

#[tokio::test]
async fn a_number_that_would_be_rounded_is_refused_at_rest() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let body = format!(r#"{{"a":{{"b":[1,{WIDE}]}}}}"#);
        let refused = send(&ann, Method::PATCH, PATH, &body).await;
        assert_eq!(refused.verdict(), "422 invalid", "{}", app.engine);
        assert_eq!(pointer(&refused), "/a/b/1");
        let body = r#"{"most":18446744073709551615,"least":-9223372036854775808,"far":1e30}"#;
        let kept = send(&ann, Method::PATCH, PATH, body).await;
        assert_eq!(kept.status, 200, "{}: {}", app.engine, kept.body);
        let kept = ann.get(PATH).await.body;
        assert_eq!(kept["most"], u64::MAX, "{}", app.engine);
        assert_eq!(kept["least"], i64::MIN);
        assert_eq!(kept["far"], json!(1e30));

        // What a message says is kept as it was written.
        let thread = ann.post("/api/v1/threads", json!({ "title": "t" })).await;
        let path = format!(
            "/api/v1/threads/{}/messages",
            thread.body["id"].as_str().unwrap()
        );
        let said = format!(r#"{{"entity":"TOOL","content":{{"n":{WIDE}}}}}"#);
        let said = send(&ann, Method::POST, &path, &said).await;
        assert_eq!(said.status, 201, "{}: {}", app.engine, said.body);
        assert!(said.text.contains(WIDE), "{}: {}", app.engine, said.text);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_number_that_would_be_rounded_is_refused_of_graphql() {
    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        let liked = admin.patch(PATH, json!({ "a": 1 })).await;
        assert_eq!(liked.status, 200);
        let profile = json!({ "query": "{ profiles(first: 1) { nodes { id } } }" });
        let profile = admin.post("/graphql", profile).await.body;
        let id = profile["data"]["profiles"]["nodes"][0]["id"].clone();
        let change = "mutation($id: UUID!, $patch: ProfilePatch!) { \
                      updateProfile(id: $id, rowVersion: \\\"1\\\", patch: $patch) { id } }";
        let payload = format!(
            r#"{{"query":"{change}","variables":{{"id":{id},"patch":{{"preferences":{{"n":{WIDE}}}}}}}}}"#
        );
        let refused = send(&admin, Method::POST, "/graphql", &payload).await;
        assert_eq!(code(&refused), "invalid", "{}", app.engine);
        assert_eq!(pointer(&refused), "/variables/patch/preferences/n");

        let mut peer = admin.listen().await;
        peer.say_text(format!(
            r#"{{"type":"subscribe","id":"one","payload":{payload}}}"#
        ))
        .await;
        let told = peer.message().await;
        assert_eq!(told["type"], "error", "{told}");
        let extensions = &told["payload"][0]["extensions"];
        assert_eq!(extensions["code"], "invalid", "{told}");

        let text = format!(
            "mutation {{ updateProfile(id: {id}, rowVersion: \"1\", \
             patch: {{ preferences: {{ n: {WIDE} }} }}) {{ id }} }}"
        );
        let refused = admin.post("/graphql", json!({ "query": text })).await;
        assert_eq!(code(&refused), "graphql.invalid", "{}", app.engine);
        let column = text.find(WIDE).unwrap() + 1;
        let place = json!([{ "line": 1, "column": column }]);
        assert_eq!(refused.body["errors"][0]["locations"], place);
        assert_eq!(admin.get(PATH).await.body, json!({ "a": 1 }));
        app.stop().await;
    }
}
