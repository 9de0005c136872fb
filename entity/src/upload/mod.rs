//! Files that people put here.

#[expect(
    clippy::module_inception,
    reason = "a domain of one table, and both have one name"
)]
pub mod upload;
