//! Who hears of a change of configuration.

use entity::identity::user::UserRole;
use serde_json::{Value, json};
use service::configuration::Given;
use service::outbound;
use tests::{Client, Letter, Plan, Receiver, TestApp};

use super::{LIMIT, at, put};

/// An endpoint that is told of changes of configuration.
async fn endpoint(who: &Client, receiver: &Receiver, for_everyone: bool) {
    let body = json!({
        "url": receiver.url, "event_types": ["setting.changed", "flag.changed"],
        "for_everyone": for_everyone,
    });
    let made = who.post("/api/v1/webhook-endpoints", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
}

#[tokio::test]
async fn the_house_is_told_what_was_changed_and_not_to_what() {
    let mut plan = Plan::default();
    let networks = vec!["127.0.0.0/8".parse().unwrap()];
    plan.settings.given = Given::default().with(&outbound::ALLOWED_NETWORKS, &networks);
    for app in TestApp::each_with(&plan).await {
        let admin = app.user("admin", UserRole::Admin).await;
        let (house, own) = (Receiver::good().await, Receiver::good().await);
        endpoint(&admin, &house, true).await;
        endpoint(&admin, &own, false).await;

        let body = json!({ "value": 37, "reason": "more" });
        put(&admin, LIMIT, 0, body).await;
        let refused = put(&admin, LIMIT, 0, json!({ "value": 38 })).await;
        assert_eq!(refused.status, 412);
        assert_eq!(at(&admin, 1).delete(LIMIT).await.status, 204);
        let flag = json!({
            "key": "new-board", "kind": "boolean", "variants": { "on": true, "off": false },
            "default_variant": "off",
        });
        assert_eq!(admin.post("/api/v1/flags", flag).await.status, 201);
        let path = "/api/v1/flags/new-board";
        let on = json!({ "enabled": true, "reason": "ready" });
        assert_eq!(at(&admin, 1).patch(path, on).await.status, 200);
        let away = json!({ "archived": true });
        assert_eq!(at(&admin, 2).patch(path, away).await.status, 200);
        assert_eq!(at(&admin, 3).delete(path).await.status, 204);

        service::webhook::deliver_due(&app.system()).await.unwrap();
        let mut told: Vec<Value> = house.heard().iter().map(Letter::json).collect();
        told.sort_by_key(|event| event["data"]["revision"].as_i64());
        let said: Vec<[&str; 2]> = told
            .iter()
            .map(|event| {
                ["type", "action"].map(|member| {
                    let found = event.get(member).or_else(|| event["data"].get(member));
                    found.unwrap().as_str().unwrap()
                })
            })
            .collect();
        assert_eq!(
            said,
            [
                ["setting.changed", "create"],
                ["setting.changed", "delete"],
                ["flag.changed", "create"],
                ["flag.changed", "update"],
                ["flag.changed", "archive"],
                ["flag.changed", "delete"],
            ],
            "{}",
            app.engine
        );
        let first = &told[0]["data"];
        assert_eq!(first["key"], "features.max_agents_per_user");
        assert_eq!(first["reason"], "more");
        assert_eq!(first["changed_by"], admin.id().await.to_string());
        assert!(first.get("value").is_none() && first.get("new_value").is_none());
        assert_eq!(told[3]["data"]["enabled"], true);
        assert!(told[4]["data"]["archived_at"].is_string());
        let versions: Vec<&Value> = told.iter().map(|event| &event["data"]["version"]).collect();
        assert_eq!(versions, [1, 2, 1, 2, 3, 4]);
        assert!(own.heard().is_empty(), "a person's own hear of their own");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_subscription_hears_of_settings() {
    for app in TestApp::each().await {
        let operator = app.user("operator", UserRole::Operator).await;
        let mut peer = operator.listen().await;
        let question = "subscription { settingChanged { key environment value version } }";
        peer.follow("one", question).await;
        put(&operator, LIMIT, 0, json!({ "value": 3 })).await;
        let message = peer.message().await;
        let told = &message["payload"]["data"]["settingChanged"];
        assert_eq!(told["key"], "features.max_agents_per_user", "{message}");
        assert_eq!(told["environment"], "all");
        assert_eq!(told["value"], 3);
        app.stop().await;
    }
}
