//! Agents: templates, people's own, their executions by workers, workflows, preferences.

mod execution;
mod journey;
mod list;
mod own;
mod preferences;
mod stream;
mod template;
mod told;

use entity::agent::integration::{self, IntegrationStatus};
use entity::types::StringList;
use sea_orm::EntityTrait;
use sea_orm::IntoActiveModel;
use serde_json::{Value, json};
use tests::{Client, TestApp};

/// A person's account at a provider, as the connecting would have left it.
async fn connect(app: &TestApp, who: &Client, provider: &str, status: IntegrationStatus) {
    let user_id = who.id().await;
    let tx = app.system().write().await.unwrap();
    let row = integration::Model {
        id: tx.fresh(),
        user_id,
        provider: provider.to_owned(),
        status,
        credentials: None,
        scopes: StringList::default(),
        metadata: json!({}),
        expires_at: None,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    let row = row.into_active_model();
    let inserted = integration::Entity::insert(row).exec_without_returning(&tx);
    inserted.await.unwrap();
    tx.commit().await.unwrap();
}

/// A fresh row's path, as the answer to its making names it.
async fn made(who: &Client, path: &str, body: Value) -> String {
    let answer = who.post(path, body).await;
    assert_eq!(answer.status, 201, "{path}: {}", answer.body);
    answer.headers["location"].to_str().unwrap().to_owned()
}

/// The names of a list's rows, in its order.
fn names(list: &Value) -> Vec<&str> {
    let rows = list["items"].as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap()).collect()
}
