//! What may happen in Chancery, to whom, and what follows.
//!
//! A domain is a folder: [`identity`], [`agent`], [`integration`], [`pipeline`], [`conversation`],
//! [`document`], [`analytics`], [`explore`], [`saved`], [`job`], [`system`], [`upload`], [`webhook`],
//! [`notification`], [`nft`], [`video`].
//! An operation takes a
//! [`ctx::Ctx`], asks its policy, opens one [`write::Write`], and answers a row or a refusal
//! ([`error::Error`]). Nothing here knows of HTTP or GraphQL.

pub mod actor;
pub mod agent;
pub mod analytics;
pub mod audit;
pub mod blob;
mod challenge;
pub mod chance;
pub mod change;
mod check;
pub mod clock;
pub mod configuration;
pub mod conversation;
pub mod ctx;
pub mod db;
pub mod demo;
pub mod doctor;
pub mod document;
pub mod error;
pub mod expect;
pub mod explore;
pub mod feed;
pub mod health;
pub mod idempotency;
pub mod identity;
pub mod ids;
pub mod integration;
pub mod job;
mod lease;
pub mod nft;
pub mod notification;
pub mod operation;
pub mod outbound;
pub mod page;
pub mod pipeline;
pub mod saved;
pub mod secret;
pub mod settings;
pub mod signal;
pub mod system;
pub mod tls;
pub mod upkeep;
pub mod upload;
pub mod video;
pub mod webhook;
pub mod write;

pub use ctx::Ctx;
pub use error::{Error, Result};
