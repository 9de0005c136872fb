//! The queries that move the rollups.

use chrono::{DateTime, Utc};
use entity::analytics::{
    rollup_state, thread_rollup, token_day_rollup, token_delta, token_hour_rollup, token_rollup,
    token_user_rollup, user_day_rollup, user_month_rollup,
};
use entity::conversation::token_consumption::{TokenTask, TokenType};
use entity::id::{MessageId, ThreadId, TokenDeltaId, UserId};
use entity::{Scope, Scoped};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, LockBehavior, LockType, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, Set, Statement, Value,
};

use super::reconcile::Moved;
use super::sums::{Additions, Amount, Dims, Key, Sums, moment};
use super::{MODEL, QUARTER, active, packs};
use crate::analytics::store::stretch;
use crate::error::Result;
use crate::write::Write;

/// How many keys one statement names.
const KEYS: usize = 1_000;

/// Which messages are counted, with the tokens that they cost.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which<'a> {
    /// Only these.
    Messages(&'a [MessageId]),
    /// Those of these threads.
    Threads(&'a [ThreadId]),
}

/// What a delta would say of rows as they stand.
#[derive(Debug, FromQueryResult)]
struct Raw {
    moment: i64,
    user_id: UserId,
    thread_id: ThreadId,
    model: Option<String>,
    task: Option<TokenTask>,
    kind: Option<TokenType>,
    count: i64,
    messages: i64,
}

/// The messages as they stand, and the tokens that they cost, `times` over.
pub(super) async fn raw(tx: &Write, which: Which<'_>, times: i64) -> Result<Sums> {
    let (column, ids): (_, Vec<Value>) = match which {
        Which::Messages(ids) => ("message_id", ids.iter().map(|id| (*id).into()).collect()),
        Which::Threads(ids) => ("thread_id", ids.iter().map(|id| (*id).into()).collect()),
    };
    let moment = stretch(tx.engine(), "m.creation_date", QUARTER);
    let mut sums = Sums::default();
    for some in ids.chunks(KEYS) {
        let marks: Vec<String> = (1..=some.len()).map(|at| format!("${at}")).collect();
        let chosen = format!("m.{column} IN ({})", marks.join(", "));
        let sql = format!(
            "SELECT {moment} AS moment, t.user_id, m.thread_id, \
                    substr(c.model, 1, {MODEL}) AS model, CAST(c.task AS text) AS task, \
                    CAST(c.type AS text) AS kind, CAST(sum(c.count) AS bigint) AS count, \
                    count(DISTINCT c.message_id) AS messages \
             FROM messages m \
             JOIN threads t ON t.thread_id = m.thread_id \
             JOIN token_consumption c ON c.message_id = m.message_id \
             WHERE {chosen} \
             GROUP BY 1, 2, 3, 4, 5, 6 \
             UNION ALL \
             SELECT {moment}, t.user_id, m.thread_id, NULL, NULL, NULL, 0, count(*) \
             FROM messages m \
             JOIN threads t ON t.thread_id = m.thread_id \
             WHERE {chosen} \
             GROUP BY 1, 2, 3"
        );
        let backend = tx.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, some.to_vec());
        for row in Raw::find_by_statement(statement).all(tx).await? {
            let dims = dims(row.model, row.task, row.kind);
            let key = Key {
                bucket: row.moment,
                user: row.user_id,
                thread: row.thread_id,
                dims,
            };
            let amount = Amount {
                count: row.count * times,
                messages: row.messages * times,
            };
            sums.add(key, amount);
        }
    }
    Ok(sums)
}

fn dims(model: Option<String>, task: Option<TokenTask>, kind: Option<TokenType>) -> Option<Dims> {
    Some(Dims {
        model: model?,
        task: task?,
        kind: kind?,
    })
}

/// Put down what a write adds.
pub(super) async fn put(tx: &Write, sums: Sums) -> Result<()> {
    let row = |(key, amount): (Key, Amount)| {
        let (model, task, kind) = match key.dims {
            Some(dims) => (Some(dims.model), Some(dims.task), Some(dims.kind)),
            None => (None, None, None),
        };
        token_delta::Model {
            id: tx.fresh(),
            bucket_start: moment(key.bucket),
            user_id: key.user,
            thread_id: key.thread,
            model,
            task,
            kind,
            count: amount.count,
            messages: amount.messages,
            created_at: tx.now,
            updated_at: tx.now,
        }
    };
    tx.insert_all::<token_delta::Entity>(sums.into_rest().map(row))
        .await?;
    Ok(())
}

/// Whether a delta is open.
pub(super) async fn has_open<E>(conn: &impl ConnectionTrait) -> Result<bool>
where
    E: EntityTrait + Scoped,
{
    let first = E::within(Scope::Everyone).one(conn).await?;
    Ok(first.is_some())
}

/// The oldest of the open deltas, by the columns that say when and which.
pub(super) async fn oldest<E>(
    tx: &Write,
    (bucket_start, id): (E::Column, E::Column),
    limit: u64,
) -> Result<Vec<E::Model>>
where
    E: EntityTrait + Scoped,
{
    let select = E::within(Scope::Everyone)
        .order_by_asc(bucket_start)
        .order_by_asc(id);
    Ok(select.limit(limit).all(tx).await?)
}

/// Take away deltas that the rollups have.
pub(super) async fn close<E>(
    tx: &Write,
    column: E::Column,
    ids: Vec<impl Copy + Into<Value>>,
) -> Result<()>
where
    E: EntityTrait,
{
    for some in ids.chunks(KEYS) {
        E::delete_many()
            .filter(column.is_in(some.iter().copied()))
            .exec(tx)
            .await?;
    }
    Ok(())
}

/// Some of the open deltas of tokens.
pub(super) async fn open(
    tx: &Write,
    limit: u64,
) -> Result<(Vec<TokenDeltaId>, Vec<(Key, Amount)>)> {
    use token_delta::{Column, Entity};
    let rows = oldest::<Entity>(tx, (Column::BucketStart, Column::Id), limit).await?;
    let pair = |row: token_delta::Model| {
        let key = Key {
            bucket: row.bucket_start.timestamp(),
            user: row.user_id,
            thread: row.thread_id,
            dims: dims(row.model, row.task, row.kind),
        };
        let amount = Amount {
            count: row.count,
            messages: row.messages,
        };
        (row.id, (key, amount))
    };
    Ok(rows.into_iter().map(pair).unzip())
}

/// How far the rollups are.
pub(in crate::analytics) async fn state(
    conn: &impl ConnectionTrait,
) -> Result<Option<rollup_state::Model>> {
    let select = rollup_state::Entity::within(Scope::Everyone);
    Ok(select.one(conn).await?)
}

/// Hold the rollups until the write is over, as soon as nobody else does.
pub(super) async fn hold(tx: &Write) -> Result<()> {
    ensure(tx).await?;
    let select = rollup_state::Entity::within(Scope::Everyone);
    select.lock_exclusive().one(tx).await?;
    Ok(())
}

/// Hold the rollups until the write is over, unless somebody else does.
pub(super) async fn try_hold(tx: &Write) -> Result<bool> {
    if state(tx).await?.is_none() {
        ensure(tx).await?;
    }
    let select = rollup_state::Entity::within(Scope::Everyone);
    let held = select.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    Ok(held.one(tx).await?.is_some())
}

async fn ensure(tx: &Write) -> Result<()> {
    let row = rollup_state::ActiveModel {
        id: Set(rollup_state::Entity::ID),
        built_at: Set(None),
        reconciled_to: Set(None),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
        charts_built_at: Set(None),
        resume_from: Set(None),
    };
    rollup_state::Entity::insert(row)
        .on_conflict(
            OnConflict::column(rollup_state::Column::Id)
                .do_nothing()
                .to_owned(),
        )
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Say how far the rollups are: never less far than somebody said meanwhile. Who calls it holds
/// them.
pub(super) async fn advance(tx: &Write, reconciled_to: DateTime<Utc>) -> Result<()> {
    use rollup_state::Column;
    let behind = Column::ReconciledTo
        .is_null()
        .or(Column::ReconciledTo.lt(reconciled_to));
    rollup_state::Entity::update_many()
        .col_expr(Column::ReconciledTo, Expr::value(reconciled_to))
        .col_expr(Column::UpdatedAt, Expr::value(tx.now))
        .filter(behind)
        .exec(tx)
        .await?;
    Ok(())
}

/// Say that the rollups were built. Who calls it holds them.
pub(super) async fn built(tx: &Write) -> Result<()> {
    use rollup_state::Column;
    rollup_state::Entity::update_many()
        .col_expr(Column::BuiltAt, Expr::value(tx.now))
        .col_expr(Column::ChartsBuiltAt, Expr::value(tx.now))
        .col_expr(Column::ResumeFrom, Expr::value(None::<String>))
        .col_expr(Column::UpdatedAt, Expr::value(tx.now))
        .exec(tx)
        .await?;
    Ok(())
}

/// Say how far a rebuild is, for one that goes on with it.
pub(super) async fn came_to(tx: &Write, position: String) -> Result<()> {
    use rollup_state::Column;
    ensure(tx).await?;
    rollup_state::Entity::update_many()
        .col_expr(Column::ResumeFrom, Expr::value(position))
        .col_expr(Column::UpdatedAt, Expr::value(tx.now))
        .exec(tx)
        .await?;
    Ok(())
}

/// Add to the rollups. Who calls it holds them.
pub(super) async fn apply(tx: &Write, additions: Additions) -> Result<()> {
    let now = tx.now;
    // Told by the days of people as they stand.
    let active = active::changes(tx, &additions.user_days).await?;
    packs::forget(tx, &additions).await?;
    macro_rules! merge {
        ($domain:ident, $map:expr, [$($key:ident),+], $sum:ident, |$of:pat_param| $fields:tt, $touched:ident) => {{
            use $domain::{Column, Entity};
            let mut touched = std::collections::BTreeSet::new();
            let rows: Vec<$domain::Model> = $map
                .into_rest()
                .map(|(key, amount)| {
                    let row = merge!(@row $domain, tx, now, key, $of, $fields, amount, $sum);
                    if amount.takes() {
                        touched.insert(row.$touched);
                    }
                    row
                })
                .collect();
            let conflict = adding::<Entity>(
                &[$(Column::$key),+], merge!(@column $sum), Column::Messages, Column::UpdatedAt,
            );
            tx.merge_all::<Entity>(rows, &conflict).await?;
            // What is taken away whole leaves no row.
            let touched: Vec<_> = touched.into_iter().collect();
            for some in touched.chunks(KEYS) {
                Entity::delete_many()
                    .filter(merge!(@touched $touched).is_in(some.iter().copied()))
                    .filter(merge!(@column $sum).eq(0_i64))
                    .filter(Column::Messages.eq(0_i64))
                    .exec(tx)
                    .await?;
            }
        }};
        (@column count) => { Column::Count };
        (@column tokens) => { Column::Tokens };
        (@touched bucket_start) => { Column::BucketStart };
        (@touched day) => { Column::Day };
        (@touched month) => { Column::Month };
        (@touched thread_id) => { Column::ThreadId };
        (@row $domain:ident, $tx:ident, $now:ident, $key:ident, $of:pat_param,
            { $($field:ident: $value:expr),+ }, $amount:ident, $sum:ident) => {{
            let $of = $key;
            $domain::Model {
                id: $tx.fresh(),
                $($field: $value,)+
                $sum: $amount.count,
                messages: $amount.messages,
                created_at: $now,
                updated_at: $now,
            }
        }};
    }
    merge!(
        token_rollup, additions.quarters, [BucketStart, Model, Task, Kind], count,
        |(at, dims)| { bucket_start: moment(at), model: dims.model, task: dims.task, kind: dims.kind },
        bucket_start
    );
    merge!(
        token_hour_rollup, additions.hours, [BucketStart, Model, Task, Kind], count,
        |(at, dims)| { bucket_start: moment(at), model: dims.model, task: dims.task, kind: dims.kind },
        bucket_start
    );
    merge!(
        token_day_rollup, additions.days, [Day, Model, Task, Kind], count,
        |(at, dims)| { day: at, model: dims.model, task: dims.task, kind: dims.kind },
        day
    );
    merge!(
        token_user_rollup, additions.users, [BucketStart, UserId, Model, Task, Kind], count,
        |(at, user, dims)| {
            bucket_start: moment(at), user_id: user, model: dims.model, task: dims.task,
            kind: dims.kind
        },
        bucket_start
    );
    merge!(
        user_day_rollup, additions.user_days, [Day, UserId], tokens,
        |(at, user)| { day: at, user_id: user }, day
    );
    merge!(
        user_month_rollup, additions.user_months, [Month, UserId], tokens,
        |(at, user)| { month: at, user_id: user }, month
    );
    merge!(
        thread_rollup, additions.threads, [ThreadId], tokens,
        |thread| { thread_id: thread }, thread_id
    );
    active::apply(tx, active).await
}

/// On a row that is there, add to what it has.
fn adding<E: EntityTrait>(
    keys: &[E::Column],
    sum: E::Column,
    messages: E::Column,
    updated: E::Column,
) -> OnConflict {
    let mut conflict = OnConflict::columns(keys.iter().copied());
    for column in [sum, messages] {
        let more = Expr::col((Alias::new("excluded"), column));
        conflict.value(column, Expr::col((E::default(), column)).add(more));
    }
    conflict.update_column(updated);
    conflict
}

/// The people whose threads moved after one moment, up to another.
pub(super) async fn moved(
    conn: &impl ConnectionTrait,
    (after, to): (DateTime<Utc>, DateTime<Utc>),
    person: Option<UserId>,
    limit: u64,
) -> Result<Vec<Moved>> {
    let mut values: Vec<Value> = vec![after.into(), to.into()];
    let since = person.map_or("", |user| {
        values.push(user.into());
        " AND t.user_id > $3"
    });
    let sql = format!(
        "SELECT t.user_id, min(t.creation_date) AS begun, min(m.creation_date) AS said \
         FROM threads t LEFT JOIN messages m ON m.thread_id = t.thread_id \
         WHERE t.update_date > $1 AND t.update_date <= $2{since} \
         GROUP BY t.user_id ORDER BY t.user_id LIMIT {limit}"
    );
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    Ok(Moved::find_by_statement(statement).all(conn).await?)
}
