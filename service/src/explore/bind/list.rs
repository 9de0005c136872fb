//! One page of a list: how many rows, from where, which, in what order.

use std::sync::OnceLock;

use serde_json::Value;

use super::{Args, Filter, Mark, Scalar, given, wrong};
use crate::error::{Common, Result};
use crate::explore::access::Access;
use crate::explore::catalog::{Direction, Entity, Kind, Relation, Term, screaming_case};

/// How many rows a page has unless it is said.
pub const PAGE: u64 = 50;
/// The most rows that a page has.
pub const MOST: u64 = 100;
/// The most columns that a list is ordered by.
const TERMS: usize = 8;

/// One page of a list.
#[derive(Clone, Debug)]
pub struct ListArgs {
    /// How many rows at most.
    pub limit: u64,
    /// Whether the page is cut from the end of the list.
    pub backward: bool,
    /// The row after which the page begins.
    pub after: Option<Edge>,
    /// The row before which the page ends.
    pub before: Option<Edge>,
    /// Which rows the list has.
    pub filter: Option<Filter>,
    /// In what order. It leaves no two rows equal.
    pub order: Vec<Term>,
    /// Made when it is first asked for.
    mark: OnceLock<Mark>,
}

/// What a row at a page's edge is ordered by, null where it has no value.
pub type Edge = Vec<Option<Scalar>>;

impl ListArgs {
    /// Read `first`, `after`, `last`, `before`, `filter` and `orderBy`. `along` is the relation that
    /// the list is reached by: its column is the same for all rows.
    pub fn read(
        entity: &Entity,
        access: &Access,
        args: &Args,
        along: Option<&Relation>,
    ) -> Result<Self> {
        let (first, last) = (count(args, "first")?, count(args, "last")?);
        if first.is_some() && last.is_some() {
            return Err(wrong(
                "last",
                "ask for the first or the last rows, not for both",
            ));
        }
        let filter = given(args, "filter");
        let filter = filter
            .map(|value| Filter::read(entity, access, value))
            .transpose()?;
        let filter = filter.filter(|filter| !filter.is_all());
        let order = order(entity, access, given(args, "orderBy"), along)?;
        let mut page = Self {
            limit: first.or(last).unwrap_or(PAGE),
            backward: last.is_some(),
            after: None,
            before: None,
            filter,
            order,
            mark: OnceLock::new(),
        };
        let edge = |name: &str| {
            let cursor = given(args, name).map(|cursor| cursor.as_str().ok_or(Common::Cursor));
            let edge = cursor.transpose()?.map(|cursor| page.edge(entity, cursor));
            edge.transpose()
        };
        (page.after, page.before) = (edge("after")?, edge("before")?);
        Ok(page)
    }

    /// Every row that `filter` lets through.
    pub(in crate::explore) fn all(entity: &Entity, filter: Filter) -> Self {
        Self {
            limit: MOST,
            backward: false,
            after: None,
            before: None,
            filter: Some(filter),
            order: entity.default_order.clone(),
            mark: OnceLock::new(),
        }
    }

    /// Where the row of a cursor of this list stands.
    pub fn edge(&self, entity: &Entity, cursor: &str) -> Result<Edge> {
        self.mark(entity).open(entity, &self.order, cursor)
    }

    /// What tells this list's cursors from another's.
    pub fn mark(&self, entity: &Entity) -> Mark {
        let make = || Mark::of(entity, &self.order, self.filter.as_ref());
        *self.mark.get_or_init(make)
    }
}

fn count(args: &Args, name: &str) -> Result<Option<u64>> {
    let Some(value) = given(args, name) else {
        return Ok(None);
    };
    match value.as_u64() {
        Some(count @ 0..=MOST) => Ok(Some(count)),
        _ => Err(wrong(name, format!("must be between 0 and {MOST}"))),
    }
}

fn order(
    entity: &Entity,
    access: &Access,
    value: Option<&Value>,
    along: Option<&Relation>,
) -> Result<Vec<Term>> {
    let Some(value) = value else {
        return Ok(default(entity, along));
    };
    let items = value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice);
    if items.len() > TERMS {
        return Err(wrong("orderBy", format!("has more than {TERMS} columns")));
    }
    let mut order: Vec<Term> = Vec::with_capacity(items.len() + 1);
    for (at, item) in items.iter().enumerate() {
        let pointer = format!("orderBy/{at}");
        let term = item.as_str().and_then(|name| term(entity, name));
        let term = term.ok_or_else(|| wrong(&pointer, "there is no such order"))?;
        access.need_column(entity, &entity.columns[term.column])?;
        if order.iter().all(|earlier| earlier.column != term.column) {
            order.push(term);
        }
    }
    if order.is_empty() {
        return Ok(default(entity, along));
    }
    // Without a tie between two rows a page's edge is one place.
    let decided = entity.uniques.iter().any(|unique| {
        unique.iter().all(|column| {
            along.is_some_and(|relation| relation.to == *column)
                || order.iter().any(|term| term.column == *column)
        })
    });
    if !decided {
        let direction = order
            .last()
            .map_or(Direction::Ascending, |term| term.direction);
        order.push(Term {
            column: entity.key,
            direction,
        });
    }
    Ok(order)
}

/// Rows that are numbered within their parent come in that order; others the newest first.
fn default(entity: &Entity, along: Option<&Relation>) -> Vec<Term> {
    let numbered = along.and_then(|relation| {
        entity.uniques.iter().find_map(|unique| match unique[..] {
            [parent, number] if parent == relation.to => {
                let kind = entity.columns[number].kind;
                matches!(kind, Kind::Int | Kind::Big).then_some(number)
            }
            _ => None,
        })
    });
    numbered.map_or_else(
        || entity.default_order.clone(),
        |column| {
            vec![Term {
                column,
                direction: Direction::Ascending,
            }]
        },
    )
}

/// The term that GraphQL writes as `name`: `CREATED_AT_DESC`.
fn term(entity: &Entity, name: &str) -> Option<Term> {
    let (column, direction) = match name.strip_suffix("_DESC") {
        Some(column) => (column, Direction::Descending),
        None => (name.strip_suffix("_ASC")?, Direction::Ascending),
    };
    let is = |(_, known): &(usize, &crate::explore::catalog::Column)| {
        known.kind.is_ordered() && screaming_case(&known.field) == column
    };
    let (column, _) = entity.columns.iter().enumerate().find(is)?;
    Some(Term { column, direction })
}
