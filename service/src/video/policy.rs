//! Who may do what to videos. Those that are public and complete are everybody's to see, without
//! their owner.

use entity::Scope;
use entity::id::UserId;

use crate::actor::{Actor, Grant};
use crate::error::{Common, Result};

/// People see their own; staff see all.
pub(super) fn read(actor: &Actor) -> Result<Scope> {
    actor.reads()
}

/// Everybody asks for their own.
pub(super) fn ask(actor: &Actor) -> Result<UserId> {
    actor.need(Grant::Write)?;
    actor.person()
}

/// People write their own; staff write all.
pub(super) fn write(actor: &Actor) -> Result<Scope> {
    actor.writes(actor.is_staff())
}

/// Only the house gives videos up.
pub(super) fn expire(actor: &Actor) -> Result<()> {
    match actor {
        Actor::System(_) => Ok(()),
        _ => Err(Common::Denied.into()),
    }
}
