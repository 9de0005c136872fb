//! A database that does as it is told, and a throw-away real one.

#![expect(dead_code, reason = "each test binary uses the part that it needs")]
#![expect(
    unreachable_pub,
    reason = "the module is shared by several test binaries"
)]
#![expect(clippy::unwrap_used, reason = "support of tests fails as tests do")]

pub mod cluster;
pub mod scripted;
