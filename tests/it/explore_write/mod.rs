//! Rows written over GraphQL by their metadata.

mod behind;
mod entities;
mod refusals;
mod rules;
mod stories;
mod together;
mod turns;

use entity::identity::user::UserRole;
use serde_json::{Value, json};
use tests::{Answer, Client, TestApp};

async fn ask(who: &Client, query: &str, variables: Value) -> Answer {
    let body = json!({ "query": query, "variables": variables });
    who.post("/graphql", body).await
}

/// The answer's data, of an answer without errors.
async fn good(who: &Client, query: &str, variables: Value) -> Value {
    let answer = ask(who, query, variables).await;
    assert_eq!(answer.body["errors"], Value::Null, "{query}");
    answer.body["data"].clone()
}

/// Status, code and the first pointer of what is refused.
async fn refused(who: &Client, query: &str, variables: Value) -> String {
    let answer = ask(who, query, variables).await;
    let error = &answer.body["errors"][0];
    let extensions = &error["extensions"];
    let pointer = extensions["errors"][0]["pointer"].as_str();
    let status = &extensions["status"];
    let code = extensions["code"].as_str();
    let code = code.unwrap_or_else(|| panic!("{query}: {}", answer.body));
    format!("{status} {code} {}", pointer.unwrap_or_default())
        .trim_end()
        .to_owned()
}

/// The version of a row, by its `nodeId`.
async fn version(who: &Client, id: &Value) -> Value {
    let query = "query($id: ID!) { rowVersion(id: $id) }";
    good(who, query, json!({ "id": id })).await["rowVersion"].clone()
}

/// Ann, an operator and an admin.
async fn people(app: &TestApp) -> [Client; 3] {
    [
        app.user("ann", UserRole::User).await,
        app.user("operator", UserRole::Operator).await,
        app.user("admin", UserRole::Admin).await,
    ]
}

/// The last line of the audit log about a row.
async fn last_line(admin: &Client, id: &Value) -> Value {
    let query = "query($id: String!) {
        auditLogs(first: 1, filter: { resourceId: { eq: $id } }, orderBy: [CREATED_AT_DESC, ID_DESC]) {
            nodes { action resourceType actorId before after }
        }
    }";
    let lines = good(admin, query, json!({ "id": id })).await;
    lines["auditLogs"]["nodes"][0].clone()
}

/// A fresh row's id.
async fn made(who: &Client, path: &str, body: Value) -> Value {
    let answer = who.post(path, body).await;
    assert_eq!(answer.status, 201, "{path}: {}", answer.body);
    answer.body["id"].clone()
}

const NEWS: &str = "mutation($input: NotificationCreate!) {
    createNotification(input: $input) { nodeId id createdAt title } }";

fn news(to: &Value, title: &str, message: &str) -> Value {
    json!({ "input": {
        "userId": to, "kind": "SYSTEM_ANNOUNCEMENT", "title": title, "message": message,
    } })
}
