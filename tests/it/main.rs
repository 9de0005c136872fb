//! Stories told at the front door, on both engines.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "what a story shares between its steps may fail it as the steps do, and starts what it \
              needs beside"
)]

mod access;
mod agent;
mod analytics;
mod configuration;
mod contracts;
mod conversation;
mod demo;
mod docs;
mod explore;
mod explore_write;
mod export;
mod graphql;
mod house;
mod idempotency;
mod integration;
mod job;
mod media;
mod openapi;
mod pipeline;
mod saved;
mod seen;
mod server;
mod session;
mod sources;
mod system;
mod upkeep;
mod upload;
mod urls;
mod user;
mod wallet;
mod webhook;
