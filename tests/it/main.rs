//! Stories told at the front door, on both engines.

#![expect(
    clippy::unwrap_used,
    reason = "what a story shares between its steps may fail it as the steps do"
)]

mod access;
mod contracts;
mod conversation;
mod idempotency;
mod pipeline;
mod server;
