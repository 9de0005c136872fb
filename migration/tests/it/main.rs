//! The schema's tests, on both engines: `SQLite` always, `PostgreSQL` on the server of
//! `TEST_DATABASE_URL`, else on a throw-away one where a server is installed.

#![expect(
    clippy::disallowed_methods,
    reason = "a test makes its own databases and ids"
)]

mod both_ways;
#[expect(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "shared with the tests of other crates, which use more of it"
)]
#[path = "../../../service/tests/support/cluster.rs"]
mod cluster;
mod commands;
mod database;
mod objects;
mod shared_tables;
