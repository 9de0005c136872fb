//! Who may do what to agents, workflows and executions. Templates are everybody's to read and the
//! admins' to write.

use entity::Scope;

use crate::actor::{Actor, Grant};
use crate::error::Result;

/// People read their own; staff read all.
pub(super) fn read(actor: &Actor) -> Result<Scope> {
    actor.reads()
}

/// People write their own; admins write all.
pub(super) fn write(actor: &Actor) -> Result<Scope> {
    actor.writes(actor.is_admin())
}

/// People call their own executions off; staff may call off all.
pub(super) fn cancel(actor: &Actor) -> Result<Scope> {
    actor.writes(actor.is_staff())
}

/// Workers work on everybody's executions, held back by the claim's token.
pub(super) fn work(actor: &Actor) -> Result<Scope> {
    actor.need(Grant::Worker)?;
    Ok(Scope::Everyone)
}

#[cfg(test)]
mod tests {
    use entity::identity::user::UserRole::{Admin, Operator, User};

    use super::*;
    use crate::actor::callers::{ID, key, user};

    #[test]
    fn who_may_do_what() {
        let own = Some(Scope::Owner(ID));
        let all = Some(Scope::Everyone);
        for (actor, reads, writes, cancels, works) in [
            (Actor::Anonymous, None, None, None, None),
            (user(User), own, own, own, None),
            (user(Operator), all, own, all, None),
            (user(Admin), all, all, all, all),
            (key(User, &["read"]), own, None, None, None),
            (key(User, &["write"]), own, own, own, None),
            (key(Admin, &["worker"]), None, None, None, all),
            (key(Operator, &["admin:*"]), all, own, all, None),
            (key(Admin, &["admin:*"]), all, all, all, None),
            (Actor::System("test"), all, all, all, all),
        ] {
            assert_eq!(read(&actor).ok(), reads, "{actor:?} reads");
            assert_eq!(write(&actor).ok(), writes, "{actor:?} writes");
            assert_eq!(cancel(&actor).ok(), cancels, "{actor:?} cancels");
            assert_eq!(work(&actor).ok(), works, "{actor:?} works");
        }
    }
}
