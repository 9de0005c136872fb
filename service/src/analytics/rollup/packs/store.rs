//! The queries of packs.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use entity::analytics::run_rollup::RollupGrain;
use entity::analytics::{token_day_rollup, user_day_rollup, user_month_rollup, user_pack};
use entity::id::UserId;
use entity::{Scope, Scoped};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::analytics::most;
use crate::error::Result;
use crate::write::Write;

/// How many keys one statement names.
const KEYS: usize = 1_000;

/// The days on which tokens were spent.
pub(super) async fn days(conn: &impl ConnectionTrait) -> Result<Vec<NaiveDate>> {
    let days = token_day_rollup::Entity::within(Scope::Everyone)
        .select_only()
        .column(token_day_rollup::Column::Day)
        .distinct()
        .order_by_asc(token_day_rollup::Column::Day);
    Ok(days.into_tuple().all(conn).await?)
}

/// What is packed.
pub(super) async fn packed(
    conn: &impl ConnectionTrait,
) -> Result<BTreeSet<(RollupGrain, NaiveDate)>> {
    let keys: Vec<(RollupGrain, NaiveDate)> = user_pack::Entity::within(Scope::Everyone)
        .select_only()
        .columns([user_pack::Column::Grain, user_pack::Column::Start])
        .into_tuple()
        .all(conn)
        .await?;
    Ok(keys.into_iter().collect())
}

/// Pack one bucket. Who calls it holds the rollups.
pub(super) async fn pack(tx: &Write, grain: RollupGrain, start: NaiveDate) -> Result<()> {
    let people: Vec<(UserId, i64)> = if grain == RollupGrain::Month {
        use user_month_rollup::Column;
        user_month_rollup::Entity::within(Scope::Everyone)
            .select_only()
            .columns([Column::UserId, Column::Tokens])
            .filter(Column::Month.eq(start))
            .order_by_asc(Column::UserId)
            .into_tuple()
            .all(tx)
            .await?
    } else {
        use user_day_rollup::Column;
        user_day_rollup::Entity::within(Scope::Everyone)
            .select_only()
            .columns([Column::UserId, Column::Tokens])
            .filter(Column::Day.eq(start))
            .order_by_asc(Column::UserId)
            .into_tuple()
            .all(tx)
            .await?
    };
    let row = user_pack::Model {
        id: tx.fresh(),
        grain,
        start,
        people: i64::try_from(people.len()).unwrap_or(i64::MAX),
        packed: most::pack(&people),
        created_at: tx.now,
        updated_at: tx.now,
    };
    // Another process may have packed it since somebody looked.
    forget(tx, grain, &[start]).await?;
    tx.insert_all::<user_pack::Entity>([row]).await?;
    Ok(())
}

/// Take away packs of a grain.
pub(super) async fn forget(tx: &Write, grain: RollupGrain, starts: &[NaiveDate]) -> Result<()> {
    for some in starts.chunks(KEYS) {
        user_pack::Entity::delete_many()
            .filter(user_pack::Column::Grain.eq(grain))
            .filter(user_pack::Column::Start.is_in(some.iter().copied()))
            .exec(tx)
            .await?;
    }
    Ok(())
}

/// Take away all packs.
pub(super) async fn forget_all(tx: &Write) -> Result<()> {
    user_pack::Entity::delete_many().exec(tx).await?;
    Ok(())
}
