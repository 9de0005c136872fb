//! Who may do what to NFTs.

use entity::Scope;
use entity::id::UserId;

use crate::actor::{Actor, Grant};
use crate::error::{Common, Result};

/// People see their own; staff see all.
pub(super) fn read(actor: &Actor) -> Result<Scope> {
    actor.reads()
}

/// Everybody claims for their own wallets, and nobody for another's.
pub(super) fn claim(actor: &Actor) -> Result<UserId> {
    actor.need(Grant::Write)?;
    actor.person()
}

/// Only the house asks the chains anew.
pub(super) fn recheck(actor: &Actor) -> Result<()> {
    match actor {
        Actor::System(_) => Ok(()),
        _ => Err(Common::Denied.into()),
    }
}
