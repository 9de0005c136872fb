//! The runs of imports, in `import_batches`.

use chrono::{DateTime, SubsecRound, Utc};
use entity::id::ImportBatchId;
use entity::platform::import_batch::{self, ImportState};
use sea_orm_migration::sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, Set,
};
use serde_json::Value;
use uuid::Uuid;

use crate::error::Error;

/// Now, to the microsecond.
#[expect(
    clippy::disallowed_methods,
    reason = "an import runs without the service that could give a time"
)]
pub(super) fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// The batch that was cut off or stopped, if there is one.
pub(super) async fn unfinished(
    db: &impl ConnectionTrait,
    source: &str,
) -> Result<Option<Uuid>, Error> {
    let found = import_batch::Entity::find()
        .filter(import_batch::Column::Source.eq(source))
        .filter(import_batch::Column::State.is_in([ImportState::Running, ImportState::Failed]))
        .order_by_desc(import_batch::Column::CreatedAt)
        .one(db)
        .await?;
    Ok(found.map(|row| row.id.0))
}

/// The last batch that was not taken back.
pub(super) async fn last(
    db: &impl ConnectionTrait,
    source: &str,
) -> Result<Option<import_batch::Model>, Error> {
    Ok(import_batch::Entity::find()
        .filter(import_batch::Column::Source.eq(source))
        .filter(import_batch::Column::State.ne(ImportState::Undone))
        .order_by_desc(import_batch::Column::CreatedAt)
        .order_by_desc(import_batch::Column::Id)
        .limit(1)
        .one(db)
        .await?)
}

/// Begin a batch.
#[expect(
    clippy::disallowed_methods,
    reason = "an import runs without the service that could give an id"
)]
pub(super) async fn begin(db: &impl ConnectionTrait, source: &str) -> Result<Uuid, Error> {
    let (id, at) = (Uuid::now_v7(), now());
    let row = import_batch::Model {
        id: ImportBatchId(id),
        source: source.to_owned(),
        state: ImportState::Running,
        counts: Value::Object(serde_json::Map::new()),
        checkpoint: None,
        finished_at: None,
        created_at: at,
        updated_at: at,
    };
    import_batch::Entity::insert(row.into_active_model().reset_all())
        .exec_without_returning(db)
        .await?;
    Ok(id)
}

/// Put down how far a batch is: it is going on, though it may have been stopped before.
pub(super) async fn checkpoint(
    db: &impl ConnectionTrait,
    batch: Uuid,
    at: Value,
) -> Result<(), Error> {
    let row = import_batch::ActiveModel {
        state: Set(ImportState::Running),
        checkpoint: Set(Some(at)),
        finished_at: Set(None),
        updated_at: Set(now()),
        ..Default::default()
    };
    write(db, batch, row).await
}

/// Put down how a batch ended.
pub(super) async fn end(
    db: &impl ConnectionTrait,
    batch: Uuid,
    state: ImportState,
    counts: Option<Value>,
) -> Result<(), Error> {
    let at = now();
    let mut row = import_batch::ActiveModel {
        state: Set(state),
        finished_at: Set(Some(at)),
        updated_at: Set(at),
        ..Default::default()
    };
    if state != ImportState::Failed {
        row.checkpoint = Set(None);
    }
    if let Some(counts) = counts {
        row.counts = Set(counts);
    }
    write(db, batch, row).await
}

async fn write(
    db: &impl ConnectionTrait,
    batch: Uuid,
    row: import_batch::ActiveModel,
) -> Result<(), Error> {
    import_batch::Entity::update_many()
        .set(row)
        .filter(import_batch::Column::Id.eq(batch))
        .exec(db)
        .await?;
    Ok(())
}
