//! Who may not, what is wrong, and that nothing is half written.

use entity::registry::Writes;
use serde_json::{Value, json};
use service::explore::catalog::{Kind, catalog};
use service::explore::change::may_delete;
use tests::{TestApp, run_body};

use super::{good, people, refused};

const NO_ROW: &str = "00000000-0000-7000-8000-000000000000";

#[tokio::test]
async fn who_may_write_is_what_the_registry_says() {
    for app in TestApp::each().await {
        let [ann, operator, admin] = people(&app).await;
        let key = json!({ "name": "k", "scopes": ["read", "admin:*"] });
        let key = admin.post("/api/v1/me/keys", key).await.body;
        let program = app
            .anonymous()
            .with("x-api-key", key["key"].as_str().unwrap());
        let key = json!({ "name": "k", "scopes": ["write"] });
        let key = admin.post("/api/v1/me/keys", key).await.body;
        let plain = app
            .anonymous()
            .with("x-api-key", key["key"].as_str().unwrap());
        let before = app.row_counts().await;
        for entity in catalog()
            .entities()
            .iter()
            .filter(|entity| may_delete(entity))
        {
            let key = entity.key_column();
            let missing = match key.kind {
                Kind::Uuid => json!(NO_ROW),
                _ => json!("no such row"),
            };
            let query = format!(
                "mutation($key: {}!) {{ delete{}({}: $key, rowVersion: \"1\") }}",
                key.kind.type_name(),
                entity.name,
                key.field
            );
            let theirs = match entity.resource.writes {
                Writes::Operators => "404 not_found",
                _ => "403 forbidden",
            };
            for (who, verdict) in [
                (&ann, "403 forbidden"),
                (&plain, "403 forbidden"),
                (&operator, theirs),
                (&admin, "404 not_found"),
                (&program, "404 not_found"),
            ] {
                let found = refused(who, &query, json!({ "key": missing })).await;
                assert_eq!(found, verdict, "{}", entity.name);
            }
            let nobody = refused(&app.anonymous(), &query, json!({ "key": missing })).await;
            assert_eq!(nobody, "401 unauthenticated");
        }
        assert_eq!(app.row_counts().await, before, "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is a table")]
async fn what_is_wrong_is_pointed_at_and_nothing_is_half_written() {
    for app in TestApp::each().await {
        let [ann, operator, admin] = people(&app).await;
        let id = json!(ann.id().await);
        let run = ann.post("/api/v1/runs", run_body("a.pdf")).await.body["id"].clone();
        let make = "mutation($input: ProfileCreate!) { createProfile(input: $input) { id } }";
        good(
            &admin,
            make,
            json!({ "input": { "userId": id, "username": "a" } }),
        )
        .await;
        let before = app.row_counts().await;

        let thread = "mutation($input: ThreadCreate!) { createThread(input: $input) { id } }";
        let user = "mutation($id: UUID!, $patch: UserPatch!) {
            updateUser(id: $id, rowVersion: \"1\", patch: $patch) { id } }";
        let work = "mutation($id: UUID!, $patch: RunPatch!) {
            updateRun(id: $id, rowVersion: \"1\", patch: $patch) { id } }";
        let video = "mutation($id: UUID!, $patch: VideoPatch!) {
            updateVideo(id: $id, rowVersion: \"1\", patch: $patch) { id } }";
        let notice = "mutation($input: NotificationCreate!) {
            createNotification(input: $input) { id } }";
        let on = |id: &Value, patch: Value| json!({ "id": id, "patch": patch });
        let new = |input: Value| json!({ "input": input });
        for (query, variables, verdict) in [
            (
                make,
                new(json!({ "userId": id, "username": "a" })),
                "409 unique_violation /username",
            ),
            (
                make,
                new(json!({ "userId": NO_ROW, "username": "b" })),
                "400 foreign_key_violation",
            ),
            (make, new(json!({})), "400 graphql.invalid"),
            (make, new(json!({ "userId": "x" })), "400 graphql.invalid"),
            (thread, new(json!({ "title": "t" })), "400 graphql.invalid"),
            (
                thread,
                new(json!({ "title": "t", "userId": id, "no": 1 })),
                "400 graphql.invalid",
            ),
            (
                thread,
                new(json!({ "title": "a\u{0}", "userId": id })),
                "422 invalid /title",
            ),
            (
                thread,
                new(json!({ "title": "t", "userId": id, "creationDate": null })),
                "422 invalid /creationDate",
            ),
            (notice, new(json!({})), "400 graphql.invalid"),
            // Where a video stands is its domain's to say; its words are staff's.
            (
                video,
                on(&json!(NO_ROW), json!({ "status": "COMPLETED" })),
                "400 graphql.invalid",
            ),
            (
                video,
                on(&json!(NO_ROW), json!({ "title": "t" })),
                "404 not_found",
            ),
            (user, on(&id, json!({})), "422 invalid /"),
            (user, on(&id, json!({ "role": null })), "422 invalid /role"),
            (
                user,
                on(&id, json!({ "role": "KING" })),
                "400 graphql.invalid",
            ),
            (user, on(&id, json!({ "role": 7 })), "400 graphql.invalid"),
            (
                user,
                on(&id, json!({ "name": "x".repeat(256) })),
                "422 invalid /name",
            ),
            (
                user,
                on(&id, json!({ "email": "x@example.test" })),
                "400 graphql.invalid",
            ),
            (
                user,
                on(&id, json!({ "passwordHash": "x" })),
                "400 graphql.invalid",
            ),
            (
                user,
                on(&id, json!({ "version": 7 })),
                "400 graphql.invalid",
            ),
            (
                user,
                on(&json!(NO_ROW), json!({ "name": "x" })),
                "404 not_found",
            ),
            (
                work,
                on(&run, json!({ "status": "COMPLETED" })),
                "400 graphql.invalid",
            ),
            (
                work,
                on(&run, json!({ "leaseToken": NO_ROW })),
                "400 graphql.invalid",
            ),
            (
                work,
                on(&run, json!({ "companyId": null })),
                "422 invalid /companyId",
            ),
        ] {
            let found = refused(&admin, query, variables.clone()).await;
            // Not every engine tells which column leads nowhere.
            let found = match verdict {
                "400 foreign_key_violation" => found.trim_end_matches(" /userId"),
                _ => &found,
            };
            assert_eq!(found, verdict, "{}: {variables}", app.engine);
        }
        // An operator's rights end where another table begins.
        let renamed = on(&id, json!({ "name": "x" }));
        assert_eq!(refused(&operator, user, renamed).await, "403 forbidden");
        assert_eq!(app.row_counts().await, before, "{}", app.engine);
        let name = format!("{{ user(id: {id}) {{ name role version }} }}");
        let row = good(&admin, &name, json!({})).await["user"].clone();
        assert_eq!(row, json!({ "name": "ann", "role": "user", "version": 1 }));
        app.stop().await;
    }
}

#[tokio::test]
async fn checks_of_the_database_have_their_code() {
    for app in TestApp::each().await {
        let [_, _, admin] = people(&app).await;
        let before = app.row_counts().await;
        // One of them says neither, the other says what it must not.
        let query = "mutation($input: ScheduledChangeCreate!) {
            createScheduledChange(input: $input) { id } }";
        let kinds = "{ __type(name: \"ScheduledChangeCreate\") {
            inputFields { name type { kind ofType { name kind enumValues { name } } } } } }";
        let fields = good(&admin, kinds, json!({})).await["__type"]["inputFields"].clone();
        let mut input = serde_json::Map::new();
        for field in fields.as_array().unwrap() {
            if field["type"]["kind"] != "NON_NULL" {
                continue;
            }
            let kind = &field["type"]["ofType"];
            let value = match kind["name"].as_str().unwrap() {
                "UUID" => json!(NO_ROW),
                "DateTime" => json!("2026-03-01T00:00:00Z"),
                "String" => json!("x"),
                "Int" | "BigInt" => json!(1),
                _ => kind["enumValues"][0]["name"].clone(),
            };
            input.insert(field["name"].as_str().unwrap().to_owned(), value);
        }
        let found = refused(&admin, query, json!({ "input": input })).await;
        assert_eq!(found, "400 check", "{}: {input:?}", app.engine);
        assert_eq!(app.row_counts().await, before);
        app.stop().await;
    }
}
