//! `fresh`: drop everything and begin again.

use std::time::Duration;

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::Answer;
use crate::error::Error;

pub(super) async fn run(
    db: &DatabaseConnection,
    patience: Duration,
    production: bool,
) -> Result<Answer, Error> {
    if production {
        return Err(Error::Production);
    }
    let applied = crate::fresh(db, patience).await?;
    let lines = applied
        .iter()
        .map(|name| format!("applied {name}"))
        .collect();
    Ok(Answer {
        code: 0,
        lines,
        json: json!({"applied": applied}),
    })
}
