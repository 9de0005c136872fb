//! An import batch: one run of an import of old data.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::ImportBatchId;

/// Where an import stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "import_state")]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// It is going on, or was cut off and can go on.
    #[sea_orm(string_value = "running")]
    Running,
    /// Everything is in.
    #[sea_orm(string_value = "completed")]
    Completed,
    /// All but the rejected rows is in.
    #[sea_orm(string_value = "partial")]
    Partial,
    /// It ended early.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// It was taken back.
    #[sea_orm(string_value = "undone")]
    Undone,
}

/// One run of an import.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_batches")]
pub struct Model {
    /// The batch's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ImportBatchId,
    /// Where the data came from.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub source: String,
    /// Where it stands.
    pub state: ImportState,
    /// Read, written, unchanged, rejected, by collection.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub counts: Json,
    /// Where a continued run begins.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub checkpoint: Option<Json>,
    /// When it ended.
    pub finished_at: Option<DateTimeUtc>,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// What it brought.
    #[sea_orm(has_many)]
    pub records: HasMany<super::import_record::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::on(&["source", "created_at", "id"])],
        ..Declaration::PLAIN
    };
}
