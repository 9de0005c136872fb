//! What a column can hold on both engines.

mod encrypted;
mod string_list;

pub use encrypted::Encrypted;
pub use string_list::StringList;
