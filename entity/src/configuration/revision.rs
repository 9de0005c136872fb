//! The configuration's revision: one number, raised by every write of settings and flags.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared};
use crate::id::ConfigurationRevisionId;

/// One row with one number: the moment that replicas compare and answers are tagged with.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "configuration_revision")]
pub struct Model {
    /// The row's id: always [`Entity::ID`].
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ConfigurationRevisionId,
    /// The number.
    #[sea_orm(default_value = 0)]
    pub revision: i64,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Entity {
    /// The id of the only row. Who raises the revision inserts it or, on conflict, adds one.
    pub const ID: ConfigurationRevisionId = ConfigurationRevisionId(Uuid::nil());
}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration::PLAIN;
}
