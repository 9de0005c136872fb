//! Views and reports that the staff keeps: theirs, shared, and never of what is not there.

mod shapes;

use entity::identity::user::UserRole;
use entity::platform::audit_log;
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::{Value, json};
use tests::{Answer, Client, TestApp};

const FIELDS: &str = "{ id userId name shared resource filter columns order chart version }";

async fn ask(client: &Client, query: &str, variables: Value) -> Answer {
    let body = json!({ "query": query, "variables": variables });
    client.post("/graphql", body).await
}

/// What the one field of a document that is answered well comes to.
fn good(answer: &Answer) -> Value {
    assert_eq!(answer.body["errors"], Value::Null, "{}", answer.body);
    let data = answer.body["data"].as_object().unwrap();
    data.values().next().unwrap().clone()
}

fn code(answer: &Answer) -> &str {
    let code = &answer.body["errors"][0]["extensions"]["code"];
    code.as_str().unwrap_or_else(|| panic!("{}", answer.body))
}

/// One of the two kinds: how it is called in fields, and what of it is selected.
struct Kind {
    name: &'static str,
    fields: &'static str,
    columns: fn() -> Value,
}

const KINDS: [Kind; 2] = [
    Kind {
        name: "SavedView",
        fields: FIELDS,
        columns: || json!(["companyName", "status", "createdAt"]),
    },
    Kind {
        name: "SavedReport",
        fields: FIELDS,
        columns: || {
            json!([
                { "column": "createdAt", "bucket": "WEEK" },
                { "column": "status" },
                { "measure": "COUNT" },
            ])
        },
    },
];

impl Kind {
    fn input(&self, shared: bool) -> Value {
        json!({
            "name": "Failed ones", "shared": shared, "resource": "runs",
            "filter": { "status": { "eq": "FAILED" } }, "columns": (self.columns)(),
            "order": [{ "column": "createdAt", "direction": "DESC" }],
            "chart": { "kind": "BAR", "x": "createdAt", "series": "status" },
        })
    }

    async fn create(&self, client: &Client, input: Value) -> Answer {
        let Self { name, fields, .. } = self;
        let query =
            format!("mutation($input: {name}Input!) {{ create{name}(input: $input) {fields} }}");
        ask(client, &query, json!({ "input": input })).await
    }

    async fn update(&self, client: &Client, id: &Value, version: i64, change: Value) -> Answer {
        let Self { name, fields, .. } = self;
        let query = format!(
            "mutation($id: UUID!, $version: BigInt!, $change: {name}Change!) {{
                update{name}(id: $id, version: $version, change: $change) {fields} }}"
        );
        let variables = json!({ "id": id, "version": version, "change": change });
        ask(client, &query, variables).await
    }

    async fn delete(&self, client: &Client, id: &Value, version: i64) -> Answer {
        let query = format!(
            "mutation($id: UUID!, $version: BigInt!) {{ delete{}(id: $id, version: $version) }}",
            self.name
        );
        ask(client, &query, json!({ "id": id, "version": version })).await
    }

    async fn one(&self, client: &Client, id: &Value) -> Answer {
        let field = self.name.replacen('S', "s", 1);
        let query = format!("query($id: UUID!) {{ {field}(id: $id) {} }}", self.fields);
        ask(client, &query, json!({ "id": id })).await
    }

    async fn list(&self, client: &Client, resource: Option<&str>) -> Answer {
        let field = self.name.replacen('S', "s", 1);
        let query = format!(
            "query($filter: {}Filter) {{ {field}s(filter: $filter) {{ nodes {} }} }}",
            self.name, self.fields
        );
        let filter = resource.map_or(json!({}), |name| json!({ "resource": { "eq": name } }));
        ask(client, &query, json!({ "filter": filter })).await
    }

    async fn listed(&self, client: &Client) -> usize {
        let list = good(&self.list(client, None).await);
        list["nodes"].as_array().unwrap().len()
    }

    fn missing(&self) -> String {
        let name = self.name.to_lowercase().replacen("saved", "saved_", 1);
        format!("{name}.not_found")
    }
}

#[tokio::test]
async fn what_is_saved_comes_back_changes_and_goes_and_the_audit_log_has_it() {
    for app in TestApp::each().await {
        let op = app.user("op", UserRole::Operator).await;
        for kind in &KINDS {
            let made = good(&kind.create(&op, kind.input(false)).await);
            let id = made["id"].clone();
            assert_eq!(made["userId"], json!(op.id().await.to_string()));
            assert_eq!(made["version"], 1);
            let input = kind.input(false);
            assert_eq!(made["order"][0]["column"], "createdAt");
            for field in ["name", "shared", "resource", "filter"] {
                assert_eq!(made[field], input[field], "{}: {field}", app.engine);
            }
            assert_eq!(made["chart"]["kind"], "bar");
            for (at, column) in input["columns"].as_array().unwrap().iter().enumerate() {
                match column.as_object() {
                    Some(figure) => {
                        for (name, value) in figure {
                            // Words are kept in lower case.
                            let kept = made["columns"][at][name].as_str().unwrap();
                            let value = value.as_str().unwrap();
                            assert!(kept.eq_ignore_ascii_case(value), "{made}");
                        }
                    }
                    None => assert_eq!(made["columns"][at], *column),
                }
            }
            assert_eq!(good(&kind.one(&op, &id).await), made);
            assert_eq!(
                good(&kind.list(&op, Some("runs")).await)["nodes"],
                json!([made])
            );
            assert_eq!(
                good(&kind.list(&op, Some("jobs")).await)["nodes"],
                json!([])
            );

            let change = json!({ "name": "All", "filter": {}, "shared": true });
            let changed = good(&kind.update(&op, &id, 1, change).await);
            let mut expected = made.clone();
            for (field, value) in [
                ("name", json!("All")),
                ("filter", json!({})),
                ("shared", json!(true)),
                ("version", json!(2)),
            ] {
                expected[field] = value;
            }
            assert_eq!(changed, expected, "{}: what is not given stays", app.engine);
            let stale = kind.update(&op, &id, 1, json!({ "name": "Stale" })).await;
            assert_eq!(code(&stale), "version.conflict");
            let bare = json!({ "chart": null, "order": [] });
            let bare = good(&kind.update(&op, &id, 2, bare).await);
            assert_eq!((&bare["chart"], &bare["order"]), (&Value::Null, &json!([])));
            assert_eq!(bare["name"], "All");

            assert_eq!(code(&kind.delete(&op, &id, 2).await), "version.conflict");
            assert_eq!(good(&kind.delete(&op, &id, 3).await), id);
            assert_eq!(good(&kind.one(&op, &id).await), Value::Null);

            let log = audit_log::Entity::find().order_by_asc(audit_log::Column::CreatedAt);
            let log = log.order_by_asc(audit_log::Column::Id);
            let log = log.all(&app.services().db.read().unwrap()).await.unwrap();
            let about = log.iter().filter(|row| json!(row.resource_id) == id);
            let told: Vec<_> = about
                .map(|row| {
                    let name = |side: &Option<Value>| {
                        side.as_ref()
                            .map_or(Value::Null, |side| side["name"].clone())
                    };
                    let verb = row.action.rsplit('.').next().unwrap().to_owned();
                    (verb, name(&row.before), name(&row.after))
                })
                .collect();
            let line = |verb: &str, before, after| (verb.to_owned(), before, after);
            let expected = [
                line("create", json!(null), json!("Failed ones")),
                line("update", json!("Failed ones"), json!("All")),
                line("update", json!("All"), json!("All")),
                line("delete", json!("All"), json!(null)),
            ];
            assert_eq!(told, expected, "{}", app.engine);
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_foreign_one_does_not_exist_and_a_shared_one_is_read_only() {
    for app in TestApp::each().await {
        let olga = app.user("olga", UserRole::Operator).await;
        let otto = app.user("otto", UserRole::Operator).await;
        let admin = app.user("admin", UserRole::Admin).await;
        let ann = app.user("ann", UserRole::User).await;
        for kind in &KINDS {
            let private = good(&kind.create(&olga, kind.input(false)).await)["id"].clone();
            let shared = good(&kind.create(&olga, kind.input(true)).await)["id"].clone();
            assert_eq!(kind.listed(&olga).await, 2);
            let rename = || json!({ "name": "Otto's" });

            let list = good(&kind.list(&otto, None).await);
            assert_eq!(
                list["nodes"].as_array().map(Vec::len),
                Some(1),
                "{}",
                app.engine
            );
            assert_eq!(list["nodes"][0]["id"], shared);
            assert_eq!(good(&kind.one(&otto, &private).await), Value::Null);
            for answer in [
                kind.update(&otto, &private, 1, rename()).await,
                kind.delete(&otto, &private, 1).await,
            ] {
                assert_eq!(code(&answer), kind.missing(), "{}", app.engine);
            }
            assert_eq!(good(&kind.one(&otto, &shared).await)["id"], shared);
            for answer in [
                kind.update(&otto, &shared, 1, rename()).await,
                kind.delete(&otto, &shared, 1).await,
            ] {
                assert_eq!(code(&answer), "saved.not_yours", "{}", app.engine);
            }

            for (who, refusal) in [(&ann, "forbidden"), (&app.anonymous(), "unauthenticated")] {
                for answer in [
                    kind.create(who, kind.input(false)).await,
                    kind.update(who, &shared, 1, rename()).await,
                    kind.delete(who, &shared, 1).await,
                ] {
                    assert_eq!(code(&answer), refusal, "{}", app.engine);
                }
            }

            assert_eq!(kind.listed(&ann).await, 0);
            assert_eq!(good(&kind.one(&ann, &shared).await), Value::Null);
            let nobody = kind.list(&app.anonymous(), None).await;
            assert_eq!(code(&nobody), "unauthenticated");

            // An admin sees and changes everybody's, and does not take it over.
            assert_eq!(kind.listed(&admin).await, 2);
            let tidied = good(&kind.update(&admin, &shared, 1, rename()).await);
            assert_eq!(tidied["userId"], json!(olga.id().await.to_string()));
            assert_eq!(good(&kind.delete(&admin, &private, 1).await), private);

            // What is no longer shared is gone for the others.
            good(
                &kind
                    .update(&olga, &shared, 2, json!({ "shared": false }))
                    .await,
            );
            assert_eq!(good(&kind.one(&otto, &shared).await), Value::Null);
            assert_eq!((kind.listed(&otto).await, kind.listed(&olga).await), (0, 1));
        }
        app.stop().await;
    }
}
