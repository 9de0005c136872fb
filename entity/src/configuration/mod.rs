//! What operators change while the program runs: settings, feature flags, and the history of both.

pub mod flag;
pub mod flag_context;
pub mod flag_evaluation;
pub mod flag_history;
pub mod flag_ramp;
pub mod revision;
pub mod scheduled_change;
pub mod segment;
pub mod setting;
pub mod setting_history;
