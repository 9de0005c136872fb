//! Files that people put here: pictures of themselves, and documents for the pipeline.
//!
//! A file is what its content says, from the first byte to the last, and what it is said to be agrees
//! with that; pictures are decoded within bounds and made anew. Bytes are stored under a key of chance,
//! whole, before their row is committed, and go after it, so nobody ever sees half of a file; what a
//! crash leaves the sweeper takes away ([`sweep`]). A person has a quota, which holds under a race.
//!
//! Not here: what documents mean. Runs read them ([`crate::pipeline`]).

mod avatar;
mod discard;
mod document;
mod error;
mod file;
mod job;
mod key;
mod look;
mod media;
mod name;
mod package;
mod picture;
mod policy;
mod room;
pub mod setting;
mod store;
mod sweep;
mod turns;
pub mod tus;

pub use avatar::avatar;
pub(crate) use discard::discard;
pub use document::{NewFile, document};
pub use error::Error;
pub use file::{Filter, content, delete, may_put, upload, uploads, whole};
pub(crate) use file::{discard_of_person, own_document};
pub use job::Sweep;
pub(crate) use key::file as place;
pub use sweep::{Swept, sweep};
pub use turns::Turns;
