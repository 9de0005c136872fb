//! The types of documents that are recognised, and what a file is said to be.

use super::error::Error;
use super::name::FileName;

/// How a type is recognised by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// A PDF.
    Pdf,
    /// A package of Office Open XML, with its main part in this folder.
    Office(&'static str),
    /// A package of `OpenDocument`.
    OpenDocument,
    /// Text in UTF-8.
    Text,
    /// Text in UTF-8 that is an object or a list.
    Json,
    /// A picture that is kept as it is.
    Png,
    /// The same.
    Jpeg,
}

/// A type of document.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Media {
    /// Its media type.
    pub(super) name: &'static str,
    /// The extensions that it goes under.
    pub(super) extensions: &'static [&'static str],
    /// What else clients call it.
    aliases: &'static [&'static str],
    pub(super) shape: Shape,
}

const fn media(
    name: &'static str,
    extensions: &'static [&'static str],
    aliases: &'static [&'static str],
    shape: Shape,
) -> Media {
    Media {
        name,
        extensions,
        aliases,
        shape,
    }
}

/// Every type that is recognised.
pub(super) const KNOWN: &[Media] = &[
    media(
        "application/pdf",
        &["pdf"],
        &["application/x-pdf"],
        Shape::Pdf,
    ),
    media(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        &["docx"],
        &[],
        Shape::Office("word/"),
    ),
    media(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        &["xlsx"],
        &[],
        Shape::Office("xl/"),
    ),
    media(
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        &["pptx"],
        &[],
        Shape::Office("ppt/"),
    ),
    media(
        "application/vnd.oasis.opendocument.text",
        &["odt"],
        &[],
        Shape::OpenDocument,
    ),
    media(
        "application/vnd.oasis.opendocument.spreadsheet",
        &["ods"],
        &[],
        Shape::OpenDocument,
    ),
    media(
        "application/vnd.oasis.opendocument.presentation",
        &["odp"],
        &[],
        Shape::OpenDocument,
    ),
    media("text/plain", &["txt", "text", "log"], &[], Shape::Text),
    media(
        "text/markdown",
        &["md", "markdown"],
        &["text/x-markdown", "text/plain"],
        Shape::Text,
    ),
    // What a browser says of it where a spreadsheet program is installed.
    media(
        "text/csv",
        &["csv"],
        &["application/csv", "application/vnd.ms-excel", "text/plain"],
        Shape::Text,
    ),
    media(
        "application/json",
        &["json"],
        &["text/json", "text/plain"],
        Shape::Json,
    ),
    media("image/png", &["png"], &[], Shape::Png),
    media(
        "image/jpeg",
        &["jpg", "jpeg"],
        &["image/jpg", "image/pjpeg"],
        Shape::Jpeg,
    ),
];

/// What says nothing of the type.
const BLANK: &[&str] = &["", "application/octet-stream", "binary/octet-stream"];

/// The media type without its parameters, in small letters.
pub(super) fn essence(content_type: &str) -> String {
    let bare = content_type.split(';').next().unwrap_or_default();
    bare.trim().to_ascii_lowercase()
}

/// The type that a document is said to be, by its name and by what came with it; one that is taken.
pub(super) fn said(
    name: &FileName,
    content_type: Option<&str>,
    taken: &[String],
) -> Result<&'static Media, Error> {
    let refuse = |what: String| Err(Error::Type { what });
    let Some(extension) = name.extension() else {
        return refuse("a name without an extension".to_owned());
    };
    let known = KNOWN
        .iter()
        .find(|media| media.extensions.contains(&extension.as_str()))
        .filter(|media| taken.iter().any(|one| one == media.name));
    let Some(media) = known else {
        return refuse(format!("`.{extension}`"));
    };
    let Some(content_type) = content_type else {
        return Ok(media);
    };
    let said = essence(content_type);
    let agrees = said == media.name
        || media.aliases.contains(&said.as_str())
        || BLANK.contains(&said.as_str());
    if !agrees {
        return Err(Error::Mismatch {
            said: shown(&said),
            found: format!("{} by its name", media.name),
        });
    }
    let charset = content_type.to_ascii_lowercase();
    let charset = charset.split(';').skip(1).find_map(|parameter| {
        let value = parameter.trim().strip_prefix("charset=")?;
        Some(value.trim_matches('"').to_owned())
    });
    match charset.as_deref() {
        None | Some("utf-8" | "utf8" | "us-ascii") => Ok(media),
        Some(other) => refuse(format!("text in {}", shown(other))),
    }
}

/// A type as a message may show it: of few letters, and those plain.
fn shown(said: &str) -> String {
    let plain = |letter: &char| letter.is_ascii_alphanumeric() || "/.+-_".contains(*letter);
    let text: String = said.chars().filter(plain).take(100).collect();
    if text.is_empty() {
        return "something unnamed".to_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_agrees_with_the_name() {
        let all: Vec<String> = KNOWN.iter().map(|media| media.name.to_owned()).collect();
        let said = |name: &str, kind: Option<&str>| {
            let name = FileName::new(name).unwrap();
            said(&name, kind, &all).map(|media| media.name)
        };
        for (name, kind, is) in [
            ("a.pdf", None, "application/pdf"),
            ("A.PDF", Some("application/pdf"), "application/pdf"),
            ("a.pdf", Some("application/octet-stream"), "application/pdf"),
            ("a.csv", Some("application/vnd.ms-excel"), "text/csv"),
            ("a.txt", Some("text/plain; charset=UTF-8"), "text/plain"),
            ("a.md", Some("text/plain"), "text/markdown"),
        ] {
            assert_eq!(said(name, kind).unwrap(), is, "{name} {kind:?}");
        }
        for (name, kind, code) in [
            ("a", None, "upload.type_not_allowed"),
            ("a.exe", Some("application/pdf"), "upload.type_not_allowed"),
            ("a.pdf.svg", None, "upload.type_not_allowed"),
            ("a.pdf", Some("text/html"), "upload.type_mismatch"),
            ("a.txt", Some("application/pdf"), "upload.type_mismatch"),
            (
                "a.txt",
                Some("text/plain; charset=utf-16"),
                "upload.type_not_allowed",
            ),
        ] {
            use crate::error::Refusal;
            assert_eq!(
                said(name, kind).unwrap_err().code(),
                code,
                "{name} {kind:?}"
            );
        }
        let name = FileName::new("a.pdf").unwrap();
        assert!(super::said(&name, None, &all[1..]).is_err(), "not taken");
    }
}
