//! A message: what somebody, the model or a tool said in a thread.
//!
//! `content` is a JSON string; a trigger keeps its `content` member in the full-text index (see
//! `super::search`). Ids are UUID version 4, so a page is ordered by (`creation_date`,
//! `message_id`).

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::{MessageId, ThreadId};

/// Who speaks.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "entity")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MessageEntity {
    /// The person.
    #[sea_orm(string_value = "USER")]
    User,
    /// The model, asking for a tool.
    #[sea_orm(string_value = "AI_TOOL")]
    AiTool,
    /// A tool, answering.
    #[sea_orm(string_value = "TOOL")]
    Tool,
    /// The model.
    #[sea_orm(string_value = "AI_MESSAGE")]
    AiMessage,
}

/// What somebody, the model or a tool said.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    /// The message's id.
    #[sea_orm(primary_key, auto_increment = false, column_name = "message_id")]
    pub id: MessageId,
    /// When it was said.
    pub creation_date: DateTimeUtc,
    /// What was said, as a JSON string.
    #[sea_orm(column_type = "String(StringLen::None)")]
    pub content: String,
    /// The thread it belongs to.
    pub thread_id: ThreadId,
    /// Who speaks.
    pub entity: MessageEntity,
    /// Whether it was said to the end.
    pub is_complete: bool,

    /// The thread it belongs to.
    #[sea_orm(belongs_to, from = "thread_id", to = "id", on_delete = "Cascade")]
    pub thread: BelongsTo<super::thread::Entity>,
    /// The tools it called.
    #[sea_orm(has_many)]
    pub tool_calls: HasMany<super::tool_call::Entity>,
    /// The tools that were offered for it.
    #[sea_orm(has_many)]
    pub tool_selections: HasMany<super::tool_selection::Entity>,
    /// How hard it was thought to be.
    #[sea_orm(has_many)]
    pub complexity_estimations: HasMany<super::complexity_estimation::Entity>,
    /// The tokens it cost.
    #[sea_orm(has_many)]
    pub token_consumptions: HasMany<super::token_consumption::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::on(&["thread_id", "creation_date", "message_id"]).recommended(),
            Index::on(&["creation_date", "message_id"]).recommended(),
        ],
        search: Some(super::search::SEARCH),
        objects: super::search::OBJECTS,
        ..Declaration::PLAIN
    };
}
