//! How many rows each table has, for tests that say that nothing was written; rows that no door makes;
//! and tables that never
//! answer.

use std::collections::BTreeMap;

use entity::id::UserId;
use entity::registry::resources;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, Statement};
use service::db::Engine;

use crate::TestApp;

impl TestApp {
    /// The number of rows of each table.
    pub async fn row_counts(&self) -> BTreeMap<&'static str, i64> {
        let db = self.services().db.read().unwrap();
        let mut counts = BTreeMap::new();
        for resource in resources() {
            let sql = format!("SELECT count(*) FROM {}", resource.table);
            let statement = Statement::from_string(db.get_database_backend(), sql);
            let row = db.query_one_raw(statement).await.unwrap().unwrap();
            counts.insert(resource.table, row.try_get_by_index(0).unwrap());
        }
        counts
    }

    /// A try of a delivery, as a sender would have written it down.
    pub async fn tried(&self, delivery: &str, number: i32) {
        use entity::webhook::attempt::{Entity, Model};
        let tx = self.system().write().await.unwrap();
        let row = Model {
            id: tx.fresh(),
            delivery_id: entity::id::WebhookDeliveryId(delivery.parse().unwrap()),
            number,
            status: Some(503),
            duration_ms: 12,
            error: Some("the answer was 503".to_owned()),
            answer: Some("busy".to_owned()),
            created_at: tx.now,
            updated_at: tx.now,
        };
        let row = row.into_active_model().reset_all();
        let insert = Entity::insert(row).exec_without_returning(&tx);
        insert.await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A video of a person's that everybody may watch, as its generator would have ended it.
    pub async fn shown_video(&self, person: UserId) {
        use entity::media::video::{Entity, Model, VideoStatus};
        let tx = self.system().write().await.unwrap();
        let id = tx.fresh::<entity::id::VideoId>();
        let row = Model {
            id,
            user_id: person,
            nft_id: "ethereum:0x1:1".to_owned(),
            job_id: id.to_string(),
            status: VideoStatus::Completed,
            title: Some("The shelf that talks".to_owned()),
            description: None,
            video_url: Some("https://videos.example.com/1.mp4".to_owned()),
            thumbnail_url: None,
            error_message: None,
            provider: None,
            provider_job_id: None,
            submitted_at: Some(tx.now),
            completed_at: Some(tx.now),
            is_public: true,
            metadata: serde_json::json!({}),
            version: 1,
            created_at: tx.now,
            updated_at: tx.now,
        };
        let row = row.into_active_model().reset_all();
        let insert = Entity::insert(row).exec_without_returning(&tx);
        insert.await.unwrap();
        tx.commit().await.unwrap();
    }

    /// An account of a person's at another service, as its provider's answer would have made it.
    pub async fn connected(&self, person: UserId, provider: &str) {
        use entity::agent::integration::{Entity, IntegrationStatus, Model};
        let tx = self.system().write().await.unwrap();
        let row = Model {
            id: tx.fresh(),
            user_id: person,
            provider: provider.to_owned(),
            status: IntegrationStatus::Connected,
            credentials: None,
            scopes: Vec::new().into(),
            metadata: serde_json::json!({}),
            expires_at: None,
            version: 1,
            created_at: tx.now,
            updated_at: tx.now,
        };
        let row = row.into_active_model().reset_all();
        let insert = Entity::insert(row).exec_without_returning(&tx);
        insert.await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Let every question about `table` take for ever.
    pub async fn stall(&self, table: &str) {
        let rename = format!("ALTER TABLE {table} RENAME TO stalled_{table}");
        let stalled = match self.services().db.engine() {
            Engine::Sqlite => vec![format!(
                "CREATE VIEW {table} AS \
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                 SELECT t.* FROM (SELECT max(i) FROM n) CROSS JOIN stalled_{table} t"
            )],
            Engine::Postgres => vec![
                format!(
                    "CREATE FUNCTION stalled() RETURNS SETOF stalled_{table} LANGUAGE sql \
                     AS 'SELECT pg_sleep(3600); SELECT * FROM stalled_{table}'"
                ),
                format!("CREATE VIEW {table} AS SELECT * FROM stalled()"),
            ],
        };
        let tx = self.system().write().await.unwrap();
        for sql in std::iter::once(rename).chain(stalled) {
            tx.execute_unprepared(&sql).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// How many questions of stalled tables the server still works at; `SQLite` works here.
    pub async fn stalled(&self) -> i64 {
        match self.services().db.engine() {
            Engine::Sqlite => 0,
            Engine::Postgres => {
                let asleep = "SELECT count(*) FROM pg_stat_activity \
                              WHERE datname = current_database() AND wait_event = 'PgSleep'";
                self.number(asleep).await
            }
        }
    }
}
