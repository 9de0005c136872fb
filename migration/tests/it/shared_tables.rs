//! The conversation's tables are those of the Python backend, to the letter.

use migration::engine::Engine;
use migration::schema::{LiveSchema, difference};
use migration::up;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::database::{self, Scratch};

const TABLES: &[&str] = &[
    "alembic_version",
    "complexity_estimation",
    "messages",
    "threads",
    "token_consumption",
    "tool_calls",
    "tool_selection",
];

const ENUMS: &[&str] = &["entity", "reasoninglevels", "task", "tokentype"];

fn shared(mut schema: LiveSchema) -> LiveSchema {
    schema
        .tables
        .retain(|name, _| TABLES.contains(&name.as_str()));
    schema
        .enums
        .retain(|name, _| ENUMS.contains(&name.as_str()));
    schema
        .functions
        .retain(|name, _| name.starts_with("update_messages"));
    schema
}

#[tokio::test]
async fn a_fresh_database_differs_from_the_backends_in_cascades_and_indexes_alone() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let theirs = Scratch::new(Engine::Postgres).await;
    theirs
        .db
        .execute_unprepared(include_str!("../fixture/neuroagent.sql"))
        .await
        .expect("dump");
    let ours = Scratch::new(Engine::Postgres).await;
    up(&ours.db).await.expect("up");

    let theirs = shared(
        LiveSchema::read(&theirs.db)
            .await
            .expect("a readable catalogue"),
    );
    let ours = shared(
        LiveSchema::read(&ours.db)
            .await
            .expect("a readable catalogue"),
    );
    assert_eq!(theirs.tables.len(), TABLES.len());
    let told: Vec<String> = difference(&theirs, &ours)
        .into_iter()
        .map(|d| d.object.to_string())
        .collect();
    assert_eq!(
        told,
        [
            "constraint complexity_estimation.complexity_estimation_message_id_fkey",
            "index complexity_estimation.complexity_estimation_message_id_idx",
            "constraint messages.messages_thread_id_fkey",
            "index messages.messages_creation_date_message_id_idx",
            "index messages.messages_thread_id_creation_date_message_id_idx",
            "index threads.threads_update_date_thread_id_idx",
            "index threads.threads_user_id_update_date_thread_id_idx",
            "constraint token_consumption.token_consumption_message_id_fkey",
            "index token_consumption.token_consumption_message_id_idx",
            "constraint tool_calls.tool_calls_message_id_fkey",
            "index tool_calls.tool_calls_message_id_idx",
            "constraint tool_selection.tool_selection_message_id_fkey",
            "index tool_selection.tool_selection_message_id_idx",
        ]
    );
}
