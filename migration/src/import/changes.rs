//! What stood in rows before an import changed them, in `chancery_import_changes`.

use std::collections::BTreeMap;

use entity::platform::import_record;
use sea_orm_migration::sea_orm::ConnectionTrait;
use sea_orm_migration::sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use uuid::Uuid;

use super::ledger::{CHANGES, PORTION, id_in};
use super::row::{Cell, Row};
use super::table;
use crate::error::Error;

/// A row that an import changed, and how it was before.
#[derive(Clone, Debug)]
pub(super) struct Changed {
    pub(super) before: Row,
    pub(super) hash: String,
    pub(super) collection: String,
    pub(super) external_id: String,
    pub(super) content_hash: String,
}

/// Put down what stood in a row before `batch` changed it, and how it left the row. A batch that was cut off and
/// goes on may change a row twice: what stood before the first time stays.
pub(super) async fn put(
    db: &impl ConnectionTrait,
    batch: Uuid,
    before: &Row,
    hash: &str,
    record: &import_record::Model,
) -> Result<(), Error> {
    let text = serde_json::to_string(&before.cells).map_err(unkept)?;
    let mut query = Query::insert();
    query.into_table(CHANGES).columns([
        "batch_id",
        "row_table",
        "row_id",
        "before",
        "row_hash",
        "collection",
        "external_id",
        "content_hash",
    ]);
    query.values_panic([
        batch.to_string().into(),
        before.table.into(),
        before.id.to_string().into(),
        text.into(),
        hash.into(),
        record.collection.as_str().into(),
        record.external_id.as_str().into(),
        record.content_hash.as_str().into(),
    ]);
    query.on_conflict(
        OnConflict::columns(["batch_id", "row_table", "row_id"])
            .update_column("row_hash")
            .to_owned(),
    );
    db.execute(&query).await?;
    Ok(())
}

/// How `batch` left a row that it changed, if it did.
pub(super) async fn hash(
    db: &impl ConnectionTrait,
    batch: Uuid,
    table: &str,
    id: Uuid,
) -> Result<Option<String>, Error> {
    let mut query = Query::select();
    query
        .from(CHANGES)
        .column("row_hash")
        .and_where(Expr::col("batch_id").eq(batch.to_string()))
        .and_where(Expr::col("row_table").eq(table))
        .and_where(Expr::col("row_id").eq(id.to_string()));
    let found = db.query_one(&query).await?;
    Ok(found.map(|row| row.try_get("", "row_hash")).transpose()?)
}

/// Why a row as it was before is not kept, or not read.
fn unkept(source: serde_json::Error) -> Error {
    Error::Kept {
        table: CHANGES,
        source,
    }
}

/// The rows that `batch` changed.
pub(super) async fn changed(
    db: &impl ConnectionTrait,
    batch: Uuid,
    after: (&str, &str),
) -> Result<Vec<Changed>, Error> {
    let mut query = Query::select();
    let key = Expr::tuple([Expr::col("row_table"), Expr::col("row_id")]);
    query
        .from(CHANGES)
        .columns([
            "row_table",
            "row_id",
            "before",
            "row_hash",
            "collection",
            "external_id",
            "content_hash",
        ])
        .and_where(Expr::col("batch_id").eq(batch.to_string()))
        .and_where(key.gt(Expr::tuple([Expr::val(after.0), Expr::val(after.1)])))
        .order_by("row_table", sea_orm_migration::sea_orm::Order::Asc)
        .order_by("row_id", sea_orm_migration::sea_orm::Order::Asc)
        .limit(PORTION);
    let rows = db.query_all(&query).await?;
    rows.iter()
        .map(|row| {
            let table: String = row.try_get("", "row_table")?;
            let resource = table::known(&table)?;
            let text: String = row.try_get("", "before")?;
            let cells: BTreeMap<String, Cell> = serde_json::from_str(&text).map_err(unkept)?;
            let mut before = Row::new(resource.table, id_in(row)?);
            for column in &resource.columns {
                if let Some(cell) = cells.get(column.name) {
                    before.cells.insert(column.name, cell.clone());
                }
            }
            Ok(Changed {
                before,
                hash: row.try_get("", "row_hash")?,
                collection: row.try_get("", "collection")?,
                external_id: row.try_get("", "external_id")?,
                content_hash: row.try_get("", "content_hash")?,
            })
        })
        .collect()
}
