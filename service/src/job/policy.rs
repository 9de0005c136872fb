//! Who steers jobs.

use crate::actor::{Actor, Grant};
use crate::error::Result;

/// Staff retries, replays, cancels.
pub(super) fn steer(actor: &Actor) -> Result<()> {
    actor.need(Grant::Write)?;
    actor.need_staff()
}

#[cfg(test)]
mod tests {
    use entity::identity::user::UserRole::{Admin, Operator, User};

    use super::*;
    use crate::actor::callers::{key, user};

    #[test]
    fn who_steers() {
        for (actor, may) in [
            (Actor::Anonymous, false),
            (user(User), false),
            (user(Operator), true),
            (user(Admin), true),
            (key(Admin, &["write"]), false),
            (key(Admin, &["admin:*"]), true),
            (key(Operator, &["admin:*"]), true),
            (key(User, &["admin:*"]), false),
            (Actor::System("test"), true),
        ] {
            assert_eq!(steer(&actor).is_ok(), may, "{actor:?}");
        }
    }
}
