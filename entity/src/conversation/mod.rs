//! Conversations: threads, their messages, and what it took to answer them.
//!
//! The six tables are shared with a running Python backend: tables, columns, their order, types,
//! enum type names, triggers and constraint names are its; only the Rust field names are ours.

pub mod complexity_estimation;
pub mod message;
mod search;
pub mod thread;
pub mod token_consumption;
pub mod tool_call;
pub mod tool_selection;
