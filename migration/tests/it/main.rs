//! The schema's tests, on both engines: `SQLite` always, `PostgreSQL` on the server of
//! `TEST_DATABASE_URL`, else on a throw-away one where a server is installed.

#![expect(
    clippy::disallowed_methods,
    reason = "a test makes its own databases and ids"
)]

use sea_orm_migration::sea_orm::sqlx;

mod address;
mod adopt;
mod backfill;
mod backup;
mod backup_whole;
mod binary;
mod both_ways;
mod catalogue;
#[expect(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "shared with the tests of other crates, which use more of it"
)]
#[path = "../../../service/tests/support/cluster.rs"]
mod cluster;
mod colour;
mod commands;
mod compare;
mod database;
mod down;
mod drift;
mod drift_undo;
mod dump;
mod environment;
mod extensions;
mod filling;
mod foreign_script;
mod fresh;
mod generate;
mod grants;
mod guard;
mod hidden;
mod history;
mod import_beside;
mod import_files;
mod import_later;
mod import_lists;
mod import_mongo;
mod import_people;
mod import_prisma;
mod import_settings;
mod importing;
mod irreversible;
mod leftovers;
mod lint;
mod locking;
mod objects;
mod of_drift;
mod partitions;
mod planning;
mod printing;
mod prisma_database;
mod pull;
mod renaming;
mod reshaping;
mod running;
mod seed;
#[rustfmt::skip]
#[expect(
    clippy::allow_attributes,
    reason = "an expectation of what a macro leaves unused is told to be unfulfilled"
)]
#[allow(
    dead_code,
    unreachable_pub,
    clippy::struct_field_names,
    reason = "what was pulled is here to be compiled"
)]
#[path = "../data/pulled/mod.rs"]
mod pulled;
mod rights;
mod shared_tables;
mod sqlite_change;
mod squash;
mod status;
mod verify;
mod waiting;
mod ways;
mod writing;
