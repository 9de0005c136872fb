//! How many rows each table has, for tests that say that nothing was written; and tables that never
//! answer.

use std::collections::BTreeMap;

use entity::registry::resources;
use sea_orm::{ConnectionTrait, Statement};
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
