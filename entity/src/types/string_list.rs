//! A list of strings: a JSON array on both engines.

use sea_orm::FromJsonQueryResult;
use serde::{Deserialize, Serialize};

/// A list of strings, kept as a JSON array (`jsonb` on `PostgreSQL`, JSON text on `SQLite`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJsonQueryResult)]
#[serde(transparent)]
pub struct StringList(pub Vec<String>);

impl StringList {
    /// Whether `text` is one of the strings.
    pub fn contains(&self, text: &str) -> bool {
        self.0.iter().any(|entry| entry == text)
    }
}

impl<S: Into<String>> FromIterator<S> for StringList {
    fn from_iter<I: IntoIterator<Item = S>>(iter: I) -> Self {
        Self(iter.into_iter().map(Into::into).collect())
    }
}

impl From<Vec<String>> for StringList {
    fn from(list: Vec<String>) -> Self {
        Self(list)
    }
}
