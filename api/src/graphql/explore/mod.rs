//! Every entity of the registry in GraphQL, with no code of its own.
//!
//! The types are made from the catalogue (`register`), put into the library's registry (`meta`). A
//! root field is not resolved but planned: all that is selected below it is collected (`collect`),
//! compiled to a plan (`compile`), bound to the request's arguments (`arguments`) and answered by
//! `service::explore::run` as JSON, which `answer` prints as it is.

mod admin;
mod answer;
mod arguments;
mod change;
mod collapse;
mod collect;
mod compile;
mod fault;
mod known;
mod meta;
mod node;
mod order;
mod record;
mod register;
mod root;
mod wanted;

pub(super) use admin::AdminQuery;
pub(super) use answer::{Mode, print};
pub(super) use change::Change;
pub(super) use collapse::{collapse, tell_once};
pub(super) use known::{Known, KnownDocuments};
pub(super) use order::{Order, complete};
pub(super) use record::Record;
pub(super) use root::Explore;
pub(super) use wanted::{List, Wanted, is_list, roots};

#[cfg(test)]
mod tests;
