//! What was told, and what was heard, goes after ninety days.

use chrono::TimeDelta;
use entity::identity::user::UserRole;
use serde_json::json;
use service::clock::Clock as _;
use service::upkeep::{Swept, sweep};
use tests::{Receiver, run_body};

use super::{apps, deliver, endpoint, path, text};

const TABLES: [&str; 4] = [
    "webhook_messages",
    "webhook_deliveries",
    "webhook_attempts",
    "inbound_events",
];

#[tokio::test]
async fn webhooks_are_kept_for_ninety_days() {
    for app in apps().await {
        let ann = app.user("ann", UserRole::User).await;
        let admin = app.user("admin", UserRole::Admin).await;
        let receiver = Receiver::good().await;
        let made = endpoint(&ann, &receiver, &["run.created"]).await;
        let source = json!({ "name": "generator", "scheme": "standard" });
        let source = admin.post("/api/v1/webhook-sources", source).await.body;
        // One of each, and half of the time later another.
        let one_each = async |id: &str| {
            ann.post("/api/v1/runs", run_body("a.pdf")).await;
            assert_eq!(deliver(&app).await, 1, "{}", app.engine);
            let (time, body) = (app.clock.now().timestamp(), b"{}");
            let signature = service::webhook::sign([text(&source["secret"])], id, time, body);
            let mut sender = app.anonymous();
            sender.header("webhook-id", id);
            sender.header("webhook-timestamp", &time.to_string());
            sender.header("webhook-signature", &signature);
            let told = sender.post("/api/v1/webhooks/generator", json!({})).await;
            assert_eq!(told.status, 202, "{}: {}", app.engine, told.body);
        };
        let left = async || {
            let counts = app.row_counts().await;
            TABLES.map(|table| counts[table])
        };
        let swept = async || {
            let swept = sweep(&app.system()).await.unwrap();
            (swept.webhook_messages, swept.inbound_events)
        };
        let begun = app.clock.now();
        app.clock.stop_at(begun);
        one_each("msg_1").await;
        app.clock.stop_at(begun + TimeDelta::days(1));
        one_each("msg_2").await;
        assert_eq!(left().await, [2; 4], "{}", app.engine);

        app.clock.stop_at(begun + TimeDelta::days(90));
        assert_eq!(swept().await, (0, 0), "{}: on the day", app.engine);
        app.clock
            .stop_at(begun + TimeDelta::days(90) + TimeDelta::seconds(1));
        assert_eq!(swept().await, (1, 1), "{}", app.engine);
        assert_eq!(
            left().await,
            [1; 4],
            "{}: what hangs on it, too",
            app.engine
        );
        app.clock.stop_at(begun + TimeDelta::days(92));
        assert_eq!(swept().await, (1, 1), "{}", app.engine);
        assert_eq!(left().await, [0; 4], "{}", app.engine);
        assert_eq!(sweep(&app.system()).await.unwrap(), Swept::default());

        let endpoint = app.sign_in("ann@example.test").await;
        let shown = endpoint.get(&path(&made)).await;
        assert_eq!(shown.body["status"], "enabled", "the endpoint stays");
        app.stop().await;
    }
}
