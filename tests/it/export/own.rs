//! All that is somebody's own, as a file.

use std::collections::BTreeMap;

use entity::identity::user::UserRole;
use entity::scope::Rule;
use serde_json::{Value, json};
use service::explore::catalog;
use tests::{Client, TestApp};

use super::{lines, text};

const OWN: &str = "/api/v1/me/export";

async fn own(client: &Client) -> Vec<Value> {
    lines(&text(client.get(OWN).await))
}

/// A person of the demo, signed in.
async fn demo_person(app: &TestApp, email: &str) -> Client {
    let body = json!({ "email": email, "password": service::demo::PASSWORD });
    let answer = app.anonymous().post("/api/v1/session", body).await;
    app.anonymous().signed_in(&answer)
}

/// How many rows of each type there are.
fn counted(rows: &[Value]) -> BTreeMap<&str, u64> {
    let mut counted = BTreeMap::new();
    for row in rows {
        *counted
            .entry(row["__typename"].as_str().unwrap())
            .or_default() += 1;
    }
    counted
}

#[tokio::test]
async fn everybody_takes_along_what_is_theirs_and_nothing_else() {
    for app in TestApp::each().await {
        let filled = service::demo::fill(app.services(), &|_| ()).await;
        filled.unwrap();
        let ann = demo_person(&app, "ann@demo.test").await;
        let rows = own(&ann).await;
        let counts = counted(&rows);
        for entity in catalog().entities() {
            let question = format!("{{ all: {} {{ totalCount }} }}", entity.plural);
            let answer = ann.post("/graphql", json!({ "query": question })).await;
            let expected = &answer.body["data"]["all"]["totalCount"];
            let owned = matches!(entity.rule(), Rule::Own(_) | Rule::Via(..));
            let found = counts
                .get(entity.name.as_str())
                .copied()
                .unwrap_or_default();
            if owned {
                assert_eq!(expected, found, "{}: {}", app.engine, entity.name);
            } else {
                assert_eq!(found, 0, "{}: {}", app.engine, entity.name);
            }
        }
        assert!(counts["Message"] > 500, "more than a batch: {counts:?}");
        let text = format!("{rows:?}");
        for secret in ["passwordHash", "secretHash", "credentials", "$argon2"] {
            assert!(!text.contains(secret), "{secret}");
        }

        // What the staff may see is not theirs.
        let admin = app.user("admin", UserRole::Admin).await;
        let rows = own(&admin).await;
        assert_eq!(counted(&rows)["User"], 1);
        let id = admin.id().await.to_string();
        let strangers = rows.iter().filter(|row| {
            let owner = &row["userId"];
            owner.is_string() && *owner != json!(id)
        });
        assert_eq!(strangers.count(), 0);
        app.stop().await;
    }
}
