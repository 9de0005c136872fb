//! What a file may be called. Nothing is ever stored under its name, so this is for those who read
//! it: a name is no path, and shows itself as it is.

use crate::error::{Common, Result};

/// The name's length in characters, as its column has it.
const LONGEST: usize = 255;

/// A name that shows itself as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileName(String);

impl FileName {
    /// `name`, or what is wrong with it.
    pub(super) fn new(name: &str) -> Result<Self> {
        let wrong = |detail: &str| Err(Common::invalid("/file/filename", detail).into());
        if name.trim().is_empty() {
            return wrong("must not be empty");
        }
        if name.chars().count() > LONGEST {
            return wrong("has more than 255 characters");
        }
        if name.contains(['/', '\\']) || name.trim_matches('.').is_empty() {
            return wrong("must be a name, not a path");
        }
        if name.chars().any(is_hidden) {
            return wrong("has characters that do not show");
        }
        if name.trim() != name || name.ends_with('.') {
            return wrong("must not begin or end with a blank, nor end with a dot");
        }
        Ok(Self(name.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind its last dot, in small letters.
    pub(super) fn extension(&self) -> Option<String> {
        let (stem, extension) = self.0.rsplit_once('.')?;
        (!stem.is_empty()).then(|| extension.to_lowercase())
    }
}

/// Whether a letter is not seen, or changes how others are seen.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_path_and_shows_itself() {
        for good in [
            "a.pdf",
            "Übersicht 2026.tar.gz",
            "年報.pdf",
            ".profile",
            "a..b",
        ] {
            assert!(FileName::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            " ",
            ".",
            "..",
            "../a.pdf",
            "a/b.pdf",
            "C:\\a.pdf",
            "a\0.pdf",
            "a\n.pdf",
            "a.pdf ",
            " a.pdf",
            "a.pdf.",
            "fdp.\u{202e}exe",
            "a\u{200b}.pdf",
            &"a".repeat(256),
        ] {
            assert!(FileName::new(bad).is_err(), "{bad:?}");
        }
        let extension = |name| FileName::new(name).unwrap().extension();
        assert_eq!(extension("A.PDF").as_deref(), Some("pdf"));
        assert_eq!(extension("a.pdf.exe").as_deref(), Some("exe"));
        assert_eq!(extension(".profile"), None);
        assert_eq!(extension("plain"), None);
    }
}
