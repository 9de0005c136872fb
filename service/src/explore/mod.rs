//! The explore engine: every entity of the registry as a resource that can be listed, filtered,
//! ordered, followed, counted and grouped, with no code of its own.
//!
//! A question goes three steps. [`mod@catalog`] says what there is. A caller (GraphQL, an export)
//! compiles what is selected to a [`plan`], once a document, and binds the arguments to it at each
//! request ([`bind`]). [`run`] then asks one statement a level, and writes the answer as JSON.
//!
//! The scope is no part of a plan: it is taken from the caller at every request, and no statement
//! can be written without it ([`access`]).

pub mod access;
pub mod bind;
pub mod catalog;
pub mod change;
pub mod error;
pub mod export;
pub mod plan;
mod run;

pub use access::Access;
pub use catalog::catalog;
pub use error::Error;
pub use export::{Export, Format, link, own};
pub use run::run;
