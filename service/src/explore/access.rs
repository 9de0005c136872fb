//! What a caller may ask of the engine: which rows, which tables, which columns.
//!
//! A secret column is not even in the catalogue. Beyond that an operator reads everything but how
//! others vouch for a person, and the audit log; a person reads their own rows and what is public.

use entity::Scope;
use entity::id::UserId;
use entity::registry::Writes;
use entity::scope::Rule;

use super::catalog::{Column, Entity};
use super::error::Error;
use crate::actor::{Actor, Grant};
use crate::error::Result;

/// Tables that only admins read.
const ADMIN_TABLES: &[&str] = &["audit_log"];
/// Columns that only admins read, and the person whose row it is: not the staff that helps them.
const ADMIN_COLUMNS: &[(&str, &str)] = &[("user_identities", "subject")];

/// Tables whose rows are their owner's alone unless they are shared, for the staff too; admins tidy
/// up after those who left. The columns say whose a row is and whether it is shared.
const SHARED_TABLES: &[(&str, &str, &str)] = &[
    ("saved_views", "user_id", "shared"),
    ("saved_reports", "user_id", "shared"),
];

/// What a caller may ask. Made anew for every request.
#[derive(Clone, Copy, Debug)]
pub struct Access {
    scope: Scope,
    admin: bool,
    person: Option<UserId>,
    writer: bool,
}

impl Access {
    /// What `actor` may read, or the refusal.
    pub fn of(actor: &Actor) -> Result<Self> {
        let scope = actor.reads()?;
        Ok(Self {
            scope,
            admin: actor.is_admin(),
            person: actor.user(),
            writer: actor.need(Grant::Write).is_ok(),
        })
    }

    /// The rows.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The columns by which a row of the staff's is private, and for whom it is not: who is not an
    /// admin sees their own and what is shared.
    pub fn sharing(&self, entity: &Entity) -> Option<(&'static str, &'static str, UserId)> {
        let table = entity.resource.table;
        let known = SHARED_TABLES.iter().find(|(shared, ..)| *shared == table);
        let (_, owner, shared) = known.filter(|_| !self.admin && self.scope == Scope::Everyone)?;
        Some((
            owner,
            shared,
            self.person.unwrap_or(UserId(uuid::Uuid::nil())),
        ))
    }

    /// Whether `entity` can be read at all.
    pub fn reads(&self, entity: &Entity) -> bool {
        let table = entity.resource.table;
        match self.scope {
            Scope::Everyone => self.admin || !ADMIN_TABLES.contains(&table),
            Scope::Owner(_) => entity.rule() != Rule::Staff,
        }
    }

    /// Whether the caller is one of those who write rows of `entity` by the generic doors; what can
    /// be done to them is said in [`super::change`].
    pub fn writes(&self, entity: &Entity) -> bool {
        let staff = matches!(self.scope, Scope::Everyone);
        let may = match entity.resource.writes {
            Writes::Verbs => false,
            Writes::Operators => staff,
            Writes::Admins => self.admin,
        };
        self.writer && may
    }

    /// Whether the caller is one of those who put removed rows of `entity` back: admins.
    pub fn restores(&self, entity: &Entity) -> bool {
        self.admin && self.writes(entity)
    }

    /// Whether `column` of a readable entity can be read.
    pub fn reads_column(&self, entity: &Entity, column: &Column) -> bool {
        self.admin
            || matches!(self.scope, Scope::Owner(_))
            || !ADMIN_COLUMNS.contains(&(entity.resource.table, column.name))
    }

    /// Refuse unless `entity` can be read.
    pub fn need(&self, entity: &Entity) -> Result<()> {
        if self.reads(entity) {
            return Ok(());
        }
        Err(Error::Hidden {
            what: entity.plural.clone(),
        }
        .into())
    }

    /// Refuse unless `column` can be read.
    pub fn need_column(&self, entity: &Entity, column: &Column) -> Result<()> {
        if self.reads_column(entity, column) {
            return Ok(());
        }
        Err(Error::Hidden {
            what: format!("{}.{}", entity.name, column.field),
        }
        .into())
    }
}
