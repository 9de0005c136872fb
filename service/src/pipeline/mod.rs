//! The opportunity pipeline: a run takes a document through five stages.
//!
//! Chancery computes no stage. Workers claim a run, hand in the stages in order and renew their
//! claim meanwhile; a claim that runs out is given to another, and whatever the first still says is
//! refused by its stale token. Stage 1 carries the inspiration report, stage 5 the cards, and
//! completes the run. Handing in the same stage again with the same content changes nothing.

mod card;
mod error;
mod policy;
mod run;
mod stage;
mod store;
mod worker;

pub use card::{CardFilter, cards, star, starred_count};
pub use error::Error;
pub use run::{NewRun, RunDetail, RunFilter, create, delete, retry, run, runs, tag};
pub(crate) use run::{leaves, written};
pub use stage::{NewCard, NewReport, NewStage, STAGES};
pub(crate) use stage::{card_written, check_output, report_written};
pub(crate) use store::is_worked_on;
pub use worker::{Claimed, claim, fail, heartbeat, submit};
