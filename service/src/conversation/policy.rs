//! Who may do what to threads and messages.

use entity::Scope;
use entity::id::UserId;

use crate::actor::Actor;
use crate::error::{Common, Result};

/// People read their own threads; staff read all.
pub(super) fn read(actor: &Actor) -> Result<Scope> {
    actor.reads()
}

/// People write their own threads; admins write all.
pub(super) fn write(actor: &Actor) -> Result<Scope> {
    actor.writes(actor.is_admin())
}

/// Whose a new thread is: the caller's, or whose an admin says (who may live elsewhere).
pub(super) fn owner(actor: &Actor, named: Option<UserId>) -> Result<UserId> {
    write(actor)?;
    match named {
        Some(user) if actor.is_admin() || actor.user() == Some(user) => Ok(user),
        Some(_) => Err(Common::Denied.into()),
        None => actor.person(),
    }
}

#[cfg(test)]
mod tests {
    use entity::identity::user::UserRole::{Admin, Operator, User};
    use uuid::Uuid;

    use super::*;
    use crate::actor::callers::{ID, user};

    #[test]
    fn who_may_do_what() {
        let other = UserId(Uuid::from_u128(2));
        let own = Some(Scope::Owner(ID));
        let all = Some(Scope::Everyone);
        for (actor, reads, writes, gives) in [
            (Actor::Anonymous, None, None, false),
            (user(User), own, own, false),
            (user(Operator), all, own, false),
            (user(Admin), all, all, true),
            (Actor::System("test"), all, all, true),
        ] {
            assert_eq!(read(&actor).ok(), reads, "{actor:?} reads");
            assert_eq!(write(&actor).ok(), writes, "{actor:?} writes");
            let given = owner(&actor, Some(other)).is_ok();
            assert_eq!(given, gives, "{actor:?} makes threads for others");
        }
        assert_eq!(owner(&user(User), Some(ID)).ok(), Some(ID));
        assert_eq!(owner(&user(User), None).ok(), Some(ID));
    }
}
