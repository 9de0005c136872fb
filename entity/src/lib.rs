//! What a row is: every table of Chancery as a `SeaORM` 2 entity, who may see it, and what the
//! derives cannot say about it.
//!
//! A domain is a folder with the name it has in every room; a file is a table. Beside the entity
//! stands its [`declare::Declaration`] (composite, partial and expression indexes, checks,
//! full-text search), and [`registry`] names every entity once, with its scope, its writes and its
//! retention. Migrations, drift checks, GraphQL and the admin screens all follow from these.
//!
//! Not here: rules, clocks, connections.

pub mod agent;
pub mod analytics;
pub mod configuration;
pub mod conversation;
pub mod declare;
pub mod docs;
pub mod id;
pub mod identity;
pub mod media;
pub mod pipeline;
pub mod platform;
pub mod registry;
pub mod scope;
pub mod types;
pub mod upload;
pub mod webhook;

pub use scope::{Scope, Scoped};
