//! Who may see which rows.
//!
//! A policy (in `service`) turns a caller into a [`Scope`]; every read of a table starts from
//! [`Scoped::within`], so forgetting to authorise is forgetting an argument. A row outside the
//! scope does not exist for the caller.

use sea_orm::{Condition, EntityTrait, QueryFilter, Select};

use crate::id::UserId;

/// The rows that a caller may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every row: staff and the system itself.
    Everyone,
    /// The rows of one person.
    Owner(UserId),
}

/// How a table's rows belong to people. Said once a table, in [`crate::registry`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The named column holds the owner's id.
    Own(&'static str),
    /// The named column points at a row (of the named table) that belongs to somebody.
    Via(&'static str, &'static str),
    /// Everybody may read every row.
    Public,
    /// Rows of the house: only [`Scope::Everyone`] sees them.
    Staff,
}

/// An entity whose rows have a declared [`Rule`]; implemented by the registry.
pub trait Scoped: EntityTrait {
    /// Whose rows these are.
    const RULE: Rule;

    /// The condition under which a row is inside `scope`.
    fn visible(scope: Scope) -> Condition;

    /// Where every read of the table begins.
    fn within(scope: Scope) -> Select<Self> {
        Self::find().filter(Self::visible(scope))
    }
}
