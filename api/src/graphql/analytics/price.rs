//! Prices, and who sets them.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use entity::analytics::model_price;
use entity::id::ModelPriceId;
use service::analytics::{self, NewPrice};
use uuid::Uuid;

use super::token::TokenType;
use crate::error::ApiError;
use crate::graphql::caller;
use crate::graphql::scalar::BigInt;

/// What a million tokens of a model and type cost, from a date on, up to the next one's.
#[derive(Debug, SimpleObject)]
#[graphql(name = "TokenPrice")]
pub(super) struct ModelPrice {
    id: Uuid,
    model: String,
    #[graphql(name = "type")]
    kind: TokenType,
    /// Millionths of a dollar for a million tokens.
    micro_dollars_per_million: BigInt,
    valid_from: DateTime<Utc>,
}

impl From<model_price::Model> for ModelPrice {
    fn from(row: model_price::Model) -> Self {
        Self {
            id: row.id.0,
            model: row.model,
            kind: row.kind.into(),
            micro_dollars_per_million: BigInt(row.micro_dollars_per_million),
            valid_from: row.valid_from,
        }
    }
}

/// A price from a date on.
#[derive(Debug, InputObject)]
struct PriceInput {
    model: String,
    #[graphql(name = "type")]
    kind: TokenType,
    /// Millionths of a dollar for a million tokens.
    micro_dollars_per_million: BigInt,
    /// From when: at a full hour, or 15, 30 or 45 minutes past it. May be past: every cost is then
    /// another from that date on.
    valid_from: DateTime<Utc>,
}

#[derive(Debug, Default)]
pub(in crate::graphql) struct AnalyticsMutation;

#[Object]
impl AnalyticsMutation {
    /// Set a price from a date on; for a date that has one already, change it. For admins.
    async fn set_model_price(
        &self,
        context: &Context<'_>,
        price: PriceInput,
    ) -> Result<ModelPrice, ApiError> {
        let new = NewPrice {
            model: price.model,
            kind: price.kind.into(),
            micro_dollars_per_million: price.micro_dollars_per_million.0,
            valid_from: price.valid_from,
        };
        Ok(analytics::set_price(caller(context)?, new).await?.into())
    }

    /// Take back a price that is not in force yet. For admins.
    async fn remove_model_price(
        &self,
        context: &Context<'_>,
        id: Uuid,
    ) -> Result<ModelPrice, ApiError> {
        let removed = analytics::remove_price(caller(context)?, ModelPriceId(id)).await?;
        Ok(removed.into())
    }
}
