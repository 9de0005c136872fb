//! Enum types.

use entity::registry::Resource;
use sea_orm_migration::sea_query::ColumnType;

use super::super::name::literal as text;

/// A `CREATE TYPE` for each enum among the resource's columns.
pub(super) fn types(resource: &Resource) -> Vec<String> {
    let mut statements = Vec::new();
    for column in &resource.columns {
        if let ColumnType::Enum { name, variants } = &column.kind {
            let values: Vec<String> = variants
                .iter()
                .map(|value| text(&value.to_string()))
                .collect();
            statements.push(format!(
                "CREATE TYPE {name} AS ENUM ({})",
                values.join(", ")
            ));
        }
    }
    statements
}
