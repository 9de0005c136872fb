//! Conversations: threads, what was said in them, and what it took to answer.
//!
//! A message is written with its tool calls, the tools that were offered, the complexity estimate
//! and the tokens it cost, in one transaction; many messages go in at once by [`append`]. What a
//! database would refuse (content that the full-text trigger cannot read) is refused before the
//! write, alike on both engines. The tables are shared with a Python backend, so ids and times may
//! be given by whoever brings records along.

mod content;
mod error;
mod follow;
mod message;
mod policy;
pub mod search;

mod store;
mod thread;

pub use content::{CONTENT_BYTES, INDEXED_BYTES};
pub use error::Error;
pub use follow::{News, Told, follow};
pub use message::{
    ARGUMENTS_BYTES, BATCH, CHILDREN, MessageDetail, NewComplexity, NewMessage, NewTokens,
    NewToolCall, NewToolSelection, append, message, messages, remove,
};
pub(crate) use message::{check_call, check_name, take_back};
pub use search::Term;
pub(crate) use search::terms;
pub use thread::{
    NewThread, ThreadChange, ThreadFilter, create, delete, tag, thread, threads, update,
};
pub(crate) use thread::{check_title, delete_of_person, take_away};
