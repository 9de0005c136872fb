//! Events told to others, and events told to us.

pub mod attempt;
pub mod delivery;
pub mod endpoint;
pub mod inbound_event;
pub mod message;
pub mod source;
