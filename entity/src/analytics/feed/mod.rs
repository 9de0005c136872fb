//! The triggers that write deltas of runs and of stage outputs: whoever writes those, by whatever way,
//! in the same transaction, and without meeting anybody on a hot row.
//!
//! `TRUNCATE` is not counted: who does that rebuilds the rollups.

mod postgres;
mod sqlite;

use crate::declare::Objects;

/// What feeds the rollup of runs.
pub(super) const RUNS: Objects = Objects {
    postgres: postgres::RUNS,
    sqlite: sqlite::RUNS,
};

/// What feeds the rollup of stages.
pub(super) const STAGES: Objects = Objects {
    postgres: postgres::STAGES,
    sqlite: sqlite::STAGES,
};
