//! What the integrations refuse.

use crate::error::{Kind, Refusal, refusals};

refusals! {
    /// What the integrations refuse.
    pub enum Error {
        /// No such account, or not the caller's.
        NotFound { provider: String } => NotFound, "integration.not_found",
            "there is no account at {provider}",
            "List your integrations at GET /api/v1/integrations.";
        /// No such provider.
        UnknownProvider { provider: String } => NotFound, "integration.unknown_provider",
            "the provider {provider} is not set up here",
            "List the providers at GET /api/v1/integrations/providers. Operators declare them in `integrations.providers`.";
        /// The state is not one of ours, of this caller, or not any more.
        BadState => Denied, "integration.bad_state",
            "the connection was not begun here, not by you, or too long ago",
            "Begin again at POST /api/v1/integrations/{provider}/start, signed in as the same person.";
        /// The provider, or the person at it, said no.
        Refused { why: String } => Conflict, "integration.refused",
            "the provider refused: {why}",
            "Begin again, and agree to what the provider asks; or ask the operator whether the client is still known there.";
        /// The provider cannot be asked.
        Unreachable => Unavailable, "integration.unreachable",
            "the provider cannot be reached, or answers nonsense",
            "Begin again in a minute. Operators find the cause in the log.";
        /// There is nothing to renew the account with.
        NotRenewable => Conflict, "integration.not_renewable",
            "the account cannot be renewed",
            "Connect it again.";
        /// The server does not know how people reach it.
        NoAddress => Unavailable, "integration.no_public_url",
            "the server does not know its own address",
            "Operators set PUBLIC_URL: the provider sends people back there.";
    }
}

impl Refusal for Error {
    fn kind(&self) -> Kind {
        self.entry().1
    }

    fn code(&self) -> &'static str {
        self.entry().0
    }
}
