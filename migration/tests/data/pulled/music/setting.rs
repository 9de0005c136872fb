//! The table `setting`.

use sea_orm::entity::prelude::*;

/// A row of `setting`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "setting")]
pub struct Model {
    /// The column `name`.
    #[sea_orm(primary_key, column_type = "Text")]
    pub name: String,
    /// The column `value`.
    #[sea_orm(column_type = "Blob", nullable)]
    pub value: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}
