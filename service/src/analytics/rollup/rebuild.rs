//! Rebuilding: the rollups are proven against the rows, day by day and thread by thread, and mended.

use std::sync::Arc;

use super::compare::{self, Difference, Differences, Grain, LIMIT, Part};
use super::sums::Additions;
use super::{DAY, store};
use crate::ctx::{Ctx, Services};
use crate::error::{Error, Result};

/// How many threads are compared at once.
const PAGE: u64 = 500;

/// How often one part is mended before we say that it will not settle.
const ROUNDS: usize = 500;

/// How far the rebuilding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is compared.
    pub stage: &'static str,
    /// How much of it.
    pub done: u64,
    /// Of how much, where that is known.
    pub all: Option<u64>,
}

/// What was compared and found.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// How many days.
    pub days: u64,
    /// How many threads.
    pub threads: u64,
    /// Whether what was wrong is mended.
    pub mended: bool,
    /// What was wrong.
    pub differences: Differences,
}

/// Compare every rollup with the rows that it sums up, and, unless this is only a `check`, mend
/// what differs. Only admins and the command line may.
///
/// Writers go on meanwhile: what they write is in both sides of a comparison, or in none. A second
/// rebuild finds nothing to mend.
pub async fn rebuild(
    ctx: &Ctx,
    check: bool,
    tell: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Report> {
    ctx.actor.need_admin()?;
    let begun = ctx.now();
    let engine = ctx.services.db.engine();
    let mut report = Report {
        mended: !check,
        ..Report::default()
    };
    let reader = ctx.read()?;
    let last = compare::edge(&reader, engine, None, true).await?;
    let mut next = compare::edge(&reader, engine, None, false).await?;
    let first = next;
    while let Some(day) = next {
        tell(Progress {
            stage: "days",
            done: u64::try_from((day - first.unwrap_or(day)) / DAY).unwrap_or_default(),
            all: last.and_then(|last| u64::try_from((last - first.unwrap_or(last)) / DAY + 1).ok()),
        });
        let part = Part::Time(day, day + DAY);
        for grain in Grain::BY_TIME {
            settle(ctx, grain, part, check, &mut report.differences).await?;
        }
        report.days += 1;
        next = compare::edge(&ctx.read()?, engine, Some(day + DAY), false).await?;
    }
    let mut after = None;
    loop {
        tell(Progress {
            stage: "threads",
            done: report.threads,
            all: None,
        });
        let page = compare::thread_page(&ctx.read()?, after, PAGE).await?;
        let whole = page.len() as u64 == PAGE;
        // The last part has no end: it has what is younger than the page as well.
        let end = page.last().copied().filter(|_| whole);
        let part = Part::Threads(after, end);
        settle(ctx, Grain::Threads, part, check, &mut report.differences).await?;
        report.threads += page.len() as u64;
        if !whole {
            break;
        }
        after = end;
    }
    if !check {
        let tx = ctx.write().await?;
        store::hold(&tx).await?;
        store::advance(&tx, Some(tx.now), begun).await?;
        tx.commit().await?;
    }
    Ok(report)
}

/// [`rebuild`] where the rollups were never built: a database from before there were any, or one
/// that another backend filled.
pub(super) async fn build(services: &Arc<Services>) -> Result<()> {
    let ctx = Ctx::system(Arc::clone(services), "analytics.rebuild");
    let report = rebuild(&ctx, false, &|_| ()).await?;
    if !report.differences.is_empty() {
        tracing::info!(
            days = report.days,
            threads = report.threads,
            "built the rollups"
        );
    }
    Ok(())
}

/// Compare one part, and mend it.
async fn settle(
    ctx: &Ctx,
    grain: Grain,
    part: Part,
    check: bool,
    differences: &mut Differences,
) -> Result<()> {
    let engine = ctx.services.db.engine();
    // A look first: where nothing differs, nobody is kept waiting.
    let found = compare::compare(&ctx.read()?, engine, grain, part).await?;
    if check || found.is_empty() {
        differences.note(&found);
        return Ok(());
    }
    mend(ctx, grain, part, differences, |found| {
        compare::mending(grain, found)
    })
    .await
}

/// Mend one part: hold the rollups, look again, add what is missing.
pub(super) async fn mend(
    ctx: &Ctx,
    grain: Grain,
    part: Part,
    differences: &mut Differences,
    mending: impl Fn(&[Difference]) -> Additions,
) -> Result<()> {
    for _ in 0..ROUNDS {
        let tx = ctx.write().await?;
        store::hold(&tx).await?;
        let found = compare::compare(&tx, tx.engine(), grain, part).await?;
        store::apply(&tx, mending(&found)).await?;
        tx.commit().await?;
        differences.note(&found);
        if found.len() < LIMIT {
            return Ok(());
        }
    }
    let table = grain.table();
    Err(Error::internal(format!("{table} does not settle")))
}
