//! Webhooks: others are told of events, and tell us of theirs.
//!
//! **Out.** Whoever has an endpoint is told of the events that they asked for: `emit` puts the event
//! down in the transaction that it happens in, and only where an endpoint listens. The sender
//! ([`work`]) delivers at least once, with the same id and the same bytes at every try, signed as
//! Standard Webhooks have it, until the endpoint takes it or the schedule ends. An endpoint that does
//! nothing but fail, or says that it is gone, is told no more.
//!
//! **In.** What a source signs is kept before it is handled, once for each id ([`receive`]).
//!
//! A person's endpoints hear of what is theirs; the house's, which admins make, hear of everything.
//!
//! Not here: which calls leave the process at all. That is [`crate::outbound`].

mod change;
mod delivery;
mod emit;
mod endpoint;
mod error;
mod event;
pub mod inbound;
mod policy;
mod sender;
mod setting;
mod signature;
mod store;

pub use change::{EndpointChange, delete, rotate, test, update};
pub use delivery::{
    DeliveryFilter, Replayed, Told, attempts, deliveries, delivery, replay, replay_failed,
    replay_missing,
};
pub(crate) use emit::emit;
pub use endpoint::{EndpointFilter, Made, NewEndpoint, create, endpoint, endpoints, tag};
pub use error::Error;
pub use event::{EVENTS, Event, EventType};
pub use inbound::receive;
pub use sender::{deliver_due, work};
pub use setting::*;
pub use signature::{Secret, sign};
