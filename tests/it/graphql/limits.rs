//! What is refused, whichever way it comes: by POST, by GET, by hash, over a socket.

use entity::identity::user::UserRole;
use serde_json::{Value, json};
use service::secret::fingerprint;
use service::settings::Documents;
use tests::{Answer, Client, Plan, TestApp};

use super::code;

/// Requests, and the code that each hears.
pub(super) fn refused() -> Vec<(Value, &'static str)> {
    let query = |text: String| json!({ "query": text });
    let page = |first: u32| format!("runs(first: {first}) {{ nodes {{ id }} }}");
    let twice = (0..200).map(|at| format!("fragment F{at} on Query {{ ...F{0} ...F{0} }}", at + 1));
    let twice: Vec<String> = twice.collect();
    let deep = format!("{{ {} id {} }}", "a { ".repeat(12), "}".repeat(12));
    let many = vec![page(100); 20].join(" ");
    let with = |text: &str, variables: Value| json!({ "query": text, "variables": variables });
    let by_status = "query($s: RunStatus!) { runs(filter: {status: {eq: $s}}) { nodes { id } } }";
    let by_page = "query($n: Int = 5) { runs(first: $n) { nodes { id } } }";
    vec![
        (
            query(format!("{{ me {{ {} }} }}", "id ".repeat(2_000))),
            "graphql.limit",
        ),
        (query("{".repeat(100)), "graphql.limit"),
        (query(deep), "graphql.limit"),
        (
            query(format!("{{ me {{ {} }} }}", "a: id ".repeat(31))),
            "graphql.limit",
        ),
        (
            query(format!(
                "{{ me {{ id {} }} }}",
                "@include(if: true) ".repeat(6)
            )),
            "graphql.limit",
        ),
        (
            query(format!("{{ {} }}", "me { id } ".repeat(21))),
            "graphql.limit",
        ),
        (
            query(format!("{{ {many} {} }}", page(5_000))),
            "graphql.limit",
        ),
        (query(format!("{{ {} }}", page(5_001))), "graphql.limit"),
        (
            query("{ ...F } fragment F on Query { ...F }".to_owned()),
            "graphql.limit",
        ),
        (
            query(format!(
                "{{ ...F0 }} {} fragment F200 on Query {{ me {{ id }} }}",
                twice.join(" ")
            )),
            "graphql.limit",
        ),
        (
            query(
                "{ __schema { types { fields { type { ...T } } } } }
                 fragment T on __Type { possibleTypes { fields { name } } }"
                    .to_owned(),
            ),
            "graphql.limit",
        ),
        (
            query(format!(
                "{{ analytics {{ {} }} }}",
                ["a", "b", "c"]
                    .map(|name| format!(
                        "{name}: tokenUsage(bucket: HOUR, top: 100, range: {{
                            from: \"2026-01-01T00:00:00Z\", to: \"2026-01-02T00:00:00Z\" }}) {{
                            series {{ points {{ tokens }} }} }}"
                    ))
                    .join(" ")
            )),
            "graphql.limit",
        ),
        (query("{ me".to_owned()), "graphql.syntax"),
        (query("{ nothing }".to_owned()), "graphql.invalid"),
        // A required variable that is missing is no missing condition.
        (with(by_status, json!({})), "graphql.invalid"),
        (with(by_status, json!({ "s": null })), "graphql.invalid"),
        (with(by_status, json!({ "s": "LOST" })), "graphql.invalid"),
        (
            with(by_status, json!({ "s": ["FAILED"] })),
            "graphql.invalid",
        ),
        (with(by_page, json!({ "n": "5" })), "graphql.invalid"),
        (with(by_page, json!({ "n": 1.5 })), "graphql.invalid"),
        (with(by_page, json!({ "n": 5_001 })), "graphql.limit"),
    ]
}

async fn post(client: &Client, payload: &Value) -> Answer {
    client.post("/graphql", payload.clone()).await
}

async fn get(client: &Client, payload: &Value) -> Answer {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in payload.as_object().unwrap() {
        let text = value.as_str().map_or(value.to_string(), str::to_owned);
        query.append_pair(name, &text);
    }
    client.get(&format!("/graphql?{}", query.finish())).await
}

/// The same with the document's hash, and its text where `sent`.
fn hashed(payload: &Value, sent: bool) -> Value {
    let mut payload = payload.clone();
    let hash = fingerprint(payload["query"].as_str().unwrap().as_bytes());
    payload["extensions"] = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    if !sent {
        payload.as_object_mut().unwrap().remove("query");
    }
    payload
}

#[tokio::test]
async fn every_limit_holds_on_every_way_in() {
    let mut plan = Plan::default();
    for documents in [Documents::Automatic, Documents::Trusted] {
        plan.settings.documents = documents;
        for app in TestApp::each_with(&plan).await {
            let ann = app.user("ann", UserRole::User).await;
            for (payload, expected) in refused() {
                let shown = format!("{} {documents:?}: {payload:.120}", app.engine);
                if documents == Documents::Automatic {
                    assert_eq!(code(&post(&ann, &payload).await), expected, "{shown}");
                    assert_eq!(code(&get(&ann, &payload).await), expected, "{shown}");
                    let sent = hashed(&payload, true);
                    assert_eq!(code(&post(&ann, &sent).await), expected, "{shown}");
                } else {
                    // As if it had been registered when the limits were wider.
                    let document = service::document::Examined {
                        text: payload["query"].as_str().unwrap().to_owned(),
                        name: None,
                    };
                    let system = app.system();
                    let trusted = service::document::trust(&system, vec![document]).await;
                    trusted.unwrap();
                    let named = hashed(&payload, false);
                    let answer = post(&ann, &named).await;
                    assert_eq!(code(&answer), expected, "{shown}");
                    assert_eq!(code(&get(&ann, &named).await), expected, "{shown}");
                }
            }
            app.stop().await;
        }
    }
}

#[tokio::test]
async fn a_wrong_variable_is_told_with_its_place() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let query = "query(\n  $s: RunStatus!) { runs(status: $s) { nodes { id } } }";
        for variables in [json!({}), json!({ "s": 1 })] {
            let answer = post(&ann, &json!({ "query": query, "variables": variables })).await;
            assert_eq!(code(&answer), "graphql.invalid");
            let error = &answer.body["errors"][0];
            assert_eq!(error["locations"], json!([{ "line": 2, "column": 3 }]));
            assert_eq!(answer.body["data"], Value::Null);
        }
        let page = "{ runs(first: 101) { nodes { id } } }";
        let answer = post(&ann, &json!({ "query": page })).await;
        assert_eq!(code(&answer), "invalid", "a page is one of 100 rows");
        app.stop().await;
    }
}
