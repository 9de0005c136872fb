//! Exports: the rows of a GraphQL list as a file, by a request and by a link.

mod broken;
mod files;
mod links;
mod own;
mod refusals;

use entity::conversation::thread;
use entity::id::{ThreadId, UserId};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use tests::{Answer, Client, TestApp};
use uuid::Uuid;

/// The address of an export.
fn address(document: &str, more: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("document", document).extend_pairs(more);
    format!("/api/v1/export?{}", query.finish())
}

async fn export(client: &Client, document: &str, more: &[(&str, &str)]) -> Answer {
    client.get(&address(document, more)).await
}

/// The file that is exported.
async fn file(client: &Client, document: &str, more: &[(&str, &str)]) -> String {
    text(export(client, document, more).await)
}

fn text(answer: Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    match answer.body {
        Value::String(text) => text,
        // A single line is JSON.
        other => format!("{other}\n"),
    }
}

fn lines(file: &str) -> Vec<Value> {
    let lines = file.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

/// The records of a CSV file, its names first.
fn records(file: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.has_headers(false).from_reader(file.as_bytes());
    let records = reader.records().map(|record| {
        let record = record.unwrap();
        record.iter().map(str::to_owned).collect()
    });
    records.collect()
}

/// All rows of a list, page after page. The document takes `$after`.
async fn paged(client: &Client, list: &str, document: &str) -> Vec<Value> {
    let (mut rows, mut after) = (Vec::new(), Value::Null);
    loop {
        let body = json!({ "query": document, "variables": { "after": after } });
        let answer = client.post("/graphql", body).await;
        assert_eq!(answer.body["errors"], Value::Null);
        let page = &answer.body["data"][list];
        rows.extend(page["nodes"].as_array().unwrap().clone());
        if page["pageInfo"]["hasNextPage"] == false {
            return rows;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

/// Give `owner` threads of these titles.
pub(crate) async fn threads(
    app: &TestApp,
    owner: UserId,
    titles: impl IntoIterator<Item = String>,
) {
    let tx = app.system().write().await.unwrap();
    let rows: Vec<_> = titles
        .into_iter()
        .map(|title| {
            let row = thread::Model {
                id: ThreadId(Uuid::new_v4()),
                vlab_id: None,
                project_id: None,
                title,
                creation_date: tx.now,
                update_date: tx.now,
                user_id: owner,
            };
            row.into_active_model().reset_all()
        })
        .collect();
    for some in rows.chunks(100) {
        let insert = thread::Entity::insert_many(some.to_vec());
        insert.exec_without_returning(&tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}
