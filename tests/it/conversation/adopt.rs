//! A database that another backend made and goes on writing into is served as it stands.

use chrono::TimeDelta;
use entity::identity::user::UserRole;
use serde_json::{Value, json};
use service::analytics::reconcile;
use tests::{EventStream, OtherBackend, TestApp};

use super::neuroagent::{all, models_spent_at};
use super::{found, say};

const DUMP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/neuroagent_sample.sql.gz");
const FACTS: &str = include_str!("../../data/neuroagent_sample.facts.json");

#[tokio::test]
async fn an_adopted_database_is_served_at_once_while_its_backend_goes_on_writing() {
    let Some(app) = TestApp::taken_over(DUMP).await else {
        return;
    };
    let facts: Value = serde_json::from_str(FACTS).unwrap();
    assert_eq!(app.anonymous().get("/health/ready").await.status, 200);
    let admin = app.user("admin", UserRole::Admin).await;
    let threads = all(&admin, "/api/v1/threads").await;
    assert_eq!(threads.len(), 37);
    let mut messages = 0;
    for thread in &threads {
        let path = format!(
            "/api/v1/threads/{}/messages",
            thread["id"].as_str().unwrap()
        );
        messages += all(&admin, &path).await.len();
    }
    assert_eq!(messages, 1232);
    for (question, hits) in facts["hits"].as_object().unwrap() {
        let found = found(&admin, &question.replace(' ', "+")).await;
        assert_eq!(json!(found), *hits, "{question}");
    }

    // What either says is found at once.
    let id = threads[0]["id"].as_str().unwrap();
    let path = format!("/api/v1/threads/{id}");
    let ours = admin
        .post(&format!("{path}/messages"), say("our zebrafish"))
        .await;
    assert_eq!(ours.status, 201, "{}", ours.body);
    assert_eq!(found(&admin, "zebrafish").await, 1);
    let backend = OtherBackend(&app);
    let events = format!("{path}/events");
    let mut stream = EventStream::open(&admin, &events, None).await;
    let (begun, ..) = stream.next().await.unwrap();
    drop(stream);
    backend
        .says(id.parse().unwrap(), "their zebrafish", 5)
        .await;
    assert_eq!(found(&admin, "zebrafish").await, 2);
    let mut stream = EventStream::open(&admin, &events, Some(&begun)).await;
    let told = stream.next().await.unwrap().2;
    assert!(
        told["content"]
            .as_str()
            .unwrap()
            .contains("their zebrafish")
    );
    assert_eq!(told["tokens"][0]["count"], 5);

    // No trigger of ours is there, and the sums come by looking.
    let ctx = app.system();
    reconcile(&ctx).await.unwrap();
    app.worker().drain().await.unwrap();
    let spent = models_spent_at(&admin).await;
    let model = "openai/gpt-5.1";
    let before = facts["tokens_by_model"][model].as_u64().unwrap();
    assert_eq!(spent[model], before + 5);
    app.clock.advance(TimeDelta::minutes(3));
    backend.says(id.parse().unwrap(), "and more", 7).await;
    app.clock.advance(TimeDelta::minutes(1));
    reconcile(&ctx).await.unwrap();
    assert_eq!(models_spent_at(&admin).await[model], before + 12);

    // Its keys have no rule for a deletion: a thread goes all the same.
    let gone = admin.delete(&path).await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    assert_eq!(admin.get(&path).await.status, 404);
    assert_eq!(found(&admin, "zebrafish").await, 0);
    app.stop().await;
}
