//! A look at the content while it goes by: its head, its tail, and whether all of it is text. What
//! it is said to be must be what it is, from the first byte to the last: a file that is two things at
//! once is neither.

use super::error::Error;
use super::media::{Media, Shape};

/// How much of the beginning is kept.
const HEAD: usize = 8 * 1024;
/// How much of the end is kept: a ZIP archive's last record, with the longest comment.
pub(super) const TAIL: usize = 22 + 65_535;

/// What was seen of the content.
#[derive(Debug)]
pub(super) struct Look {
    head: Vec<u8>,
    tail: Vec<u8>,
    size: u64,
    text: Option<Text>,
}

/// Whether everything so far is UTF-8, without signs that no text has.
#[derive(Debug)]
struct Text {
    good: bool,
    /// The begun letter at the end of what came.
    rest: Vec<u8>,
}

impl Look {
    /// Nothing was seen yet of what is said to be of this shape.
    pub(super) fn new(shape: Shape) -> Self {
        let text = matches!(shape, Shape::Text | Shape::Json);
        Self {
            head: Vec::new(),
            tail: Vec::new(),
            size: 0,
            text: text.then(|| Text {
                good: true,
                rest: Vec::new(),
            }),
        }
    }

    /// See what comes next.
    pub(super) fn see(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        let room = HEAD - self.head.len().min(HEAD);
        self.head.extend_from_slice(&bytes[..room.min(bytes.len())]);
        if bytes.len() >= TAIL {
            self.tail.clear();
            self.tail.extend_from_slice(&bytes[bytes.len() - TAIL..]);
        } else {
            self.tail.extend_from_slice(bytes);
            // Not at each piece: they may be small.
            if self.tail.len() > 2 * TAIL {
                let over = self.tail.len() - TAIL;
                self.tail.drain(..over);
            }
        }
        if let Some(text) = &mut self.text {
            text.see(bytes);
        }
    }

    /// The end, up to [`TAIL`] bytes.
    pub(super) fn tail(&self) -> &[u8] {
        &self.tail[self.tail.len().saturating_sub(TAIL)..]
    }

    /// How much was seen.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Whether the content is `media`, as far as its ends tell; a package's directory is looked at
    /// beside this.
    pub(super) fn judge(&self, media: &Media) -> Result<(), Error> {
        if self.size == 0 {
            return Err(Error::Empty);
        }
        match media.shape {
            Shape::Pdf => self.begins(media, b"%PDF-").and_then(|()| self.pdf()),
            Shape::Office(_) => self.begins(media, b"PK\x03\x04"),
            Shape::OpenDocument => self
                .begins(media, b"PK\x03\x04")
                .and_then(|()| self.open(media)),
            Shape::Png => self
                .begins(media, b"\x89PNG\r\n\x1a\n")
                .and_then(|()| self.ends(b"\0\0\0\0IEND\xaeB`\x82")),
            Shape::Jpeg => self
                .begins(media, b"\xff\xd8\xff")
                .and_then(|()| self.ends(b"\xff\xd9")),
            Shape::Text => self.plain(media),
            Shape::Json => self.plain(media).and_then(|()| self.json(media)),
        }
    }

    fn begins(&self, media: &Media, with: &[u8]) -> Result<(), Error> {
        if self.head.starts_with(with) {
            Ok(())
        } else {
            Err(self.mismatch(media))
        }
    }

    fn ends(&self, with: &[u8]) -> Result<(), Error> {
        if self.tail().ends_with(with) {
            Ok(())
        } else {
            Err(Error::damaged(
                "its end is missing, or something is behind it",
            ))
        }
    }

    fn mismatch(&self, media: &Media) -> Error {
        let found = infer::get(&self.head).map_or("something else", |kind| kind.mime_type());
        Error::Mismatch {
            said: media.name.to_owned(),
            found: found.to_owned(),
        }
    }

    fn pdf(&self) -> Result<(), Error> {
        let tail = self.tail();
        if !holds(&tail[tail.len().saturating_sub(1024)..], b"%%EOF") {
            return Err(Error::damaged(
                "its end is missing, or something is behind it",
            ));
        }
        // What reads archives looks for them from the end.
        if holds(tail, b"PK\x05\x06") {
            return Err(Error::damaged("it is an archive, too"));
        }
        Ok(())
    }

    /// An `OpenDocument` package says what it is in its first entry, which is not packed.
    fn open(&self, media: &Media) -> Result<(), Error> {
        let begins = self.head.get(30..38) == Some(b"mimetype".as_slice())
            && self.head[38..].starts_with(media.name.as_bytes());
        if begins {
            Ok(())
        } else {
            Err(self.mismatch(media))
        }
    }

    fn plain(&self, media: &Media) -> Result<(), Error> {
        let text = self.text.as_ref();
        let whole = text.is_some_and(|text| text.good && text.rest.is_empty());
        let found = if !whole {
            // What is no text is named where it has a name: a text may well begin like a program.
            infer::get(&self.head).map_or("no text in UTF-8", |kind| kind.mime_type())
        } else if self.is_markup() {
            "text/html"
        } else if self.is_program() {
            "text that is run"
        } else {
            return Ok(());
        };
        Err(Error::Mismatch {
            said: media.name.to_owned(),
            found: found.to_owned(),
        })
    }

    /// Whether it is text only in the letters that it is written in.
    fn is_program(&self) -> bool {
        let begins: [&[u8]; 3] = [b"%PDF-", b"%!PS", b"{\\rtf"];
        begins.iter().any(|begin| self.head.starts_with(begin))
    }

    /// Whether a browser that guesses would take it for a page.
    fn is_markup(&self) -> bool {
        let head = self
            .head
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(&self.head);
        let head = head.trim_ascii_start();
        let head = head[..head.len().min(32)].to_ascii_lowercase();
        let tags: [&[u8]; 9] = [
            b"<!doctype",
            b"<html",
            b"<head",
            b"<body",
            b"<script",
            b"<iframe",
            b"<svg",
            b"<?xml",
            b"<!--",
        ];
        tags.iter().any(|tag| head.starts_with(tag))
    }

    fn json(&self, media: &Media) -> Result<(), Error> {
        let first = self.head.trim_ascii_start().first().copied();
        let last = self.tail().trim_ascii_end().last().copied();
        match (first, last) {
            (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')) => Ok(()),
            _ => Err(Error::Mismatch {
                said: media.name.to_owned(),
                found: "text that is no object and no list".to_owned(),
            }),
        }
    }
}

impl Text {
    fn see(&mut self, mut bytes: &[u8]) {
        while self.good && !self.rest.is_empty() && !bytes.is_empty() {
            self.rest.push(bytes[0]);
            bytes = &bytes[1..];
            match std::str::from_utf8(&self.rest) {
                Ok(_) => self.rest.clear(),
                Err(error) => self.good = error.error_len().is_none(),
            }
        }
        if !self.good {
            return;
        }
        let whole = match std::str::from_utf8(bytes) {
            Ok(_) => bytes.len(),
            Err(error) => {
                self.good = error.error_len().is_none();
                error.valid_up_to()
            }
        };
        self.good &= !bytes[..whole].iter().any(|byte| is_control(*byte));
        self.rest.extend_from_slice(&bytes[whole..]);
    }
}

/// Whether a byte stands in no text.
fn is_control(byte: u8) -> bool {
    byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c) || byte == 0x7f
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::super::media::KNOWN;
    use super::*;

    fn judged(extension: &str, content: &[u8], piece: usize) -> Result<(), Error> {
        let media = KNOWN
            .iter()
            .find(|media| media.extensions.contains(&extension));
        let media = media.unwrap();
        let mut look = Look::new(media.shape);
        for piece in content.chunks(piece) {
            look.see(piece);
        }
        assert_eq!(look.size(), content.len() as u64);
        look.judge(media)
    }

    #[test]
    fn what_it_is_said_to_be_it_is_from_the_first_byte_to_the_last() {
        let long = [b"%PDF-1.7\n".as_slice(), &vec![b'x'; 300_000], b"\n%%EOF\n"].concat();
        for (extension, content) in [
            ("pdf", long.as_slice()),
            ("txt", "Grüße, 世界 🙂\r\n\tund mehr".as_bytes()),
            ("csv", b"a,b\n1,2\n"),
            ("txt", b"BMW, MZ, ID3: how texts begin"),
            ("json", b" {\"a\": [1]}\n"),
            ("jpg", b"\xff\xd8\xff\xe0 picture \xff\xd9"),
        ] {
            for piece in [1, 7, 100_000] {
                assert!(
                    judged(extension, content, piece).is_ok(),
                    "{extension} {piece}"
                );
            }
        }
        let zipped = [long.as_slice(), b"PK\x05\x06", &[0; 18], b"%%EOF"].concat();
        for (extension, content) in [
            ("pdf", zipped.as_slice()),
            ("pdf", &long[..200_000]),
            ("pdf", b"GIF89a %PDF-1.7 %%EOF"),
            ("txt", b"a\0b"),
            ("txt", b"\xff\xfea\0b\0"),
            ("txt", b"cut \xe4\xb8"),
            ("txt", b"cut \xe4\xb8x"),
            ("txt", b"  <svg onload=alert(1)>"),
            ("md", b"\xef\xbb\xbf<!DOCTYPE html>"),
            ("txt", b"%PDF-1.7 %%EOF"),
            ("json", b"{\"a\": 1"),
            ("json", b"alert(1)"),
            ("png", b"\x89PNG\r\n\x1a\n..."),
            ("jpg", b"\xff\xd8\xff\xe0 \xff\xd9<?php"),
            ("txt", b""),
        ] {
            for piece in [1, 7, 100_000] {
                assert!(
                    judged(extension, content, piece).is_err(),
                    "{extension} {piece}"
                );
            }
        }
    }
}
