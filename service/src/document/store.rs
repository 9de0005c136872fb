//! Every query of the trusted documents.

use entity::platform::trusted_document::{Column, Entity, Model};
use entity::{Scope, Scoped};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, TryInsertResult,
};

use crate::error::Result;
use crate::write::Write;

pub(super) async fn by_hash(conn: &impl ConnectionTrait, hash: &str) -> Result<Option<Model>> {
    let select = Entity::within(Scope::Everyone).filter(Column::Hash.eq(hash));
    Ok(select.one(conn).await?)
}

/// Whether `row` is new: one of the same hash stays.
pub(super) async fn insert(tx: &Write, row: Model) -> Result<bool> {
    let row = row.into_active_model();
    let there = OnConflict::column(Column::Hash).do_nothing().to_owned();
    let inserted = Entity::insert(sea_orm::ActiveModelTrait::reset_all(row))
        .on_conflict(there)
        .try_insert()
        .exec_without_returning(tx)
        .await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(1)))
}

/// The row that is no more.
pub(super) async fn remove(tx: &Write, hash: &str) -> Result<Option<Model>> {
    let delete = Entity::delete_many().filter(Column::Hash.eq(hash));
    let gone = delete.exec_with_returning(tx).await?;
    Ok(gone.into_iter().next())
}
