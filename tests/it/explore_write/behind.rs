//! Beside a replica that is behind: what was just written is told as it was written.

use entity::identity::user::UserRole;
use serde_json::{Value, json};
use tests::{Plan, TestApp, run_body};

use super::good;

const SAVE: &str = "mutation($input: SavedViewInput!) {
    createSavedView(input: $input) { id name user { email } }
}";
const MAKE: &str = "mutation($input: ProfileCreate!) {
    createProfile(input: $input) { id username version }
}";
const CHANGE: &str = "mutation($id: UUID!, $patch: ProfilePatch!) {
    updateProfile(id: $id, rowVersion: \"1\", patch: $patch) { username version }
}";

#[tokio::test]
async fn answers_to_writes_and_events_are_of_what_was_written() {
    let plan = Plan {
        behind: true,
        ..Plan::default()
    };
    for app in TestApp::each_with(&plan).await {
        let admin = app.user("admin", UserRole::Admin).await;
        let view = json!({
            "name": "Failed ones", "shared": false, "resource": "runs",
            "filter": {}, "columns": ["companyName"],
        });
        let saved = good(&admin, SAVE, json!({ "input": view })).await;
        let saved = &saved["createSavedView"];
        assert_eq!(saved["name"], "Failed ones", "{}", app.engine);
        assert_eq!(saved["user"]["email"], "admin@example.test");

        let new = json!({ "input": { "userId": admin.id().await, "username": "a" } });
        let made = good(&admin, MAKE, new).await["createProfile"].clone();
        assert_eq!(made["username"], "a", "{}", app.engine);
        let patch = json!({ "id": made["id"], "patch": { "username": "b" } });
        let changed = good(&admin, CHANGE, patch).await;
        let told = json!({ "username": "b", "version": 2 });
        assert_eq!(changed["updateProfile"], told, "{}", app.engine);

        let mut peer = admin.listen().await;
        let runs = "subscription { runChanged { companyName status } }";
        peer.follow("runs", runs).await;
        let run = admin.post("/api/v1/runs", run_body("one.pdf")).await;
        assert_eq!(run.status, 201, "{}", run.body);
        let heard = peer.message().await;
        let told = json!({ "companyName": "Northwind", "status": "PENDING" });
        assert_eq!(heard["payload"]["data"]["runChanged"], told, "{heard}");

        // What only reads goes to the replica, which has nothing of it.
        let list = "{ savedViews(first: 1) { nodes { id } } }";
        let listed = good(&admin, list, json!({})).await["savedViews"]["nodes"].clone();
        let nobody = listed == Value::Array(Vec::new());
        assert_eq!(nobody, app.engine == "PostgreSQL", "{}", app.engine);
        app.stop().await;
    }
}
