//! The rows of a document, written: whoever calls takes back what a refusal leaves.

use entity::configuration::setting_history::SettingAction;
use entity::platform::import_record;
use sea_orm_migration::sea_orm::{DatabaseTransaction, DbErr, RuntimeErr, sqlx};
use uuid::Uuid;

use super::Vault;
use super::changes;
use super::draft::{Draft, Reject};
use super::ledger;
use super::look;
use super::row::Row;
use super::setting::{self, Written};
use super::settle::Key;
use super::table;
use crate::error::Error;

/// What stands in the history of each setting that is written.
pub(super) struct Noting<'a> {
    pub(super) reason: String,
    pub(super) batch: Uuid,
    pub(super) revision: i64,
    pub(super) vault: Option<&'a dyn Vault>,
}

impl Noting<'_> {
    async fn note(
        &self,
        tx: &DatabaseTransaction,
        before: Option<&Row>,
        after: &Row,
    ) -> Result<(), Error> {
        if !setting::is_one(after) {
            return Ok(());
        }
        let written = Written {
            action: match before {
                Some(_) => SettingAction::Update,
                None => SettingAction::Create,
            },
            before,
            after: Some(after),
            reason: self.reason.clone(),
            batch: self.batch,
            revision: self.revision,
            vault: self.vault,
        };
        setting::note(tx, written).await
    }
}

/// Put the rows in.
pub(super) async fn put(
    tx: &DatabaseTransaction,
    batch: Uuid,
    key: Key<'_>,
    (draft, noting): (&Draft, &Noting<'_>),
    hash: &str,
) -> look::Verdict<()> {
    for row in &draft.rows {
        if let Err(error) = table::insert(tx, row).await {
            return refused(row, error);
        }
        ledger::put_row(tx, batch, key, row).await?;
        noting.note(tx, None, row).await?;
    }
    if let Some(row) = draft.rows.first() {
        ledger::put_record(tx, batch, key, (row.table, row.id), hash).await?;
    }
    Ok(Ok(()))
}

/// Give the rows what the document says now.
pub(super) async fn change(
    tx: &DatabaseTransaction,
    batch: Uuid,
    (source, known): (&str, &import_record::Model),
    (draft, noting): (&Draft, &Noting<'_>),
    before: &[Option<Row>],
    hash: &str,
) -> look::Verdict<()> {
    let key = (
        source,
        known.collection.as_str(),
        known.external_id.as_str(),
    );
    for (row, before) in draft.rows.iter().zip(before) {
        let written = match before {
            Some(_) => table::update(tx, row).await,
            None => table::insert(tx, row).await,
        };
        if let Err(error) = written {
            return refused(row, error);
        }
        if let Some(before) = before {
            changes::put(tx, batch, before, &row.hash(), known).await?;
        }
        ledger::put_row(tx, batch, key, row).await?;
        noting.note(tx, before.as_ref(), row).await?;
    }
    ledger::change_record(tx, known.id, hash).await?;
    Ok(Ok(()))
}

/// A row that the database refuses is a document's matter; that it is not there is everybody's.
pub(super) fn refused(row: &Row, error: Error) -> look::Verdict<()> {
    let Error::Database(DbErr::Exec(RuntimeErr::SqlxError(cause))) = &error else {
        return Err(error);
    };
    let sqlx::Error::Database(cause) = cause.as_ref() else {
        return Err(error);
    };
    // Not its message: that may repeat a value.
    let detail = format!("{} refused it: {}", row.table, table::rule(cause.as_ref()));
    Ok(Err(Reject::whole("refused_by_database", detail)))
}
