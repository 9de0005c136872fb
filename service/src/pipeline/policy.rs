//! Who may do what to runs and cards.

use entity::Scope;

use crate::actor::{Actor, Grant};
use crate::error::Result;

/// People read their own runs; staff read all.
pub(super) fn read(actor: &Actor) -> Result<Scope> {
    actor.reads()
}

/// People write their own runs; staff may steer all.
pub(super) fn write(actor: &Actor) -> Result<Scope> {
    actor.writes(actor.is_staff())
}

/// Workers work on everybody's runs, held back by the claim's token.
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
        for (actor, reads, writes, works) in [
            (Actor::Anonymous, None, None, None),
            (user(User), own, own, None),
            (user(Operator), all, all, None),
            (user(Admin), all, all, all),
            (key(User, &["read"]), own, None, None),
            (key(User, &["write"]), own, own, None),
            (key(User, &["worker"]), None, None, None),
            (key(Operator, &["worker", "admin:*"]), all, all, None),
            (key(Admin, &["worker"]), None, None, all),
            (key(Admin, &["read"]), own, None, None),
            (key(Admin, &["admin:*"]), all, all, None),
            (key(User, &["admin:*"]), own, own, None),
            (Actor::System("test"), all, all, all),
        ] {
            assert_eq!(read(&actor).ok(), reads, "{actor:?} reads");
            assert_eq!(write(&actor).ok(), writes, "{actor:?} writes");
            assert_eq!(work(&actor).ok(), works, "{actor:?} works");
        }
    }
}
