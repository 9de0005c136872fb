//! The types that a setting can have.

use std::time::Duration;

use ipnet::IpNet;
use serde_json::{Value, json};
use url::Url;

/// A type that a setting can have.
pub trait SettingValue: std::fmt::Debug + Sized + 'static {
    /// What it is called in a complaint: "is not a whole number".
    const WHAT: &'static str;
    /// The word of JSON Schema for the least size; empty: it has no size.
    const LEAST: &'static str = "";
    /// The word of JSON Schema for the greatest size.
    const MOST: &'static str = "";

    /// The value that `json` is.
    fn from_json(json: &Value) -> Option<Self>;
    /// The value as JSON.
    fn to_json(&self) -> Value;
    /// What its bounds bound.
    fn size(&self) -> Option<i64> {
        None
    }
    /// Its JSON Schema, without bounds.
    fn schema() -> Value;
}

fn whole(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

impl SettingValue for bool {
    const WHAT: &'static str = "true or false";

    fn from_json(json: &Value) -> Option<Self> {
        json.as_bool()
    }

    fn to_json(&self) -> Value {
        json!(self)
    }

    fn schema() -> Value {
        json!({ "type": "boolean" })
    }
}

impl SettingValue for i64 {
    const WHAT: &'static str = "a whole number";
    const LEAST: &'static str = "minimum";
    const MOST: &'static str = "maximum";

    fn from_json(json: &Value) -> Option<Self> {
        json.as_i64()
    }

    fn to_json(&self) -> Value {
        json!(self)
    }

    fn size(&self) -> Option<i64> {
        Some(*self)
    }

    fn schema() -> Value {
        json!({ "type": "integer" })
    }
}

impl SettingValue for f64 {
    const WHAT: &'static str = "a number";
    const LEAST: &'static str = "minimum";
    const MOST: &'static str = "maximum";

    fn from_json(json: &Value) -> Option<Self> {
        json.as_f64()
    }

    fn to_json(&self) -> Value {
        json!(self)
    }

    /// Away from zero, so that what lies between two whole numbers is not within bounds by rounding.
    fn size(&self) -> Option<i64> {
        let size = if *self < 0.0 {
            self.floor()
        } else {
            self.ceil()
        };
        format!("{size:.0}").parse().ok().or(Some(i64::MAX))
    }

    fn schema() -> Value {
        json!({ "type": "number" })
    }
}

/// In seconds, which may have a fraction; its bounds are whole seconds.
impl SettingValue for Duration {
    const WHAT: &'static str = "a time in seconds";
    const LEAST: &'static str = "minimum";
    const MOST: &'static str = "maximum";

    fn from_json(json: &Value) -> Option<Self> {
        Self::try_from_secs_f64(json.as_f64()?).ok()
    }

    fn to_json(&self) -> Value {
        if self.subsec_nanos() == 0 {
            json!(self.as_secs())
        } else {
            json!(self.as_secs_f64())
        }
    }

    fn size(&self) -> Option<i64> {
        Some(i64::try_from(self.as_secs()).unwrap_or(i64::MAX))
    }

    fn schema() -> Value {
        json!({ "type": "number", "description": "seconds" })
    }
}

impl SettingValue for String {
    const WHAT: &'static str = "a text";
    const LEAST: &'static str = "minLength";
    const MOST: &'static str = "maxLength";

    fn from_json(json: &Value) -> Option<Self> {
        json.as_str().map(str::to_owned)
    }

    fn to_json(&self) -> Value {
        json!(self)
    }

    fn size(&self) -> Option<i64> {
        Some(whole(self.len()))
    }

    fn schema() -> Value {
        json!({ "type": "string" })
    }
}

impl SettingValue for Url {
    const WHAT: &'static str = "an absolute URL";

    fn from_json(json: &Value) -> Option<Self> {
        json.as_str()?.parse().ok()
    }

    fn to_json(&self) -> Value {
        json!(self.as_str())
    }

    fn schema() -> Value {
        json!({ "type": "string", "format": "uri" })
    }
}

impl SettingValue for IpNet {
    const WHAT: &'static str = "a network such as 10.0.0.0/8";

    fn from_json(json: &Value) -> Option<Self> {
        json.as_str()?.parse().ok()
    }

    fn to_json(&self) -> Value {
        json!(self.to_string())
    }

    fn schema() -> Value {
        json!({ "type": "string" })
    }
}

/// Nothing is `null`.
impl<T: SettingValue> SettingValue for Option<T> {
    const WHAT: &'static str = T::WHAT;
    const LEAST: &'static str = T::LEAST;
    const MOST: &'static str = T::MOST;

    fn from_json(json: &Value) -> Option<Self> {
        if json.is_null() {
            return Some(None);
        }
        T::from_json(json).map(Some)
    }

    fn to_json(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_json)
    }

    fn size(&self) -> Option<i64> {
        self.as_ref().and_then(T::size)
    }

    fn schema() -> Value {
        let mut schema = T::schema();
        schema["type"] = json!([schema["type"], "null"]);
        schema
    }
}

/// In the environment also with commas: `a, b`.
impl<T: SettingValue> SettingValue for Vec<T> {
    const WHAT: &'static str = "a list";
    const LEAST: &'static str = "minItems";
    const MOST: &'static str = "maxItems";

    fn from_json(json: &Value) -> Option<Self> {
        json.as_array()?.iter().map(T::from_json).collect()
    }

    fn to_json(&self) -> Value {
        self.iter().map(T::to_json).collect()
    }

    fn size(&self) -> Option<i64> {
        Some(whole(self.len()))
    }

    fn schema() -> Value {
        json!({ "type": "array", "items": T::schema() })
    }
}
