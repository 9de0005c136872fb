//! What the audit log keeps of work on other people's runs.

use entity::identity::api_key;
use entity::identity::user::UserRole;
use entity::platform::audit_log::{self, AuditActor};
use sea_orm::{EntityTrait, QueryOrder};
use serde_json::json;
use tests::{Client, TestApp, run_body, stage_body};

/// Ask for a run, take it to its first stage and give it up; tells its id.
async fn work(owner: &Client, worker: &Client) -> String {
    let run = owner.post("/api/v1/runs", run_body("report.pdf")).await;
    assert_eq!(run.status, 201, "{}", run.body);
    let id = run.body["id"].as_str().unwrap();
    let path = format!("/api/v1/runs/{id}");
    let claim = json!({ "worker": "ghost" });
    let claim = worker.post("/api/v1/runs/claim", claim).await;
    assert_eq!(claim.body["run"]["id"], id, "{}", claim.body);
    let token = &claim.body["lease_token"];
    let lease = json!({ "lease_token": token });
    let beat = worker.post(&format!("{path}/heartbeat"), lease).await;
    assert_eq!(beat.status, 200, "{}", beat.body);
    for _ in 0..2 {
        let stage = stage_body(1, token);
        let stage = worker.put(&format!("{path}/stages/1"), stage).await;
        assert_eq!(stage.status, 200, "{}", stage.body);
    }
    let end = json!({ "lease_token": token, "message": "no paper" });
    let end = worker.post(&format!("{path}/fail"), end).await;
    assert_eq!(end.status, 200, "{}", end.body);
    id.to_owned()
}

#[tokio::test]
async fn a_key_is_known_by_its_work_on_other_peoples_runs() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let worker = app.key("worker", &["worker", "write"]).await;
        work(&worker, &worker).await;
        let run = work(&ann, &worker).await;

        let db = app.services().db.read().unwrap();
        let key = api_key::Entity::find().one(&db).await.unwrap().unwrap();
        let entries = audit_log::Entity::find()
            .order_by_asc(audit_log::Column::CreatedAt)
            .order_by_asc(audit_log::Column::Id)
            .all(&db)
            .await
            .unwrap();
        // Neither the worker's own run, nor a heartbeat, nor a repetition.
        let kept: Vec<_> = entries
            .iter()
            .filter(|entry| entry.resource_type == "run")
            .map(|entry| (entry.action.as_str(), entry.after.clone().unwrap()))
            .collect();
        let expected = [
            ("run.claim", json!({ "stage": 0, "attempt": 1 })),
            ("run.submit", json!({ "stage": 1, "attempt": 1 })),
            ("run.fail", json!({ "stage": 1, "attempt": 1 })),
        ];
        assert_eq!(kept, expected, "{}", app.engine);
        for entry in entries.iter().filter(|entry| entry.resource_type == "run") {
            assert_eq!(entry.resource_id, run);
            assert_eq!(entry.actor_kind, AuditActor::ApiKey);
            assert_eq!(entry.actor_id, key.id.to_string());
        }
        app.stop().await;
    }
}
