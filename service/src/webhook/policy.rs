//! Who may do what to endpoints, deliveries and sources.

use entity::Scope;

use crate::actor::{Actor, Grant};
use crate::error::Result;

/// People read their own endpoints; staff read all.
pub(super) fn read(actor: &Actor) -> Result<Scope> {
    actor.reads()
}

/// People write their own endpoints; admins write all, and the house's.
pub(super) fn write(actor: &Actor) -> Result<Scope> {
    actor.writes(actor.is_admin())
}

/// People have their own deliveries sent again; staff all.
pub(super) fn replay(actor: &Actor) -> Result<Scope> {
    actor.writes(actor.is_staff())
}

/// Sources are seen by the staff.
pub(super) fn read_sources(actor: &Actor) -> Result<()> {
    actor.need(Grant::Read)?;
    actor.need_staff()
}

/// Sources are made by admins.
pub(super) fn write_sources(actor: &Actor) -> Result<()> {
    actor.need(Grant::Write)?;
    actor.need_admin()
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
        for (actor, reads, writes, replays, sees, makes) in [
            (Actor::Anonymous, None, None, None, false, false),
            (user(User), own, own, own, false, false),
            (user(Operator), all, own, all, true, false),
            (user(Admin), all, all, all, true, true),
            (key(User, &["read"]), own, None, None, false, false),
            (key(Admin, &["write"]), own, own, own, false, false),
            (key(Admin, &["webhook"]), None, None, None, false, false),
            (key(Operator, &["admin:*"]), all, own, all, true, false),
            (key(Admin, &["admin:*"]), all, all, all, true, true),
            (Actor::System("test"), all, all, all, true, true),
        ] {
            assert_eq!(read(&actor).ok(), reads, "{actor:?} reads");
            assert_eq!(write(&actor).ok(), writes, "{actor:?} writes");
            assert_eq!(replay(&actor).ok(), replays, "{actor:?} replays");
            assert_eq!(read_sources(&actor).is_ok(), sees, "{actor:?} sees sources");
            assert_eq!(
                write_sources(&actor).is_ok(),
                makes,
                "{actor:?} makes sources"
            );
        }
    }
}
