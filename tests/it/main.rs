//! Stories told at the front door, on both engines.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "what a story shares between its steps may fail it as the steps do, and starts what it \
              needs beside"
)]

mod access;
mod contracts;
mod conversation;
mod house;
mod idempotency;
mod pipeline;
mod server;
mod sources;
mod urls;
