//! The way of an import through all that it reads.

use entity::platform::import_batch::ImportState;
use sea_orm_migration::sea_orm::{DatabaseConnection, DatabaseTransaction};
use serde_json::json;

use super::batch;
use super::draft::{Draft, Item, Reject};
use super::ledger;
use super::report::{Checksum, Counts, Lines, Report, Stopped, Told};
use super::setting::Moment;
use super::settle::{NOT_HERE, Outcome, Settled, Settler};
use super::waiting::Queue;
use super::{Mode, Options, Stage};
use crate::error::Error;

/// Something to import from.
pub(super) trait Source {
    /// A document, or a row.
    type Body;

    /// The collections, parents first.
    fn collections(&self) -> Vec<&'static str>;
    /// What is left out, and why.
    fn left_out(&self) -> Vec<String>;
    /// Read everything through, and tell how many documents there are. Fails where an input is cut
    /// off, before anything is written; ends early where it is told to stop.
    async fn survey(&mut self, options: &Options<'_>) -> Result<u64, Error>;
    /// Begin with a collection.
    async fn open(&mut self, collection: &'static str) -> Result<(), Error>;
    /// Its next documents, at most so many; none at its end.
    async fn portion(&mut self, most: usize) -> Result<Vec<Item<Self::Body>>, Error>;
    /// What a document becomes.
    fn draft(&self, collection: &'static str, id: &str, body: &Self::Body)
    -> Result<Draft, Reject>;
}

/// What is told while documents are read.
struct Telling<'a> {
    report: Report,
    rejects: Lines,
    notes: Lines,
    sums: (Checksum, Checksum),
    options: &'a Options<'a>,
}

pub(super) async fn run<S: Source>(
    db: &DatabaseConnection,
    source: &mut S,
    options: &Options<'_>,
) -> Result<Report, Error> {
    let all = source.survey(options).await?;
    if options.rejects == options.notes {
        return Err(Error::Option(
            "--rejects and --notes name the same file: name two".to_owned(),
        ));
    }
    let nothing = || Report {
        source: options.source.clone(),
        stopped: Some(Stopped { done: 0, all }),
        ..Report::default()
    };
    let lock = match options.mode {
        Mode::Apply => tokio::select! {
            biased;
            () = options.stop.cancelled() => return Ok(nothing()),
            lock = options.turn.take(db) => Some(lock?),
        },
        Mode::DryRun | Mode::Verify => None,
    };
    // Of two imports at once in one directory the second waits before it begins its lists.
    let mut telling = Telling::begun(options, source.left_out())?;
    let mut settler = Settler::new(&options.source, options.mode, options.vault);
    if options.mode == Mode::Apply {
        let tx = options.turn.begin(db).await?;
        ledger::prepare(&tx).await?;
        tx.commit().await?;
    }
    // A dry run is one transaction that is taken back.
    let outer = match options.mode {
        Mode::Apply => None,
        Mode::DryRun | Mode::Verify => {
            let outer = options.turn.begin(db).await?;
            ledger::prepare(&outer).await?;
            Some(outer)
        }
    };
    collections(db, source, &mut settler, &mut telling, outer.as_ref(), all).await?;
    if let Some(outer) = outer {
        outer.rollback().await?;
    }
    let Telling {
        mut report,
        rejects,
        notes,
        ..
    } = telling;
    if options.mode == Mode::Apply {
        finish(db, &settler, &report, options).await?;
    }
    if let Some(lock) = lock {
        lock.release().await?;
    }
    // The rows are in, whatever becomes of the lists.
    report.rejects = rejects.finish()?;
    report.notes = notes.finish()?;
    Ok(report)
}

/// Settle every collection: in `outer`, or each portion in a transaction of its own.
async fn collections<S: Source>(
    db: &DatabaseConnection,
    source: &mut S,
    settler: &mut Settler<'_>,
    telling: &mut Telling<'_>,
    outer: Option<&DatabaseTransaction>,
    all: u64,
) -> Result<(), Error> {
    let options = telling.options;
    let mut done = 0;
    for collection in source.collections() {
        source.open(collection).await?;
        telling.begin(collection);
        let mut queue = Queue::default();
        (options.told)(Stage::Import(collection, done, all));
        loop {
            if options.stop.is_cancelled() {
                telling.end(collection);
                telling.report.stopped = Some(Stopped { done, all });
                return Ok(());
            }
            let portion = source.portion(options.portion).await?;
            if portion.is_empty() {
                break;
            }
            done += portion.len() as u64;
            let to = (collection, &mut *telling, &mut queue);
            if let Some(outer) = outer {
                settle(settler, outer, source, portion, to).await?;
            } else {
                let tx = options.turn.begin(db).await?;
                settler.moment = Moment::default();
                settle(settler, &tx, source, portion, to).await?;
                if let Some(batch) = settler.batch {
                    let at = json!({"collection": collection, "documents": done});
                    batch::checkpoint(&tx, batch, at).await?;
                }
                tx.commit().await?;
            }
            (options.told)(Stage::Import(collection, done, all));
        }
        if !queue.is_empty() {
            let late = if let Some(outer) = outer {
                queue.settle(settler, outer, source, collection).await?
            } else {
                let tx = options.turn.begin(db).await?;
                settler.moment = Moment::default();
                let late = queue.settle(settler, &tx, source, collection).await?;
                tx.commit().await?;
                late
            };
            for (item, settled) in late {
                telling.tell(collection, &item, &settled)?;
            }
        }
        telling.end(collection);
    }
    Ok(())
}

/// Say how the batch ended: this run's, or one that was cut off when all was written. One that was
/// stopped keeps how far it is, and the next run goes on with it.
async fn finish(
    db: &DatabaseConnection,
    settler: &Settler<'_>,
    report: &Report,
    options: &Options<'_>,
) -> Result<(), Error> {
    let tx = options.turn.begin(db).await?;
    let batch = match settler.batch {
        Some(batch) => Some(batch),
        None => batch::unfinished(&tx, settler.source).await?,
    };
    if let Some(batch) = batch {
        let state = match (report.stopped, report.totals().rejected) {
            (Some(_), _) => ImportState::Failed,
            (None, 0) => ImportState::Completed,
            (None, _) => ImportState::Partial,
        };
        let counts = serde_json::to_value(&report.collections).ok();
        batch::end(&tx, batch, state, counts).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn settle<S: Source>(
    settler: &mut Settler<'_>,
    tx: &DatabaseTransaction,
    source: &S,
    portion: Vec<Item<S::Body>>,
    (collection, telling, queue): (&'static str, &mut Telling<'_>, &mut Queue<S::Body>),
) -> Result<(), Error> {
    for item in portion {
        let is_first = item.id.as_deref().is_none_or(|id| queue.is_first(id));
        let settled = if is_first {
            settled(settler, tx, source, collection, &item).await?
        } else {
            let detail = "another document of the collection has it, and was read before";
            Settled::refused(Reject::new("duplicate_key", "_id", detail))
        };
        if !queue
            .takes(settler.source, tx, collection, &item, &settled)
            .await?
        {
            telling.tell(collection, &item, &settled)?;
            continue;
        }
        queue.put(item);
    }
    Ok(())
}

/// What becomes of a document.
pub(super) async fn settled<S: Source>(
    settler: &mut Settler<'_>,
    tx: &DatabaseTransaction,
    source: &S,
    collection: &'static str,
    item: &Item<S::Body>,
) -> Result<Settled, Error> {
    let drafted = match (&item.id, &item.body) {
        (_, Err(why)) => Err(Reject::whole("bad_document", why)),
        (None, Ok(_)) => Err(Reject::new("missing_required", "_id", "it is not there")),
        (Some(id), Ok(_)) if id.chars().count() > 255 => {
            Err(Reject::new("too_long", "_id", "it is longer than 255"))
        }
        (Some(id), Ok(body)) => source.draft(collection, id, body),
    };
    match drafted {
        Err(reject) => Ok(Settled::refused(reject)),
        Ok(draft) => {
            let id = item.id.as_deref().unwrap_or_default();
            Box::pin(settler.settle(tx, collection, id, draft)).await
        }
    }
}

impl<'a> Telling<'a> {
    /// Nothing yet, in lists that are open.
    fn begun(options: &'a Options<'a>, left_out: Vec<String>) -> Result<Self, Error> {
        Ok(Self {
            report: Report {
                source: options.source.clone(),
                left_out,
                verified: options.mode == Mode::Verify,
                ..Report::default()
            },
            rejects: Lines::open(&options.rejects, "--rejects")?,
            notes: Lines::open(&options.notes, "--notes")?,
            sums: <_>::default(),
            options,
        })
    }

    fn begin(&mut self, collection: &str) {
        self.sums = <_>::default();
        let counts = &mut self.report.collections;
        counts.insert(collection.to_owned(), Counts::default());
    }

    fn end(&mut self, collection: &str) {
        let verify = self.options.mode == Mode::Verify;
        if let Some(counts) = self.report.collections.get_mut(collection) {
            counts.checksum = self.sums.0.text();
            counts.checksum_here = verify.then(|| self.sums.1.text());
        }
    }

    fn tell<D>(
        &mut self,
        collection: &str,
        item: &Item<D>,
        settled: &Settled,
    ) -> Result<(), Error> {
        let Some(counts) = self.report.collections.get_mut(collection) else {
            return Ok(());
        };
        let told = |reason, field, detail| Told {
            collection,
            id: item.id.as_deref(),
            position: &item.position,
            reason,
            field,
            detail,
        };
        counts.read += 1;
        match &settled.outcome {
            Outcome::Rejected(reject) => {
                counts.rejected += 1;
                self.report.differences += u64::from(reject.reason == NOT_HERE);
                *counts.reasons.entry(reject.reason.to_owned()).or_default() += 1;
                let field = reject.field.as_deref();
                return self
                    .rejects
                    .put(&told(reject.reason, field, &reject.detail));
            }
            Outcome::New => counts.new += 1,
            Outcome::Updated => counts.updated += 1,
            Outcome::Unchanged => counts.unchanged += 1,
            Outcome::Linked => counts.linked += 1,
            Outcome::Kept => counts.kept += 1,
        }
        counts.imported += 1;
        self.sums.0.add(&settled.hash);
        if let Some(here) = &settled.here {
            self.sums.1.add(here);
        }
        for note in &settled.notes {
            let name = format!("{}: {}", note.what, note.field);
            *counts.notes.entry(name).or_default() += 1;
            if note.listed {
                self.notes.put(&told(note.what, Some(&note.field), ""))?;
            }
        }
        let verify = self.options.mode == Mode::Verify;
        if verify && settled.here.as_ref() != Some(&settled.hash) {
            self.report.differences += 1;
            let detail = "its rows are not as it says";
            self.notes.put(&told("difference", None, detail))?;
        }
        Ok(())
    }
}
