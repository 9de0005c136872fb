//! Runs by when they were created and where they stand. Triggers write the deltas.

mod store;

use std::collections::BTreeMap;

use entity::analytics::run_delta;
use entity::analytics::run_rollup::RollupGrain;
use entity::pipeline::run::RunStatus;
use sea_orm::ConnectionTrait;

use super::compare::{Difference, Differences, LIMIT};
use super::grain::{GRAINS, begin};
use super::rebuild::unsettled;
use super::store::close;
use super::sums::{moment, month_around};
use crate::analytics::sheet::{Kind, read_byte};
use crate::analytics::varint::{read_signed, write_signed};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::write::Write;

pub(super) use self::store::first_of;

/// The table.
const TABLE: &str = "run_rollups";

/// How many deltas are folded in one write.
const PORTION: u64 = 2_000;

/// Which sum: its bucket, and where its runs stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    grain: RollupGrain,
    start: i64,
    place: Place,
}

/// Where runs stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::analytics) struct Place {
    pub status: RunStatus,
    pub stage: i32,
}

impl Kind for Place {
    fn write(&self, bytes: &mut Vec<u8>) {
        // Numbers that stay, whatever is declared before or after.
        bytes.push(match self.status {
            RunStatus::Pending => 0,
            RunStatus::Running => 1,
            RunStatus::Completed => 2,
            RunStatus::Failed => 3,
        });
        write_signed(bytes, self.stage.into());
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let status = match read_byte(bytes)? {
            0 => RunStatus::Pending,
            1 => RunStatus::Running,
            2 => RunStatus::Completed,
            3 => RunStatus::Failed,
            _ => return None,
        };
        let stage = i32::try_from(read_signed(bytes)?).ok()?;
        Some(Self { status, stage })
    }
}

impl Place {
    fn order(self) -> (u8, i32) {
        (self.status as u8, self.stage)
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

/// What is added to which sum.
type Additions = BTreeMap<Key, i64>;

/// Fold some deltas in the open write, which holds the rollups; tells how many, and whether there may
/// be more.
pub(super) async fn fold(tx: &Write) -> Result<(u64, bool)> {
    let (ids, deltas) = store::open(tx, PORTION).await?;
    let some = ids.len() as u64;
    let mut additions = Additions::new();
    for (bucket, place, count) in deltas {
        for grain in GRAINS {
            let start = begin(grain, bucket);
            *additions
                .entry(Key {
                    grain,
                    start,
                    place,
                })
                .or_default() += count;
        }
    }
    store::apply(tx, additions).await?;
    close::<run_delta::Entity>(tx, run_delta::Column::Id, ids).await?;
    Ok((some, some == PORTION))
}

/// Compare month by month from `from` on (in seconds since 1970), and mend what differs, unless this is
/// only a `check`. Of one month; tells where the next one with anything in it begins.
pub(super) async fn settle(
    ctx: &Ctx,
    from: Option<i64>,
    check: bool,
    differences: &mut Differences,
) -> Result<Option<i64>> {
    let engine = ctx.services.db.engine();
    let Some(first) = store::next(&ctx.read()?, engine, from).await? else {
        return Ok(None);
    };
    let month = month_around(first);
    let found = compare(&ctx.read()?, engine, month).await?;
    if check || found.is_empty() {
        differences.note(&found.iter().map(difference).collect::<Vec<_>>());
        return Ok(Some(month.1));
    }
    let tx = ctx.write().await?;
    super::store::hold(&tx).await?;
    let mut mended = Differences::default();
    for _ in 0..super::rebuild::ROUNDS {
        let found = compare(&tx, engine, month).await?;
        mended.note(&found.iter().map(difference).collect::<Vec<_>>());
        let whole = found.len() < LIMIT;
        store::apply(&tx, found.into_iter().collect()).await?;
        if whole {
            tx.commit().await?;
            differences.add(mended);
            return Ok(Some(month.1));
        }
    }
    Err(unsettled(TABLE))
}

async fn compare(
    conn: &impl ConnectionTrait,
    engine: crate::db::Engine,
    month: (i64, i64),
) -> Result<Vec<(Key, i64)>> {
    store::compare(conn, engine, month).await
}

fn difference((key, count): &(Key, i64)) -> Difference {
    Difference {
        rollup: TABLE,
        at: Some(moment(key.start)),
        of: Some(format!(
            "{:?}, {:?}, stage {}",
            key.grain, key.place.status, key.place.stage
        )),
        count: *count,
        ..Difference::default()
    }
}
