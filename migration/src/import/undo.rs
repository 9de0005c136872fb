//! Taking the last import of a source back: rows that it changed are as before, rows that it made are
//! gone. What was touched here since, or what something else refers to, is never lost: either nothing
//! is taken back, or everything but that.

use std::collections::HashMap;

use entity::configuration::setting_history::SettingAction;
use entity::platform::import_batch::ImportState;
use entity::registry::resources;
use sea_orm_migration::sea_orm::{DatabaseConnection, DatabaseTransaction};
use serde::Serialize;
use uuid::Uuid;

use super::batch;
use super::changes;
use super::ledger;
use super::row::Row;
use super::setting::{self, Moment, Written};
use super::table;
use super::{Turn, Vault};
use crate::error::Error;

/// How many rows that stay are named.
const NAMED: usize = 1000;

/// A row that stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stays {
    /// Its table.
    pub table: &'static str,
    /// Its key.
    pub id: Uuid,
    /// The document's collection.
    pub collection: String,
    /// The document.
    #[serde(rename = "_id")]
    pub external_id: String,
    /// Why.
    pub why: String,
}

/// What was taken back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// The import.
    pub batch: Option<Uuid>,
    /// How many rows are gone.
    pub removed: u64,
    /// How many rows are as before.
    pub restored: u64,
    /// How many rows stay.
    pub kept: u64,
    /// Which; the first thousand.
    pub stays: Vec<Stays>,
    /// Whether it was done: not where rows stay and nobody said that they may.
    pub done: bool,
}

/// Take back the last import of `source` that was not taken back. Where rows would stay, nothing is
/// done unless `keep_touched`.
pub async fn undo(
    db: &DatabaseConnection,
    source: &str,
    keep_touched: bool,
    turn: Turn,
    vault: Option<&dyn Vault>,
) -> Result<Taken, Error> {
    let lock = turn.take(db).await?;
    let tx = turn.begin(db).await?;
    ledger::prepare(&tx).await?;
    let Some(batch) = batch::last(&tx, source).await? else {
        tx.rollback().await?;
        return Err(Error::Import(format!(
            "nothing to take back: no import of {source:?} is here"
        )));
    };
    let batch = batch.id.0;
    let mut taken = Taken {
        batch: Some(batch),
        ..Taken::default()
    };
    let mut taking = Taking {
        tx: &tx,
        source,
        batch,
        vault,
        keep_touched,
        moment: Moment::default(),
        parked: HashMap::new(),
    };
    taking.restore(&mut taken).await?;
    for resource in resources().iter().rev() {
        taking.remove(resource.table, &mut taken).await?;
    }
    if keep_touched && !taking.parked.is_empty() {
        tx.rollback().await?;
        return Err(Error::Import(
            "nothing was taken back: rows that changed their names with each other were changed here since, and \
             no part of that can be taken back; give them the names that they had, and try again"
                .to_owned(),
        ));
    }
    if taken.kept > 0 && !keep_touched {
        tx.rollback().await?;
        taken.removed = 0;
        taken.restored = 0;
        return Ok(taken);
    }
    ledger::forget_batch(&tx, batch).await?;
    batch::end(&tx, batch, ImportState::Undone, None).await?;
    tx.commit().await?;
    lock.release().await?;
    taken.done = true;
    Ok(taken)
}

impl Taken {
    fn keep(&mut self, stays: Stays) {
        self.kept += 1;
        if self.stays.len() < NAMED {
            self.stays.push(stays);
        }
    }
}

/// What is taken back, and where.
struct Taking<'a> {
    tx: &'a DatabaseTransaction,
    source: &'a str,
    batch: Uuid,
    vault: Option<&'a dyn Vault>,
    keep_touched: bool,
    moment: Moment,
    /// Rows that gave up what only one may have before their own turn, as they were.
    parked: HashMap<(&'static str, Uuid), Row>,
}

impl Taking<'_> {
    /// Give the rows that the batch changed what they had before.
    async fn restore(&mut self, taken: &mut Taken) -> Result<(), Error> {
        let (tx, source, batch) = (self.tx, self.source, self.batch);
        let mut after = (String::new(), String::new());
        loop {
            let rows = changes::changed(tx, batch, (&after.0, &after.1)).await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = (last.before.table.to_owned(), last.before.id.to_string());
            for mut row in rows {
                let before = &mut row.before;
                let stands = self.stands(before.table, before.id).await?;
                let key = (source, row.collection.as_str(), row.external_id.as_str());
                let why = if stands.as_ref().map(Row::hash).as_ref() == Some(&row.hash) {
                    match self.ready(before, stands.as_ref()).await? {
                        None => self.make_way(before).await?,
                        Some(why) => Some(why.to_owned()),
                    }
                } else {
                    Some("it was changed or deleted here since".to_owned())
                };
                if let Some(why) = why {
                    taken.keep(Stays {
                        table: before.table,
                        id: before.id,
                        collection: row.collection.clone(),
                        external_id: row.external_id.clone(),
                        why,
                    });
                    continue;
                }
                table::update(tx, before).await?;
                self.parked.remove(&(before.table, before.id));
                self.note(SettingAction::Rollback, stands.as_ref(), Some(before))
                    .await?;
                ledger::put_row(tx, batch, key, before).await?;
                let record = ledger::record(tx, source, &row.collection, &row.external_id).await?;
                if let Some(record) = record {
                    ledger::change_record(tx, record.id, &row.content_hash).await?;
                }
                taken.restored += 1;
            }
        }
    }

    /// Take away the rows that the batch made in a table.
    async fn remove(&mut self, table: &'static str, taken: &mut Taken) -> Result<(), Error> {
        let (tx, batch) = (self.tx, self.batch);
        let mut after = String::new();
        loop {
            let rows = ledger::made(tx, batch, table, &after).await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = last.id.to_string();
            for row in rows {
                let stands = self.stands(table, row.id).await?;
                let mut why = reason(tx, stands.as_ref(), &row.hash, "").await?;
                // A person who stays keeps their way in.
                if why.is_none()
                    && table == "user_identities"
                    && let Some(left) = ledger::row_hash(tx, "users", row.id).await?
                {
                    let person = self.stands("users", row.id).await?;
                    why = reason(tx, person.as_ref(), &left, table).await?;
                }
                if let Some(why) = why {
                    taken.keep(Stays {
                        table,
                        id: row.id,
                        collection: row.collection,
                        external_id: row.external_id,
                        why,
                    });
                    continue;
                }
                if stands.is_some() {
                    table::delete(tx, table, row.id).await?;
                    self.parked.remove(&(table, row.id));
                    self.note(SettingAction::Delete, stands.as_ref(), None)
                        .await?;
                    taken.removed += 1;
                }
                ledger::forget_row(tx, table, row.id).await?;
                ledger::forget_records_of(tx, table, row.id).await?;
            }
        }
    }

    /// A row as it stands, but for what it gave up.
    async fn stands(&self, table: &'static str, id: Uuid) -> Result<Option<Row>, Error> {
        match self.parked.get(&(table, id)) {
            Some(row) => Ok(Some(row.clone())),
            None => table::read(self.tx, table, id).await,
        }
    }

    /// Let rows that have what `before` had give it up, where they are taken back themselves; or say why it
    /// cannot have it again.
    async fn make_way(&mut self, before: &Row) -> Result<Option<String>, Error> {
        let table = before.table;
        for columns in table::uniques(table)? {
            let holder = table::holder(self.tx, before, &columns).await?;
            let Some(holder) = holder.filter(|holder| *holder != before.id) else {
                continue;
            };
            let stands = self.stands(table, holder).await?;
            let goes = match &stands {
                Some(stands) => self.goes(stands).await?,
                None => false,
            };
            if !goes || !table::park(self.tx, table, holder, &columns).await? {
                let columns = columns.join(", ");
                return Ok(Some(format!("another row has its {columns} now")));
            }
            if let Some(stands) = stands {
                self.parked.insert((table, holder), stands);
            }
        }
        Ok(None)
    }

    /// Whether a row is taken back, too, as far as can be told before its turn.
    async fn goes(&self, row: &Row) -> Result<bool, Error> {
        let hash = row.hash();
        if let Some(left) = changes::hash(self.tx, self.batch, row.table, row.id).await? {
            return Ok(left == hash);
        }
        let owner = ledger::owner(self.tx, row.table, row.id).await?;
        if !owner.is_some_and(|owner| owner.batch == self.batch.to_string() && owner.hash == hash) {
            return Ok(false);
        }
        // What refers to it may go first; where some stays, nothing is taken back.
        Ok(!self.keep_touched || reason(self.tx, Some(row), &hash, "").await?.is_none())
    }

    /// Make a setting ready to stand again, or say why it cannot: a secret is sealed for a version, and
    /// comes back in a later one.
    async fn ready(
        &self,
        before: &mut Row,
        stands: Option<&Row>,
    ) -> Result<Option<&'static str>, Error> {
        if !setting::is_one(before) {
            return Ok(None);
        }
        let opened = self.vault.and_then(|vault| setting::opened(vault, before));
        if setting::is_sealed(before) && opened.is_none() {
            return Ok(Some(
                "its secret does not open here: only `chancery migrate import` with the key that it was \
                 sealed under brings it back",
            ));
        }
        let secret = self.vault.zip(opened.as_deref());
        setting::dated(self.tx, before, stands, secret).await?;
        Ok(None)
    }

    /// Put it into its history that a setting was taken back.
    async fn note(
        &mut self,
        action: SettingAction,
        before: Option<&Row>,
        after: Option<&Row>,
    ) -> Result<(), Error> {
        if !before.is_some_and(setting::is_one) {
            return Ok(());
        }
        let written = Written {
            action,
            before,
            after,
            reason: format!("import of {}, batch {} taken back", self.source, self.batch),
            batch: self.batch,
            revision: self.moment.of(self.tx).await?,
            vault: self.vault,
        };
        setting::note(self.tx, written).await
    }
}

/// Why a row that was left with `hash` stays, if it does; `except` may refer to it.
async fn reason(
    tx: &DatabaseTransaction,
    stands: Option<&Row>,
    hash: &str,
    except: &str,
) -> Result<Option<String>, Error> {
    let Some(stands) = stands else {
        return Ok(None);
    };
    if stands.hash() != hash {
        return Ok(Some("it was changed here since".to_owned()));
    }
    let referrer = table::referrer(tx, stands.table, stands.id, except).await?;
    Ok(referrer.map(|other| format!("rows of {other} refer to it")))
}
