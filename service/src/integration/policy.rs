//! Who may do what to integrations.

use entity::Scope;
use entity::id::UserId;

use crate::actor::{Actor, Grant};
use crate::error::{Common, Result};

/// People see their own; staff see all, but what opens them.
pub(super) fn read(actor: &Actor) -> Result<Scope> {
    actor.reads()
}

/// Everybody connects and disconnects their own, and nobody another's.
pub(super) fn own(actor: &Actor) -> Result<UserId> {
    actor.need(Grant::Write)?;
    actor.person()
}

/// Only the house renews what opens an account.
pub(super) fn renew(actor: &Actor) -> Result<()> {
    match actor {
        Actor::System(_) => Ok(()),
        _ => Err(Common::Denied.into()),
    }
}
