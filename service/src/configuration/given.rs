//! What the settings' file and the environment say.

use std::collections::BTreeMap;

use serde_json::Value;

use super::SettingValue;
use super::setting::{Described, Setting};

/// How a variable of the environment begins that sets a setting.
const PREFIX: &str = "CHANCERY_SETTING_";

/// What was set outside the program and the database.
#[derive(Clone, Debug, Default)]
pub struct Given {
    file: BTreeMap<String, Value>,
    environment: BTreeMap<String, Value>,
}

/// What is wrong with what was given. Shows no value: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("setting `{key}`: {what}")]
pub struct Wrong {
    /// The setting.
    pub key: String,
    /// What is wrong with it.
    pub what: String,
}

impl Given {
    /// What a table of the settings' file says: `[features]` with `max_agents_per_user = 5` is the
    /// same as `"features.max_agents_per_user" = 5`.
    #[must_use]
    pub fn file(mut self, table: &serde_json::Map<String, Value>) -> Self {
        flatten(table, "", &mut self.file);
        self
    }

    /// What the environment's variables say: `CHANCERY_SETTING_FEATURES__MAX_AGENTS_PER_USER=5`. A
    /// value is JSON where it can be read as such, else a text; an empty one is none.
    #[must_use]
    pub fn environment(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        for (name, value) in variables {
            let Some(name) = name.strip_prefix(PREFIX) else {
                continue;
            };
            if value.is_empty() {
                continue;
            }
            let key = name.to_ascii_lowercase().replace("__", ".");
            let value = serde_json::from_str(&value).unwrap_or(Value::String(value));
            self.environment.insert(key, value);
        }
        self
    }

    /// The variable of the environment that sets `key`.
    #[must_use]
    pub fn variable(key: &str) -> String {
        format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
    }

    /// As the environment would set it.
    #[must_use]
    pub fn with<T: SettingValue>(mut self, of: &Setting<T>, value: &T) -> Self {
        self.environment.insert(of.key.to_owned(), value.to_json());
        self
    }

    /// What the environment says of `key`.
    pub(super) fn in_environment(&self, key: &str) -> Option<&Value> {
        self.environment.get(key)
    }

    /// What the file says of `key`.
    pub(super) fn in_file(&self, key: &str) -> Option<&Value> {
        self.file.get(key)
    }

    /// Whether all of it is known and well formed. A text from the environment is taken for a text
    /// though it reads as JSON, and for a list where it has commas.
    pub(super) fn settle(&mut self, declared: &[&dyn Described]) -> Result<(), Wrong> {
        for (of_environment, values) in [(false, &mut self.file), (true, &mut self.environment)] {
            for (key, value) in values {
                let wrong = |what: String| Wrong {
                    key: key.clone(),
                    what,
                };
                let setting = declared
                    .iter()
                    .find(|setting| setting.key() == key)
                    .ok_or_else(|| wrong("there is no such setting".to_owned()))?;
                let Err(what) = setting.check(value) else {
                    continue;
                };
                let other = readings(value).find(|other| setting.check(other).is_ok());
                match other {
                    Some(other) if of_environment => *value = other,
                    _ => return Err(wrong(what)),
                }
            }
        }
        Ok(())
    }
}

/// What else a variable's value may have been meant to be.
fn readings(value: &Value) -> impl Iterator<Item = Value> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let list = text.split(',').map(|part| part.trim().into()).collect();
    [Value::String(text), Value::Array(list)].into_iter()
}

fn flatten(
    table: &serde_json::Map<String, Value>,
    above: &str,
    into: &mut BTreeMap<String, Value>,
) {
    for (word, value) in table {
        let key = if above.is_empty() {
            word.clone()
        } else {
            format!("{above}.{word}")
        };
        match value {
            Value::Object(inner) => flatten(inner, &key, into),
            value => drop(into.insert(key, value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::configuration::stored::Stored;
    use crate::configuration::{Bounds, Configuration, Setting, Source};

    const LIMIT: Setting<i64> = Setting {
        key: "features.limit",
        description: "",
        default: || 5,
        bounds: Bounds::of(1, 100),
        sensitive: false,
        live: true,
    };
    const NAMES: Setting<Vec<String>> = Setting {
        key: "names.allowed",
        description: "",
        default: Vec::new,
        bounds: Bounds::of(0, 3),
        sensitive: false,
        live: true,
    };
    const TITLE: Setting<String> = Setting {
        key: "title",
        description: "",
        default: String::new,
        bounds: Bounds::of(0, 8),
        sensitive: true,
        live: true,
    };
    const ALL: &[&dyn Described] = &[&LIMIT, &NAMES, &TITLE];

    fn settled(mut given: Given) -> Result<Configuration, Wrong> {
        given.settle(ALL)?;
        Ok(Configuration {
            given,
            ..Configuration::default()
        })
    }

    fn source(settings: &Configuration, of: &dyn Described) -> Source {
        let said = settings
            .said(of.key(), &Stored::default())
            .next()
            .map(|said| said.0);
        said.unwrap_or(Source::Default)
    }

    fn variables(name: &str, value: &str) -> Given {
        Given::default().environment([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn the_environment_goes_before_the_file_and_the_file_before_the_default() {
        let table = json!({ "features": { "limit": 7 }, "title": "file" });
        let file = Given::default().file(table.as_object().unwrap());
        let both = file.environment([(format!("{PREFIX}FEATURES__LIMIT"), "9".to_owned())]);
        let settings = settled(both).unwrap();
        assert_eq!(settings.get(&LIMIT), 9);
        assert_eq!(source(&settings, &LIMIT), Source::Environment);
        assert_eq!(settings.get(&TITLE), "file");
        assert_eq!(source(&settings, &TITLE), Source::File);
        assert_eq!(settings.get(&NAMES), Vec::<String>::new());
        assert_eq!(source(&settings, &NAMES), Source::Default);
    }

    #[test]
    fn a_variable_is_read_as_its_setting_needs_it() {
        let get = |name: &str, value: &str| settled(variables(&format!("{PREFIX}{name}"), value));
        let names = get("NAMES__ALLOWED", "a, b").map(|settings| settings.get(&NAMES));
        assert_eq!(names, Ok(vec!["a".to_owned(), "b".to_owned()]));
        let names = get("NAMES__ALLOWED", r#"["a"]"#).map(|settings| settings.get(&NAMES));
        assert_eq!(names, Ok(vec!["a".to_owned()]));
        let title = get("TITLE", "42").map(|settings| settings.get(&TITLE));
        assert_eq!(title, Ok("42".to_owned()));
        let none = get("TITLE", "").map(|settings| source(&settings, &TITLE));
        assert_eq!(none, Ok(Source::Default));
    }

    #[test]
    fn what_is_wrong_is_named_without_the_value() {
        for (name, value, says) in [
            (
                "FEATURES__LIMIT",
                "0",
                "setting `features.limit`: is under 1",
            ),
            (
                "FEATURES__LIMIT",
                "101",
                "setting `features.limit`: is over 100",
            ),
            (
                "FEATURES__LIMIT",
                "many",
                "setting `features.limit`: is not a whole number",
            ),
            (
                "FEATURES__LIMITS",
                "1",
                "setting `features.limits`: there is no such setting",
            ),
            ("TITLE", "much too long", "setting `title`: is over 8"),
            (
                "NAMES__ALLOWED",
                "a,b,c,d",
                "setting `names.allowed`: is not a list",
            ),
        ] {
            let wrong = settled(variables(&format!("{PREFIX}{name}"), value)).err();
            assert_eq!(wrong.map(|wrong| wrong.to_string()).as_deref(), Some(says));
        }
    }
}
