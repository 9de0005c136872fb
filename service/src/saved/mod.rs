//! Views and reports that the staff keeps: a list as somebody wants to see it again, and figures as
//! somebody wants to see them again.
//!
//! What is saved speaks of a table and its columns as the explore engine does, is checked by it when
//! it is written, and never names a secret. It is its owner's; one that is shared is read by all the staff
//! and still written by its owner alone, or by an admin. Every write is in the audit log.
//!
//! Not here: running it. Whoever opens a view sees the rows that they may see, and nothing of what
//! its owner could.

mod error;
mod policy;
mod report;
mod shape;
mod store;
mod view;

use entity::id::UserId;

use crate::ctx::Ctx;

pub use self::error::Error;
pub use self::report::{
    NewReport, ReportChange, create_report, delete_report, report, reports, update_report,
};
pub use self::shape::{Bucket, Chart, ChartKind, Direction, Figure, Measure, OrderBy, read};
pub use self::view::{NewView, ViewChange, create_view, delete_view, update_view, view, views};

/// Whether the caller may change what `owner` saved.
pub fn is_writable(ctx: &Ctx, owner: UserId) -> bool {
    policy::write(&ctx.actor).is_ok() && policy::change(&ctx.actor, owner).is_ok()
}

/// Which of the saved ones a list has.
#[derive(Clone, Debug, Default)]
pub struct SavedFilter {
    /// Only those of this table.
    pub resource: Option<String>,
}
