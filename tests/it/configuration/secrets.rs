//! A sensitive setting is felt, and never seen.

use entity::identity::user::UserRole;
use serde_json::json;
use service::video::GENERATOR_KEY;
use tests::TestApp;

use super::{history, put, set};

#[tokio::test]
async fn a_secret_is_set_by_admins_used_by_the_program_and_shown_to_nobody() {
    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        let operator = app.user("operator", UserRole::Operator).await;
        let path = format!("/api/v1/settings/{}", GENERATOR_KEY.key);
        let refused = set(&operator, &path, 0, json!("walrus-one")).await;
        assert_eq!(refused.verdict(), "403 forbidden");
        let mut heard = String::new();
        for (version, value) in [(0, "walrus-one"), (1, "walrus-two")] {
            let written = set(&admin, &path, version, json!(value)).await;
            assert_eq!(written.status, 200, "{}", written.body);
            heard += &written.text;
            let used = app.services().configuration.get(&GENERATOR_KEY);
            assert_eq!(used.as_deref(), Some(value));
        }
        let shown = admin.get(&path).await;
        assert_eq!(shown.body["is_sensitive"], true);
        assert_eq!(shown.body["source"], "database_for_all");
        heard += &shown.text;

        // One that the program does not know, whose first writer says that it is one.
        let own = "/api/v1/settings/providers.search_token";
        let body = json!({ "value": "walrus-three", "is_sensitive": true });
        assert_eq!(put(&admin, own, 0, body).await.status, 200);
        let there = format!("{own}?environment=staging");
        let elsewhere = set(&operator, &there, 0, json!("walrus-four")).await;
        assert_eq!(elsewhere.verdict(), "403 forbidden");
        let open = json!({ "value": "walrus-four", "is_sensitive": false });
        let open = put(&admin, &there, 0, open).await;
        assert_eq!(open.body["errors"][0]["pointer"], "/is_sensitive");
        let wrong = set(&admin, &path, 2, json!(["walrus-five"])).await;
        assert_eq!(wrong.verdict(), "422 invalid");
        heard += &wrong.text;

        for path in [
            &format!("{path}/history"),
            "/api/v1/settings?limit=100",
            &format!("{own}/history"),
        ] {
            heard += &admin.get(path).await.text;
        }
        let question = "{ configurationSettings { nodes { key value } } \
                        configurationHistories { nodes { key oldValue newValue } } \
                        auditLogs { nodes { before after } } }";
        let asked = admin.post("/graphql", json!({ "query": question })).await;
        assert!(asked.body["errors"].is_null(), "{}", asked.body);
        heard += &asked.text;
        assert!(!heard.contains("walrus"), "{heard}");
        let path = format!("{path}/history");
        assert_eq!(history(&admin, &path, "is_sensitive").await, [true, true]);

        // Kept, but not in the clear: each for its own place.
        for (rows, sql) in [
            (
                2,
                "SELECT count(*) FROM configuration_settings WHERE value IS NULL AND ciphertext LIKE 'v1.%'",
            ),
            (
                3,
                "SELECT count(*) FROM configuration_history WHERE new_value IS NULL AND new_ciphertext LIKE 'v1.%'",
            ),
            (
                0,
                "SELECT count(*) FROM configuration_history h JOIN configuration_settings s ON s.ciphertext = h.new_ciphertext",
            ),
        ] {
            assert_eq!(app.number(sql).await, rows, "{}: {sql}", app.engine);
        }
        app.stop().await;
    }
}
