//! `fresh`: drop everything and begin again.

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::Answer;
use crate::Way;
use crate::error::Error;

pub(super) async fn run(
    db: &DatabaseConnection,
    way: &Way,
    production: bool,
) -> Result<Answer, Error> {
    if production {
        return Err(Error::Production("fresh"));
    }
    let applied = crate::fresh(db, way).await?;
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
