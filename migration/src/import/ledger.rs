//! What was imported: `import_batches` and `import_records`, which staff sees, and beside the history
//! of the schema two tables of our own: each row that an import made with its hash as it was left,
//! and what stood in a row before an import changed it.

use entity::id::{ImportBatchId, ImportRecordId};
use entity::platform::import_record;
use sea_orm_migration::sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm_migration::sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QueryResult, QuerySelect, Set,
};
use uuid::Uuid;

use super::batch;
use super::row::{Row, stable_id};
use crate::error::Error;

/// Makes the tables, where they are not there.
const CREATE: &str = "CREATE TABLE IF NOT EXISTS chancery_import_rows (
        row_table text NOT NULL,
        row_id text NOT NULL,
        source text NOT NULL,
        collection text NOT NULL,
        external_id text NOT NULL,
        batch_id text NOT NULL,
        row_hash text NOT NULL,
        CONSTRAINT chancery_import_rows_pkey PRIMARY KEY (row_table, row_id)
    );
    CREATE INDEX IF NOT EXISTS chancery_import_rows_batch_idx
        ON chancery_import_rows (batch_id, row_table, row_id);
    CREATE TABLE IF NOT EXISTS chancery_import_changes (
        batch_id text NOT NULL,
        row_table text NOT NULL,
        row_id text NOT NULL,
        before text NOT NULL,
        row_hash text NOT NULL,
        collection text NOT NULL,
        external_id text NOT NULL,
        content_hash text NOT NULL,
        CONSTRAINT chancery_import_changes_pkey PRIMARY KEY (batch_id, row_table, row_id)
    );";
/// How many rows are looked at together.
pub(super) const PORTION: u64 = 500;
const ROWS: &str = "chancery_import_rows";
pub(super) const CHANGES: &str = "chancery_import_changes";

/// A second document of somebody who is there already: children that name it find the first.
pub(super) fn duplicates_of(collection: &str) -> String {
    format!("{collection} (duplicates)")
}

/// A row that an import made.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) id: Uuid,
    pub(super) hash: String,
    pub(super) collection: String,
    pub(super) external_id: String,
}

/// Make the tables.
pub(super) async fn prepare(db: &impl ConnectionTrait) -> Result<(), Error> {
    db.execute_unprepared(CREATE).await?;
    Ok(())
}

/// What became of a document, if it was seen before.
pub(super) async fn record(
    db: &impl ConnectionTrait,
    source: &str,
    collection: &str,
    external_id: &str,
) -> Result<Option<import_record::Model>, Error> {
    Ok(import_record::Entity::find()
        .filter(import_record::Column::Source.eq(source))
        .filter(import_record::Column::Collection.eq(collection))
        .filter(import_record::Column::ExternalId.eq(external_id))
        .one(db)
        .await?)
}

/// Which document of `collection` a row came from.
pub(super) async fn record_of_row(
    db: &impl ConnectionTrait,
    source: &str,
    collection: &str,
    table: &str,
    id: Uuid,
) -> Result<Option<import_record::Model>, Error> {
    Ok(import_record::Entity::find()
        .filter(import_record::Column::RowTable.eq(table))
        .filter(import_record::Column::RowId.eq(id))
        .filter(import_record::Column::Source.eq(source))
        .filter(import_record::Column::Collection.eq(collection))
        .one(db)
        .await?)
}

/// Put down what became of a document.
pub(super) async fn put_record(
    db: &impl ConnectionTrait,
    batch: Uuid,
    (source, collection, external_id): (&str, &str, &str),
    (row_table, row_id): (&str, Uuid),
    content_hash: &str,
) -> Result<(), Error> {
    let at = batch::now();
    let row = import_record::Model {
        id: ImportRecordId(stable_id(&[source, collection, external_id])),
        source: source.to_owned(),
        collection: collection.to_owned(),
        external_id: external_id.to_owned(),
        row_table: row_table.to_owned(),
        row_id,
        content_hash: content_hash.to_owned(),
        batch_id: ImportBatchId(batch),
        created_at: at,
        updated_at: at,
    };
    import_record::Entity::insert(row.into_active_model().reset_all())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Put down that a document says something else by now.
pub(super) async fn change_record(
    db: &impl ConnectionTrait,
    id: ImportRecordId,
    content_hash: &str,
) -> Result<(), Error> {
    let row = import_record::ActiveModel {
        id: Set(id),
        content_hash: Set(content_hash.to_owned()),
        updated_at: Set(batch::now()),
        ..Default::default()
    };
    import_record::Entity::update_many()
        .set(row)
        .filter(import_record::Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Put down a row that was made or changed, as it stands now.
pub(super) async fn put_row(
    db: &impl ConnectionTrait,
    batch: Uuid,
    (source, collection, external_id): (&str, &str, &str),
    row: &Row,
) -> Result<(), Error> {
    let mut query = Query::insert();
    query.into_table(ROWS).columns([
        "row_table",
        "row_id",
        "source",
        "collection",
        "external_id",
        "batch_id",
        "row_hash",
    ]);
    query.values_panic([
        row.table.into(),
        row.id.to_string().into(),
        source.into(),
        collection.into(),
        external_id.into(),
        batch.to_string().into(),
        row.hash().into(),
    ]);
    query.on_conflict(
        OnConflict::columns(["row_table", "row_id"])
            .update_column("row_hash")
            .to_owned(),
    );
    db.execute(&query).await?;
    Ok(())
}

/// Which document a row was made of, and how an import left it.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) source: String,
    pub(super) collection: String,
    pub(super) external_id: String,
    pub(super) batch: String,
    pub(super) hash: String,
}

impl Owner {
    /// Whether it is this document, by its source, its collection and its id.
    pub(super) fn is(&self, (source, collection, external_id): (&str, &str, &str)) -> bool {
        self.source == source && self.collection == collection && self.external_id == external_id
    }
}

/// The document that a row was made of, if an import made it.
pub(super) async fn owner(
    db: &impl ConnectionTrait,
    table: &str,
    id: Uuid,
) -> Result<Option<Owner>, Error> {
    let mut query = Query::select();
    query
        .from(ROWS)
        .columns([
            "source",
            "collection",
            "external_id",
            "batch_id",
            "row_hash",
        ])
        .and_where(Expr::col("row_table").eq(table))
        .and_where(Expr::col("row_id").eq(id.to_string()));
    let Some(row) = db.query_one(&query).await? else {
        return Ok(None);
    };
    Ok(Some(Owner {
        source: row.try_get("", "source")?,
        collection: row.try_get("", "collection")?,
        external_id: row.try_get("", "external_id")?,
        batch: row.try_get("", "batch_id")?,
        hash: row.try_get("", "row_hash")?,
    }))
}

/// How an import left a row, if one made it.
pub(super) async fn row_hash(
    db: &impl ConnectionTrait,
    table: &str,
    id: Uuid,
) -> Result<Option<String>, Error> {
    Ok(owner(db, table, id).await?.map(|owner| owner.hash))
}

/// Forget a row.
pub(super) async fn forget_row(
    db: &impl ConnectionTrait,
    table: &str,
    id: Uuid,
) -> Result<(), Error> {
    let mut query = Query::delete();
    query
        .from_table(ROWS)
        .and_where(Expr::col("row_table").eq(table))
        .and_where(Expr::col("row_id").eq(id.to_string()));
    db.execute(&query).await?;
    Ok(())
}

/// The rows of `table` that `batch` made, in portions: those after `after`.
pub(super) async fn made(
    db: &impl ConnectionTrait,
    batch: Uuid,
    table: &'static str,
    after: &str,
) -> Result<Vec<Made>, Error> {
    let mut query = Query::select();
    query
        .from(ROWS)
        .columns(["row_id", "row_hash", "collection", "external_id"])
        .and_where(Expr::col("batch_id").eq(batch.to_string()))
        .and_where(Expr::col("row_table").eq(table))
        .and_where(Expr::col("row_id").gt(after))
        .order_by("row_id", sea_orm_migration::sea_orm::Order::Asc)
        .limit(PORTION);
    let rows = db.query_all(&query).await?;
    rows.iter()
        .map(|row| {
            Ok(Made {
                id: id_in(row)?,
                hash: row.try_get("", "row_hash")?,
                collection: row.try_get("", "collection")?,
                external_id: row.try_get("", "external_id")?,
            })
        })
        .collect()
}

pub(super) fn id_in(row: &QueryResult) -> Result<Uuid, Error> {
    let text: String = row.try_get("", "row_id")?;
    Uuid::parse_str(&text).map_err(|source| Error::KeptId {
        table: ROWS,
        source,
    })
}

/// Forget the documents that became a row, of whatever source.
pub(super) async fn forget_records_of(
    db: &impl ConnectionTrait,
    table: &str,
    id: Uuid,
) -> Result<(), Error> {
    import_record::Entity::delete_many()
        .filter(import_record::Column::RowTable.eq(table))
        .filter(import_record::Column::RowId.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Forget what `batch` changed, and the documents of it that no row of ours was made for.
pub(super) async fn forget_batch(db: &impl ConnectionTrait, batch: Uuid) -> Result<(), Error> {
    let mut query = Query::delete();
    query
        .from_table(CHANGES)
        .and_where(Expr::col("batch_id").eq(batch.to_string()));
    db.execute(&query).await?;
    let mut after = Uuid::nil();
    loop {
        let records = import_record::Entity::find()
            .filter(import_record::Column::BatchId.eq(batch))
            .filter(import_record::Column::Id.gt(after))
            .order_by_asc(import_record::Column::Id)
            .limit(PORTION)
            .all(db)
            .await?;
        let Some(last) = records.last() else {
            return Ok(());
        };
        after = last.id.0;
        for record in records {
            let of = (
                record.source.as_str(),
                record.collection.as_str(),
                record.external_id.as_str(),
            );
            let owner = owner(db, &record.row_table, record.row_id).await?;
            if !owner.is_some_and(|owner| owner.is(of)) {
                import_record::Entity::delete_by_id(record.id)
                    .exec(db)
                    .await?;
            }
        }
    }
}
