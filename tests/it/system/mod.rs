//! What the keepers of the process see of it, on both engines alike.

mod statements;
mod storage;

use entity::identity::user::UserRole;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tests::{Answer, Client, Plan, TestApp};

async fn ask(client: &Client, query: &str) -> Answer {
    client.post("/graphql", json!({ "query": query })).await
}

/// What `fields` of the system are.
async fn system(client: &Client, fields: &str) -> Value {
    let answer = ask(client, &format!("{{ system {{ {fields} }} }}")).await;
    assert_eq!(answer.body["errors"], Value::Null, "{fields}");
    answer.body["data"]["system"].clone()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("{value}"))
}

/// All that can be selected of a type, to the last leaf.
async fn everything(client: &Client, name: &str) -> String {
    let query = format!(
        "{{ __type(name: \"{name}\") {{ fields {{ name type {{ ...T ofType {{ ...T ofType {{ \
         ...T ofType {{ ...T }} }} }} }} }} }} }} fragment T on __Type {{ kind name }}"
    );
    let answer = ask(client, &query).await;
    let mut all = String::new();
    for field in list(&answer.body["data"]["__type"]["fields"]) {
        let mut kind = &field["type"];
        while !kind["ofType"].is_null() {
            kind = &kind["ofType"];
        }
        all.push_str(field["name"].as_str().unwrap());
        if kind["kind"] == "OBJECT" {
            let inner = Box::pin(everything(client, kind["name"].as_str().unwrap())).await;
            all = format!("{all} {{ {inner} }}");
        }
        all.push(' ');
    }
    all
}

#[tokio::test]
async fn staff_reads_every_field_and_nobody_else_any() {
    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        let operator = app.user("op", UserRole::Operator).await;
        let ann = app.user("ann", UserRole::User).await;
        let key = app.key("worker", &["worker"]).await;
        let all = everything(&admin, "System").await;
        assert!(
            all.contains("slowQueries { thresholdMs recent { sql "),
            "{all}"
        );
        for staff in [&operator, &admin] {
            let told = system(staff, &all).await;
            for (field, value) in told.as_object().unwrap() {
                assert!(!value.is_null(), "{}: {field}", app.engine);
            }
        }

        let fields = ask(&admin, "{ __type(name: \"System\") { fields { name } } }").await;
        let fields = list(&fields.body["data"]["__type"]["fields"]).len();
        assert!(fields > 10);
        for (who, code) in [
            (&ann, "forbidden"),
            (&key, "forbidden"),
            (&app.anonymous(), "unauthenticated"),
        ] {
            let answer = ask(who, &format!("{{ system {{ {all} }} }}")).await;
            let errors = list(&answer.body["errors"]);
            assert_eq!(errors.len(), fields, "{}: {}", app.engine, answer.body);
            for error in errors {
                assert_eq!(error["extensions"]["code"], code, "{error}");
            }
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn connections_versions_and_health_are_told() {
    for app in TestApp::each().await {
        let op = app.user("op", UserRole::Operator).await;
        let told = system(
            &op,
            "pool { engine state connected lastError { message } retryCount
                 sources { source usable max size idle inUse waiting lagMs }
                 limits { connectionTimeoutMs statementDeadlineMs } }
             versions { chancery rustc seaOrm asyncGraphql engine engineVersion schemaRevision }
             health { ready draining database error { message } pendingMigrations }
             migrations { applied { name appliedAt known } pending }
             drift { findings { difference table name } }",
        )
        .await;
        let engine = if app.engine == "SQLite" {
            "SQLITE"
        } else {
            "POSTGRES"
        };
        let pool = &told["pool"];
        assert_eq!(pool["engine"], engine);
        assert_eq!(pool["state"], "CONNECTED");
        assert_eq!(pool["limits"]["connectionTimeoutMs"], 10_000.0);
        let sources = list(&pool["sources"]);
        assert_eq!(sources.len(), 1);
        let number = |name: &str| sources[0][name].as_i64().unwrap();
        assert_eq!((number("max"), number("waiting")), (10, 0));
        assert!(number("size") >= 1 && number("idle") + number("inUse") == number("size"));

        let versions = &told["versions"];
        let lock = crate::sources::read("Cargo.lock");
        for (name, told) in [("sea-orm", "seaOrm"), ("async-graphql", "asyncGraphql")] {
            let version = versions[told].as_str().unwrap();
            let entry = format!("name = \"{name}\"\nversion = \"{version}\"");
            assert!(lock.contains(&entry), "{entry}");
        }
        assert!(versions["rustc"].as_str().unwrap().starts_with("rustc 1."));
        let version = versions["engineVersion"].as_str().unwrap();
        assert!(
            version.starts_with(|first: char| first.is_ascii_digit()),
            "{version}"
        );
        assert_eq!(versions["engine"], engine);
        let steps = migration::steps();
        assert_eq!(versions["schemaRevision"], *steps.last().unwrap());

        let health = json!({
            "ready": true, "draining": false, "database": true, "error": null,
            "pendingMigrations": [],
        });
        assert_eq!(told["health"], health);
        let applied = list(&told["migrations"]["applied"]);
        assert_eq!(applied.len(), steps.len());
        for (one, step) in applied.iter().zip(&steps) {
            assert_eq!((&one["name"], &one["known"]), (&json!(step), &json!(true)));
            assert!(one["appliedAt"].is_string());
        }
        assert_eq!(told["migrations"]["pending"], json!([]));
        assert_eq!(told["drift"]["findings"], json!([]), "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn what_is_missing_in_the_database_is_told() {
    let mut plan = Plan::default();
    let newest = plan.settings.steps.pop().unwrap();
    plan.settings
        .steps
        .push("m9999_of_a_release_to_come".to_owned());
    for app in TestApp::each_with(&plan).await {
        let op = app.user("op", UserRole::Operator).await;
        let tx = app.system().write().await.unwrap();
        for sql in [
            "DROP TABLE saved_views",
            "DROP INDEX runs_created_at_id_idx",
            "ALTER TABLE segments ADD COLUMN odd integer",
            "ALTER TABLE saved_reports DROP COLUMN chart",
        ] {
            tx.execute_unprepared(sql).await.unwrap();
        }
        tx.commit().await.unwrap();
        let told = system(
            &op,
            "migrations { applied { name known } pending } health { ready }
             drift { findings { difference table name } } storage { tables { name } }",
        )
        .await;
        assert_eq!(told["health"]["ready"], false);
        assert_eq!(
            told["migrations"]["pending"],
            json!(["m9999_of_a_release_to_come"])
        );
        let applied = list(&told["migrations"]["applied"]);
        let unknown = json!({ "name": newest, "known": false });
        assert_eq!(applied.last(), Some(&unknown));
        assert!(applied.len() < 2 || applied[0]["known"] == true);
        let finding = |difference: &str, table: &str, name: Value| json!({ "difference": difference, "table": table, "name": name });
        let expected = [
            finding("MISSING_INDEX", "runs", json!("runs_created_at_id_idx")),
            finding("UNKNOWN_COLUMN", "segments", json!("odd")),
            finding("MISSING_TABLE", "saved_views", json!(null)),
            finding("MISSING_COLUMN", "saved_reports", json!("chart")),
        ];
        assert_eq!(told["drift"]["findings"], json!(expected), "{}", app.engine);
        let tables = list(&told["storage"]["tables"]);
        let named = |name| tables.iter().any(|table| table["name"] == name);
        assert!(named("runs") && !named("saved_views"));
        app.stop().await;
    }
}
