//! What happens to every request, outside in: its id, its log line and headers, its caller, its
//! idempotency key.

mod cors;
mod frame;
mod idempotency;

pub(crate) use cors::cors;
pub use frame::{RequestId, frame};
pub use idempotency::{Secret, once};
