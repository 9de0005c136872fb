//! Values that callers send: bounded, and without the one character that no engine keeps.

use chrono::{DateTime, Datelike, Utc};

use crate::error::{Common, FieldError};

/// Gathers what is wrong with a request's values, so that one answer tells all of it.
#[derive(Debug, Default)]
pub(crate) struct Check(Vec<FieldError>);

impl Check {
    /// `text` must have `1..=max` characters when `required`, else at most `max`.
    pub(crate) fn text(
        &mut self,
        pointer: impl Into<String>,
        text: &str,
        required: bool,
        max: usize,
    ) {
        let length = text.chars().count();
        let detail = if text.contains('\0') {
            "must not contain U+0000".to_owned()
        } else if required && text.trim().is_empty() {
            "must not be empty".to_owned()
        } else if length > max {
            format!("has {length} characters; {max} is the most")
        } else {
            return;
        };
        self.0.push(FieldError::new(pointer, detail));
    }

    /// `text` may have at most `max` bytes.
    pub(crate) fn bytes(&mut self, pointer: impl Into<String>, text: &str, max: usize) {
        if text.contains('\0') {
            self.wrong(pointer, "must not contain U+0000");
        } else if text.len() > max {
            let length = text.len();
            self.wrong(pointer, format!("has {length} bytes; {max} is the most"));
        }
    }

    /// As [`text`](Self::text), where it is given.
    pub(crate) fn maybe(&mut self, pointer: &str, text: Option<&String>, max: usize) {
        if let Some(text) = text {
            self.text(pointer, text, false, max);
        }
    }

    /// `list` may have at most `most` texts, each of `1..=max` characters, and none twice.
    pub(crate) fn texts(&mut self, pointer: &str, list: &[String], most: usize, max: usize) {
        if list.len() > most {
            let length = list.len();
            self.wrong(pointer, format!("has {length} entries; {most} is the most"));
        }
        for (at, text) in list.iter().enumerate().take(most) {
            self.text(format!("{pointer}/{at}"), text, true, max);
            if list[..at].contains(text) {
                self.wrong(format!("{pointer}/{at}"), "is there twice");
            }
        }
    }

    /// As [`json`](Self::json); and as text, `json` may have at most `max` bytes.
    pub(crate) fn small_json(&mut self, pointer: &str, json: &serde_json::Value, max: usize) {
        self.json(pointer, json);
        let length = json.to_string().len();
        if length > max {
            self.wrong(pointer, format!("has {length} bytes; {max} is the most"));
        }
    }

    /// `time`, where it is given, must be one that every engine keeps.
    pub(crate) fn time(&mut self, pointer: impl Into<String>, time: Option<DateTime<Utc>>) {
        if time.is_some_and(|time| !is_kept(time)) {
            self.wrong(pointer, "must lie in the years 1 to 9999");
        }
    }

    /// Say that something else is wrong.
    pub(crate) fn wrong(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(FieldError::new(pointer, detail));
    }

    /// No string or key of `json` may contain U+0000.
    pub(crate) fn json(&mut self, pointer: &str, json: &serde_json::Value) {
        if has_nul(json) {
            self.wrong(pointer, "must not contain U+0000");
        }
    }

    /// The refusal, if anything is wrong.
    pub(crate) fn done(self) -> Result<(), Common> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Common::Invalid { fields: self.0 })
        }
    }
}

/// An address that a browser may be led to, of at most `most` bytes.
pub(crate) fn web_address(text: &str, most: usize) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.has_host();
    (web && text.len() <= most).then(|| url.to_string())
}

/// Whether every engine keeps `time`, and in its order: `SQLite` compares times as text.
pub(crate) fn is_kept(time: DateTime<Utc>) -> bool {
    (1..=9_999).contains(&time.year())
}

/// Whether U+0000 stands in a string or key of `json`.
pub(crate) fn has_nul(json: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Object, String};
    match json {
        String(text) => text.contains('\0'),
        Array(items) => items.iter().any(has_nul),
        Object(members) => members
            .iter()
            .any(|(key, value)| key.contains('\0') || has_nul(value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_of_the_web() {
        let good = "https://media.example.com/a%20b.mp4?x=1";
        assert_eq!(web_address(good, 50).as_deref(), Some(good));
        for none in [
            "",
            "/a.mp4",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://example.com/",
            "https://media.example.com/of-more-than-fifty-bytes.mp4",
        ] {
            assert_eq!(web_address(none, 50), None, "{none}");
        }
    }
}
