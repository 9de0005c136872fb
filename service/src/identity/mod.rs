//! People: their accounts, sessions and keys, and how a caller is known.
//!
//! A person signs in with an e-mail address and a password, or with a wallet, and gets a session; a
//! program has a key of a person. Both are kept as hashes only. A verified caller is remembered for a
//! few seconds, and forgotten at once where the session, key or person changes.
//!
//! Not here: JWTs of other issuers, `OpenID` Connect; they will end in the same sessions.

mod api_key;
mod callers;
mod email;
mod error;
mod login;
mod password;
mod profile;
mod seen;
mod session;
mod store;
mod user;
mod wallet;

pub use api_key::{IssuedKey, NewKey, create_key, keys, revoke_key};
pub use callers::{Callers, Credential, Token, again, authenticate, recall, still};
pub use email::EmailAddress;
pub use error::Error;
pub use login::Turns;
pub use password::{Password, Passwords};
pub(crate) use profile::check_profile;
pub use profile::{Preferences, prefer, preferences};
pub use seen::Sightings;
pub use session::{SignIn, SignedIn, revoke_session, sessions, sign_in, sign_out};
pub(crate) use store::{end_sessions, hold};
pub use user::{NewUser, create_user, delete_user, me, reset_password, set_status, user};
pub(crate) use wallet::has_wallet;
pub use wallet::{
    Chain, Nonce, Purpose, Signed, WALLET_CHAINS, WALLET_SOLANA_CHAINS, identities, link_wallet,
    nonce, sign_in_with_wallet, unlink,
};
