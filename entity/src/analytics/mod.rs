//! Prices and rollups: what the charts are drawn from.

pub mod active_rollup;
pub mod day_pack;
mod feed;
pub mod model_price;
pub mod rollup_state;
pub mod run_delta;
pub mod run_rollup;
pub mod stage_delta;
pub mod stage_rollup;
pub mod thread_rollup;
pub mod token_day_rollup;
pub mod token_delta;
pub mod token_hour_rollup;
pub mod token_rollup;
pub mod token_user_rollup;
pub mod user_day_rollup;
pub mod user_month_rollup;
pub mod user_pack;
