//! A workflow: steps that a person runs without an agent.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::{UserId, WorkflowId};

/// A workflow of one person.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "user_workflows")]
pub struct Model {
    /// The workflow's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: WorkflowId,
    /// Whose workflow it is.
    pub user_id: UserId,
    /// Its name.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub name: String,
    /// What it does.
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    /// Its steps.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub definition: Json,
    /// Whether it may be executed.
    #[sea_orm(default_value = true)]
    pub is_active: bool,
    /// When it was last executed.
    pub last_run_at: Option<DateTimeUtc>,
    /// How often it was executed.
    #[sea_orm(default_value = 0)]
    pub run_count: i64,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,

    /// Whose workflow it is.
    #[sea_orm(belongs_to, from = "user_id", to = "id", on_delete = "Cascade")]
    pub user: BelongsTo<crate::identity::user::Entity>,
    /// Its executions.
    #[sea_orm(has_many)]
    pub executions: HasMany<super::execution::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[Index::on(&["user_id", "created_at", "id"])],
        ..Declaration::PLAIN
    };
}
