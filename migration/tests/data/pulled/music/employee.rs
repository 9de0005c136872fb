//! The table `employee`.

use sea_orm::entity::prelude::*;

/// A row of `employee`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "employee")]
pub struct Model {
    /// The column `id`.
    #[sea_orm(primary_key, column_type = "Integer")]
    pub id: i64,
    /// The column `reports_to`.
    #[sea_orm(column_type = "Integer", nullable)]
    pub reports_to: Option<i64>,
    /// The column `email`.
    #[sea_orm(column_type = "String(StringLen::N(60))", nullable, unique)]
    pub email: Option<String>,
    /// The column `hired`.
    #[sea_orm(
        column_type = "custom(\"datetime\")",
        nullable,
        default_expr = "Expr::cust(\"CURRENT_TIMESTAMP\")"
    )]
    pub hired: Option<DateTime>,

    /// The row of `employee` that `reports_to` names.
    #[sea_orm(
        self_ref,
        relation_enum = "ReportsToRow",
        from = "reports_to",
        to = "id",
        on_delete = "SetNull"
    )]
    pub reports_to_row: BelongsTo<Option<Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
