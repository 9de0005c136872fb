//! A file has the rows that the list has.

use entity::identity::user::UserRole;
use serde_json::{Value, json};
use tests::{Client, TestApp};

use super::{export, file, lines, paged, records, threads};

const MESSAGES: &str = "query($after: String) {
    messages(first: 100, after: $after, orderBy: [CREATION_DATE_ASC, ID_DESC]) {
        totalCount
        nodes {
            id content said: creationDate entity isComplete
            thread { title owner: user { email } }
            toolCalls(first: 3, orderBy: [ID_ASC]) { nodes { id validated } }
        }
        pageInfo { hasNextPage endCursor }
    }
}";

/// A conversation of `count` messages, some of which call tools.
async fn talk(client: &Client, title: &str, count: usize) {
    let thread = client.post("/api/v1/threads", json!({ "title": title }));
    let thread = thread.await.body["id"].as_str().unwrap().to_owned();
    let said = |number: usize| {
        let calls = (0..number % 3).map(|call| {
            json!({
                "id": format!("{thread}-{number}-{call}"), "name": "look", "arguments": "{}",
                "validated": call == 1,
            })
        });
        json!({
            "entity": "AI_TOOL", "content": { "content": format!("line {number},\n\"x\" \u{e9}") },
            "creation_date": format!("2026-03-01T00:{:02}:00.5Z", number % 60),
            "tool_calls": calls.collect::<Vec<_>>(),
        })
    };
    let path = format!("/api/v1/threads/{thread}/messages/bulk");
    for start in (0..count).step_by(1_000) {
        let some: Vec<_> = (start..count.min(start + 1_000)).map(said).collect();
        let answer = client.post(&path, json!({ "messages": some })).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
    }
}

/// What a row is in CSV.
fn record(row: &Value) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let (thread, said) = (&row["thread"], &row["said"]);
    let cells = [
        &row["id"],
        &row["content"],
        said,
        &row["entity"],
        &row["isComplete"],
    ];
    let led = [
        &thread["title"],
        &thread["owner"]["email"],
        &row["toolCalls"],
    ];
    cells.into_iter().chain(led).map(text).collect()
}

#[tokio::test]
async fn a_file_has_the_rows_of_the_list() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let admin = app.user("admin", UserRole::Admin).await;
        talk(&ann, "Hers, \"quoted\"", 1_250).await;
        talk(&bob, "His", 30).await;

        for (who, count) in [(&ann, 1_250), (&bob, 30), (&admin, 1_280)] {
            let rows = paged(who, "messages", MESSAGES).await;
            assert_eq!(rows.len(), count, "{}", app.engine);

            let jsonl = export(who, MESSAGES, &[("format", "jsonl")]).await;
            assert_eq!(jsonl.headers["content-type"], "application/jsonl");
            let name = "attachment; filename=\"messages.jsonl\"";
            assert_eq!(jsonl.headers["content-disposition"], name);
            assert_eq!(lines(jsonl.body.as_str().unwrap()), rows);

            let csv = export(who, MESSAGES, &[]).await;
            assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
            let name = "attachment; filename=\"messages.csv\"";
            assert_eq!(csv.headers["content-disposition"], name);
            let mut table = records(csv.body.as_str().unwrap());
            let names = table.remove(0).join(" ");
            let expected = "id content said entity isComplete thread.title thread.owner.email \
                            toolCalls";
            assert_eq!(names, expected);
            let expected: Vec<_> = rows.iter().map(record).collect();
            // JSON in a cell may be spaced as it likes.
            assert_eq!(table.len(), expected.len());
            for (found, expected) in table.iter().zip(&expected) {
                let lists = [found, expected]
                    .map(|record| serde_json::from_str::<Value>(&record[7]).unwrap());
                assert_eq!(found[..7], expected[..7]);
                assert_eq!(lists[0], lists[1]);
            }
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_file_may_be_empty_filtered_and_of_edges() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let all = "{ threads(orderBy: [TITLE_ASC]) { edges { node { title vlabId } } } }";
        assert_eq!(file(&ann, all, &[]).await, "title,vlabId\r\n");
        assert_eq!(file(&ann, all, &[("format", "jsonl")]).await, "");

        let titles = ["b", "a", "=cmd|' /C calc'!A0", "-1", "c"];
        threads(&app, ann.id().await, titles.map(str::to_owned)).await;
        let plain = file(&ann, all, &[]).await;
        let expected = "title,vlabId\r\n-1,\r\n=cmd|' /C calc'!A0,\r\na,\r\nb,\r\nc,\r\n";
        assert_eq!(plain, expected);
        let escaped = file(&ann, all, &[("formula", "escape")]).await;
        let expected = "title,vlabId\r\n'-1,\r\n'=cmd|' /C calc'!A0,\r\na,\r\nb,\r\nc,\r\n";
        assert_eq!(escaped, expected);
        let plain = file(&ann, all, &[("formula", "escape"), ("format", "jsonl")]).await;
        assert_eq!(lines(&plain)[0], json!({ "title": "-1", "vlabId": null }));

        let some = "query All { threads { nodes { id } } }
            query Some($in: [String!], $no: Boolean = false) {
                rows: threads(filter: { title: { in: $in } }, orderBy: [TITLE_DESC]) {
                    nodes { title id @include(if: $no) }
                }
            }";
        let variables = json!({ "in": ["a", "c", "z"] }).to_string();
        let more = [
            ("variables", variables.as_str()),
            ("operationName", "Some"),
            ("cursor", "false"),
        ];
        assert_eq!(file(&ann, some, &more).await, "title\r\nc\r\na\r\n");
        app.stop().await;
    }
}
