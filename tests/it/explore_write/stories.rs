//! What domains do beside a write by the generic door; many rows at once; two at the same time.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tests::TestApp;

use super::{good, last_line, people, refused, version};

const UPDATE_USER: &str = "mutation($id: UUID!, $version: String!, $patch: UserPatch!) {
    updateUser(id: $id, rowVersion: $version, patch: $patch) { name status version }
}";
const UPDATE_MANY: &str = "mutation($filter: ThreadFilter!, $count: Int!, $title: String!) {
    updateThreads(filter: $filter, count: $count, patch: { title: $title })
}";
const DELETE_MANY: &str = "mutation($filter: ThreadFilter!, $count: Int!) {
    deleteThreads(filter: $filter, count: $count)
}";

#[tokio::test]
async fn a_suspended_person_loses_their_sessions_and_the_log_no_secret() {
    for app in TestApp::each().await {
        let [ann, _, admin] = people(&app).await;
        let id = json!(ann.id().await);
        let patch = json!({ "status": "suspended", "name": "Ann" });
        let given = json!({ "id": id, "version": "1", "patch": patch });
        let changed = good(&admin, UPDATE_USER, given).await["updateUser"].clone();
        let expected = json!({ "name": "Ann", "status": "suspended", "version": 2 });
        assert_eq!(changed, expected, "{}", app.engine);
        assert_eq!(ann.get("/api/v1/me").await.status, 401);
        let open = "SELECT count(*) FROM sessions s JOIN users u ON u.id = s.user_id \
                    WHERE u.name = 'Ann' AND s.revoked_at IS NULL";
        assert_eq!(app.number(open).await, 0, "{}", app.engine);

        let line = last_line(&admin, &id).await;
        assert_eq!(line["action"], "update");
        assert_eq!(line["actorId"], json!(admin.id().await));
        assert_eq!(line["before"]["name"], "ann");
        assert_eq!(line["after"]["name"], "Ann");
        for state in ["before", "after"] {
            let members = line[state].as_object().unwrap();
            assert!(!members.contains_key("passwordHash"));
            assert!(!members.contains_key("emailKey"));
            assert!(!line[state].to_string().contains("argon2"));
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn what_belongs_to_a_removed_row_goes_with_it() {
    for app in TestApp::each().await {
        app.adopted().await;
        let [ann, _, admin] = people(&app).await;
        let mut threads = Vec::new();
        for title in ["one", "two"] {
            let thread = ann.post("/api/v1/threads", json!({ "title": title })).await;
            let thread = thread.body["id"].as_str().unwrap().to_owned();
            for call in ["a", "b"] {
                let said = json!({
                    "entity": "AI_TOOL", "content": {},
                    "tool_calls": [{ "id": format!("{title}-{call}"), "name": "n", "arguments": "{}" }],
                    "tokens": [{ "type": "COMPLETION", "task": "CHAT_COMPLETION", "count": 1, "model": "m" }],
                });
                let path = format!("/api/v1/threads/{thread}/messages");
                assert_eq!(ann.post(&path, said).await.status, 201);
            }
            threads.push(thread);
        }
        let counts = async || {
            let all = app.row_counts().await;
            ["threads", "messages", "tool_calls", "token_consumption"].map(|table| all[table])
        };
        assert_eq!(counts().await, [2, 4, 4, 4], "{}", app.engine);

        let first = "{ messages(first: 1) { nodes { id nodeId } } }";
        let row = good(&admin, first, json!({})).await["messages"]["nodes"][0].clone();
        let read = version(&admin, &row["nodeId"]).await;
        let remove = "mutation($id: UUID!, $version: String!) {
            deleteMessage(id: $id, rowVersion: $version) }";
        good(&admin, remove, json!({ "id": row["id"], "version": read })).await;
        assert_eq!(counts().await, [2, 3, 3, 3], "{}", app.engine);

        let one = json!({ "id": threads[0] });
        let node = good(
            &admin,
            "query($id: UUID!) { thread(id: $id) { nodeId } }",
            one,
        )
        .await;
        let read = version(&admin, &node["thread"]["nodeId"]).await;
        let remove = "mutation($id: UUID!, $version: String!) {
            deleteThread(id: $id, rowVersion: $version) }";
        good(&admin, remove, json!({ "id": threads[0], "version": read })).await;
        assert_eq!(counts().await[0], 1, "{}", app.engine);

        let remove = "mutation($id: UUID!, $version: String!) {
            deleteUser(id: $id, rowVersion: $version) }";
        let id = json!(ann.id().await);
        good(&admin, remove, json!({ "id": id, "version": "1" })).await;
        assert_eq!(counts().await, [0, 0, 0, 0], "{}", app.engine);
        assert_eq!(ann.get("/api/v1/me").await.status, 401);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_thousand_rows_are_written_at_once_and_not_one_when_the_count_is_wrong() {
    for app in TestApp::each().await {
        let [ann, _, admin] = people(&app).await;
        let titles = (0..1_001).map(|number| format!("t{number}"));
        crate::export::threads(&app, ann.id().await, titles).await;
        let before = app.row_counts().await;
        let all = json!({ "title": { "startsWith": "t" } });
        let some = json!({ "and": [all, { "title": { "ne": "t7" } }] });
        let given =
            |filter: &Value, count: u64| json!({ "filter": filter, "count": count, "title": "u" });
        for (filter, count, verdict) in [
            (&all, 1_000, "422 explore.too_many_rows"),
            (&all, 1_001, "422 explore.too_many_rows"),
            (&some, 999, "412 explore.count_changed"),
            (&some, 0, "412 explore.count_changed"),
            (&json!({}), 1_001, "422 explore.everything"),
            (&json!({ "and": [] }), 1_001, "422 explore.everything"),
            (
                &json!({ "or": [{}, { "title": { "eq": "t1" } }] }),
                1_001,
                "422 explore.everything",
            ),
        ] {
            let found = refused(&admin, UPDATE_MANY, given(filter, count)).await;
            assert_eq!(found, verdict, "{}: {filter} {count}", app.engine);
            let delete = json!({ "filter": filter, "count": count });
            assert_eq!(refused(&admin, DELETE_MANY, delete).await, verdict);
        }
        assert_eq!(app.row_counts().await, before, "{}", app.engine);

        let done = good(&admin, UPDATE_MANY, given(&some, 1_000)).await;
        assert_eq!(done["updateThreads"], 1_000, "{}", app.engine);
        let changed = "SELECT count(*) FROM threads WHERE title = 'u'";
        assert_eq!(app.number(changed).await, 1_000);
        let lines = "SELECT count(*) FROM audit_log WHERE resource_type = 'thread' \
                     AND action = 'update'";
        assert_eq!(app.number(lines).await, 1_000);
        let those = json!({ "title": { "eq": "u" } });
        let delete = json!({ "filter": those, "count": 1_000 });
        assert_eq!(
            good(&admin, DELETE_MANY, delete).await["deleteThreads"],
            1_000
        );
        assert_eq!(app.row_counts().await["threads"], 1, "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn of_two_changes_of_one_version_one_wins() {
    for app in TestApp::each().await {
        let [ann, _, admin] = people(&app).await;
        let id = json!(ann.id().await);
        for round in 1..=5 {
            let change = |name: &str| {
                let patch = json!({ "name": name });
                let given = json!({ "id": id, "version": round.to_string(), "patch": patch });
                super::ask(&admin, UPDATE_USER, given)
            };
            let answers = futures::join!(change("one"), change("two"), change("three"));
            let verdicts = [answers.0, answers.1, answers.2].map(|answer| {
                let code = answer.body["errors"][0]["extensions"]["code"].as_str();
                code.unwrap_or("done").to_owned()
            });
            let done = verdicts.iter().filter(|verdict| *verdict == "done").count();
            let late = verdicts
                .iter()
                .filter(|verdict| *verdict == "version.conflict")
                .count();
            assert_eq!((done, late), (1, 2), "{}: {verdicts:?}", app.engine);
        }
        let lines = "SELECT count(*) FROM audit_log WHERE resource_type = 'user' \
                     AND action = 'update'";
        assert_eq!(app.number(lines).await, 5, "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_removed_row_comes_back_alone_and_not_twice() {
    for app in TestApp::each().await {
        let [ann, operator, admin] = people(&app).await;
        let make = "mutation($input: ProfileCreate!) {
            createProfile(input: $input) { id version } }";
        let input = json!({ "input": { "userId": ann.id().await, "username": "a" } });
        let row = good(&admin, make, input).await["createProfile"].clone();
        let key = json!({ "id": row["id"] });
        let restore = "mutation($id: UUID!) { restoreProfile(id: $id) { id version } }";
        // It is there; it was never there; it is not theirs to bring back.
        assert_eq!(refused(&admin, restore, key.clone()).await, "404 not_found");
        let other = json!({ "id": "00000000-0000-7000-8000-000000000000" });
        assert_eq!(refused(&admin, restore, other).await, "404 not_found");
        let remove = "mutation($id: UUID!) { deleteProfile(id: $id, rowVersion: \"1\") }";
        good(&admin, remove, key.clone()).await;
        assert_eq!(
            refused(&operator, restore, key.clone()).await,
            "403 forbidden"
        );
        let back = good(&admin, restore, key.clone()).await["restoreProfile"].clone();
        assert_eq!(
            back,
            json!({ "id": row["id"], "version": 2 }),
            "{}",
            app.engine
        );
        assert!(
            refused(&admin, restore, key.clone())
                .await
                .starts_with("409 unique_violation")
        );

        // The person is gone for good, and their profile with them.
        let remove = "mutation($id: UUID!) { deleteProfile(id: $id, rowVersion: \"2\") }";
        good(&admin, remove, key.clone()).await;
        let tx = app.system().write().await.unwrap();
        let gone = "DELETE FROM users WHERE email = 'ann@example.test'";
        tx.execute_unprepared(gone).await.unwrap();
        tx.commit().await.unwrap();
        let refused = refused(&admin, restore, key).await;
        assert!(
            refused.starts_with("400 foreign_key_violation"),
            "{refused}"
        );
        app.stop().await;
    }
}
