//! The queries of packed days.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use entity::analytics::day_pack::{self, PackSubject};
use entity::analytics::run_rollup::{self, RollupGrain};
use entity::analytics::{token_day_rollup, token_rollup};
use entity::{Scope, Scoped};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::Packed;
use crate::analytics::rollup::{Dims, Place};
use crate::error::Result;
use crate::write::Write;

/// How many keys one statement names.
const KEYS: usize = 1_000;

/// The days before another that have sums, in order.
pub(super) async fn days(
    conn: &impl ConnectionTrait,
    subject: PackSubject,
    before: NaiveDate,
) -> Result<Vec<NaiveDate>> {
    if subject == PackSubject::Tokens {
        use token_day_rollup::Column;
        let days = token_day_rollup::Entity::within(Scope::Everyone)
            .select_only()
            .column(Column::Day)
            .distinct()
            .filter(Column::Day.lt(before))
            .order_by_asc(Column::Day);
        return Ok(days.into_tuple().all(conn).await?);
    }
    let days = run_rollup::Entity::within(Scope::Everyone)
        .select_only()
        .column(run_rollup::Column::BucketStart)
        .distinct()
        .filter(run_rollup::Column::Grain.eq(RollupGrain::Day))
        .filter(run_rollup::Column::BucketStart.lt(midnight(before)))
        .order_by_asc(run_rollup::Column::BucketStart);
    let days: Vec<DateTime<Utc>> = days.into_tuple().all(conn).await?;
    Ok(days.into_iter().map(|day| day.date_naive()).collect())
}

/// The days that are packed.
pub(super) async fn packed(
    conn: &impl ConnectionTrait,
    subject: PackSubject,
) -> Result<BTreeSet<NaiveDate>> {
    let days: Vec<NaiveDate> = day_pack::Entity::within(Scope::Everyone)
        .select_only()
        .column(day_pack::Column::Day)
        .filter(day_pack::Column::Subject.eq(subject))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(days.into_iter().collect())
}

/// The tokens of a day: what they are, at which second of the day, and how many.
pub(super) async fn tokens(tx: &Write, day: NaiveDate) -> Result<Vec<(Dims, i64, i64)>> {
    use token_rollup::Column;
    let (from, to) = around(day);
    let rows = token_rollup::Entity::within(Scope::Everyone)
        .filter(Column::BucketStart.gte(from))
        .filter(Column::BucketStart.lt(to))
        .all(tx)
        .await?;
    let amount = |row: token_rollup::Model| {
        let dims = Dims {
            model: row.model,
            task: row.task,
            kind: row.kind,
        };
        (dims, (row.bucket_start - from).num_seconds(), row.count)
    };
    Ok(rows.into_iter().map(amount).collect())
}

/// The runs of a day: where they stand, at which second of the day, and how many.
pub(super) async fn runs(tx: &Write, day: NaiveDate) -> Result<Vec<(Place, i64, i64)>> {
    use run_rollup::Column;
    let (from, to) = around(day);
    let rows = run_rollup::Entity::within(Scope::Everyone)
        .filter(Column::Grain.eq(RollupGrain::Quarter))
        .filter(Column::BucketStart.gte(from))
        .filter(Column::BucketStart.lt(to))
        .all(tx)
        .await?;
    let amount = |row: run_rollup::Model| {
        let place = Place {
            status: row.status,
            stage: row.current_stage,
        };
        (place, (row.bucket_start - from).num_seconds(), row.count)
    };
    Ok(rows.into_iter().map(amount).collect())
}

/// Put down a pack. Who calls it holds the rollups.
pub(super) async fn put(
    tx: &Write,
    subject: PackSubject,
    day: NaiveDate,
    packed: Packed,
) -> Result<()> {
    let row = day_pack::Model {
        id: tx.fresh(),
        subject,
        day,
        totals: packed.totals,
        hours: packed.hours,
        quarters: packed.quarters,
        created_at: tx.now,
        updated_at: tx.now,
    };
    // Another process may have packed it since somebody looked.
    forget(tx, subject, [day]).await?;
    tx.insert_all::<day_pack::Entity>([row]).await?;
    Ok(())
}

/// Take away the packs of some days.
pub(in crate::analytics::rollup) async fn forget(
    tx: &Write,
    subject: PackSubject,
    days: impl IntoIterator<Item = NaiveDate>,
) -> Result<()> {
    let days: Vec<NaiveDate> = days.into_iter().collect();
    for some in days.chunks(KEYS) {
        day_pack::Entity::delete_many()
            .filter(day_pack::Column::Subject.eq(subject))
            .filter(day_pack::Column::Day.is_in(some.iter().copied()))
            .exec(tx)
            .await?;
    }
    Ok(())
}

/// Take away all packs.
pub(in crate::analytics::rollup) async fn forget_all(tx: &Write) -> Result<()> {
    day_pack::Entity::delete_many().exec(tx).await?;
    Ok(())
}

/// The first moment of a day of UTC, and that of the next.
fn around(day: NaiveDate) -> (DateTime<Utc>, DateTime<Utc>) {
    (midnight(day), midnight(day + Days::new(1)))
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}
