//! The schema's tests, on both engines: `SQLite` always, `PostgreSQL` when `TEST_DATABASE_URL` names
//! a server where databases may be made.

#![expect(
    clippy::disallowed_methods,
    reason = "a test makes its own databases and ids"
)]

mod both_ways;
mod commands;
mod database;
mod objects;
mod shared_tables;
