//! Who may do what to files.

use entity::Scope;
use entity::id::UserId;

use crate::actor::{Actor, Grant};
use crate::error::Result;

/// People read their own files; staff read all.
pub(super) fn read(actor: &Actor) -> Result<Scope> {
    actor.reads()
}

/// Whether the caller works on runs, and so reads the documents of those that are under way.
pub(super) fn works(actor: &Actor) -> bool {
    actor.need(Grant::Worker).is_ok()
}

/// People put files here for themselves.
pub(super) fn put(actor: &Actor) -> Result<UserId> {
    actor.need(Grant::Write)?;
    actor.person()
}

/// People write to their own unfinished files: what is in a file is its owner's word.
pub(super) fn append(actor: &Actor) -> Result<Scope> {
    actor.writes(false)
}

/// People remove their own files, admins all.
pub(super) fn remove(actor: &Actor) -> Result<Scope> {
    actor.writes(actor.is_admin())
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
        for (actor, reads, puts, appends, removes) in [
            (Actor::Anonymous, None, None, None, None),
            (user(User), own, Some(ID), own, own),
            (user(Operator), all, Some(ID), own, own),
            (user(Admin), all, Some(ID), own, all),
            (key(User, &["read"]), own, None, None, None),
            (key(User, &["write"]), own, Some(ID), own, own),
            (key(Admin, &["worker"]), None, None, None, None),
            (key(Admin, &["write"]), own, Some(ID), own, own),
            (key(Admin, &["admin:*"]), all, Some(ID), own, all),
            (Actor::System("test"), all, None, all, all),
        ] {
            assert_eq!(read(&actor).ok(), reads, "{actor:?} reads");
            assert_eq!(put(&actor).ok(), puts, "{actor:?} puts");
            assert_eq!(append(&actor).ok(), appends, "{actor:?} appends");
            assert_eq!(remove(&actor).ok(), removes, "{actor:?} removes");
        }
    }
}
