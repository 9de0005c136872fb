//! Ciphertext in a text column. Only `service::secret` makes and opens it.

use std::fmt;

use sea_orm::DeriveValueType;

/// An encrypted value as `service::secret` wrote it (it names its key). It has no serialisation and
/// its `Debug` shows nothing, so that not even the ciphertext leaves by accident.
#[derive(Clone, PartialEq, Eq, DeriveValueType)]
#[sea_orm(column_type = "Text")]
pub struct Encrypted(pub String);

impl fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encrypted(…)")
    }
}
