//! A document of a person who is here already: their row stays as it is, and they get what they lack of the ways
//! in that the document brings.

use entity::platform::import_record;
use sea_orm_migration::sea_orm::{DatabaseTransaction, TransactionTrait as _};
use uuid::Uuid;

use super::Mode;
use super::changes;
use super::draft::{Draft, Note};
use super::ledger::{self, Owner};
use super::look::{self, PASSWORD};
use super::row::{Cell, Row};
use super::settle::{Judged, Key, Outcome, Settler, touched_here};
use super::table;
use super::write::refused;
use crate::error::Error;

/// What a person lacks of what a document brings.
#[derive(Default)]
struct Lack {
    /// Identities that vouch for nobody yet.
    identities: Vec<Row>,
    /// Their row as it stands, where it has no password.
    password: Option<(Row, Cell)>,
    /// Whether something of it was changed or deleted here.
    is_touched: bool,
}

impl Settler<'_> {
    /// Link the document to `person`.
    pub(super) async fn link(
        &mut self,
        tx: &DatabaseTransaction,
        key: Key<'_>,
        known: Option<&import_record::Model>,
        person: Uuid,
        draft: &mut Draft,
        hash: String,
    ) -> look::Verdict<Judged> {
        let lack = lack(tx, key, person, draft).await?;
        if lack.is_touched {
            touched_here(&mut draft.notes, "users");
        }
        let is_whole = lack.identities.is_empty() && lack.password.is_none();
        if self.mode == Mode::Verify {
            let here = (is_whole && !lack.is_touched).then(|| hash.clone());
            return Ok(Ok((Outcome::Linked, hash, Some(here.unwrap_or_default()))));
        }
        if known.is_none() || !is_whole {
            let begun = self.batch;
            let inner = tx.begin().await?;
            let batch = self.batch(&inner).await?;
            if known.is_none() {
                ledger::put_record(&inner, batch, key, ("users", person), &hash).await?;
            }
            if let Err(reject) = supply(&inner, batch, key, lack).await? {
                inner.rollback().await?;
                self.batch = begun;
                return Ok(Err(reject));
            }
            inner.commit().await?;
        }
        Ok(Ok((Outcome::Linked, hash.clone(), Some(hash))))
    }
}

/// What `person` lacks, and a note of what they do not get: a person who was here by themselves gets no way in
/// from elsewhere, and nobody one that they have otherwise.
async fn lack(
    tx: &DatabaseTransaction,
    key: Key<'_>,
    person: Uuid,
    draft: &mut Draft,
) -> Result<Lack, Error> {
    let mut lack = Lack::default();
    let Some(stands) = table::read(tx, "users", person).await? else {
        lack.is_touched = true;
        return Ok(lack);
    };
    let imported = ledger::owner(tx, "users", person).await?;
    for row in draft.rows.iter_mut().skip(1) {
        row.cells.insert("user_id", Cell::Id(person));
        let found = table::holder(tx, row, &["provider", "subject"]).await?;
        if let Some(found) = found {
            let other = table::read(tx, row.table, found).await?;
            let whose = other.and_then(|other| other.cells.get("user_id").cloned());
            if whose != Some(Cell::Id(person)) {
                draft.notes.push(Note::listed("not_taken", "identity"));
            }
        } else if is_own(tx, key, row).await? {
            lack.is_touched = true;
        } else if imported.is_none() {
            draft.notes.push(Note::listed("not_taken", "identity"));
        } else {
            lack.identities.push(row.clone());
        }
    }
    let said = draft.rows.first().and_then(|row| row.cells.get(PASSWORD));
    let Some(said) = said.filter(|said| **said != Cell::Null) else {
        return Ok(lack);
    };
    let is_as_left = |owner: &Owner| owner.hash == stands.hash();
    match (stands.cells.get(PASSWORD), imported) {
        (Some(password), _) if password == said => {}
        (None | Some(Cell::Null), Some(owner)) if is_as_left(&owner) => {
            lack.password = Some((stands, said.clone()));
        }
        (None | Some(Cell::Null), Some(_)) => lack.is_touched = true,
        _ => draft.notes.push(Note::listed("not_taken", PASSWORD)),
    }
    Ok(lack)
}

/// Whether the document brought the row before.
async fn is_own(tx: &DatabaseTransaction, key: Key<'_>, row: &Row) -> Result<bool, Error> {
    let owner = ledger::owner(tx, row.table, row.id).await?;
    Ok(owner.is_some_and(|owner| owner.is(key)))
}

/// Give the person what they lack, so that it can be taken back with the batch.
async fn supply(
    tx: &DatabaseTransaction,
    batch: Uuid,
    key: Key<'_>,
    lack: Lack,
) -> look::Verdict<()> {
    for row in &lack.identities {
        if let Err(error) = table::insert(tx, row).await {
            return refused(row, error);
        }
        ledger::put_row(tx, batch, key, row).await?;
    }
    let Some((before, password)) = lack.password else {
        return Ok(Ok(()));
    };
    let row = before.clone().with(PASSWORD, password);
    if let Err(error) = table::update(tx, &row).await {
        return refused(&row, error);
    }
    if let Some(record) = ledger::record(tx, key.0, key.1, key.2).await? {
        changes::put(tx, batch, &before, &row.hash(), &record).await?;
    }
    // The person's own document hears nothing of it: its row is still as imports left it.
    ledger::put_row(tx, batch, key, &row).await?;
    Ok(Ok(()))
}
