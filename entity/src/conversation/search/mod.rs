//! Full-text search over messages: the objects that keep the index in the transaction that writes.
//!
//! Both engines index the same text: the `content` member of the JSON content of `USER` and
//! `AI_MESSAGE` messages, as `->>` reads it (a missing or null member is an empty text, a member
//! that is no string is its JSON). Content of these two kinds that is no JSON is refused by the
//! trigger; the content of the other kinds is never parsed.

mod postgres;
mod sqlite;

use crate::declare::{Objects, Search};

/// What is searched, and where its index is.
pub(super) const SEARCH: Search = Search {
    column: "content",
    vector: "search_vector",
    fts_table: "messages_fts",
};

/// The objects of both engines.
pub(super) const OBJECTS: Objects = Objects {
    postgres: postgres::OBJECTS,
    sqlite: sqlite::OBJECTS,
};
