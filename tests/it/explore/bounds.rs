//! What an answer may cost: arguments of any length, and rows that nobody counted.

use entity::identity::user::UserRole;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tests::TestApp;

use super::fixture::{Filled, ask, data, each, each_alone};

/// The code of the first refusal.
async fn refused(filled: &Filled, query: &str, variables: Value) -> String {
    let answer = ask(filled.client(filled.person()), query, variables).await;
    let code = answer.body["errors"][0]["extensions"]["code"].as_str();
    code.unwrap_or_else(|| panic!("{query}: {:.500}", answer.body.to_string()))
        .to_owned()
}

#[test]
fn nothing_is_asked_of_the_row_that_only_tells_there_is_more() {
    each_alone(async |filled| {
        let ann = filled.client(filled.person());
        let asked = async |below: &str| {
            let query = format!(
                "{{ runs(first: 0) {{ pageInfo {{ hasNextPage }} nodes {{ id {below} }} }} }}"
            );
            filled.statements.lock().unwrap().clear();
            let answer = data(ann, &query).await;
            let runs = json!({ "pageInfo": { "hasNextPage": true }, "nodes": [] });
            assert_eq!(answer["runs"], runs);
            filled.statements.lock().unwrap().len()
        };
        // The first look finds out who asks; that is remembered for a while.
        asked("").await;
        let plain = asked("").await;
        let deep = "user { runs(first: 100) { totalCount aggregate { count } nodes { cards { nodes { id } } } } }";
        assert_eq!(asked(deep).await, plain, "{}", filled.app.engine);
    });
}

#[test]
fn rows_are_put_together_by_something() {
    each(async |filled| {
        let query = "{ runs { groupBy(by: []) { count } } }";
        assert_eq!(refused(filled, query, json!({})).await, "invalid");
    });
}

#[test]
fn a_filter_is_bounded_in_all_its_parts() {
    let empty = json!({ "or": vec![json!({}); 1_001] });
    let values = json!({ "attempt": { "in": vec![1; 1_000] } });
    let values = json!({ "and": vec![values; 33] });
    each(async |filled| {
        let query = "query($f: RunFilter) { runs(filter: $f) { totalCount } }";
        for filter in [&empty, &values] {
            let code = refused(filled, query, json!({ "f": filter })).await;
            assert_eq!(code, "invalid", "{}", filled.app.engine);
        }
        // A few hundred, each in an object of its own, are a filter like any other.
        let few = json!({ "or": vec![json!({ "attempt": { "gte": 0 } }); 150] });
        let ann = filled.client(filled.person());
        let answer = ask(ann, query, json!({ "f": few })).await;
        assert_eq!(answer.body["errors"], Value::Null);
    });
}

#[test]
fn the_order_of_groups_is_bounded() {
    let many = vec![json!({}); 2_001];
    each(async |filled| {
        let query = "query($o: [RunGroupOrder!]) {
            runs { groupBy(by: [{ column: STATUS }], orderBy: $o) { count } } }";
        let code = refused(filled, query, json!({ "o": many })).await;
        assert_eq!(code, "invalid", "{}", filled.app.engine);
    });
}

#[tokio::test]
async fn what_cannot_be_read_is_not_told_as_a_sum() {
    for app in TestApp::each().await {
        // PostgreSQL looks at JSON when it is written.
        if app.engine == "PostgreSQL" {
            continue;
        }
        let admin = app.user("admin", UserRole::Admin).await;
        let make = "mutation($id: UUID!) {
            createProfile(input: { userId: $id, username: \"a\" }) { id } }";
        let made = ask(&admin, make, json!({ "id": admin.id().await })).await;
        assert_eq!(made.body["errors"], Value::Null);
        let tx = app.system().write().await.unwrap();
        for sql in [
            "PRAGMA ignore_check_constraints = ON",
            "UPDATE profiles SET preferences = '{'",
            "PRAGMA ignore_check_constraints = OFF",
        ] {
            tx.execute_unprepared(sql).await.unwrap();
        }
        tx.commit().await.unwrap();
        let query =
            "{ profiles(filter: { preferences: { at: { path: [\"a\"] } } }) { nodes { id } } }";
        let answer = ask(&admin, query, json!({})).await;
        let code = &answer.body["errors"][0]["extensions"]["code"];
        assert_eq!(code, "internal", "{}", answer.body);
        app.stop().await;
    }
}
