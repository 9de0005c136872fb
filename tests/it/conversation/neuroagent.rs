//! A live system's conversations come in through the public doors, and nothing is lost on the way.

use std::collections::BTreeMap;
use std::io::Read as _;

use entity::identity::user::UserRole;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use tests::{Client, TestApp};

use super::found;

const DUMP: &[u8] = include_bytes!("../../data/neuroagent_sample.sql.gz");
const EXPECTED: &str = include_str!("../../data/neuroagent_sample.expected.json");
const FACTS: &str = include_str!("../../data/neuroagent_sample.facts.json");

type Row = BTreeMap<String, Option<String>>;

/// The rows of a table, as `COPY` wrote them.
fn table(dump: &str, name: &str) -> Vec<Row> {
    let mut lines = dump.lines();
    let start = format!("COPY public.{name} (");
    let head = lines.find(|line| line.starts_with(&start)).unwrap();
    let (columns, _) = head[start.len()..].split_once(')').unwrap();
    let columns: Vec<&str> = columns.split(", ").collect();
    lines
        .take_while(|line| *line != "\\.")
        .map(|line| {
            let values = line.split('\t').map(unescape);
            columns
                .iter()
                .map(|name| (*name).to_owned())
                .zip(values)
                .collect()
        })
        .collect()
}

/// A value in `COPY`'s text format.
fn unescape(value: &str) -> Option<String> {
    if value == "\\N" {
        return None;
    }
    let mut text = String::new();
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        text.push(match letter {
            '\\' => match letters.next().unwrap() {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'v' => '\u{b}',
                other => other,
            },
            other => other,
        });
    }
    Some(text)
}

fn time(row: &Row, column: &str) -> Value {
    let text = row[column].as_ref().unwrap();
    json!(text.replace(' ', "T").replace("+00", "Z"))
}

fn flag(value: Option<&String>) -> Value {
    value.map_or(Value::Null, |value| json!(value == "t"))
}

fn number(value: Option<&String>) -> Value {
    value.map_or(Value::Null, |value| json!(value.parse::<i64>().unwrap()))
}

/// The rows of a table that belong to each message.
fn children(dump: &str, name: &str, body: impl Fn(&Row) -> Value) -> BTreeMap<String, Vec<Value>> {
    let mut children: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in table(dump, name) {
        let message = row["message_id"].clone().unwrap();
        children.entry(message).or_default().push(body(&row));
    }
    children
}

/// The requests that bring the dump in: each thread with its messages.
fn requests(dump: &str) -> Vec<(Value, Vec<Value>)> {
    let mut calls = children(dump, "tool_calls", |row| {
        json!({
            "id": row["tool_call_id"], "name": row["name"], "arguments": row["arguments"],
            "validated": flag(row["validated"].as_ref()),
        })
    });
    let mut selections = children(
        dump,
        "tool_selection",
        |row| json!({ "id": row["id"], "tool_name": row["tool_name"] }),
    );
    let mut complexity = children(dump, "complexity_estimation", |row| {
        json!({
            "id": row["id"], "complexity": number(row["complexity"].as_ref()),
            "model": row["model"], "reasoning": row["reasoning"],
        })
    });
    let mut tokens = children(dump, "token_consumption", |row| {
        json!({
            "id": row["id"], "type": row["type"], "task": row["task"],
            "count": number(row["count"].as_ref()), "model": row["model"],
        })
    });
    let mut messages: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in table(dump, "messages") {
        let id = row["message_id"].clone().unwrap();
        let body = json!({
            "id": id, "creation_date": time(&row, "creation_date"), "content": row["content"],
            "entity": row["entity"], "is_complete": flag(row["is_complete"].as_ref()),
            "tool_calls": calls.remove(&id).unwrap_or_default(),
            "tool_selections": selections.remove(&id).unwrap_or_default(),
            "complexity": complexity.remove(&id).unwrap_or_default(),
            "tokens": tokens.remove(&id).unwrap_or_default(),
        });
        let thread = row["thread_id"].clone().unwrap();
        messages.entry(thread).or_default().push(body);
    }
    let thread = |row: Row| {
        let id = row["thread_id"].clone().unwrap();
        let body = json!({
            "id": id, "vlab_id": row["vlab_id"], "project_id": row["project_id"],
            "title": row["title"], "user_id": row["user_id"],
            "creation_date": time(&row, "creation_date"), "update_date": time(&row, "update_date"),
        });
        (body, messages.remove(&id).unwrap_or_default())
    };
    table(dump, "threads").into_iter().map(thread).collect()
}

pub(super) async fn all(client: &Client, path: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut after = String::new();
    loop {
        let page = client.get(&format!("{path}?limit=100{after}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        rows.extend(page.body["items"].as_array().unwrap().clone());
        let Some(next) = page.body["next"].as_str() else {
            return rows;
        };
        after = format!("&after={next}");
    }
}

#[tokio::test]
async fn the_sample_comes_in_over_rest_and_nothing_is_lost() {
    let mut dump = String::new();
    flate2::read::GzDecoder::new(DUMP)
        .read_to_string(&mut dump)
        .unwrap();
    let expected: Value = serde_json::from_str(EXPECTED).unwrap();
    let facts: Value = serde_json::from_str(FACTS).unwrap();
    let rows =
        |table: &str| usize::try_from(expected["tables"][table]["rows"].as_u64().unwrap()).unwrap();

    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        for (thread, messages) in requests(&dump) {
            let made = admin.post("/api/v1/threads", thread.clone()).await;
            assert_eq!(made.status, 201, "{} {}", app.engine, made.body);
            if messages.is_empty() {
                continue;
            }
            let path = format!(
                "/api/v1/threads/{}/messages/bulk",
                thread["id"].as_str().unwrap()
            );
            let made = admin.post(&path, json!({ "messages": messages })).await;
            assert_eq!(made.status, 201, "{} {}", app.engine, made.body);
        }

        let threads = all(&admin, "/api/v1/threads").await;
        assert_eq!(threads.len(), rows("threads"), "{}", app.engine);
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut tokens: BTreeMap<String, u64> = BTreeMap::new();
        for thread in &threads {
            let path = format!(
                "/api/v1/threads/{}/messages",
                thread["id"].as_str().unwrap()
            );
            for message in all(&admin, &path).await {
                *counts.entry("messages").or_default() += 1;
                for (member, table) in [
                    ("tool_calls", "tool_calls"),
                    ("tool_selections", "tool_selection"),
                    ("complexity", "complexity_estimation"),
                    ("tokens", "token_consumption"),
                ] {
                    let rows = message[member].as_array().unwrap();
                    *counts.entry(table).or_default() += rows.len();
                }
                for row in message["tokens"].as_array().unwrap() {
                    let model = row["model"].as_str().unwrap().to_owned();
                    *tokens.entry(model).or_default() += row["count"].as_u64().unwrap();
                }
            }
        }
        for (table, count) in counts {
            assert_eq!(count, rows(table), "{}: {table}", app.engine);
        }
        assert_eq!(json!(tokens), facts["tokens_by_model"], "{}", app.engine);
        let models = models_spent_at(&admin).await;
        assert_eq!(models, facts["tokens_by_model"], "{}", app.engine);
        for (question, hits) in facts["hits"].as_object().unwrap() {
            let question_url = question.replace(' ', "+");
            let found = found(&admin, &question_url).await;
            assert_eq!(json!(found), *hits, "{}: {question}", app.engine);
        }
        crate::explore::facets::agree_with_plain_sql(&app, &admin).await;
        if app.engine == "PostgreSQL" {
            to_the_letter(&app, &expected).await;
        }
        crate::analytics::sample::figures(&app, &admin).await;
        app.stop().await;
    }
}

/// The tokens by model, as the dashboard sees them.
pub(super) async fn models_spent_at(admin: &Client) -> Value {
    let query = "{ analytics { tokenUsage(
        range: { from: \"2020-01-01T00:00:00Z\", to: \"2030-01-01T00:00:00Z\" },
        bucket: MONTH, groupBy: [MODEL], timeZone: \"Asia/Kathmandu\",
    ) { total series { model total points { tokens } } } } }";
    let answer = admin.post("/graphql", json!({ "query": query })).await;
    let usage = &answer.body["data"]["analytics"]["tokenUsage"];
    let mut models = serde_json::Map::new();
    let mut total = 0;
    for series in usage["series"].as_array().unwrap() {
        let points = series["points"].as_array().unwrap().iter();
        let sum: u64 = points.map(|point| point["tokens"].as_u64().unwrap()).sum();
        assert_eq!(series["total"], sum, "a series is the sum of its points");
        models.insert(series["model"].as_str().unwrap().to_owned(), json!(sum));
        total += sum;
    }
    assert_eq!(usage["total"], total);
    Value::Object(models)
}

/// Every row of every table, the search vectors included, is that of the original.
async fn to_the_letter(app: &TestApp, expected: &Value) {
    let tx = app.services().db.begin().await.unwrap();
    tx.execute_unprepared(expected["settings"].as_str().unwrap())
        .await
        .unwrap();
    for (table, facts) in expected["tables"].as_object().unwrap() {
        let sql = facts["sql"].as_str().unwrap();
        let statement = Statement::from_string(DbBackend::Postgres, sql);
        let row = tx.query_one_raw(statement).await.unwrap().unwrap();
        let count: i64 = row.try_get_by_index(0).unwrap();
        let md5: String = row.try_get_by_index(1).unwrap();
        assert_eq!(json!(count), facts["rows"], "{table}");
        assert_eq!(json!(md5), facts["md5"], "{table}");
    }
}
