//! Who acts, and what they may do in general. What they may do to a domain's rows is that domain's
//! `policy`.

use entity::Scope;
use entity::id::{ApiKeyId, SessionId, UserId};
use entity::identity::user::UserRole;
use entity::types::StringList;

use crate::error::{Common, Result};

/// Who acts.
#[derive(Clone, Debug)]
pub enum Actor {
    /// Nobody that we know.
    Anonymous,
    /// A person with a session.
    User {
        /// Who it is.
        id: UserId,
        /// What they may do.
        role: UserRole,
        /// The session that they act in.
        session: SessionId,
    },
    /// A program with a key.
    ApiKey {
        /// The key.
        id: ApiKeyId,
        /// Whose key it is.
        owner: UserId,
        /// What its owner may do.
        role: UserRole,
        /// What the key may do.
        scopes: StringList,
    },
    /// Chancery itself, under the name of a job or a command.
    System(&'static str),
}

/// What a key must have been given, or a person simply has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Read.
    Read,
    /// Write one's own rows.
    Write,
    /// Work on runs and executions.
    Worker,
    /// Deliver inbound webhooks.
    Webhook,
    /// Act with the powers of the owner's role beyond their own rows.
    Staff,
}

impl Grant {
    /// The scopes that contain it, as a key lists them.
    fn is_in(self, scopes: &StringList) -> bool {
        let named = |name| scopes.contains(name);
        match self {
            Self::Read => named("read") || named("write") || named("admin:*"),
            Self::Write => named("write") || named("admin:*"),
            Self::Worker => named("worker"),
            Self::Webhook => named("webhook"),
            Self::Staff => named("admin:*"),
        }
    }

    /// Whether only admins have it, and keys while an admin owns them.
    const fn is_for_admins(self) -> bool {
        matches!(self, Self::Worker | Self::Webhook)
    }
}

impl Actor {
    /// The person behind it, if there is one.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::User { id, .. } => Some(*id),
            Self::ApiKey { owner, .. } => Some(*owner),
            Self::Anonymous | Self::System(_) => None,
        }
    }

    /// The person behind it, or the refusal.
    pub fn person(&self) -> Result<UserId> {
        self.user().ok_or_else(|| Common::Unauthenticated.into())
    }

    /// The same caller as a plain person, without the powers of their role; or the refusal.
    pub fn plain(&self) -> Result<Self> {
        match self {
            Self::User { id, session, .. } => Ok(Self::User {
                id: *id,
                role: UserRole::User,
                session: *session,
            }),
            Self::ApiKey { id, owner, .. } => {
                self.need(Grant::Read)?;
                Ok(Self::ApiKey {
                    id: *id,
                    owner: *owner,
                    role: UserRole::User,
                    scopes: std::iter::once("read").collect(),
                })
            }
            Self::Anonymous | Self::System(_) => Err(Common::Unauthenticated.into()),
        }
    }

    /// The role in force: a key without `admin:*` acts as a plain user, whoever owns it.
    pub fn role(&self) -> Option<UserRole> {
        match self {
            Self::Anonymous => None,
            Self::User { role, .. } => Some(*role),
            Self::ApiKey { role, scopes, .. } if Grant::Staff.is_in(scopes) => Some(*role),
            Self::ApiKey { .. } => Some(UserRole::User),
            Self::System(_) => Some(UserRole::Admin),
        }
    }

    /// Whether it acts as an admin.
    pub fn is_admin(&self) -> bool {
        self.role() == Some(UserRole::Admin)
    }

    /// Whether it acts as an operator or an admin.
    pub fn is_staff(&self) -> bool {
        matches!(self.role(), Some(UserRole::Operator | UserRole::Admin))
    }

    /// Refuse unless the caller is known and has `grant`.
    pub fn need(&self, grant: Grant) -> Result<()> {
        match self {
            Self::Anonymous => Err(Common::Unauthenticated.into()),
            Self::ApiKey { scopes, .. } if !grant.is_in(scopes) => Err(Common::Denied.into()),
            // Whatever a key was given, it is worth no more than what its owner is today.
            Self::User { role, .. } | Self::ApiKey { role, .. }
                if grant.is_for_admins() && *role != UserRole::Admin =>
            {
                Err(Common::Denied.into())
            }
            Self::User { .. } | Self::ApiKey { .. } | Self::System(_) => Ok(()),
        }
    }

    /// Refuse unless the caller acts as an operator or an admin.
    pub fn need_staff(&self) -> Result<()> {
        match self {
            Self::Anonymous => Err(Common::Unauthenticated.into()),
            _ if self.is_staff() => Ok(()),
            _ => Err(Common::Denied.into()),
        }
    }

    /// Refuse unless the caller acts as an admin.
    pub fn need_admin(&self) -> Result<()> {
        match self {
            Self::Anonymous => Err(Common::Unauthenticated.into()),
            _ if self.is_admin() => Ok(()),
            _ => Err(Common::Denied.into()),
        }
    }

    /// The rows that the caller reads: their own; all of them when they are staff.
    pub fn reads(&self) -> Result<Scope> {
        self.need(Grant::Read)?;
        self.scope(self.is_staff())
    }

    /// The rows that the caller writes: their own; all of them when `everyone` says so.
    pub fn writes(&self, everyone: bool) -> Result<Scope> {
        self.need(Grant::Write)?;
        self.scope(everyone)
    }

    fn scope(&self, everyone: bool) -> Result<Scope> {
        match self {
            Self::System(_) => Ok(Scope::Everyone),
            _ if everyone => Ok(Scope::Everyone),
            _ => self.person().map(Scope::Owner),
        }
    }

    /// How the audit log names it: kind and id.
    pub fn signature(&self) -> (&'static str, String) {
        match self {
            Self::Anonymous => ("anonymous", String::new()),
            Self::User { id, .. } => ("user", id.to_string()),
            Self::ApiKey { id, .. } => ("api_key", id.to_string()),
            Self::System(name) => ("system", (*name).to_owned()),
        }
    }
}

/// Those who ask, for the tables of who may do what.
#[cfg(test)]
pub(crate) mod callers {
    use entity::id::{ApiKeyId, SessionId, UserId};
    use entity::identity::user::UserRole;
    use uuid::Uuid;

    use super::Actor;

    /// The person behind them all.
    pub(crate) const ID: UserId = UserId(Uuid::from_u128(1));

    /// The person, signed in.
    pub(crate) fn user(role: UserRole) -> Actor {
        Actor::User {
            id: ID,
            role,
            session: SessionId(Uuid::nil()),
        }
    }

    /// A program with a key of the person's.
    pub(crate) fn key(role: UserRole, scopes: &[&str]) -> Actor {
        Actor::ApiKey {
            id: ApiKeyId(Uuid::nil()),
            owner: ID,
            role,
            scopes: scopes.iter().copied().collect(),
        }
    }
}
