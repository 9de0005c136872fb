//! Stories told at the front door, on both engines.

mod access;
mod contracts;
mod idempotency;
mod pipeline;
