//! What the identity domain refuses.

use std::time::Duration;

use crate::error::{FieldError, Kind, Limit, Refusal, refusals};

refusals! {
    /// What the identity domain refuses.
    pub enum Error {
        /// Wrong address, wrong password, no password, suspended: one answer for all.
        BadCredentials => Unauthenticated, "auth.bad_credentials",
            "the e-mail address or the password is not right",
            "Check both. A suspended account answers the same.";
        /// Too many failures.
        TooManyFailures { limit: Limit, wait: Duration } => TooMany, "auth.too_many_failures",
            "too many failed attempts to sign in",
            "Wait as long as Retry-After says.";
        /// The token or key is not one of ours, or no longer.
        BadToken => Unauthenticated, "auth.bad_token",
            "the session or key is not valid, or no longer",
            "Sign in again, or use another key.";
        /// What a wallet signed is no message of a sign-in.
        WalletMessage { why: &'static str } => Invalid, "auth.wallet_message",
            "the message is no sign-in: {why}",
            "Let a library write the message of EIP-4361 (or that of Sign In With Solana), and sign it as it is.";
        /// The message is not for us, not good now, not signed, or its nonce is not good.
        WalletRefused { why: &'static str } => Unauthenticated, "auth.wallet_refused",
            "{why}",
            "Ask for a fresh nonce, let the message name this site, and have the wallet sign it within five minutes.";
        /// The server does not know how people reach it.
        NoAddress => Unavailable, "auth.no_public_url",
            "the server does not know its own address",
            "Operators set PUBLIC_URL: what is signed or redirected must name it.";
        /// No such identity.
        IdentityNotFound => NotFound, "identity.not_found",
            "there is no such identity",
            "List your identities at GET /api/v1/me/identities.";
        /// The identity is somebody else's.
        IdentityTaken => Conflict, "identity.taken",
            "somebody else has this identity",
            "Sign in with it, and unlink it there first.";
        /// Nothing else would let the person in.
        LastWayIn => Conflict, "identity.last_way_in",
            "nothing else lets you in",
            "Link another wallet first, or have an admin set a password.";
        /// The address belongs to somebody.
        EmailTaken => Conflict, "user.email_taken",
            "somebody has an account with this e-mail address",
            "Use another address, or reset that account's password.";
        /// A value of the request is wrong.
        Field { pointer: &'static str, detail: String } => Invalid, "invalid",
            "{pointer} {detail}",
            "Each entry of `errors` points at a value and says what is wrong with it.";
        /// No such person.
        UserNotFound => NotFound, "user.not_found",
            "there is no such user",
            "Check the id.";
        /// No such session.
        SessionNotFound => NotFound, "session.not_found",
            "there is no such session",
            "List your sessions at GET /api/v1/me/sessions.";
        /// No such key.
        KeyNotFound => NotFound, "key.not_found",
            "there is no such key",
            "List your keys at GET /api/v1/me/keys.";
        /// A key may not make keys.
        KeysNeedSession => Denied, "key.needs_session",
            "a key makes no keys",
            "Sign in with a password and make the key in that session.";
        /// The scope is not the caller's to give.
        ScopeDenied { scope: String } => Denied, "key.scope_denied",
            "you may not give the scope {scope}",
            "Only an admin grants worker, webhook and admin:*.";
    }
}

impl Refusal for Error {
    fn kind(&self) -> Kind {
        self.entry().1
    }

    fn code(&self) -> &'static str {
        self.entry().0
    }

    fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::Field { pointer, detail } => vec![FieldError::new(*pointer, detail.clone())],
            Self::WalletMessage { why } => vec![FieldError::new("/message", *why)],
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyFailures { wait, .. } => Some(*wait),
            _ => None,
        }
    }

    fn limit(&self) -> Option<Limit> {
        match self {
            Self::TooManyFailures { limit, .. } => Some(*limit),
            _ => None,
        }
    }
}

impl Error {
    /// The value at `pointer` is wrong.
    pub(super) fn field(pointer: &'static str, detail: impl Into<String>) -> Self {
        Self::Field {
            pointer,
            detail: detail.into(),
        }
    }
}
