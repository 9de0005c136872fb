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
mod keep;
mod policy;
mod report;
mod shape;
mod store;
mod view;

pub use self::error::Error;
pub use self::report::{NewReport, ReportChange, create_report, delete_report, update_report};
pub use self::shape::{Chart, ChartKind, Direction, Figure, Measure, OrderBy, read};
pub use self::view::{NewView, ViewChange, create_view, delete_view, update_view};
