//! The triggers that let the audit log only grow.

mod postgres;
mod sqlite;

use crate::declare::Objects;

/// The objects of both engines.
pub(super) const OBJECTS: Objects = Objects {
    postgres: postgres::OBJECTS,
    sqlite: sqlite::OBJECTS,
};
