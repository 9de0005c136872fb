//! The opportunity pipeline: runs through five stages, their cards, reports and outputs.

pub mod inspiration_report;
pub mod opportunity_card;
pub mod run;
pub mod run_event;
pub mod stage_output;
