//! Stories told to the real binary: its settings, its start, its stop, its doctor.

#![expect(
    clippy::unwrap_used,
    reason = "what a story shares between its steps may fail it as the steps do"
)]

mod analytics;
#[path = "../../../service/tests/support/cluster.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "other tests, of other crates, do more with it"
)]
mod cluster;
mod demo;
mod doctor;
mod logs;
mod migrate;
mod process;
mod production;
mod settings;
mod sole;
mod stop;
mod tour;
mod worker;
