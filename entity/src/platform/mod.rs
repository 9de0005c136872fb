//! What the house itself needs: jobs, idempotency, the audit log.

mod append_only;
pub mod audit_log;
pub mod idempotency_key;
pub mod job;
