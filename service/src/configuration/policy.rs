//! Who may do what to settings and flags.

use super::setting::Described;
use crate::actor::{Actor, Grant};
use crate::error::Result;
use crate::{identity, integration, nft, outbound, upload, video};

/// What admins alone set, though it is no secret: where the process connects to, who signs in, and
/// what it takes from strangers.
const GUARDED: &[&dyn Described] = &[
    &identity::WALLET_CHAINS,
    &identity::WALLET_SOLANA_CHAINS,
    &integration::PROVIDERS,
    &nft::CHAINS,
    &outbound::ALLOWED_NETWORKS,
    &outbound::ALLOW_HTTP,
    &upload::setting::DOCUMENT_TYPES,
    &video::GENERATOR,
    &video::SOURCE,
];

/// The staff sees all, but for what is sensitive: that nobody sees.
pub(super) fn read(actor: &Actor) -> Result<()> {
    actor.need(Grant::Read)?;
    actor.need_staff()
}

/// The staff writes settings; secrets and what is guarded, admins alone.
pub(super) fn write(actor: &Actor, key: &str, sensitive: bool) -> Result<()> {
    actor.need(Grant::Write)?;
    if sensitive || GUARDED.iter().any(|setting| setting.key() == key) {
        actor.need_admin()
    } else {
        actor.need_staff()
    }
}

/// Flags are written by admins.
pub(super) fn write_flags(actor: &Actor) -> Result<()> {
    actor.need(Grant::Write)?;
    actor.need_admin()
}

#[cfg(test)]
mod tests {
    use entity::identity::user::UserRole::{Admin, Operator, User};

    use super::*;
    use crate::actor::callers::{key, user};

    #[test]
    fn who_may_do_what() {
        for (actor, reads, writes, writes_all) in [
            (Actor::Anonymous, false, false, false),
            (user(User), false, false, false),
            (user(Operator), true, true, false),
            (user(Admin), true, true, true),
            (key(Admin, &["read", "write"]), false, false, false),
            (key(Operator, &["admin:*"]), true, true, false),
            (key(Admin, &["admin:*"]), true, true, true),
            (Actor::System("test"), true, true, true),
        ] {
            assert_eq!(read(&actor).is_ok(), reads, "{actor:?} reads");
            let writes_as = |key, secret| write(&actor, key, secret).is_ok();
            assert_eq!(writes_as("a.b", false), writes, "{actor:?} writes");
            assert_eq!(writes_as("a.b", true), writes_all, "{actor:?} secrets");
            let guarded = outbound::ALLOWED_NETWORKS.key;
            assert_eq!(writes_as(guarded, false), writes_all, "{actor:?} networks");
            assert_eq!(write_flags(&actor).is_ok(), writes_all, "{actor:?} flags");
        }
    }
}
