//! Where the doors are below the server's address, named once.

/// REST.
pub const API: &str = "/api/v1";
/// Signing in and out.
pub const SESSION: &str = "/api/v1/session";
/// What a wallet signs.
pub const NONCE: &str = "/api/v1/auth/wallet/nonce";
/// What others tell.
pub const INBOUND: &str = "/api/v1/webhooks/{source}";
/// Signing in with a wallet.
pub const WALLET: &str = "/api/v1/auth/wallet/verify";
/// Beginning a file that comes in parts.
pub const TUS: &str = "/api/v1/uploads/tus";
/// The rows of a list as a file.
pub const EXPORT: &str = "/api/v1/export";
/// The REST routes, as a document.
pub const OPENAPI: &str = "/api/openapi.json";
/// The same, for people.
pub const DOCS: &str = "/api/docs";
/// GraphQL.
pub const GRAPHQL: &str = "/graphql";
/// GraphQL, for people to try.
pub const GRAPHIQL: &str = "/graphiql";
/// What error codes mean.
pub const ERRORS: &str = "/errors";
/// How the process is, for its keeper.
pub const HEALTH: &str = "/health";
/// What the process counts.
pub const METRICS: &str = "/metrics";
