//! Analytics: read-only questions across domains.
//!
//! A question names a time range, a bucket and a time zone, and gets dense series: every bucket of
//! the range, also where nothing happened. People ask about themselves, staff about everybody.

pub(crate) mod calendar;
mod error;
mod postgres;
mod series;
mod sqlite;
mod store;
mod token_usage;

pub use calendar::Bucket;
pub use chrono_tz::Tz;
pub use error::Error;
pub use series::{BUCKETS, Range};
pub use token_usage::{Dimension, Group, Point, Question, Series, TOP, TokenUsage, token_usage};
