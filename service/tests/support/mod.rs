//! A database that does as it is told, and a throw-away real one.

#![expect(dead_code, reason = "each test binary uses the part that it needs")]

pub mod cluster;
pub mod scripted;
