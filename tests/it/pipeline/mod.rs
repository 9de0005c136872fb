//! The pipeline, from the asking to the cards.

mod audit;
mod protocol;
mod seeds;
