//! What a caller expects a row to be before they change it: the states that they have read.
//!
//! A state is named by the row's tag, as RFC 9110 (section 13.1.1) has it for `If-Match`.

use crate::error::{Common, Result};

/// The states in which a row may be changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Expect {
    /// Any: the caller does not care.
    #[default]
    Any,
    /// One of these.
    OneOf(Vec<String>),
}

impl Expect {
    /// Whether it matters at all in which state the row is.
    pub(crate) fn matters(&self) -> bool {
        *self != Self::Any
    }

    /// Refuse unless a row with this tag may be changed.
    pub(crate) fn check(&self, tag: &str) -> Result<()> {
        match self {
            Self::Any => Ok(()),
            Self::OneOf(tags) if tags.iter().any(|one| one == tag) => Ok(()),
            Self::OneOf(_) => Err(Common::VersionConflict.into()),
        }
    }

    /// Refuse unless a row of this version may be changed; what a tag says behind the version, after
    /// a dot, does not matter.
    pub(crate) fn check_version(&self, version: i64) -> Result<()> {
        let version = version.to_string();
        match self {
            Self::OneOf(tags) => {
                let named = tags.iter().filter_map(|tag| tag.split('.').next());
                Self::OneOf(named.map(str::to_owned).collect()).check(&version)
            }
            Self::Any => Ok(()),
        }
    }
}
