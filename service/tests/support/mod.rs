//! A database that does as it is told, and a throw-away real one.

pub mod scripted;
