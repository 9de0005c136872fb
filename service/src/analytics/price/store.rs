//! The queries of prices.

use chrono::{DateTime, Utc};
use entity::analytics::model_price::{Column, Entity, Model};
use entity::conversation::token_consumption::TokenType;
use entity::id::ModelPriceId;
use entity::{Scope, Scoped};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};

use crate::error::Result;
use crate::write::Write;

/// The price of just this date, held until the write is over.
pub(super) async fn held(
    tx: &Write,
    model: &str,
    kind: TokenType,
    valid_from: DateTime<Utc>,
) -> Result<Option<Model>> {
    let select = Entity::within(Scope::Everyone)
        .filter(Column::Model.eq(model))
        .filter(Column::Kind.eq(kind))
        .filter(Column::ValidFrom.eq(valid_from));
    Ok(select.lock_exclusive().one(tx).await?)
}

/// A price, held until the write is over.
pub(super) async fn price_held(tx: &Write, id: ModelPriceId) -> Result<Option<Model>> {
    let select = Entity::within(Scope::Everyone).filter(Column::Id.eq(id));
    Ok(select.lock_exclusive().one(tx).await?)
}

pub(super) async fn put(tx: &Write, row: &Model, is_there: bool) -> Result<()> {
    let row = row.clone().into_active_model().reset_all();
    if is_there {
        Entity::update(row).exec(tx).await?;
    } else {
        Entity::insert(row).exec_without_returning(tx).await?;
    }
    Ok(())
}

pub(super) async fn delete(tx: &Write, id: ModelPriceId) -> Result<()> {
    Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}

/// The prices, by model and type, the latest first.
pub(super) async fn prices(
    conn: &impl ConnectionTrait,
    scope: Scope,
    model: Option<&str>,
) -> Result<Vec<Model>> {
    let mut select = Entity::within(scope);
    if let Some(model) = model {
        select = select.filter(Column::Model.eq(model));
    }
    Ok(select
        .order_by_asc(Column::Model)
        .order_by_asc(Column::Kind)
        .order_by_desc(Column::ValidFrom)
        .all(conn)
        .await?)
}
