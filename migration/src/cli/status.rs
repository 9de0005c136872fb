//! `status`: what is applied and what is pending.

use sea_orm_migration::sea_orm::DatabaseConnection;
use serde_json::json;

use super::Answer;
use crate::error::Error;
use crate::history::{Status, status};

pub(super) async fn run(db: &DatabaseConnection) -> Result<Answer, Error> {
    let Status {
        applied,
        pending,
        unknown,
    } = status(db).await?;
    let code = match (unknown.is_empty(), pending.is_empty()) {
        (false, _) => 4,
        (true, false) => 2,
        (true, true) => 0,
    };
    let named = |what: &str, names: &[String]| -> Vec<String> {
        names
            .iter()
            .map(|name| format!("{what:<8} {name}"))
            .collect()
    };
    let mut lines = named("applied", &applied);
    lines.extend(named("pending", &pending));
    lines.extend(named("unknown", &unknown));
    let json = json!({"applied": applied, "pending": pending, "unknown": unknown});
    Ok(Answer { code, lines, json })
}
