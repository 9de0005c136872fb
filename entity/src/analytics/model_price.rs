//! A model's price: what a million tokens of one type cost, from a moment on.
//!
//! A model without a price is unpriced, never free.

use sea_orm::entity::prelude::*;

use crate::conversation::token_consumption::TokenType;
use crate::declare::{Check, Declaration, Declared, Index};
use crate::id::ModelPriceId;

/// What a million tokens of one type cost, from a moment on.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "model_prices")]
pub struct Model {
    /// The price's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ModelPriceId,
    /// The model.
    #[sea_orm(column_type = "String(StringLen::N(255))")]
    pub model: String,
    /// The type of the tokens.
    #[sea_orm(column_name = "type")]
    pub kind: TokenType,
    /// Millionths of a dollar for a million tokens.
    pub micro_dollars_per_million: i64,
    /// From when, on the edge of a quarter of an hour.
    pub valid_from: DateTimeUtc,
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
        indexes: &[Index::unique(&["model", "type", "valid_from"])],
        checks: &[Check::new(
            "model_prices_price_check",
            "micro_dollars_per_million >= 0",
        )],
        ..Declaration::PLAIN
    };
}
