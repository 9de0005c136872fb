//! The pipeline, from the asking to the cards.

mod protocol;
mod seeds;
