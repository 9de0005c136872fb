//! Contexts that flags were lately evaluated with: what a preview is tried on.
//!
//! Bounded in number, cut to the attributes on the allow list, and kept for thirty days.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::FlagContextId;

/// A context that flags were lately evaluated with.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "flag_contexts")]
pub struct Model {
    /// The context's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: FlagContextId,
    /// Where it was seen.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub environment: String,
    /// SHA-256 of the targeting key and the attributes, in hex: one row a context.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub context_hash: String,
    /// Whom it is about.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub targeting_key: String,
    /// The allow-listed attributes.
    #[sea_orm(column_type = "JsonBinary", default_value = "{}")]
    pub attributes: Json,
    /// When it was last seen.
    pub seen_at: DateTimeUtc,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::unique(&["environment", "context_hash"]),
            Index::on(&["environment", "seen_at", "id"]),
            Index::on(&["seen_at", "id"]),
        ],
        ..Declaration::PLAIN
    };
}
