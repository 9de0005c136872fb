//! A tool call: what the model asked a tool to do.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::{MessageId, ToolCallId};

/// What the model asked a tool to do.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tool_calls")]
pub struct Model {
    /// The call's id, as the model's provider made it; it may hold spaces and quotes.
    #[sea_orm(
        primary_key,
        auto_increment = false,
        column_name = "tool_call_id",
        column_type = "String(StringLen::None)"
    )]
    pub id: ToolCallId,
    /// The tool.
    #[sea_orm(column_type = "String(StringLen::None)")]
    pub name: String,
    /// What it was given, as a JSON string.
    #[sea_orm(column_type = "String(StringLen::None)")]
    pub arguments: String,
    /// Whether the person allowed it; null where nobody had to.
    pub validated: Option<bool>,
    /// The message that called it.
    pub message_id: MessageId,

    /// The message that called it.
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
