//! The declaration of a setting.

use serde_json::{Value, json};

use super::value::SettingValue;

/// What a value may be, beside its type: a number's size, a text's length in bytes, a list's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The least.
    pub least: i64,
    /// The most.
    pub most: i64,
}

impl Bounds {
    /// Anything.
    pub const NONE: Self = Self {
        least: i64::MIN,
        most: i64::MAX,
    };

    /// From `least` to `most`, both included.
    pub const fn of(least: i64, most: i64) -> Self {
        Self { least, most }
    }
}

/// A setting: its name, its type, and what stands where nobody sets it.
#[derive(Debug)]
pub struct Setting<T> {
    /// Its name: words of `a-z`, `0-9` and `_`, joined by dots.
    pub key: &'static str,
    /// What it does, and in which unit, for the person who sets it.
    pub description: &'static str,
    /// Its value where nobody sets it.
    pub default: fn() -> T,
    /// What its value may be.
    pub bounds: Bounds,
    /// Whether its value is a secret.
    pub sensitive: bool,
    /// Whether a change is felt at once; otherwise at the next start.
    pub live: bool,
}

/// A setting, whatever its type.
pub trait Described: std::fmt::Debug + Sync {
    /// Its name.
    fn key(&self) -> &'static str;
    /// What it does.
    fn description(&self) -> &'static str;
    /// Its value where nobody sets it.
    fn default_value(&self) -> Value;
    /// Its JSON Schema.
    fn schema(&self) -> Value;
    /// Whether its value is a secret.
    fn sensitive(&self) -> bool;
    /// Whether a change is felt at once.
    fn live(&self) -> bool;
    /// Why `value` is none of its values.
    fn check(&self, value: &Value) -> Result<(), String>;
}

impl<T: SettingValue> Setting<T> {
    /// The value that `json` is.
    ///
    /// # Errors
    /// What is wrong with it, without repeating it: it may be a secret.
    pub fn read(&self, json: &Value) -> Result<T, String> {
        let value = T::from_json(json).ok_or_else(|| format!("is not {}", T::WHAT))?;
        let Bounds { least, most } = self.bounds;
        match value.size() {
            Some(size) if size < least => Err(format!("is under {least}")),
            Some(size) if size > most => Err(format!("is over {most}")),
            _ => Ok(value),
        }
    }
}

impl<T: SettingValue> Described for Setting<T> {
    fn key(&self) -> &'static str {
        self.key
    }

    fn description(&self) -> &'static str {
        self.description
    }

    fn default_value(&self) -> Value {
        (self.default)().to_json()
    }

    fn schema(&self) -> Value {
        let mut schema = T::schema();
        for (word, bound, open) in [
            (T::LEAST, self.bounds.least, i64::MIN),
            (T::MOST, self.bounds.most, i64::MAX),
        ] {
            if bound != open && !word.is_empty() {
                schema[word] = json!(bound);
            }
        }
        schema
    }

    fn sensitive(&self) -> bool {
        self.sensitive
    }

    fn live(&self) -> bool {
        self.live
    }

    fn check(&self, value: &Value) -> Result<(), String> {
        self.read(value).map(drop)
    }
}
