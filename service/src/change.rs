//! A change of one value: leave it, take it away, or put another in its place.

use serde::{Deserialize, Deserializer};

/// What becomes of a value. In JSON: a member that is not there, `null`, or the new value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// It stays.
    #[default]
    Keep,
    /// It goes.
    Clear,
    /// It becomes this.
    Set(T),
}

impl<T> Change<T> {
    /// The new value, where there is one.
    pub fn new_value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }

    /// Do it to `value`.
    pub fn apply(self, value: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *value = None,
            Self::Set(new) => *value = Some(new),
        }
    }
}

impl<T> From<Option<T>> for Change<T> {
    /// The value becomes this one, or goes.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Clear, Self::Set)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::<T>::deserialize(deserializer)?;
        Ok(value.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Body {
        #[serde(default)]
        name: Change<String>,
    }

    #[test]
    fn a_member_that_is_not_there_is_no_null() {
        for (text, change, left) in [
            ("{}", Change::Keep, Some("old")),
            (r#"{"name":null}"#, Change::Clear, None),
            (
                r#"{"name":"new"}"#,
                Change::Set("new".to_owned()),
                Some("new"),
            ),
        ] {
            let body: Body = serde_json::from_str(text).unwrap();
            assert_eq!(body.name, change, "{text}");
            let mut value = Some("old".to_owned());
            body.name.apply(&mut value);
            assert_eq!(value.as_deref(), left, "{text}");
        }
    }
}
