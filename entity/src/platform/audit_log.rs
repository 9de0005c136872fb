//! The audit log: who did what to which row. It is appended to, never changed.
//!
//! A trigger refuses every `UPDATE` and `DELETE`, on both engines and for every role. There is
//! deliberately no way to purge it: who must shorten it takes the trigger away by a migration of
//! their own.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::declare::{Declaration, Declared, Index};
use crate::id::AuditLogId;

/// What kind of actor it was.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Enum", enum_name = "audit_actor")]
#[serde(rename_all = "snake_case")]
pub enum AuditActor {
    /// Somebody who did not say who they are.
    #[sea_orm(string_value = "anonymous")]
    Anonymous,
    /// A person.
    #[sea_orm(string_value = "user")]
    User,
    /// A program that acts for a person.
    #[sea_orm(string_value = "api_key")]
    ApiKey,
    /// An external worker.
    #[sea_orm(string_value = "worker")]
    Worker,
    /// A job or command of the house.
    #[sea_orm(string_value = "system")]
    System,
}

/// One thing that somebody did.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub struct Model {
    /// The entry's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AuditLogId,
    /// What kind of actor it was.
    pub actor_kind: AuditActor,
    /// The actor's id, or a job's name. It stays when the person is gone.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub actor_id: String,
    /// What was done: `create`, `update`, `delete`, `restore`, or a verb such as `run.retry`.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub action: String,
    /// The kind of row it was done to.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub resource_type: String,
    /// The row's id.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub resource_id: String,
    /// The row before, without secrets.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub before: Option<Json>,
    /// The row after, without secrets.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub after: Option<Json>,
    /// The request that asked for it.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub request_id: Option<String>,
    /// Where the request came from.
    #[sea_orm(column_type = "String(StringLen::N(64))", nullable)]
    pub address: Option<String>,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::on(&["resource_type", "resource_id", "created_at", "id"]),
            Index::on(&["actor_id", "created_at", "id"]),
            Index::on(&["created_at", "id"]),
        ],
        objects: super::append_only::OBJECTS,
        ..Declaration::PLAIN
    };
}
