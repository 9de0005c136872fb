//! What becomes of one document: whether it is new, changed, known or refused, and its rows written.

use std::collections::{HashMap, HashSet};

use entity::platform::import_record;
use sea_orm_migration::sea_orm::{DatabaseTransaction, TransactionTrait};
use uuid::Uuid;

use super::batch;
use super::draft::{Draft, Note, Reject};
use super::ledger;
use super::look::{self, Who};
use super::row::{Row, hash_of, stable_id};
use super::setting::{self, Moment};
use super::table;
use super::write::{Noting, change, put};
use super::{Mode, Vault};
use crate::error::Error;

/// Why a document is refused in a comparison: it would come in, and is not here.
pub(super) const NOT_HERE: &str = "not_here";

/// A document: its source, its collection and its id.
pub(super) type Key<'k> = (&'k str, &'k str, &'k str);

/// What became of a document, the hash of what it says, and of what its rows say where that was looked at.
pub(super) type Judged = (Outcome, String, Option<String>);

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

impl Settled {
    pub(super) fn refused(reject: Reject) -> Self {
        Self {
            outcome: Outcome::Rejected(reject),
            hash: String::new(),
            here: None,
            notes: Vec::new(),
        }
    }
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
    /// Documents that exchange what only one may have, as far as they are not settled yet.
    pub(super) exchange: HashSet<String>,
    /// Rows that gave such a value up for the time of an exchange, as they were.
    pub(super) parked: HashMap<(&'static str, Uuid), Row>,
}

impl<'a> Settler<'a> {
    /// Nothing is settled yet.
    pub(super) fn new(source: &'a str, mode: Mode, vault: Option<&'a dyn Vault>) -> Self {
        Self {
            source,
            mode,
            vault,
            batch: None,
            moment: Moment::default(),
            exchange: HashSet::new(),
            parked: HashMap::new(),
        }
    }

    /// The run: the one that was cut off, or a new one. A run that writes nothing leaves no trace.
    pub(super) async fn batch(&mut self, tx: &DatabaseTransaction) -> Result<Uuid, Error> {
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
        let key = (self.source, collection, id);
        let judged = Box::pin(self.judge(tx, key, &mut draft)).await?;
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
        key: Key<'_>,
        draft: &mut Draft,
    ) -> look::Verdict<Judged> {
        let (source, collection, id) = key;
        let known = ledger::record(tx, source, collection, id).await?;
        let is_linked = place(tx, key, known.as_ref(), draft).await?;
        if let Err(reject) = look::resolve(tx, source, draft).await? {
            return Ok(Err(reject));
        }
        if draft.secret.is_some() && self.vault.is_none() {
            let detail =
                "it is sensitive, and only `chancery migrate import` has the key to seal it";
            return Ok(Err(Reject::new("no_key", "value", detail)));
        }
        let hashes: Vec<String> = draft.rows.iter().map(Row::hash).collect();
        let hash = hash_of(hashes.iter().map(String::as_str));
        match &known {
            Some(known) if is_linked => {
                let person = known.row_id;
                return self.link(tx, key, Some(known), person, draft, hash).await;
            }
            Some(known) => {
                let same = known.content_hash == hash;
                if same && self.mode != Mode::Verify && draft.secret.is_none() {
                    let mut outcome = Outcome::Unchanged;
                    for row in &draft.rows {
                        let left = ledger::row_hash(tx, row.table, row.id).await?;
                        let stands = table::read(tx, row.table, row.id).await?;
                        if stands.as_ref().map(Row::hash) != left {
                            touched_here(&mut draft.notes, &known.row_table);
                            outcome = Outcome::Kept;
                            break;
                        }
                    }
                    return Ok(Ok((outcome, hash, None)));
                }
            }
            None => match look::person(tx, source, collection, draft).await? {
                Err(reject) => return Ok(Err(reject)),
                Ok(Who::Here(person)) => {
                    draft.notes.push(Note::listed("linked", "email"));
                    return self.link(tx, key, None, person, draft, hash).await;
                }
                Ok(Who::New) => {}
            },
        }
        while let Err(reject) = look::unique(tx, draft, known.as_ref()).await? {
            if !self.make_way(tx, &reject).await? {
                return Ok(Err(reject));
            }
        }
        let Some(known) = known else {
            self.ready(tx, draft, &[]).await?;
            if let Err(reject) = self.write(tx, key, None, draft, &[], &hash).await? {
                return Ok(Err(reject));
            }
            if self.mode == Mode::Verify {
                return Ok(Err(Reject::whole(
                    NOT_HERE,
                    "it would come in, and has no row here",
                )));
            }
            return Ok(Ok((Outcome::New, hash, None)));
        };
        self.compare(tx, draft, &known, hash).await
    }

    /// Let the row that has what a document wants give it up, where that row's own document waits, too.
    async fn make_way(&mut self, tx: &DatabaseTransaction, reject: &Reject) -> Result<bool, Error> {
        let (Some((table, id)), Some(columns)) = (reject.holder, &reject.field) else {
            return Ok(false);
        };
        let Some(owner) = ledger::owner(tx, table, id).await? else {
            return Ok(false);
        };
        if owner.source != self.source || !self.exchange.contains(&owner.external_id) {
            return Ok(false);
        }
        let columns = table::known(table)?.columns.iter().filter_map(|column| {
            let wanted = columns.split(", ").any(|name| name == column.name);
            wanted.then_some(column.name)
        });
        let columns: Vec<&'static str> = columns.collect();
        if !self.parked.contains_key(&(table, id))
            && let Some(stands) = table::read(tx, table, id).await?
        {
            self.parked.insert((table, id), stands);
        }
        table::park(tx, table, id, &columns).await
    }

    /// Write what the document says, all or nothing: what refuses it is told. A comparison takes it back
    /// again. A run of which nothing is left behind has no batch.
    async fn write(
        &mut self,
        tx: &DatabaseTransaction,
        key: Key<'_>,
        known: Option<&import_record::Model>,
        draft: &Draft,
        before: &[Option<Row>],
        hash: &str,
    ) -> look::Verdict<()> {
        let begun = self.batch;
        // It is raised outside of what a refusal takes back.
        let revision = if draft.rows.iter().any(setting::is_one) {
            self.moment.of(tx).await?
        } else {
            0
        };
        let inner = tx.begin().await?;
        let batch = self.batch(&inner).await?;
        let noting = Noting {
            reason: format!("import of {}, batch {batch}", self.source),
            batch,
            revision,
            vault: self.vault,
        };
        let written = match known {
            None => put(&inner, batch, key, (draft, &noting), hash).await?,
            Some(known) => {
                let known = (key.0, known);
                change(&inner, batch, known, (draft, &noting), before, hash).await?
            }
        };
        if written.is_ok() && self.mode != Mode::Verify {
            inner.commit().await?;
        } else {
            inner.rollback().await?;
            self.batch = begun;
        }
        Ok(written)
    }

    /// The document is known: is there something new in it, and are its rows as they were left?
    async fn compare(
        &mut self,
        tx: &DatabaseTransaction,
        draft: &mut Draft,
        known: &import_record::Model,
        hash: String,
    ) -> look::Verdict<Judged> {
        let mut same = known.content_hash == hash;
        let mut touched = false;
        let mut here = Vec::new();
        let mut before = Vec::new();
        for at in 0..draft.rows.len() {
            let (table, id) = (draft.rows[at].table, draft.rows[at].id);
            let left = ledger::row_hash(tx, table, id).await?;
            let stands = match self.parked.get(&(table, id)) {
                Some(stands) => Some(stands.clone()),
                None => table::read(tx, table, id).await?,
            };
            if at == 0
                && draft.without_password
                && let Some(password) = stands
                    .as_ref()
                    .and_then(|stands| stands.cells.get(look::PASSWORD))
            {
                draft.rows[0].cells.insert(look::PASSWORD, password.clone());
            }
            let now = stands.as_ref().map(Row::hash);
            // A row that is not there and never was is one that the document has only now.
            touched |= now != left;
            if at == 0 && draft.secret.is_some() {
                same &= self.reopen(draft, stands.as_ref());
            }
            here.push(now.unwrap_or_default());
            before.push(stands);
        }
        if touched {
            touched_here(&mut draft.notes, &known.row_table);
        }
        if same {
            let written: Vec<String> = draft.rows.iter().map(Row::hash).collect();
            let equal = written == here;
            let here = if equal {
                hash.clone()
            } else {
                hash_of(here.iter().map(String::as_str))
            };
            let outcome = if equal || (self.mode != Mode::Verify && !touched) {
                Outcome::Unchanged
            } else {
                Outcome::Kept
            };
            return Ok(Ok((outcome, hash, Some(here))));
        }
        let here = Some(hash_of(here.iter().map(String::as_str)));
        if touched {
            return Ok(Ok((Outcome::Kept, hash, here)));
        }
        self.ready(tx, draft, &before).await?;
        let (collection, id) = (known.collection.as_str(), known.external_id.as_str());
        let key = (self.source, collection, id);
        let written = self.write(tx, key, Some(known), draft, &before, &hash);
        Ok(written.await?.map(|()| (Outcome::Updated, hash, here)))
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

/// Give the document's rows their ids: those that it has here, or one of its own where another document has the
/// one that it would have. Tells whether the document is linked to a person who was here before it.
async fn place(
    tx: &DatabaseTransaction,
    key: Key<'_>,
    known: Option<&import_record::Model>,
    draft: &mut Draft,
) -> Result<bool, Error> {
    if let Some(known) = known {
        let owner = ledger::owner(tx, &known.row_table, known.row_id).await?;
        if owner.is_some_and(|owner| owner.is(key)) {
            draft.rename(known.row_id);
            return Ok(false);
        }
    }
    for row in &draft.rows {
        let owner = ledger::owner(tx, row.table, row.id).await?;
        if owner.is_some_and(|owner| !owner.is(key)) {
            draft.rename(stable_id(&["import", key.0, key.1, key.2]));
            break;
        }
    }
    Ok(known.is_some())
}

/// Note once that rows were changed or deleted here.
pub(super) fn touched_here(notes: &mut Vec<Note>, table: &str) {
    let note = Note::listed("touched_here", table);
    if !notes.contains(&note) {
        notes.push(note);
    }
}
