//! A token consumption: what a message cost at a model.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::{MessageId, TokenConsumptionId};

/// What the tokens were.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "tokentype")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TokenType {
    /// Read, and new to the provider.
    #[sea_orm(string_value = "INPUT_NONCACHED")]
    InputNoncached,
    /// Read, and known to the provider.
    #[sea_orm(string_value = "INPUT_CACHED")]
    InputCached,
    /// Written.
    #[sea_orm(string_value = "COMPLETION")]
    Completion,
}

/// What the model was asked for.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "task")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TokenTask {
    /// The answer itself.
    #[sea_orm(string_value = "CHAT_COMPLETION")]
    ChatCompletion,
    /// The choice of tools.
    #[sea_orm(string_value = "TOOL_SELECTION")]
    ToolSelection,
    /// Something a tool needed.
    #[sea_orm(string_value = "CALL_WITHIN_TOOL")]
    CallWithinTool,
}

/// The tokens of one type that one task of a message cost.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "token_consumption")]
pub struct Model {
    /// The consumption's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TokenConsumptionId,
    /// The message that cost them.
    pub message_id: MessageId,
    /// What the tokens were.
    #[sea_orm(column_name = "type")]
    pub kind: TokenType,
    /// What the model was asked for.
    pub task: TokenTask,
    /// How many.
    pub count: i32,
    /// The model.
    #[sea_orm(column_type = "String(StringLen::None)")]
    pub model: String,

    /// The message that cost them.
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
