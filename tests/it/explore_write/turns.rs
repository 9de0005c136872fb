//! What a domain does of its own where staff put a row back, tell somebody something, remove a run.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use service::agent::MAX_AGENTS_PER_USER;
use service::configuration::Given;
use service::outbound::ALLOWED_NETWORKS;
use tests::{EventStream, Plan, Receiver, TestApp, run_body};

use super::{NEWS, good, made, news, people, refused, version};

#[tokio::test]
async fn an_agent_comes_back_only_where_its_owner_could_make_it() {
    let mut plan = Plan::default();
    plan.settings.given = Given::default().with(&MAX_AGENTS_PER_USER, &2);
    for app in TestApp::each_with(&plan).await {
        let [ann, _, admin] = people(&app).await;
        app.connected(ann.id().await, "github").await;
        let needy = json!({ "name": "needy", "required_integrations": ["github"] });
        let needy = made(&ann, "/api/v1/agents", needy).await;
        made(&ann, "/api/v1/agents", json!({ "name": "plain" })).await;
        let remove = "mutation($id: UUID!) { deleteUserAgent(id: $id, rowVersion: \"1\") }";
        let restore = "mutation($id: UUID!) { restoreUserAgent(id: $id) { name version } }";
        let key = json!({ "id": needy });
        good(&admin, remove, key.clone()).await;

        let third = made(&ann, "/api/v1/agents", json!({ "name": "third" })).await;
        let found = refused(&admin, restore, key.clone()).await;
        assert_eq!(found, "409 agent.limit_exceeded", "{}", app.engine);
        good(&admin, remove, json!({ "id": third })).await;
        let gone = ann.delete("/api/v1/integrations/github").await;
        assert_eq!(gone.status, 200, "{}", gone.body);
        let found = refused(&admin, restore, key.clone()).await;
        let verdict = "409 agent.integration_required /requiredIntegrations";
        assert_eq!(found, verdict, "{}", app.engine);
        let tx = app.system().write().await.unwrap();
        tx.execute_unprepared("DELETE FROM integrations")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        app.connected(ann.id().await, "github").await;
        // Of two that come back to one place, one does.
        let other = json!({ "id": third });
        let both = futures::join!(
            super::ask(&admin, restore, key),
            super::ask(&admin, restore, other),
        );
        let code = |answer: &tests::Answer| {
            let code = answer.body["errors"][0]["extensions"]["code"].as_str();
            code.unwrap_or("done").to_owned()
        };
        let mut codes = [code(&both.0), code(&both.1)];
        codes.sort();
        assert_eq!(codes, ["agent.limit_exceeded", "done"], "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn what_staff_tell_comes_in_its_turn_also_when_they_tell_it_again() {
    for app in TestApp::each().await {
        let [ann, operator, admin] = people(&app).await;
        let id = json!(ann.id().await);
        let mut stream = EventStream::open(&ann, "/api/v1/notifications/events", None).await;
        let one = good(&operator, NEWS, news(&id, "one", "m")).await["createNotification"].clone();
        assert_eq!(stream.next().await.unwrap().2["title"], "one");
        // Told by a process whose clock is behind.
        app.clock.advance(TimeDelta::hours(-1));
        let two = good(&operator, NEWS, news(&id, "two", "m")).await["createNotification"].clone();
        let at = |row: &Value| {
            row["createdAt"]
                .as_str()
                .unwrap()
                .parse::<DateTime<Utc>>()
                .unwrap()
        };
        assert_eq!(
            at(&two),
            at(&one) + TimeDelta::microseconds(1),
            "{}",
            app.engine
        );
        assert_eq!(stream.next().await.unwrap().2["title"], "two");

        let remove = "mutation($id: UUID!, $version: String!) {
            deleteNotification(id: $id, rowVersion: $version) }";
        let read = version(&admin, &one["nodeId"]).await;
        good(&admin, remove, json!({ "id": one["id"], "version": read })).await;
        let restore = "mutation($id: UUID!) { restoreNotification(id: $id) { createdAt } }";
        let back = good(&admin, restore, json!({ "id": one["id"] })).await;
        let back = &back["restoreNotification"];
        assert_eq!(
            at(back),
            at(&two) + TimeDelta::microseconds(1),
            "{}",
            app.engine
        );
        assert_eq!(stream.next().await.unwrap().2["title"], "one");
        drop(stream);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_run_that_staff_remove_is_told_of() {
    let mut plan = Plan::default();
    let here = vec!["127.0.0.0/8".parse().unwrap()];
    plan.settings.given = Given::default().with(&ALLOWED_NETWORKS, &here);
    for app in TestApp::each_with(&plan).await {
        let [ann, operator, _] = people(&app).await;
        let listener = Receiver::good().await;
        let endpoint = json!({ "url": listener.url, "event_types": ["run.deleted"] });
        made(&ann, "/api/v1/webhook-endpoints", endpoint).await;
        let run = made(&ann, "/api/v1/runs", run_body("a.pdf")).await;
        let remove = "mutation($id: UUID!) { deleteRun(id: $id, rowVersion: \"1\") }";
        good(&operator, remove, json!({ "id": run })).await;
        while service::webhook::deliver_due(&app.system()).await.unwrap() > 0 {}
        assert_eq!(listener.types(), ["run.deleted"], "{}", app.engine);
        assert_eq!(listener.heard()[0].json()["data"]["id"], run);
        app.stop().await;
    }
}
