//! An agent template: what a new agent is made from.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::AgentTemplateId;
use crate::types::StringList;

/// What a new agent is made from.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "agent_templates_v2")]
pub struct Model {
    /// The template's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AgentTemplateId,
    /// Its name.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub name: String,
    /// The part that its agents play.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub role: Option<String>,
    /// What they are for.
    #[sea_orm(column_type = "Text", nullable)]
    pub purpose: Option<String>,
    /// A picture's name or address.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub icon: Option<String>,
    /// The shelf it stands on.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub category: Option<String>,
    /// The providers that must be connected before an agent is made.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub required_integrations: StringList,
    /// What its agents can do.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub capabilities: StringList,
    /// The steps that a new agent begins with.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub default_workflow: Option<Json>,
    /// Whether agents may be made from it.
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    /// How many executions its agents had.
    #[sea_orm(default_value = 0)]
    pub usage_count: i64,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// The agents made from it.
    #[sea_orm(has_many)]
    pub agents: HasMany<super::user_agent::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::on(&["category", "id"]),
            Index::on(&["is_active", "usage_count", "id"]),
        ],
        ..Declaration::PLAIN
    };
}
