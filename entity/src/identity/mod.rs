//! People, and how they prove who they are.

pub mod api_key;
pub mod auth_challenge;
pub mod login_failure;
pub mod profile;
pub mod session;
pub mod user;
pub mod user_identity;
