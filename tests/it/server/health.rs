//! Alive, ready, started: what the orchestrator is told, and what staff are told beside.

use entity::identity::user::UserRole;
use serde_json::json;
use tests::{Client, Plan, TestApp};

async fn three(client: &Client) -> [u16; 3] {
    let mut statuses = [0; 3];
    for (at, which) in ["live", "ready", "startup"].into_iter().enumerate() {
        let answer = client.get(&format!("/health/{which}")).await;
        assert_eq!(answer.headers["content-type"], "application/health+json");
        statuses[at] = answer.status.as_u16();
        let word = if answer.status == 200 { "pass" } else { "fail" };
        assert_eq!(answer.body, json!({ "status": word }), "{which}");
    }
    statuses
}

#[tokio::test]
async fn a_process_is_ready_when_every_step_is_applied_and_started_from_then_on() {
    let plan = Plan {
        migrated: false,
        ..Plan::default()
    };
    for app in TestApp::each_with(&plan).await {
        let nobody = app.anonymous();
        assert_eq!(three(&nobody).await, [200, 503, 503], "{}", app.engine);
        app.migrate().await;
        assert_eq!(three(&nobody).await, [200, 200, 200], "{}", app.engine);

        app.services().db.disconnect().await;
        assert_eq!(three(&nobody).await, [200, 503, 200], "{}", app.engine);
        // A credential that cannot be looked at is nobody's.
        let somebody = nobody.with("cookie", "chancery=nonsense");
        assert_eq!(three(&somebody).await, [200, 503, 200], "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn staff_are_told_what_is_behind_the_status() {
    let mut plan = Plan::default();
    plan.settings.steps.push("m2999_to_come".to_owned());
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        assert_eq!(three(&ann).await, [200, 503, 503], "{}", app.engine);
        for role in [UserRole::Operator, UserRole::Admin] {
            let staff = app.user(&format!("{role:?}").to_lowercase(), role).await;
            let ready = staff.get("/health/ready").await;
            assert_eq!(ready.status, 503);
            let checks = &ready.body["checks"];
            let check = |name: &str| checks[name][0].clone();
            let pending = check("database:pendingMigrations");
            assert_eq!(pending["status"], "fail");
            assert_eq!(pending["observedValue"], json!(["m2999_to_come"]));
            assert_eq!(check("database:responseTime")["status"], "pass");
            assert_eq!(check("process:draining")["observedValue"], false);
            let connection = &ready.body["database"]["connection"];
            assert_eq!(connection["connected"], true);
            for key in ["last_connected_at", "last_error", "retry_count"] {
                assert!(connection.get(key).is_some(), "{key}");
            }
            let startup = staff.get("/health/startup").await;
            assert_eq!(
                (startup.status.as_u16(), &startup.body["started"]),
                (503, &json!(false))
            );
        }
        app.stop().await;
    }
}
