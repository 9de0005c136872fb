//! The order of a list.

use super::Column;
use super::kind::Kind;

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The smallest first; nulls last.
    Ascending,
    /// The largest first; nulls last.
    Descending,
}

/// One column that a list is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    /// The column's place.
    pub column: usize,
    /// Which end comes first.
    pub direction: Direction,
}

/// The newest first, by the time when a row was made; by the key where no row knows its time.
pub(super) fn default(columns: &[Column], key: usize) -> Vec<Term> {
    let made = |column: &Column| {
        column.kind == Kind::Time && ["created_at", "creation_date"].contains(&column.name)
    };
    let descending = |column| Term {
        column,
        direction: Direction::Descending,
    };
    let time = columns.iter().position(made).map(descending);
    time.into_iter().chain([descending(key)]).collect()
}
