//! How many rows each table has, for tests that say that nothing was written.

use std::collections::BTreeMap;

use entity::registry::resources;
use sea_orm::{ConnectionTrait, Statement};

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
}
