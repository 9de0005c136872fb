//! What happened to an execution, in order.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::{ExecutionEventId, ExecutionId};

/// One event of an execution.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "execution_events")]
pub struct Model {
    /// The event's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ExecutionEventId,
    /// The execution it belongs to.
    pub execution_id: ExecutionId,
    /// Its place in the execution's history, from 1, without gaps.
    pub seq: i64,
    /// What happened, in the worker's own word or ours: `claimed`, `completed`.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub kind: String,
    /// What the worker said about it.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub data: Json,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// The execution it belongs to.
    #[sea_orm(belongs_to, from = "execution_id", to = "id", on_delete = "Cascade")]
    pub execution: BelongsTo<super::execution::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::unique(&["execution_id", "seq"])],
        ..Declaration::PLAIN
    };
}
