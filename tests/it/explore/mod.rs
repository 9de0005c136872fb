//! The explore engine against a reference: every entity, random documents, pages under change, and
//! nothing of others.

#![expect(
    clippy::similar_names,
    clippy::needless_pass_by_value,
    reason = "one selection among the selections; a story is told where it is written"
)]

mod bounds;
mod condition;
mod dice;
mod document;
mod entities;
pub(crate) mod facets;
mod figures;
mod fill;
mod fixture;
mod invalid;
mod leaks;
mod property;
mod random;
mod random_filter;
mod random_group;
mod reference;
mod relay;
mod schema;
mod slow;
mod world;
