//! GraphQL over HTTP, and what a document may ask for.

use entity::identity::user::UserRole;
use reqwest::Method;
use serde_json::{Value, json};
use service::settings::Environment;
use tests::{Client, Plan, TestApp};

const JSON: &str = "application/json";
const RESPONSE: &str = "application/graphql-response+json";

/// Status, type and first code of the answer to `body`.
async fn post(client: &Client, accept: &'static str, kind: &'static str, body: &str) -> String {
    let client = client.with("accept", accept).with("content-type", kind);
    let body = Some(body.as_bytes().to_vec());
    told(&client.ask(Method::POST, "/graphql", body).await)
}

async fn get(client: &Client, accept: &'static str, query: &str) -> String {
    let client = client.with("accept", accept);
    told(&client.get(&format!("/graphql?{query}")).await)
}

fn told(answer: &tests::Answer) -> String {
    let kind = answer.headers["content-type"].to_str().unwrap();
    let kind = match kind.split_once(';') {
        Some((JSON, " charset=utf-8")) => "json",
        Some((RESPONSE, " charset=utf-8")) => "response",
        _ => kind,
    };
    let code = &answer.body["errors"][0]["extensions"]["code"];
    let said = match (code, &answer.body["data"]) {
        (Value::String(code), Value::Null) => code,
        (Value::Null, Value::Object(_)) => "data",
        _ => "neither",
    };
    format!("{} {kind} {said}", answer.status.as_u16())
}

#[tokio::test]
async fn requests_are_answered_as_the_specification_says() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let typename = r#"{"query":"{ __typename }"}"#;
        let long = format!(
            r#"{{"query":"{{ __typename }} #{}"}}"#,
            "x".repeat(256 * 1024)
        );
        for (accept, kind, body, expected) in [
            (JSON, JSON, typename, "200 json data"),
            (RESPONSE, JSON, typename, "200 response data"),
            (
                RESPONSE,
                "application/json; charset=UTF-8",
                typename,
                "200 response data",
            ),
            ("*/*", JSON, typename, "200 json data"),
            ("text/html", JSON, typename, "406 json not_acceptable"),
            (
                RESPONSE,
                "text/plain",
                typename,
                "415 response unsupported_media_type",
            ),
            (
                RESPONSE,
                "application/json; charset=latin1",
                typename,
                "415 response unsupported_media_type",
            ),
            (RESPONSE, JSON, "", "400 response malformed"),
            (JSON, JSON, "{", "400 json malformed"),
            (RESPONSE, JSON, "{}", "400 response malformed"),
            (RESPONSE, JSON, r#"{"query":1}"#, "400 response malformed"),
            (
                RESPONSE,
                JSON,
                r#"{"query":"{ me { id } }","variables":[]}"#,
                "400 response malformed",
            ),
            (
                RESPONSE,
                JSON,
                r#"{"query":"{ me { id } }","extensions":1}"#,
                "400 response malformed",
            ),
            (
                RESPONSE,
                JSON,
                r#"{"query":"{ me { id } }","variables":null,"operationName":null,"extensions":null}"#,
                "200 response data",
            ),
            (
                RESPONSE,
                JSON,
                r#"[{"query":"{ me { id } }"}]"#,
                "400 response malformed",
            ),
            (
                RESPONSE,
                JSON,
                r#"{"query":"{ me "}"#,
                "400 response graphql.syntax",
            ),
            (
                JSON,
                JSON,
                r#"{"query":"{ me "}"#,
                "200 json graphql.syntax",
            ),
            (
                RESPONSE,
                JSON,
                r#"{"query":"{ nothing }"}"#,
                "400 response graphql.invalid",
            ),
            (
                JSON,
                JSON,
                r#"{"query":"{ nothing }"}"#,
                "200 json graphql.invalid",
            ),
            (
                RESPONSE,
                JSON,
                r#"{"query":"mutation { a }"}"#,
                "400 response graphql.invalid",
            ),
            (
                RESPONSE,
                JSON,
                r#"{"query":"query A { me { id } }","operationName":"B"}"#,
                "400 response graphql.invalid",
            ),
            (
                RESPONSE,
                JSON,
                r#"{"query":"query A { me { id } } query B { me { id } }"}"#,
                "400 response graphql.invalid",
            ),
            (
                RESPONSE,
                JSON,
                r#"{"query":"query A { me { id } } query B { me { id } }","operationName":"B"}"#,
                "200 response data",
            ),
            (
                RESPONSE,
                JSON,
                r#"{"query":"query($first: Int!) { runs(first: $first) { nodes { id } } }"}"#,
                "400 response graphql.invalid",
            ),
            (
                RESPONSE,
                JSON,
                r#"{"query":"query($id: UUID!) { run(id: $id) { id } }","variables":{"id":"seven"}}"#,
                "400 response graphql.invalid",
            ),
            (RESPONSE, JSON, &long, "413 response too_large"),
        ] {
            let shown: String = body.chars().take(100).collect();
            let found = post(&ann, accept, kind, body).await;
            assert_eq!(found, expected, "{}: {accept} {kind} {shown}", app.engine);
        }
        for (accept, query, expected) in [
            (RESPONSE, "query=%7B__typename%7D", "200 response data"),
            (
                JSON,
                "query=%7B__typename%7D&variables=%7B%7D&operationName=",
                "200 json data",
            ),
            (
                RESPONSE,
                "query=%7B__typename%7D&variables=%5B",
                "400 response malformed",
            ),
            (RESPONSE, "", "400 response malformed"),
            (
                RESPONSE,
                "query=mutation%7Ba%7D",
                "405 response method_not_allowed",
            ),
        ] {
            let found = get(&ann, accept, query).await;
            assert_eq!(found, expected, "{}: {query}", app.engine);
        }
        let stale = app.anonymous().with("x-api-key", "chy_nobody");
        let found = post(&stale, RESPONSE, JSON, typename).await;
        assert_eq!(found, "401 response auth.bad_token");
        assert_eq!(
            ann.delete("/graphql").await.verdict(),
            "405 method_not_allowed"
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn a_document_that_asks_for_too_much_is_refused_before_it_is_validated() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let bomb: Vec<String> = (0..200)
            .map(|at| format!("fragment F{at} on Query {{ ...F{0} ...F{0} }}", at + 1))
            .collect();
        for document in [
            "{".repeat(100_000),
            "{ a ".repeat(1_000),
            format!(
                "{{ ...F0 }} {} fragment F200 on Query {{ __typename }}",
                bomb.join(" ")
            ),
            "{ ...F } fragment F on Query { ...F }".to_owned(),
            format!("{{ {} }}", "a: me { id } ".repeat(31)),
            format!("{{ {} }}", "me { id } ".repeat(21)),
            format!("{{ me {} {{ id }} }}", "@include(if: true) ".repeat(6)),
            format!("{{ {} }}", "runs(first: 100) { nodes { id } } ".repeat(51)),
        ] {
            let body = json!({ "query": document }).to_string();
            let shown: String = document.chars().take(60).collect();
            let found = post(&ann, RESPONSE, JSON, &body).await;
            assert_eq!(
                found, "400 response graphql.limit",
                "{}: {shown}",
                app.engine
            );
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn production_does_not_tell_what_the_schema_is() {
    let question = |query: &str| json!({ "query": query });
    let schema = question("{ __schema { queryType { name } } __type(name: \"Run\") { name } }");
    let slip = question("{ rums { nodes { id } } }");
    for environment in [Environment::Staging, Environment::Production] {
        let mut plan = Plan::default();
        plan.settings.environment = environment;
        for app in TestApp::each_with(&plan).await {
            let client = app.anonymous();
            let told = client.post("/graphql", schema.clone()).await.body;
            let hint = client.post("/graphql", slip.clone()).await.body.to_string();
            if environment == Environment::Production {
                assert!(!told.to_string().contains("\"Query\""), "{told}");
                assert!(!told.to_string().contains("\"Run\""), "{told}");
                assert!(!hint.contains("Did you mean"), "{hint}");
            } else {
                assert_eq!(told["data"]["__schema"]["queryType"]["name"], "Query");
                assert!(hint.contains("Did you mean"), "{hint}");
            }
            app.stop().await;
        }
    }
}
