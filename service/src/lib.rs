//! .

pub mod clock;
pub mod db;
