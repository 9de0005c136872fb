//! Root fields of one name in the answer are one field: read once, and written once.

use std::time::Duration;

use entity::identity::user::UserRole;
use serde_json::{Value, json};
use tests::{Plan, TestApp, run_body};

use super::{ask, code};

const COST: &str = "{ system { operations { operations { name statements rows } } } }";

#[tokio::test]
async fn a_list_that_is_named_often_is_read_once() {
    // Who asks is looked up within what they ask for: a statement more.
    let mut plan = Plan::default();
    plan.settings.caller_cache = Duration::from_hours(1);
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        let admin = app.user("admin", UserRole::Admin).await;
        for name in ["a", "b", "c"] {
            ann.post("/api/v1/runs", run_body(name)).await;
        }
        let again = "runs(first: 9) { __typename }";
        for (at, document) in [
            format!("{{ runs(first: 9) {{ nodes {{ status }} }} {again} {again} }}"),
            format!(
                "{{ ...F ...G ...F {again} }} fragment F on Query {{ runs(first: 9) {{ nodes {{ status }} }} }}
                 fragment G on Query {{ ... @include(if: true) {{ {again} }} ...F }}"
            ),
            format!(
                "($no: Boolean = false) {{ runs(first: 9) @include(if: $no) {{ totalCount }}
                 runs(first: 9) @skip(if: $no) {{ nodes {{ status }} }} {again} }}"
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let answer = ask(&ann, &format!("query Often{at} {document}"), json!({})).await;
            let row = json!({ "status": "PENDING" });
            let expected = json!({ "runs": { "nodes": [row, row, row], "__typename": "RunConnection" } });
            assert_eq!(answer.body, json!({ "data": expected }), "{document}");
            let told = ask(&admin, COST, json!({})).await.body["data"]["system"].clone();
            let all = told["operations"]["operations"].as_array().unwrap().iter();
            let mut named = all.filter(|one| one["name"] == format!("Often{at}"));
            let cost = named.next().unwrap();
            assert_eq!((&cost["statements"], &cost["rows"]), (&json!(1), &json!(3)), "{document}");
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_mutation_that_is_named_twice_writes_once() {
    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        let before = app.row_counts().await;
        let generic = json!({ "input": { "key": "k", "description": "n" } });
        let kept = json!({ "input": {
            "name": "n", "shared": false, "resource": "runs", "columns": ["status"],
        } });
        for (query, table, input) in [
            (
                "mutation($input: SegmentCreate!) { createSegment(input: $input) { id }
                 createSegment(input: $input) { name: description } ...F }
                 fragment F on Mutation { createSegment(input: $input) { key } }",
                "segments",
                generic,
            ),
            (
                "mutation($input: SavedViewInput!) { createSavedView(input: $input) { id }
                 ...F ...F }
                 fragment F on Mutation { createSavedView(input: $input) { name } }",
                "saved_views",
                kept,
            ),
        ] {
            let answer = ask(&admin, query, input).await;
            assert_eq!(answer.body["errors"], Value::Null, "{}", answer.body);
            let data = answer.body["data"].as_object().unwrap();
            let row = data.values().next().unwrap();
            assert_eq!(row["name"], "n", "{}", answer.body);
            assert!(row["id"].is_string(), "{}", answer.body);
            assert_eq!(app.row_counts().await[table], before[table] + 1, "{query}");
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn fields_of_one_name_that_differ_are_refused_and_mistakes_told_once() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        for document in [
            "{ runs(first: 1) { totalCount } runs(first: 2) { totalCount } }",
            "{ runs(first: 1) { totalCount } ... on Query { runs(first: 2) { totalCount } } }",
            "{ runs { totalCount } ...F } fragment F on Query { runs: threads { totalCount } }",
        ] {
            let answer = ask(&ann, document, json!({})).await;
            assert_eq!(code(&answer), "graphql.invalid", "{document}");
            let told = answer.body["errors"][0]["message"].as_str().unwrap();
            assert!(told.contains("\"runs\" conflict"), "{told}");
            assert_eq!(answer.body["data"], Value::Null);
        }
        let wrong = "query A { me { id ...U } me { nothing } } query B { ...F }
            fragment U on User { email } fragment F on Query { me { nowhere } }";
        let body = json!({ "query": wrong, "operationName": "A" });
        let answer = ann.post("/graphql", body).await;
        let told = answer.body["errors"].as_array().unwrap().iter();
        let told: Vec<_> = told
            .map(|error| error["message"].as_str().unwrap())
            .collect();
        assert_eq!(told.len(), 2, "{told:?}");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_mutations_fields_are_answered_in_their_order() {
    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        let make =
            |key: &str| format!("{key}: createSegment(input: {{ key: \"{key}\" }}) {{ key }}");
        let document = format!(
            "mutation {{ {} ...F {} }} fragment F on Mutation {{ {} }}",
            make("z"),
            make("a"),
            make("m")
        );
        let answer = ask(&admin, &document, json!({})).await;
        assert_eq!(answer.body["errors"], Value::Null, "{}", answer.body);
        let places = ["\"z\":", "\"m\":", "\"a\":"].map(|key| answer.text.find(key));
        assert!(places.is_sorted(), "{}: {}", app.engine, answer.text);
        app.stop().await;
    }
}
