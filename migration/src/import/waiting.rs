//! Documents that want what another row has, whose own document may let go of it further on: names that are passed
//! on, or exchanged. They are settled when their collection is read.

use std::collections::{BTreeMap, HashSet};

use sea_orm_migration::sea_orm::{DatabaseTransaction, TransactionTrait as _};

use super::Mode;
use super::draft::Item;
use super::ledger;
use super::load::{Source, settled};
use super::row::stable_id;
use super::settle::{Outcome, Settled, Settler};
use crate::error::Error;

/// The documents of a collection that wait, and which were read.
pub(super) struct Queue<D> {
    /// Each id once, as a hash: they may be many, and long.
    read: HashSet<u128>,
    waiting: BTreeMap<String, Item<D>>,
}

impl<D> Default for Queue<D> {
    fn default() -> Self {
        Self {
            read: HashSet::new(),
            waiting: BTreeMap::new(),
        }
    }
}

fn hash(id: &str) -> u128 {
    stable_id(&[id]).as_u128()
}

impl<D> Queue<D> {
    /// Whether no document with this id was read before.
    pub(super) fn is_first(&mut self, id: &str) -> bool {
        self.read.insert(hash(id))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Let a document wait.
    pub(super) fn put(&mut self, item: Item<D>) {
        let id = item.id.clone().unwrap_or_default();
        self.waiting.insert(id, item);
    }

    /// Whether a document that was refused waits: for one that is not read yet, or waits itself.
    pub(super) async fn takes(
        &self,
        source: &str,
        tx: &DatabaseTransaction,
        collection: &str,
        item: &Item<D>,
        settled: &Settled,
    ) -> Result<bool, Error> {
        let Some(holder) = holder(source, tx, collection, settled).await? else {
            return Ok(false);
        };
        let may_let_go = !self.read.contains(&hash(&holder)) || self.waiting.contains_key(&holder);
        Ok(item.id.is_some() && may_let_go)
    }

    /// Settle all that waited: first whoever is waited for, and together those that wait for each other.
    pub(super) async fn settle<S: Source<Body = D>>(
        mut self,
        settler: &mut Settler<'_>,
        tx: &DatabaseTransaction,
        source: &S,
        collection: &'static str,
    ) -> Result<Vec<(Item<D>, Settled)>, Error> {
        // A comparison tries what an import would do, and takes it back.
        let (mode, before) = (settler.mode, (settler.batch, settler.moment));
        let trial = match mode {
            Mode::Verify => Some(tx.begin().await?),
            Mode::Apply | Mode::DryRun => None,
        };
        if trial.is_some() {
            settler.mode = Mode::DryRun;
        }
        let late = {
            let tx = trial.as_ref().unwrap_or(tx);
            self.settle_in(settler, tx, source, collection).await?
        };
        if let Some(trial) = trial {
            trial.rollback().await?;
            settler.mode = mode;
            (settler.batch, settler.moment) = before;
        }
        Ok(late)
    }

    async fn settle_in<S: Source<Body = D>>(
        &mut self,
        settler: &mut Settler<'_>,
        tx: &DatabaseTransaction,
        source: &S,
        collection: &'static str,
    ) -> Result<Vec<(Item<D>, Settled)>, Error> {
        let mut late = Vec::new();
        let mut chain: Vec<String> = Vec::new();
        loop {
            let next = chain.last().or_else(|| self.waiting.keys().next());
            let Some(id) = next.cloned() else {
                return Ok(late);
            };
            if chain.is_empty() {
                chain.push(id.clone());
            }
            let Some(item) = self.waiting.get(&id) else {
                chain.pop();
                continue;
            };
            let done = settled(settler, tx, source, collection, item).await?;
            let holder = holder(settler.source, tx, collection, &done).await?;
            let holder = holder.filter(|holder| self.waiting.contains_key(holder));
            match holder {
                None => {
                    chain.pop();
                    late.extend(self.waiting.remove(&id).map(|item| (item, done)));
                }
                Some(holder) => match chain.iter().position(|one| *one == holder) {
                    None => chain.push(holder),
                    Some(at) => {
                        let ring = chain.split_off(at);
                        let ring = ring.iter().filter_map(|id| self.waiting.remove(id));
                        let ring: Vec<Item<D>> = ring.collect();
                        late.extend(exchanged(settler, tx, source, collection, ring).await?);
                    }
                },
            }
        }
    }
}

/// The document of the row that has what a refused one wants, if it is of the same source and collection.
async fn holder(
    source: &str,
    tx: &DatabaseTransaction,
    collection: &str,
    settled: &Settled,
) -> Result<Option<String>, Error> {
    let Outcome::Rejected(reject) = &settled.outcome else {
        return Ok(None);
    };
    let Some((table, id)) = reject.holder else {
        return Ok(None);
    };
    let owner = ledger::owner(tx, table, id).await?;
    let owner = owner.filter(|owner| owner.source == source && owner.collection == collection);
    Ok(owner.map(|owner| owner.external_id))
}

/// Settle documents that wait for each other, all or none: the row of each gives up what the others want until
/// it is written.
async fn exchanged<S: Source>(
    settler: &mut Settler<'_>,
    tx: &DatabaseTransaction,
    source: &S,
    collection: &'static str,
    ring: Vec<Item<S::Body>>,
) -> Result<Vec<(Item<S::Body>, Settled)>, Error> {
    let before = (settler.batch, settler.moment);
    let inner = tx.begin().await?;
    settler.exchange = ring.iter().filter_map(|item| item.id.clone()).collect();
    let mut all = Vec::with_capacity(ring.len());
    let mut is_done = true;
    for item in &ring {
        let one = settled(settler, &inner, source, collection, item).await?;
        is_done &= one.outcome == Outcome::Updated;
        if let Some(id) = &item.id {
            settler.exchange.remove(id);
        }
        all.push(one);
        if !is_done {
            break;
        }
    }
    settler.exchange.clear();
    settler.parked.clear();
    if is_done {
        inner.commit().await?;
        return Ok(ring.into_iter().zip(all).collect());
    }
    inner.rollback().await?;
    (settler.batch, settler.moment) = before;
    let mut all = Vec::with_capacity(ring.len());
    for item in ring {
        let one = settled(settler, tx, source, collection, &item).await?;
        all.push((item, one));
    }
    Ok(all)
}
