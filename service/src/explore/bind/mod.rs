//! Arguments, read: what a plan needs at each request, typed and bounded.
//!
//! They come as JSON, whoever asks, and nothing of them reaches SQL but as a parameter. Bad input is
//! refused here with a pointer to it, before any statement.

mod cursor;
mod filter;
mod group;
mod list;
mod scalar;
mod served;

pub use cursor::Mark;
pub use filter::{Compare, Filter, Quantifier, TextPlace};
pub use group::{Bucket, Function, GROUPS, GroupArgs, GroupBy, GroupTerm, Having, Measure};
pub use list::{Edge, ListArgs, MOST, PAGE};
pub use scalar::Scalar;

use serde_json::{Map, Value};

use crate::error::{Common, Error};

/// The arguments of one field.
pub type Args = Map<String, Value>;

/// An argument that is given and not null.
pub(super) fn given<'a>(args: &'a Args, name: &str) -> Option<&'a Value> {
    args.get(name).filter(|value| !value.is_null())
}

/// `detail` is wrong at `pointer`.
fn wrong(pointer: &str, detail: impl Into<String>) -> Error {
    Common::invalid(pointer, detail).into()
}
