//! An agent: what a person made from a template, or from nothing.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::{AgentTemplateId, UserAgentId, UserId};

/// An agent of one person.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_agents")]
pub struct Model {
    /// The agent's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserAgentId,
    /// Whose agent it is.
    pub user_id: UserId,
    /// The template it was made from.
    pub template_id: Option<AgentTemplateId>,
    /// Its name.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub name: String,
    /// What it is.
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    /// A picture's name or address.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub icon: Option<String>,
    /// The shelf it stands on.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub category: Option<String>,
    /// What it is to reach.
    #[sea_orm(column_type = "Text", nullable)]
    pub goal: Option<String>,
    /// The providers that it needs connected.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub required_integrations: Json,
    /// What it does, step by step.
    #[sea_orm(column_type = "JsonBinary", default_value = "[]")]
    pub steps: Json,
    /// How it does it.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub config: Json,
    /// Whether it may be executed.
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    /// Whether its owner sees it first.
    #[sea_orm(default_value = false)]
    pub is_favorite: bool,
    /// When it was last executed.
    pub last_used: Option<DateTimeUtc>,
    /// How often it was executed.
    #[sea_orm(default_value = 0)]
    pub execution_count: i64,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// Whose agent it is.
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<crate::identity::user::Entity>,
    /// The template it was made from.
    #[sea_orm(belongs_to, from = "template_id", to = "id", on_delete = "SetNull")]
    pub template: BelongsTo<Option<super::template::Entity>>,
    /// Its executions.
    #[sea_orm(has_many)]
    pub executions: HasMany<super::execution::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::on(&[
                "user_id",
                "is_favorite DESC",
                "last_used DESC NULLS LAST",
                "created_at DESC",
                "id DESC",
            ])
            .named("user_agents_list_idx"),
            Index::on(&["template_id"]),
        ],
        ..Declaration::PLAIN
    };
}
