//! A scheduled change: a write of a setting or a flag that waits for its moment.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Check, Declaration, Declared, Index};
use crate::id::{ScheduledChangeId, UserId};
use crate::types::Encrypted;

/// What a change is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Enum",
    enum_name = "scheduled_change_target"
)]
#[serde(rename_all = "snake_case")]
pub enum ChangeTarget {
    /// A setting.
    #[sea_orm(string_value = "setting")]
    Setting,
    /// A flag.
    #[sea_orm(string_value = "flag")]
    Flag,
}

/// Where a change stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(
    rs_type = "String",
    db_type = "Enum",
    enum_name = "scheduled_change_state"
)]
#[serde(rename_all = "snake_case")]
pub enum ChangeState {
    /// Its moment has not come.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// It was made.
    #[sea_orm(string_value = "applied")]
    Applied,
    /// It was refused when its moment came.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// It was called off.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
}

/// A write of a setting or a flag that waits for its moment.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "scheduled_changes")]
pub struct Model {
    /// The change's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ScheduledChangeId,
    /// What it is about.
    pub target: ChangeTarget,
    /// The setting's or the flag's name.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub key: String,
    /// Where it holds.
    #[sea_orm(column_type = "String(StringLen::N(255))", default_value = "all")]
    pub environment: String,
    /// What to write, unless it is sensitive.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub change: Option<Json>,
    /// What to write to a sensitive setting.
    #[sea_orm(column_type = "Text", nullable)]
    pub ciphertext: Option<Encrypted>,
    /// When.
    pub run_at: DateTimeUtc,
    /// Where it stands.
    pub state: ChangeState,
    /// Why it was refused.
    #[sea_orm(column_type = "Text", nullable)]
    pub error: Option<String>,
    /// Who asked for it; the id stays when the person is gone.
    pub requested_by: Option<UserId>,
    /// Why.
    #[sea_orm(column_type = "Text", nullable)]
    pub reason: Option<String>,
    /// When it was made.
    pub applied_at: Option<DateTimeUtc>,
    /// Raised by every update.
    #[sea_orm(default_value = 1)]
    pub version: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::on(&["state", "run_at", "id"]),
            Index::on(&["key", "environment", "run_at", "id"]),
        ],
        checks: &[Check::new(
            "scheduled_changes_change_check",
            "(change IS NULL) <> (ciphertext IS NULL)",
        )],
        secrets: &["ciphertext"],
        ..Declaration::PLAIN
    };
}
