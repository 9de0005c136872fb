//! Many rows at once while others write them too.

use sea_orm::ConnectionTrait;
use serde_json::json;
use tests::{TestApp, eventually};

use super::{ask, people};

#[tokio::test]
async fn a_row_that_leaves_the_filter_meanwhile_is_not_written() {
    for app in TestApp::each().await {
        let [ann, _, admin] = people(&app).await;
        for title in ["a", "b"] {
            let made = ann.post("/api/v1/threads", json!({ "title": title })).await;
            assert_eq!(made.status, 201, "{}", made.body);
        }
        let other = app.system().write().await.unwrap();
        let rename = "UPDATE threads SET title = 'other' WHERE title = 'a'";
        other.execute_unprepared(rename).await.unwrap();

        let query = "mutation($filter: ThreadFilter!) {
            updateThreads(filter: $filter, count: 2, patch: { title: \"c\" }) }";
        let given = json!({ "filter": { "title": { "in": ["a", "b"] } } });
        let asked = tokio::spawn(async move { ask(&admin, query, given).await });
        if app.engine == "PostgreSQL" {
            let waits = "SELECT count(*) FROM pg_stat_activity \
                         WHERE datname = current_database() AND wait_event_type = 'Lock'";
            eventually(async || (app.number(waits).await > 0).then_some(())).await;
        }
        other.commit().await.unwrap();

        let answer = asked.await.unwrap();
        let code = &answer.body["errors"][0]["extensions"]["code"];
        assert_eq!(code, "explore.count_changed", "{}", app.engine);
        let changed = "SELECT count(*) FROM threads WHERE title = 'c'";
        assert_eq!(app.number(changed).await, 0, "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_row_is_known_by_its_key_however_that_is_written() {
    for app in TestApp::each().await {
        let [ann, _, admin] = people(&app).await;
        let made =
            "mutation($input: ProfileCreate!) { createProfile(input: $input) { id nodeId } }";
        let input = json!({ "input": { "userId": ann.id().await, "username": "a" } });
        let made = super::good(&admin, made, input).await["createProfile"].clone();
        let key = made["id"].as_str().unwrap();
        let loud = json!({ "id": key.to_uppercase(), "patch": { "username": "b" } });
        let update = "mutation($id: UUID!, $patch: ProfilePatch!) {
            updateProfile(id: $id, rowVersion: \"1\", patch: $patch) { username } }";
        super::good(&admin, update, loud.clone()).await;
        let line = super::last_line(&admin, &made["id"]).await;
        assert_eq!(line["after"]["username"], "b", "{}", app.engine);

        let remove = "mutation($id: UUID!) { deleteProfile(id: $id, rowVersion: \"2\") }";
        let gone = super::good(&admin, remove, json!({ "id": format!("{{{key}}}") })).await;
        assert_eq!(gone["deleteProfile"], made["nodeId"], "{}", app.engine);
        let line = super::last_line(&admin, &made["id"]).await;
        assert_eq!(line["action"], "delete", "{}", app.engine);
        let restore = "mutation($id: UUID!) { restoreProfile(id: $id) { username } }";
        let back = super::good(&admin, restore, json!({ "id": key.to_uppercase() })).await;
        assert_eq!(back["restoreProfile"]["username"], "b", "{}", app.engine);
        app.stop().await;
    }
}
