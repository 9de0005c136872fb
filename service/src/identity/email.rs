//! An e-mail address, and the key under which two spellings of it are one.

use super::error::Error;

/// An address as its owner wrote it, with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailAddress {
    /// As written, without the white space around it.
    pub text: String,
    /// Lower case: what must be unique.
    pub key: String,
}

impl EmailAddress {
    /// Read an address: one `@`, something on both sides, no white space, 255 characters at most.
    /// Whether it can be reached only a mail to it can tell.
    pub fn new(raw: &str) -> Result<Self, Error> {
        let text = raw.trim();
        let wrong = |detail: &str| Error::field("/email", detail);
        if text.chars().count() > 255 {
            return Err(wrong("is longer than 255 characters"));
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(wrong("has white space or control characters"));
        }
        match text.split_once('@') {
            Some((local, domain))
                if !local.is_empty() && !domain.is_empty() && !domain.contains('@') =>
            {
                Ok(Self {
                    text: text.to_owned(),
                    key: text.to_lowercase(),
                })
            }
            _ => Err(wrong("is not an e-mail address")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_other_texts() {
        let key = |raw: &str| EmailAddress::new(raw).map(|address| address.key).ok();
        assert_eq!(key(" Ann@Demo.Test "), Some("ann@demo.test".into()));
        for wrong in [
            "",
            "ann",
            "@demo.test",
            "ann@",
            "a@b@c",
            "a b@c",
            "a@b\u{0}",
        ] {
            assert_eq!(key(wrong), None, "{wrong:?}");
        }
        assert_eq!(key(&format!("{}@x", "a".repeat(255))), None);
    }
}
