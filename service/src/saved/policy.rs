//! Who reads and writes what is saved.

use entity::id::UserId;

use super::error::Error;
use crate::actor::{Actor, Grant};
use crate::error::Result;

/// Whose saved rows somebody sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Everybody's: admins, who tidy up after those who left.
    Everything,
    /// One's own, and what others share.
    OwnAndShared(UserId),
}

/// The staff reads its own and what is shared; an admin reads all of it by its id.
pub(super) fn read(actor: &Actor) -> Result<Sight> {
    actor.need(Grant::Read)?;
    actor.need_staff()?;
    if actor.is_admin() {
        Ok(Sight::Everything)
    } else {
        actor.person().map(Sight::OwnAndShared)
    }
}

/// The staff writes, each their own.
pub(super) fn write(actor: &Actor) -> Result<Sight> {
    actor.need(Grant::Write)?;
    read(actor)
}

/// Refuse to change a row of `owner`'s unless it is the caller's, or an admin calls.
pub(super) fn change(actor: &Actor, owner: UserId) -> Result<()> {
    if actor.user() == Some(owner) || actor.is_admin() {
        Ok(())
    } else {
        Err(Error::NotYours.into())
    }
}

#[cfg(test)]
mod tests {
    use entity::identity::user::UserRole::{Admin, Operator, User};
    use uuid::Uuid;

    use super::*;
    use crate::actor::callers::{ID, key, user};

    #[test]
    fn who_may_do_what() {
        let other = UserId(Uuid::from_u128(2));
        let own = Some(Sight::OwnAndShared(ID));
        let all = Some(Sight::Everything);
        for (actor, reads, writes, others) in [
            (Actor::Anonymous, None, None, false),
            (user(User), None, None, false),
            (user(Operator), own, own, false),
            (user(Admin), all, all, true),
            (key(Admin, &["write"]), None, None, false),
            (key(Operator, &["admin:*"]), own, own, false),
            (key(Admin, &["admin:*"]), all, all, true),
            (Actor::System("test"), all, all, true),
        ] {
            assert_eq!(read(&actor).ok(), reads, "{actor:?} reads");
            assert_eq!(write(&actor).ok(), writes, "{actor:?} writes");
            assert_eq!(change(&actor, other).is_ok(), others, "{actor:?} changes");
        }
        assert!(change(&user(Operator), ID).is_ok());
    }
}
