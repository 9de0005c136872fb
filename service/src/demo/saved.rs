//! Views and reports that the staff keeps, and a query that clients may name by its hash.

use entity::platform::{saved_report, saved_view, trusted_document};
use serde_json::json;

use super::dice::Dice;
use super::people::People;
use super::rows::Rows;
use crate::analytics::Bucket;
use crate::error::Result;
use crate::saved::{Chart, ChartKind, Direction, Figure, Measure, OrderBy};
use crate::secret::fingerprint;

const QUERY: &str = "query Threads { threads(first: 5) { nodes { id title updateDate } } }";

fn group(column: &str, bucket: Option<Bucket>) -> Figure {
    Figure {
        column: Some(column.to_owned()),
        bucket,
        measure: None,
    }
}

fn figure(measure: Measure, column: Option<&str>) -> Figure {
    Figure {
        column: column.map(str::to_owned),
        bucket: None,
        measure: Some(measure),
    }
}

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
        order: json!([OrderBy {
            column: "createdAt".to_owned(),
            direction: Direction::Desc,
        }]),
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
                "companyName",
                "documentName",
                "currentStage",
                "errorMessage",
                "createdAt",
            ],
        ),
        view(
            "Dead jobs",
            "jobs",
            json!({ "state": { "eq": "dead" } }),
            &["kind", "queue", "lastError", "createdAt"],
        ),
        view(
            "Videos in public",
            "videos",
            json!({ "isPublic": { "eq": true } }),
            &["title", "provider", "completedAt"],
        ),
    ];
    let report =
        |name: &str, resource: &str, columns: Vec<Figure>, chart: Chart| saved_report::Model {
            id: dice.id(made),
            user_id: people.admin.id,
            name: name.to_owned(),
            shared: true,
            resource: resource.to_owned(),
            filter: json!({}),
            columns: json!(columns),
            order: json!([]),
            chart: Some(json!(chart)),
            version: 1,
            created_at: made,
            updated_at: made,
        };
    let reports = vec![
        report(
            "Runs by company and week",
            "runs",
            vec![
                group("companyName", None),
                group("createdAt", Some(Bucket::Week)),
                figure(Measure::Count, None),
            ],
            Chart {
                kind: ChartKind::Bar,
                x: Some("createdAt".to_owned()),
                series: Some("companyName".to_owned()),
            },
        ),
        report(
            "Tokens by model",
            "token_consumption",
            vec![group("model", None), figure(Measure::Sum, Some("count"))],
            Chart {
                kind: ChartKind::Pie,
                x: Some("model".to_owned()),
                series: None,
            },
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
