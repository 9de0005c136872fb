//! Pages are counted from a row, not from zero: keyset pages over (time, id).
//!
//! A cursor is base64url of an 8-byte mark of the list it belongs to, the row's time in
//! microseconds and its id. A cursor of another list is refused. Nothing returns "all".

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::check::is_kept;
use crate::error::{Common, Result};

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
}

/// Some rows, and where the next ones begin.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
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
        let mut select = match order {
            Order::Newest => select.order_by_desc(time).order_by_desc(id),
            Order::Oldest => select.order_by_asc(time).order_by_asc(id),
        };
        if let Some(cursor) = &self.after {
            let from = open(list, order, cursor)?;
            let row = Expr::tuple([time.into_expr(), id.into_expr()]);
            let edge = Expr::tuple([Expr::val(from.time), Expr::val(from.id)]);
            select = select.filter(match order {
                Order::Newest => row.lt(edge),
                Order::Oldest => row.gt(edge),
            });
        }
        let mut items = select.limit(limit + 1).all(conn).await?;
        let more = items.len() as u64 > limit;
        items.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let next = items
            .last()
            .filter(|_| more)
            .map(|last| seal(list, order, place(last)));
        Ok(Page { items, next })
    }
}

impl<T> Page<T> {
    /// The same page of something else.
    pub fn map<U>(self, into: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(into).collect(),
            next: self.next,
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
    BASE64.encode([&mark(list, order)[..], &time, place.id.as_bytes()].concat())
}

/// The place that a cursor of `list` names.
pub fn open(list: &str, order: Order, cursor: &str) -> Result<Place> {
    let read = || {
        let bytes = <[u8; 32]>::try_from(BASE64.decode(cursor).ok()?).ok()?;
        let (head, id) = bytes.split_at(16);
        let (found, time) = head.split_at(8);
        let time = i64::from_be_bytes(time.try_into().ok()?);
        (found == mark(list, order)).then_some(())?;
        Some(Place {
            time: DateTime::from_timestamp_micros(time).filter(|time| is_kept(*time))?,
            id: Uuid::from_slice(id).ok()?,
        })
    };
    read().ok_or_else(|| Common::Cursor.into())
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
