//! What `PostgreSQL` enforces by a column's type, `SQLite` is told by checks.

use entity::registry::Resource;
use sea_orm_migration::sea_query::{ColumnType, StringLen};

use super::super::name::{literal as text, quoted};

/// The checks that follow from the columns' types: an enum's values, a text's greatest length.
pub(super) fn checks(resource: &Resource) -> Vec<String> {
    let table = resource.table;
    let mut checks = Vec::new();
    for column in &resource.columns {
        let (name, quoted) = (column.name, quoted(column.name));
        match &column.kind {
            ColumnType::Enum { variants, .. } => {
                let values: Vec<String> = variants.iter().map(|v| text(&v.to_string())).collect();
                checks.push(format!(
                    "CONSTRAINT {table}_{name}_check CHECK ({quoted} IN ({}))",
                    values.join(", ")
                ));
            }
            ColumnType::String(StringLen::N(length)) => checks.push(format!(
                "CONSTRAINT {table}_{name}_length CHECK (length({quoted}) <= {length})"
            )),
            _ => {}
        }
    }
    checks
}

/// An index part's direction. Nulls are the smallest values here, so they come last where the
/// direction is `DESC`, and an index cannot say so again.
pub(super) fn direction(direction: &str) -> &str {
    direction.strip_suffix(" NULLS LAST").unwrap_or(direction)
}
