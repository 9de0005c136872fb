//! A trusted document: a GraphQL query that clients may name by its hash.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared};
use crate::id::TrustedDocumentId;

/// A GraphQL query that clients may name by its hash.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "trusted_documents")]
pub struct Model {
    /// The document's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TrustedDocumentId,
    /// SHA-256 of the text, in hex.
    #[sea_orm(column_type = "String(StringLen::N(64))", unique)]
    pub hash: String,
    /// The query.
    #[sea_orm(column_type = "Text")]
    pub text: String,
    /// Its operation's name.
    #[sea_orm(column_type = "String(StringLen::N(255))", nullable)]
    pub name: Option<String>,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration::PLAIN;
}
