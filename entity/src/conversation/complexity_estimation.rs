//! A complexity estimation: how hard a message was thought to be, before it was answered.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::{ComplexityEstimationId, MessageId};

/// How much the model should think.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "reasoninglevels")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReasoningLevel {
    /// Not at all.
    #[sea_orm(string_value = "NONE")]
    None,
    /// As little as it can.
    #[sea_orm(string_value = "MINIMAL")]
    Minimal,
    /// A little.
    #[sea_orm(string_value = "LOW")]
    Low,
    /// As usual.
    #[sea_orm(string_value = "MEDIUM")]
    Medium,
    /// Much.
    #[sea_orm(string_value = "HIGH")]
    High,
}

/// How hard a message was thought to be.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "complexity_estimation")]
pub struct Model {
    /// The estimation's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ComplexityEstimationId,
    /// The estimate.
    pub complexity: Option<i32>,
    /// The model that was chosen.
    #[sea_orm(column_type = "String(StringLen::None)")]
    pub model: String,
    /// How much it should think.
    pub reasoning: Option<ReasoningLevel>,
    /// The message that was judged.
    pub message_id: MessageId,

    /// The message that was judged.
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
