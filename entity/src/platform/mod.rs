//! What the house itself needs: jobs, idempotency, the audit log, saved screens, imports.

mod append_only;
pub mod audit_log;
pub mod idempotency_key;
pub mod import_batch;
pub mod import_record;
pub mod job;
pub mod job_schedule;
pub mod saved_report;
pub mod saved_view;
pub mod trusted_document;
