//! The queries of how many people were active.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use entity::analytics::active_rollup;
use entity::id::UserId;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, Statement, Value,
};

use super::Counts;
use crate::analytics::rollup::DAY;
use crate::analytics::rollup::compare::LIMIT;
use crate::analytics::rollup::sums::day;
use crate::analytics::store::date;
use crate::db::Engine;
use crate::error::Result;
use crate::write::Write;

/// How many keys one statement names.
const KEYS: usize = 1_000;

/// `keys(day, user_id)` as a table within a statement, and its values.
fn keys(some: &[(NaiveDate, UserId)]) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = Vec::new();
    let mut rows = Vec::new();
    for (day, user) in some {
        values.extend([(*day).into(), (*user).into()]);
        rows.push(format!("(${}, ${})", values.len() - 1, values.len()));
    }
    let table = format!("keys(day, user_id) AS (VALUES {})", rows.join(", "));
    (table, values)
}

#[derive(Debug, FromQueryResult)]
struct Standing {
    day: NaiveDate,
    user_id: UserId,
    messages: i64,
}

/// How many messages the days of people have.
pub(super) async fn standing(
    tx: &Write,
    all: &[(NaiveDate, UserId)],
) -> Result<BTreeMap<(NaiveDate, UserId), i64>> {
    let mut found = BTreeMap::new();
    for some in all.chunks(KEYS) {
        let (keys, values) = keys(some);
        let sql = format!(
            "WITH {keys} SELECT r.day, r.user_id, r.messages FROM keys k \
             JOIN user_day_rollups r ON r.user_id = k.user_id AND r.day = k.day"
        );
        let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
        let rows = Standing::find_by_statement(statement).all(tx).await?;
        found.extend(
            rows.into_iter()
                .map(|row| ((row.day, row.user_id), row.messages)),
        );
    }
    Ok(found)
}

#[derive(Debug, FromQueryResult)]
struct Around {
    day: NaiveDate,
    user_id: UserId,
    earlier: Option<NaiveDate>,
    later: Option<NaiveDate>,
}

/// Days of people, with the active ones right before and after each.
pub(super) async fn around(
    tx: &Write,
    all: &[(NaiveDate, UserId)],
) -> Result<Vec<(NaiveDate, UserId, Option<NaiveDate>, Option<NaiveDate>)>> {
    let mut found = Vec::new();
    for some in all.chunks(KEYS) {
        let (keys, values) = keys(some);
        let sql = format!(
            "WITH {keys} SELECT k.day, k.user_id, \
                 (SELECT max(r.day) FROM user_day_rollups r \
                  WHERE r.user_id = k.user_id AND r.day < k.day AND r.messages > 0) AS earlier, \
                 (SELECT min(r.day) FROM user_day_rollups r \
                  WHERE r.user_id = k.user_id AND r.day > k.day AND r.messages > 0) AS later \
             FROM keys k"
        );
        let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
        let rows = Around::find_by_statement(statement).all(tx).await?;
        let rows = rows.into_iter();
        found.extend(rows.map(|row| (row.day, row.user_id, row.earlier, row.later)));
    }
    Ok(found)
}

/// Add to the counts.
pub(super) async fn apply(tx: &Write, counts: Counts) -> Result<()> {
    use active_rollup::{Column, Entity};
    let mut touched = std::collections::BTreeSet::new();
    let counts = counts.into_iter().filter(|(_, people)| *people != 0);
    let rows: Vec<active_rollup::Model> = counts
        .map(|((day, gap), people)| {
            if people < 0 {
                touched.insert(day);
            }
            active_rollup::Model {
                id: tx.fresh(),
                day,
                gap,
                people,
                created_at: tx.now,
                updated_at: tx.now,
            }
        })
        .collect();
    let mut conflict = OnConflict::columns([Column::Day, Column::Gap]);
    let more = Expr::col((Alias::new("excluded"), Column::People));
    conflict
        .value(
            Column::People,
            Expr::col((Entity, Column::People)).add(more),
        )
        .update_column(Column::UpdatedAt);
    tx.merge_all::<Entity>(rows, &conflict).await?;
    let touched: Vec<_> = touched.into_iter().collect();
    for some in touched.chunks(KEYS) {
        Entity::delete_many()
            .filter(Column::Day.is_in(some.iter().copied()))
            .filter(Column::People.eq(0_i64))
            .exec(tx)
            .await?;
    }
    Ok(())
}

#[derive(Debug, FromQueryResult)]
struct Row {
    day: i64,
    gap: i64,
    people: i64,
}

/// What the counts lack of the days of people; at most [`LIMIT`] of them.
pub(super) async fn compare(conn: &impl ConnectionTrait, engine: Engine) -> Result<Counts> {
    let (own, before) = (date(engine, "day"), date(engine, "earlier"));
    let sql = format!(
        "SELECT day, gap, CAST(sum(people) AS bigint) AS people FROM (\
             SELECT {own} AS day, coalesce(({own} - {before}) / {DAY}, 0) AS gap, \
                    count(*) AS people \
             FROM (SELECT day, lag(day) OVER (PARTITION BY user_id ORDER BY day) AS earlier \
                   FROM user_day_rollups WHERE messages > 0) d \
             GROUP BY 1, 2 \
             UNION ALL \
             SELECT {own}, CAST(gap AS bigint), -people FROM active_rollups\
         ) x GROUP BY day, gap HAVING sum(people) <> 0 ORDER BY day, gap LIMIT {LIMIT}"
    );
    let statement = Statement::from_string(conn.get_database_backend(), sql);
    let rows = Row::find_by_statement(statement).all(conn).await?;
    let pair = |row: Row| {
        let gap = i32::try_from(row.gap).unwrap_or(i32::MAX);
        ((day(row.day), gap), row.people)
    };
    Ok(rows.into_iter().map(pair).collect())
}
