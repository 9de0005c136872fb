//! What becomes of one document: whether it is new, changed, known or refused, and its rows written.

use entity::configuration::setting_history::SettingAction;
use entity::platform::import_record;
use sea_orm_migration::sea_orm::{DatabaseTransaction, DbErr, RuntimeErr, TransactionTrait, sqlx};
use uuid::Uuid;

use super::batch;
use super::draft::{Draft, Note, Reject};
use super::ledger;
use super::look::{self, Who};
use super::row::{Row, hash_of};
use super::setting::{self, Moment, Written};
use super::table;
use super::{Mode, Vault};
use crate::error::Error;

/// What became of a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It came in.
    New,
    /// Its rows say now what it says.
    Updated,
    /// Nothing new.
    Unchanged,
    /// It is a person who was here before.
    Linked,
    /// Its rows were changed or deleted here, and stay as they are.
    Kept,
    /// It was refused.
    Rejected(Reject),
}

/// What is to be told of a document.
pub(super) struct Settled {
    pub(super) outcome: Outcome,
    /// Of what it says.
    pub(super) hash: String,
    /// Of what its rows say, where that was looked at.
    pub(super) here: Option<String>,
    pub(super) notes: Vec<Note>,
}

/// What settling takes.
pub(super) struct Settler<'a> {
    pub(super) source: &'a str,
    pub(super) mode: Mode,
    pub(super) vault: Option<&'a dyn Vault>,
    /// The run, once it wrote something.
    pub(super) batch: Option<Uuid>,
    /// The revision of the settings that this transaction writes.
    pub(super) moment: Moment,
}

impl<'a> Settler<'a> {
    /// The run: the one that was cut off, or a new one. A run that writes nothing leaves no trace.
    async fn batch(&mut self, tx: &DatabaseTransaction) -> Result<Uuid, Error> {
        if let Some(batch) = self.batch {
            return Ok(batch);
        }
        let batch = match batch::unfinished(tx, self.source).await? {
            Some(batch) => batch,
            None => batch::begin(tx, self.source).await?,
        };
        self.batch = Some(batch);
        Ok(batch)
    }

    /// Settle what `draft` says of the document `id`.
    pub(super) async fn settle(
        &mut self,
        tx: &DatabaseTransaction,
        collection: &str,
        id: &str,
        mut draft: Draft,
    ) -> Result<Settled, Error> {
        let judged = Box::pin(self.judge(tx, collection, id, &mut draft)).await?;
        let (outcome, hash, here) = match judged {
            Ok(settled) => settled,
            Err(reject) => {
                self.remember_duplicate(tx, collection, id, &reject).await?;
                (Outcome::Rejected(reject), String::new(), None)
            }
        };
        Ok(Settled {
            outcome,
            hash,
            here,
            notes: draft.notes,
        })
    }

    /// Children that name a second document of a person go to the person.
    async fn remember_duplicate(
        &mut self,
        tx: &DatabaseTransaction,
        collection: &str,
        id: &str,
        reject: &Reject,
    ) -> Result<(), Error> {
        let Some(person) = reject.same_as else {
            return Ok(());
        };
        let others = ledger::duplicates_of(collection);
        let known = ledger::record(tx, self.source, &others, id).await?;
        if known.is_some() || self.mode == Mode::Verify {
            return Ok(());
        }
        let batch = self.batch(tx).await?;
        let key = (self.source, others.as_str(), id);
        ledger::put_record(tx, batch, key, ("users", person), "").await
    }

    async fn judge(
        &mut self,
        tx: &DatabaseTransaction,
        collection: &str,
        id: &str,
        draft: &mut Draft,
    ) -> look::Verdict<(Outcome, String, Option<String>)> {
        if let Err(reject) = look::resolve(tx, self.source, draft).await? {
            return Ok(Err(reject));
        }
        if draft.secret.is_some() && self.vault.is_none() {
            let detail =
                "it is sensitive, and only `chancery migrate import` has the key to seal it";
            return Ok(Err(Reject::new("no_key", "value", detail)));
        }
        let hashes: Vec<String> = draft.rows.iter().map(Row::hash).collect();
        let hash = hash_of(hashes.iter().map(String::as_str));
        let known = ledger::record(tx, self.source, collection, id).await?;
        if let Some(known) = &known {
            let linked = match draft.rows.first() {
                Some(row) => ledger::row_hash(tx, row.table, row.id).await?.is_none(),
                None => true,
            };
            if linked {
                let here = Some(hash.clone());
                return Ok(Ok((Outcome::Linked, hash, here)));
            }
            if known.content_hash == hash && self.mode != Mode::Verify && draft.secret.is_none() {
                return Ok(Ok((Outcome::Unchanged, hash, None)));
            }
        } else {
            match look::person(tx, self.source, collection, draft).await? {
                Err(reject) => return Ok(Err(reject)),
                Ok(Who::Here(person)) => {
                    if self.mode != Mode::Verify {
                        let batch = self.batch(tx).await?;
                        let key = (self.source, collection, id);
                        ledger::put_record(tx, batch, key, ("users", person), &hash).await?;
                    }
                    draft.notes.push(Note::listed("linked", "email"));
                    return Ok(Ok((Outcome::Linked, hash.clone(), Some(hash))));
                }
                Ok(Who::New) => {}
            }
        }
        if let Err(reject) = look::unique(tx, draft, known.as_ref()).await? {
            return Ok(Err(reject));
        }
        let Some(known) = known else {
            if self.mode == Mode::Verify {
                return Ok(Ok((Outcome::New, hash, None)));
            }
            self.ready(tx, draft, &[]).await?;
            let batch = self.batch(tx).await?;
            let key = (self.source, collection, id);
            let noting = self.noting(tx, draft, batch).await?;
            return match put(tx, batch, key, (draft, &noting), &hash).await? {
                Ok(()) => Ok(Ok((Outcome::New, hash, None))),
                Err(reject) => Ok(Err(reject)),
            };
        };
        self.compare(tx, draft, &known, hash).await
    }

    /// The document is known: is there something new in it, and are its rows as they were left?
    async fn compare(
        &mut self,
        tx: &DatabaseTransaction,
        draft: &mut Draft,
        known: &import_record::Model,
        hash: String,
    ) -> look::Verdict<(Outcome, String, Option<String>)> {
        let mut same = known.content_hash == hash;
        let mut touched = false;
        let mut here = Vec::new();
        let mut before = Vec::new();
        for at in 0..draft.rows.len() {
            let (table, id) = (draft.rows[at].table, draft.rows[at].id);
            let left = ledger::row_hash(tx, table, id).await?;
            let stands = table::read(tx, table, id).await?;
            let now = stands.as_ref().map(Row::hash);
            // A row that is not there and never was is one that the document has only now.
            touched |= now != left;
            if at == 0 && draft.secret.is_some() {
                same &= self.reopen(draft, stands.as_ref());
            }
            here.push(now.unwrap_or_default());
            before.push(stands);
        }
        if same {
            let written: Vec<String> = draft.rows.iter().map(Row::hash).collect();
            let equal = written == here;
            let here = if equal {
                hash.clone()
            } else {
                hash_of(here.iter().map(String::as_str))
            };
            let outcome = if equal || self.mode != Mode::Verify {
                Outcome::Unchanged
            } else {
                Outcome::Kept
            };
            return Ok(Ok((outcome, hash, Some(here))));
        }
        let here = Some(hash_of(here.iter().map(String::as_str)));
        if touched {
            draft
                .notes
                .push(Note::listed("touched_here", known.row_table.as_str()));
            return Ok(Ok((Outcome::Kept, hash, here)));
        }
        if self.mode == Mode::Verify {
            return Ok(Ok((Outcome::Updated, hash, here)));
        }
        self.ready(tx, draft, &before).await?;
        let batch = self.batch(tx).await?;
        let noting = self.noting(tx, draft, batch).await?;
        let known = (self.source, known);
        match change(tx, batch, known, (draft, &noting), &before, &hash).await? {
            Ok(()) => Ok(Ok((Outcome::Updated, hash, here))),
            Err(reject) => Ok(Err(reject)),
        }
    }

    /// What stands in the history of a draft's settings. The revision is raised outside of what a refusal
    /// takes back.
    async fn noting(
        &mut self,
        tx: &DatabaseTransaction,
        draft: &Draft,
        batch: Uuid,
    ) -> Result<Noting<'a>, Error> {
        let revision = if draft.rows.iter().any(setting::is_one) {
            self.moment.of(tx).await?
        } else {
            0
        };
        Ok(Noting {
            reason: format!("import of {}, batch {batch}", self.source),
            batch,
            revision,
            vault: self.vault,
        })
    }

    /// Take over the ciphertext that is here, if it is of the same secret.
    fn reopen(&self, draft: &mut Draft, stands: Option<&Row>) -> bool {
        let (Some(vault), Some(stands), Some(plain)) = (self.vault, stands, &draft.secret) else {
            return false;
        };
        if setting::opened(vault, stands).as_ref() != Some(plain) {
            return false;
        }
        for column in ["ciphertext", "key_id"] {
            if let Some(cell) = stands.cells.get(column) {
                draft.rows[0].cells.insert(column, cell.clone());
            }
        }
        true
    }

    /// Make settings of a draft ready to be written: `before` is what stands in their place.
    async fn ready(
        &self,
        tx: &DatabaseTransaction,
        draft: &mut Draft,
        before: &[Option<Row>],
    ) -> Result<(), Error> {
        let secret = self.vault.zip(draft.secret.as_deref());
        for (at, row) in draft.rows.iter_mut().enumerate() {
            if setting::is_one(row) {
                let before = before.get(at).and_then(Option::as_ref);
                setting::dated(tx, row, before, secret).await?;
            }
        }
        Ok(())
    }
}

/// What stands in the history of each setting that is written.
struct Noting<'a> {
    reason: String,
    batch: Uuid,
    revision: i64,
    vault: Option<&'a dyn Vault>,
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

/// Put the rows in, all or none.
async fn put(
    tx: &DatabaseTransaction,
    batch: Uuid,
    key: (&str, &str, &str),
    (draft, noting): (&Draft, &Noting<'_>),
    hash: &str,
) -> look::Verdict<()> {
    let inner = tx.begin().await?;
    for row in &draft.rows {
        if let Err(error) = table::insert(&inner, row).await {
            inner.rollback().await?;
            return refused(row, error);
        }
        ledger::put_row(&inner, batch, key, row).await?;
        noting.note(&inner, None, row).await?;
    }
    if let Some(row) = draft.rows.first() {
        ledger::put_record(&inner, batch, key, (row.table, row.id), hash).await?;
    }
    inner.commit().await?;
    Ok(Ok(()))
}

/// Give the rows what the document says now, all or none.
async fn change(
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
    let inner = tx.begin().await?;
    for (row, before) in draft.rows.iter().zip(before) {
        let written = match before {
            Some(_) => table::update(&inner, row).await,
            None => table::insert(&inner, row).await,
        };
        if let Err(error) = written {
            inner.rollback().await?;
            return refused(row, error);
        }
        if let Some(before) = before {
            ledger::put_change(&inner, batch, before, &row.hash(), known).await?;
        }
        ledger::put_row(&inner, batch, key, row).await?;
        noting.note(&inner, before.as_ref(), row).await?;
    }
    ledger::change_record(&inner, known.id, hash).await?;
    inner.commit().await?;
    Ok(Ok(()))
}

/// A row that the database refuses is a document's matter; that it is not there is everybody's.
fn refused(row: &Row, error: Error) -> look::Verdict<()> {
    let Error::Database(DbErr::Exec(RuntimeErr::SqlxError(cause))) = &error else {
        return Err(error);
    };
    let sqlx::Error::Database(cause) = cause.as_ref() else {
        return Err(error);
    };
    // Not its message: that may repeat a value.
    let code = cause.code().unwrap_or_default();
    let constraint = cause.constraint().unwrap_or("no constraint");
    let detail = format!("{} refused it: {constraint}, {code}", row.table);
    Ok(Err(Reject::new("refused_by_database", row.table, detail)))
}
