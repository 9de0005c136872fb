//! Pages are counted from a row, not from zero: keyset pages over (time, id).
//!
//! A cursor is base64url of an 8-byte mark of the list it belongs to, the row's time in
//! microseconds and its id. A cursor of another list is refused. Nothing returns "all", and nothing is
//! counted unless somebody asks for it.

mod postgres;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select, Statement,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::check::is_kept;
use crate::db::Engine;
use crate::error::{Common, Error, Result};

/// The most rows that a page has.
pub const MAX: u64 = 100;
const DEFAULT: u64 = 50;

/// What a caller asks of a list.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The cursor after which the page begins.
    pub after: Option<String>,
    /// How many rows, 1 to [`MAX`]; 50 unless said.
    pub limit: Option<u64>,
    /// Whether the whole list is counted, too.
    pub count: Option<Count>,
}

/// How a list is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// Row by row, which takes the longer the longer the list is.
    Exact,
    /// As the planner of the database sees it, where it has one (`PostgreSQL`); else row by row.
    Estimated,
}

/// How many rows a list has in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// The number.
    pub count: u64,
    /// Whether they were counted.
    pub exact: bool,
}

/// Some rows, and where the next ones begin.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
    /// How many rows the list has in all, when that was asked for.
    pub total: Option<Total>,
}

/// Which end of the list comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The newest row.
    Newest,
    /// The oldest row.
    Oldest,
}

/// A row's place in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The row's time.
    pub time: DateTime<Utc>,
    /// The row's id.
    pub id: Uuid,
}

impl Request {
    /// The page's size, or the refusal.
    pub fn limit(&self) -> Result<u64> {
        match self.limit.unwrap_or(DEFAULT) {
            limit @ 1..=MAX => Ok(limit),
            _ => Err(Common::Limit { max: MAX }.into()),
        }
    }

    /// One page of `select`, ordered by `time` and `id`. `list` names the list with its filter, so
    /// that its cursors fit no other; `place` tells a row's place.
    pub async fn page<E: EntityTrait>(
        &self,
        conn: &impl ConnectionTrait,
        select: Select<E>,
        (time, id): (E::Column, E::Column),
        order: Order,
        list: &str,
        place: impl Fn(&E::Model) -> Place,
    ) -> Result<Page<E::Model>> {
        let limit = self.limit()?;
        let cursor = self.after.as_ref();
        let from = cursor.map(|cursor| open(list, order, cursor)).transpose()?;
        let total = self.total(conn, &select).await?;
        let mut select = match order {
            Order::Newest => select.order_by_desc(time).order_by_desc(id),
            Order::Oldest => select.order_by_asc(time).order_by_asc(id),
        };
        if let Some(from) = from {
            let row = Expr::tuple([time.into_expr(), id.into_expr()]);
            let edge = Expr::tuple([Expr::val(from.time), Expr::val(from.id)]);
            select = select.filter(match order {
                Order::Newest => row.lt(edge),
                Order::Oldest => row.gt(edge),
            });
        }
        let rows = select.limit(limit + 1).all(conn).await?;
        Ok(Page::cut(rows, limit, total, |last| {
            seal(list, order, place(last))
        }))
    }

    /// How many rows `select` has, when that was asked for: the list with its filter, before it is cut
    /// into pages.
    pub(crate) async fn total<E: EntityTrait>(
        &self,
        conn: &impl ConnectionTrait,
        select: &Select<E>,
    ) -> Result<Option<Total>> {
        let rows = || {
            let rows = select.clone().select_only().expr(Expr::cust("1"));
            rows.build(conn.get_database_backend())
        };
        self.total_of(conn, rows).await
    }

    /// The same for a list that is a statement.
    pub(crate) async fn total_of(
        &self,
        conn: &impl ConnectionTrait,
        rows: impl FnOnce() -> Statement,
    ) -> Result<Option<Total>> {
        let Some(count) = self.count else {
            return Ok(None);
        };
        let mut rows = rows();
        if count == Count::Estimated && rows.db_backend == Engine::Postgres.into() {
            let count = postgres::estimate(conn, rows).await?;
            let exact = false;
            return Ok(Some(Total { count, exact }));
        }
        rows.sql = format!("SELECT count(*) FROM ({}) AS listed", rows.sql);
        let row = conn.query_one_raw(rows).await?;
        let row = row.ok_or_else(|| Error::internal("a count is one row"))?;
        let count: i64 = row.try_get_by_index(0)?;
        Ok(Some(Total {
            count: count.try_into().unwrap_or_default(),
            exact: true,
        }))
    }
}

impl<T> Page<T> {
    /// The page of `rows`, of which one more than `limit` was asked for.
    pub(crate) fn cut(
        mut rows: Vec<T>,
        limit: u64,
        total: Option<Total>,
        cursor: impl Fn(&T) -> String,
    ) -> Self {
        let more = rows.len() as u64 > limit;
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next = rows.last().filter(|_| more).map(cursor);
        Self {
            items: rows,
            next,
            total,
        }
    }

    /// The same page of something else.
    pub fn map<U>(self, into: impl FnMut(T) -> U) -> Page<U> {
        self.with(|items| items.into_iter().map(into).collect())
    }

    /// The same page with what `into` makes of all its rows.
    pub(crate) fn with<U>(self, into: impl FnOnce(Vec<T>) -> Vec<U>) -> Page<U> {
        Page {
            items: into(self.items),
            next: self.next,
            total: self.total,
        }
    }
}

pub(crate) fn mark(list: &str, order: Order) -> [u8; 8] {
    let digest = Sha256::digest(format!("{order:?}\n{list}"));
    let mut mark = [0; 8];
    mark.copy_from_slice(&digest[..8]);
    mark
}

/// The cursor of `place` in `list`.
pub fn seal(list: &str, order: Order, place: Place) -> String {
    let time = place.time.timestamp_micros().to_be_bytes();
    seal_bytes(list, order, &[&time[..], place.id.as_bytes()].concat())
}

/// A cursor of `list`, for lists whose order is another than (time, id): `place` is what they know
/// a row's place by.
pub(crate) fn seal_bytes(list: &str, order: Order, place: &[u8]) -> String {
    BASE64.encode([&mark(list, order)[..], place].concat())
}

/// What [`seal_bytes`] was given, of a cursor of `list`, where that has a length of its own.
pub(crate) fn open_bytes<const N: usize>(
    list: &str,
    order: Order,
    cursor: &str,
) -> Result<[u8; N]> {
    let place = open_all(list, order, cursor)?;
    <[u8; N]>::try_from(place).map_err(|_| Common::Cursor.into())
}

/// What [`seal_bytes`] was given, of a cursor of `list`, where that is a text.
pub(crate) fn open_text(list: &str, order: Order, cursor: &str) -> Result<String> {
    let place = open_all(list, order, cursor)?;
    String::from_utf8(place).map_err(|_| Common::Cursor.into())
}

/// What [`seal_bytes`] was given, of a cursor of `list`.
pub(crate) fn open_all(list: &str, order: Order, cursor: &str) -> Result<Vec<u8>> {
    let read = || {
        let bytes = BASE64.decode(cursor).ok()?;
        let (found, place) = bytes.split_at_checked(8)?;
        (found == mark(list, order)).then(|| place.to_vec())
    };
    read().ok_or_else(|| Common::Cursor.into())
}

/// The place that a cursor of `list` names.
pub fn open(list: &str, order: Order, cursor: &str) -> Result<Place> {
    let bytes: [u8; 24] = open_bytes(list, order, cursor)?;
    let (time, id) = bytes.split_at(8);
    let read = || {
        Some(Place {
            time: moment(time)?,
            id: Uuid::from_slice(id).ok()?,
        })
    };
    read().ok_or_else(|| Common::Cursor.into())
}

/// The time that a cursor's eight bytes are.
pub(crate) fn moment(bytes: &[u8]) -> Option<DateTime<Utc>> {
    let micros = i64::from_be_bytes(bytes.try_into().ok()?);
    DateTime::from_timestamp_micros(micros).filter(|time| is_kept(*time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_in_its_own_list_only() {
        let place = Place {
            time: DateTime::from_timestamp_micros(1_767_225_600_123_456).unwrap(),
            id: Uuid::from_u128(7),
        };
        let cursor = seal("runs", Order::Newest, place);

        assert_eq!(open("runs", Order::Newest, &cursor).unwrap(), place);
        // Nobody was ever given this one: no engine could look for it.
        let time = DateTime::<Utc>::MIN_UTC;
        let far = seal("runs", Order::Newest, Place { time, ..place });
        for (list, order, cursor) in [
            ("threads", Order::Newest, cursor.as_str()),
            ("runs", Order::Oldest, cursor.as_str()),
            ("runs", Order::Newest, &far),
            ("runs", Order::Newest, "AAAA"),
            ("runs", Order::Newest, "no base64!"),
            ("runs", Order::Newest, ""),
        ] {
            assert_eq!(open(list, order, cursor).unwrap_err().code(), "cursor.bad");
        }
    }
}
