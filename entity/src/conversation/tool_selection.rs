//! A tool selection: a tool that was offered to the model for a message.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::{MessageId, ToolSelectionId};

/// A tool that was offered to the model for a message.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tool_selection")]
pub struct Model {
    /// The selection's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ToolSelectionId,
    /// The message it was offered for.
    pub message_id: MessageId,
    /// The tool.
    #[sea_orm(column_type = "String(StringLen::None)")]
    pub tool_name: String,

    /// The message it was offered for.
    #[sea_orm(belongs_to, from = "message_id", to = "id", on_delete = "Cascade")]
    pub message: BelongsTo<super::message::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::on(&["message_id"]).recommended()],
        ..Declaration::PLAIN
    };
}
