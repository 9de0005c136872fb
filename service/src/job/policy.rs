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
    use entity::id::{ApiKeyId, SessionId, UserId};
    use entity::identity::user::UserRole::{Admin, Operator, User};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn who_steers() {
        let id = UserId(Uuid::from_u128(1));
        let user = |role| Actor::User {
            id,
            role,
            session: SessionId(Uuid::nil()),
        };
        let key = |role, scopes: &[&str]| Actor::ApiKey {
            id: ApiKeyId(Uuid::nil()),
            owner: id,
            role,
            scopes: scopes.iter().copied().collect(),
        };
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
