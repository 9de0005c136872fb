//! What operators set while the program runs.

use entity::identity::user::UserRole;
use serde_json::json;
use service::agent::MAX_AGENTS_PER_USER;
use service::configuration::Given;
use tests::{Plan, TestApp, eventually};

use super::{LIMIT, at, history, put, set};

#[tokio::test]
async fn a_setting_is_felt_as_soon_as_it_is_written_and_remembered_after_it_is_gone() {
    for app in TestApp::each().await {
        let operator = app.user("operator", UserRole::Operator).await;
        let ann = app.user("ann", UserRole::User).await;
        let default = operator.get(LIMIT).await;
        assert_eq!(default.body["source"], "default", "{}", default.body);
        assert_eq!(default.body["row"], json!(null));
        assert_eq!(default.body["overrides"], json!([]));

        let unread = operator.put(LIMIT, json!({ "value": 1 })).await;
        assert_eq!(unread.verdict(), "428 version.required");
        let any = operator.with("if-match", "*");
        let any = any.put(LIMIT, json!({ "value": 1 })).await;
        assert_eq!(any.verdict(), "428 version.required");
        let body = json!({ "value": 1, "reason": "the workers are few" });
        let tag = default.headers["etag"].to_str().unwrap();
        let written = operator.with("if-match", tag).put(LIMIT, body).await;
        assert_eq!(written.status, 200, "{}", written.body);
        assert_eq!(written.body["value"], 1);
        assert_eq!(written.body["source"], "database_for_all");
        let below = json!([{ "source": "default", "value": default.body["value"] }]);
        assert_eq!(written.body["overrides"], below);

        let agent = async |name| ann.post("/api/v1/agents", json!({ "name": name })).await;
        assert_eq!(agent("one").await.status, 201);
        assert_eq!(agent("two").await.status, 409, "one is the most");
        let stale = operator.with("if-match", tag);
        let stale = stale.put(LIMIT, json!({ "value": 9 })).await;
        assert_eq!(stale.verdict(), "412 version.conflict");

        // Where this process runs, its own environment goes before all.
        let here = format!("{LIMIT}?environment=test");
        let there = format!("{LIMIT}?environment=staging");
        assert_eq!(set(&operator, &there, 0, json!(50)).await.body["value"], 1);
        let ours = set(&operator, &here, 0, json!(2)).await;
        assert_eq!(ours.body["source"], "database");
        assert_eq!(ours.body["overrides"][0]["source"], "database_for_all");
        assert_eq!(agent("two").await.status, 201);
        let asleep = json!({ "value": 2, "is_active": false });
        let asleep = put(&operator, &here, 1, asleep).await;
        assert_eq!(asleep.body["source"], "database_for_all", "as if not there");
        assert_eq!(agent("three").await.status, 409);

        let reason = format!("{LIMIT}?reason=enough%20workers");
        assert_eq!(at(&operator, 1).delete(&reason).await.status, 204);
        assert_eq!(agent("three").await.status, 201, "the default holds again");
        let gone = operator.get(LIMIT).await;
        assert_eq!(gone.body["source"], "default");
        let again = at(&operator, 1).delete(LIMIT).await;
        assert_eq!(again.verdict(), "404 setting.not_found");
        // What was removed and set anew goes on with one history.
        assert_eq!(
            set(&operator, LIMIT, 0, json!(3)).await.verdict(),
            "412 version.conflict"
        );
        let again = set(&operator, LIMIT, 2, json!(3)).await;
        assert_eq!(again.body["version"], 3, "{}", again.body);

        let all = format!("{LIMIT}/history");
        assert_eq!(history(&operator, &all, "version").await, [3, 2, 1]);
        let actions = history(&operator, &all, "action").await;
        assert_eq!(actions, ["create", "delete", "create"]);
        let values = history(&operator, &all, "new_value").await;
        assert_eq!(values, [json!(3), json!(null), json!(1)]);
        let reasons = history(&operator, &all, "reason").await;
        assert_eq!(reasons[1..], ["enough workers", "the workers are few"]);
        let who = history(&operator, &all, "changed_by").await;
        assert_eq!(who[0], operator.id().await.to_string());
        let audited = "SELECT count(*) FROM audit_log WHERE resource_type = 'setting'";
        assert_eq!(app.number(audited).await, 6);
        app.stop().await;
    }
}

#[tokio::test]
async fn the_environment_goes_before_the_database() {
    let mut plan = Plan::default();
    plan.settings.given = Given::default().with(&MAX_AGENTS_PER_USER, &4);
    for app in TestApp::each_with(&plan).await {
        let operator = app.user("operator", UserRole::Operator).await;
        for path in [LIMIT, &format!("{LIMIT}?environment=test")] {
            let refused = set(&operator, path, 0, json!(9)).await;
            assert_eq!(refused.verdict(), "409 setting.overridden_by_env");
            let detail = refused.body["detail"].as_str().unwrap();
            assert!(
                detail.starts_with("CHANCERY_SETTING_FEATURES__MAX_AGENTS_PER_USER sets it"),
                "{detail}"
            );
        }
        // Elsewhere it may have an effect.
        let there = format!("{LIMIT}?environment=staging");
        let written = set(&operator, &there, 0, json!(9)).await;
        assert_eq!(written.body["source"], "environment", "{}", written.body);
        assert_eq!(written.body["value"], 4);
        assert_eq!(written.body["row"]["value"], 9);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_replica_feels_what_was_written_elsewhere() {
    for app in TestApp::each().await {
        // Embedded, there is one process.
        if app.engine == "SQLite" {
            continue;
        }
        let replica = app.beside().await;
        let operator = app.user("operator", UserRole::Operator).await;
        let there = replica.services().configuration.get(&MAX_AGENTS_PER_USER);
        assert_ne!(there, 3);
        set(&operator, LIMIT, 0, json!(3)).await;
        let felt = async || {
            let felt = replica.services().configuration.get(&MAX_AGENTS_PER_USER);
            (felt == 3).then_some(())
        };
        eventually(felt).await;
        // A process that starts has it from the start.
        let younger = app.beside().await;
        let felt = younger.services().configuration.get(&MAX_AGENTS_PER_USER);
        assert_eq!(felt, 3);
        younger.stop().await;
        replica.stop().await;
        app.stop().await;
    }
}

#[tokio::test]
async fn of_those_who_write_at_once_one_is_heard_and_nothing_is_lost() {
    for app in TestApp::each().await {
        let operator = app.user("operator", UserRole::Operator).await;
        for version in 0..3 {
            let writers = (0..8).map(|value| set(&operator, LIMIT, version, json!(value + 1)));
            let answers = futures::future::join_all(writers).await;
            let mut verdicts: Vec<u16> = answers
                .iter()
                .map(|answer| answer.status.as_u16())
                .collect();
            verdicts.sort_unstable();
            assert_eq!(
                verdicts,
                [200, 412, 412, 412, 412, 412, 412, 412],
                "{}",
                app.engine
            );
            let winner = answers.iter().find(|answer| answer.status == 200).unwrap();
            let now = operator.get(LIMIT).await;
            assert_eq!(now.body["value"], winner.body["row"]["value"]);
        }
        let path = format!("{LIMIT}/history");
        assert_eq!(history(&operator, &path, "version").await, [3, 2, 1]);
        assert_eq!(history(&operator, &path, "revision").await, [3, 2, 1]);
        app.stop().await;
    }
}

#[tokio::test]
async fn what_no_setting_can_be_is_refused_and_leaves_nothing() {
    for app in TestApp::each().await {
        let operator = app.user("operator", UserRole::Operator).await;
        let hours = "/api/v1/settings/support.opening_hours";
        let before = json!({ "from": 8, "to": 18 });
        assert_eq!(set(&operator, hours, 0, before).await.status, 200);
        let counts = app.row_counts().await;
        let long = "x".repeat(70_000);
        for (path, version, body, pointer) in [
            (LIMIT, 0, json!({ "value": "many" }), "/value"),
            (LIMIT, 0, json!({ "value": -1 }), "/value"),
            (LIMIT, 0, json!({ "value": null }), "/value"),
            (
                LIMIT,
                0,
                json!({ "value": 1, "is_sensitive": true }),
                "/is_sensitive",
            ),
            (
                LIMIT,
                0,
                json!({ "value": 1, "reason": "a\u{0}b" }),
                "/reason",
            ),
            (LIMIT, 0, json!({ "value": 1, "reason": long }), "/reason"),
            (hours, 1, json!({ "value": [8, 18] }), "/value"),
            (hours, 1, json!({ "value": { "from": long } }), "/value"),
            (hours, 1, json!({ "value": { "from": "\u{0}" } }), "/value"),
            (
                "/api/v1/settings/Support%20Hours",
                0,
                json!({ "value": 1 }),
                "/key",
            ),
            (
                "/api/v1/settings/a.b?environment=Our%20Cloud",
                0,
                json!({ "value": 1 }),
                "/environment",
            ),
        ] {
            let answer = put(&operator, path, version, body).await;
            assert_eq!(answer.verdict(), "422 invalid", "{path}: {}", answer.body);
            let found = &answer.body["errors"][0]["pointer"];
            assert_eq!(found, pointer, "{path}: {}", answer.body);
        }
        let networks = "/api/v1/settings/outbound.allowed_networks";
        let networks = set(&operator, networks, 0, json!(["10.0.0.0/8"])).await;
        assert_eq!(networks.verdict(), "403 forbidden", "that is for admins");
        let slip = format!("{LIMIT}?enviroment=staging");
        let slip = set(&operator, &slip, 0, json!(1)).await;
        assert_eq!(slip.verdict(), "422 invalid", "it would write for all");
        for unknown in ["", "/history"] {
            let unknown = format!("/api/v1/settings/no.such{unknown}");
            let answer = operator.get(&unknown).await;
            assert_eq!(answer.verdict(), "404 setting.not_found");
        }
        assert_eq!(app.row_counts().await, counts, "{}", app.engine);
        app.stop().await;
    }
}
