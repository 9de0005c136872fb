//! Questions that take too long.

use std::time::Duration;

use entity::identity::user::UserRole;
use serde_json::json;
use tests::{Plan, TestApp, eventually};

use super::fixture::ask;

#[tokio::test]
async fn a_list_that_no_index_serves_is_given_up_here_and_in_the_database() {
    let mut plan = Plan {
        statement_timeout: Duration::from_hours(1),
        ..Plan::default()
    };
    plan.settings.unserved_deadline = Duration::from_secs(2);
    for app in TestApp::each_with(&plan).await {
        let admin = app.user("admin", UserRole::Admin).await;
        app.stall("profiles").await;
        let query = "{ profiles(filter: { username: { contains: \"a\" } }) { nodes { id } } }";
        let answer = ask(&admin, query, json!({})).await;
        let code = &answer.body["errors"][0]["extensions"]["code"];
        assert_eq!(code, "explore.slow", "{}: {}", app.engine, answer.body);
        eventually(async || (app.stalled().await == 0).then_some(())).await;
        app.stop().await;
    }
}

#[tokio::test]
async fn an_operation_that_passes_its_deadline_is_told_so() {
    let mut plan = Plan::default();
    plan.settings.operation_deadline = Duration::from_millis(500);
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        app.stall("profiles").await;
        let filter = json!({ "userId": { "eq": ann.id().await } });
        let query = "query($f: ProfileFilter) { profiles(filter: $f) { nodes { id } } }";
        // At first, and when the document is known.
        for _ in 0..2 {
            let answer = ask(&ann, query, json!({ "f": filter })).await;
            let code = &answer.body["errors"][0]["extensions"]["code"];
            assert_eq!(code, "timeout", "{}: {}", app.engine, answer.body);
        }
        app.stop().await;
    }
}
