//! What the schema shows, what selections become, and what arguments are read as.

mod arguments;
mod compile;
mod known;
mod schema;
