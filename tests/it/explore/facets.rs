//! What was said, searched, counted by who said it, and listed: as plain SQL finds it.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use tests::{Client, TestApp};

use super::fixture::ask;

/// Words, as a person writes them and as each engine reads them.
const WORDS: &[(&str, &str, &str)] = &[
    (
        "hippocampus",
        "hippocampus",
        "plainto_tsquery('english', 'hippocampus')",
    ),
    (
        "\"firing rates\"",
        "\"firing rates\"",
        "phraseto_tsquery('english', 'firing rates')",
    ),
    (
        "neuron -thalamus",
        "neuron NOT thalamus",
        "plainto_tsquery('english', 'neuron') && !!plainto_tsquery('english', 'thalamus')",
    ),
    (
        "\u{e9}tude",
        "\"\u{e9}tude\"",
        "plainto_tsquery('english', '\u{e9}tude')",
    ),
];

/// Hold the facets of a few searches against plain SQL.
pub(crate) async fn agree_with_plain_sql(app: &TestApp, admin: &Client) {
    let db = app.services().db.read().unwrap();
    for (words, sqlite, postgres) in WORDS {
        let rows = match db.get_database_backend() {
            DbBackend::Postgres => format!(
                "SELECT CAST(entity AS text), CAST(message_id AS text), CAST(thread_id AS text) \
                 FROM messages \
                 WHERE search_vector @@ ({postgres})"
            ),
            _ => format!(
                "SELECT m.entity, lower(hex(m.message_id)), lower(hex(m.thread_id)) \
                 FROM messages m WHERE m.message_id IN \
                 (SELECT message_id FROM messages_fts WHERE messages_fts MATCH '{sqlite}')"
            ),
        };
        let statement = Statement::from_string(db.get_database_backend(), rows);
        let (mut by, mut ids) = (BTreeMap::new(), Vec::new());
        let mut threads = BTreeSet::new();
        for row in db.query_all_raw(statement).await.unwrap() {
            let entity: String = row.try_get_by_index(0).unwrap();
            *by.entry(entity).or_insert(0_u64) += 1;
            let id: String = row.try_get_by_index(1).unwrap();
            ids.push(id.replace('-', ""));
            threads.insert(row.try_get_by_index::<String>(2).unwrap());
        }
        ids.sort_unstable();
        let what = (app.engine, words);
        assert!(!ids.is_empty(), "{what:?}");

        let (mut found, mut after) = (Vec::new(), Value::Null);
        let facets = loop {
            let list = page(admin, words, &after).await;
            assert_eq!(list["messages"]["totalCount"], ids.len(), "{what:?}");
            assert_eq!(list["threads"]["totalCount"], threads.len(), "{what:?}");
            let list = &list["messages"];
            for node in list["nodes"].as_array().unwrap() {
                found.push(node["id"].as_str().unwrap().replace('-', ""));
            }
            if list["pageInfo"]["hasNextPage"] == json!(false) {
                break list["groupBy"].clone();
            }
            after = list["pageInfo"]["endCursor"].clone();
        };
        found.sort_unstable();
        assert_eq!(found, ids, "{what:?}");
        let facets = facets.as_array().unwrap().iter();
        let facets: BTreeMap<String, u64> = facets
            .map(|group| {
                let entity = group["keys"]["entity"].as_str().unwrap();
                (entity.to_owned(), group["count"].as_u64().unwrap())
            })
            .collect();
        assert_eq!(facets, by, "{what:?}");
    }
}

async fn page(admin: &Client, words: &str, after: &Value) -> Value {
    let query = "query($words: String!, $after: String) {
        messages(filter: { search: $words }, first: 100, after: $after) {
            totalCount
            groupBy(by: [{ column: ENTITY }]) { keys { entity } count }
            nodes { id }
            pageInfo { hasNextPage endCursor }
        }
        threads(filter: { messages: { some: { search: $words } } }) { totalCount }
    }";
    let variables = json!({ "words": words, "after": after });
    let answer = ask(admin, query, variables).await;
    assert_eq!(answer.body["errors"], Value::Null, "{}", answer.body);
    answer.body["data"].clone()
}
