//! Views and reports that the staff keeps, and a query that clients may name by its hash.

use entity::platform::{saved_report, saved_view, trusted_document};
use serde_json::json;

use super::dice::Dice;
use super::people::People;
use super::rows::Rows;
use crate::error::Result;
use crate::secret::fingerprint;

const QUERY: &str = "query Threads { threads(first: 5) { nodes { id title updateDate } } }";

/// Write the chapter.
pub(super) async fn write(rows: &mut Rows<'_>, people: &People) -> Result<()> {
    let dice = Dice::of("saved");
    let made = rows.days_ago(37);
    let view = |name: &str, resource: &str, filter, columns: &[&str]| saved_view::Model {
        id: dice.id(made),
        user_id: people.operator.id,
        name: name.to_owned(),
        shared: true,
        resource: resource.to_owned(),
        filter,
        columns: columns.iter().copied().collect(),
        order: json!([{ "column": "created_at", "direction": "desc" }]),
        chart: None,
        version: 1,
        created_at: made,
        updated_at: made,
    };
    let views = vec![
        view(
            "Failed runs",
            "runs",
            json!({ "status": { "eq": "FAILED" } }),
            &[
                "company_name",
                "document_name",
                "current_stage",
                "error_message",
                "created_at",
            ],
        ),
        view(
            "Dead jobs",
            "jobs",
            json!({ "state": { "eq": "dead" } }),
            &["kind", "queue", "last_error", "created_at"],
        ),
        view(
            "Videos in public",
            "videos",
            json!({ "is_public": { "eq": true } }),
            &["title", "provider", "completed_at"],
        ),
    ];
    let report = |name: &str, resource: &str, columns, kind: &str| saved_report::Model {
        id: dice.id(made),
        user_id: people.admin.id,
        name: name.to_owned(),
        shared: true,
        resource: resource.to_owned(),
        filter: json!({}),
        columns,
        order: json!([]),
        chart: Some(json!({ "kind": kind })),
        version: 1,
        created_at: made,
        updated_at: made,
    };
    let reports = vec![
        report(
            "Runs by company and week",
            "runs",
            json!([{ "group": "company_name" }, { "group": "created_at", "bucket": "week" }, { "count": "id" }]),
            "bar",
        ),
        report(
            "Tokens by model",
            "token_consumption",
            json!([{ "group": "model" }, { "sum": "count" }]),
            "line",
        ),
    ];
    let document = trusted_document::Model {
        id: dice.id(made),
        hash: fingerprint(QUERY.as_bytes()),
        text: QUERY.to_owned(),
        name: Some("Threads".to_owned()),
        created_at: made,
        updated_at: made,
    };
    rows.put(saved_view::Entity, views).await?;
    rows.put(saved_report::Entity, reports).await?;
    rows.put(trusted_document::Entity, vec![document]).await
}
