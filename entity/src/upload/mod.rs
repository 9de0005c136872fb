//! Files that people put here.

pub mod upload;
