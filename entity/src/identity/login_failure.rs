//! Failed sign-ins, counted by account and address.

use sea_orm::entity::prelude::*;

use crate::declare::{Declaration, Declared, Index};
use crate::id::LoginFailureId;

/// How often signing in to an account failed from an address within a window of time.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "login_failures")]
pub struct Model {
    /// The count's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LoginFailureId,
    /// SHA-256 of the account's normalised name, in hex: it may be no account at all.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub account_hash: String,
    /// The address that tried.
    #[sea_orm(column_type = "String(StringLen::N(64))")]
    pub address: String,
    /// Where the window begins.
    pub window_start: DateTimeUtc,
    /// How often it failed.
    #[sea_orm(default_value = 0)]
    pub count: i32,
    /// When the row was made.
    pub created_at: DateTimeUtc,
    /// When the row last changed.
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}

impl Declared for Entity {
    const DECLARATION: Declaration = Declaration {
        indexes: &[
            Index::unique(&["account_hash", "address", "window_start"]),
            Index::on(&["window_start", "id"]),
        ],
        secrets: &["account_hash"],
        ..Declaration::PLAIN
    };
}
