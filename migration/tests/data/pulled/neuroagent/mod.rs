//! The tables of the database, one file each. What an entity cannot say is in `extra.sql`.

pub mod complexity_estimation;
pub mod enums;
pub mod messages;
pub mod threads;
pub mod token_consumption;
pub mod tool_calls;
pub mod tool_selection;
