//! An import record: which row an imported document became.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::{ImportBatchId, ImportRecordId};

/// Which row an imported document became.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_records")]
pub struct Model {
    /// The record's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ImportRecordId,
    /// Where the document came from.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub source: String,
    /// Its collection or table there.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub collection: String,
    /// Its id there.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub external_id: String,
    /// The table here.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub row_table: String,
    /// The row here.
    pub row_id: Uuid,
    /// SHA-256 of the document, in hex: tells what is new from what is known.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub content_hash: String,
    /// The run that brought it.
    pub batch_id: ImportBatchId,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// The run that brought it.
    #[sea_orm(belongs_to, from = "batch_id", to = "id", on_delete = "Cascade")]
    pub batch: BelongsTo<super::import_batch::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::unique(&["source", "collection", "external_id"]),
            Index::on(&["batch_id", "id"]),
            Index::on(&["row_table", "row_id"]),
        ],
        ..Declaration::PLAIN
    };
}
