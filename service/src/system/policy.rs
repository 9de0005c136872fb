//! Who may look at the process, and who may begin its statistics anew.

use crate::actor::Actor;
use crate::error::Result;

/// Staff looks.
pub(super) fn read(actor: &Actor) -> Result<()> {
    actor.need_staff()
}

/// Admins begin the statistics anew: others may be looking at them.
pub(super) fn reset(actor: &Actor) -> Result<()> {
    actor.need_admin()
}
