//! A file of documents, one after the other: `BSON` or extended JSON, with gzip around it or without.
//! No more than one document is in memory.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use bson::{Bson, Document};
use flate2::bufread::MultiGzDecoder;
use serde_json::{Value, json};

use super::frame::{Between, Frame, Goes, Value as Scanned, is_open};
use super::{json, raw};
use crate::error::Error;

/// No document of `MongoDB` is larger; as JSON it may be several times that.
const MOST: usize = 64 * 1024 * 1024;
/// How an archive of `mongodump` begins.
const ARCHIVE: [u8; 4] = [0x6d, 0xe2, 0x99, 0x81];

/// How documents are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Encoding {
    /// As `mongodump` writes them.
    Bson,
    /// As `mongoexport --jsonFormat=canonical` writes them.
    Canonical,
    /// As `mongoexport` writes them.
    Relaxed,
}

/// A document and where it stands.
pub(super) struct Found {
    pub(super) position: Value,
    /// Its `_id`, which may be known though the rest is damaged.
    pub(super) id: Option<Bson>,
    pub(super) document: Result<Document, String>,
}

impl Found {
    fn of(position: Value, document: Result<Document, String>) -> Self {
        let id = document.as_ref().ok();
        Self {
            position,
            id: id.and_then(|document| document.get("_id").cloned()),
            document,
        }
    }
}

/// Why the document behind so many, which begins there, cannot be read.
fn cut_off(path: &Path, number: u64, offset: u64) -> Error {
    Error::Import(format!(
        "{}: document {} at byte {offset} is cut off or damaged; nothing was written",
        path.display(),
        number + 1
    ))
}

/// The same, where what unpacks the file says so.
fn unreadable(path: &Path, number: u64, offset: u64, source: std::io::Error) -> Error {
    match source.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::InvalidInput | ErrorKind::InvalidData => {
            cut_off(path, number, offset)
        }
        _ => Error::file(path, source),
    }
}

/// Documents of a file.
pub(super) struct Reader {
    path: PathBuf,
    input: Box<dyn BufRead + Send>,
    bson: bool,
    /// JSON that is not one document a line.
    spread: bool,
    frame: Frame,
    number: u64,
    line: u64,
    offset: u64,
}

impl Reader {
    pub(super) fn open(path: &Path, encoding: Encoding) -> Result<Self, Error> {
        let failed = |source| unreadable(path, 0, 0, source);
        let mut file = BufReader::with_capacity(1 << 16, File::open(path).map_err(failed)?);
        let front = file.fill_buf().map_err(failed)?;
        let zipped = front.starts_with(&[0x1f, 0x8b]);
        let mut input: Box<dyn BufRead + Send> = if zipped {
            Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(file)))
        } else {
            Box::new(file)
        };
        let front = input.fill_buf().map_err(failed)?;
        if front.starts_with(&ARCHIVE) {
            return Err(Error::Import(format!(
                "{}: this is an archive; write the dump with `mongodump --out DIR`, or restore it and \
                 dump it so",
                path.display()
            )));
        }
        let bson = encoding == Encoding::Bson;
        let (mut spread, mut offset) = (false, 0);
        if !bson {
            let text = front.strip_prefix("\u{feff}".as_bytes());
            offset = text.map_or(0, |text| front.len() - text.len());
            let begins: Vec<u8> = text
                .unwrap_or(front)
                .iter()
                .copied()
                .skip_while(u8::is_ascii_whitespace)
                .take(2)
                .collect();
            spread = begins.starts_with(b"[") || begins == b"{\n" || begins == b"{\r";
            input.consume(offset);
        }
        Ok(Self {
            path: path.to_owned(),
            input,
            bson,
            spread,
            frame: Frame::default(),
            number: 0,
            line: 0,
            offset: offset as u64,
        })
    }

    fn failed(&self, source: std::io::Error) -> Error {
        unreadable(&self.path, self.number, self.offset, source)
    }

    fn cut_off(&self) -> Error {
        cut_off(&self.path, self.number, self.offset)
    }

    /// The next document, if there is one.
    pub(super) fn next(&mut self) -> Result<Option<Found>, Error> {
        if self.bson {
            self.next_bson()
        } else if self.spread {
            self.next_spread()
        } else {
            self.next_line()
        }
    }

    fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    fn next_bson(&mut self) -> Result<Option<Found>, Error> {
        let mut bytes = Vec::new();
        let mut front = (&mut self.input).take(4);
        if let Err(error) = front.read_to_end(&mut bytes) {
            return Err(self.failed(error));
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let length = <[u8; 4]>::try_from(&bytes[..]).map(i32::from_le_bytes);
        let length = length.ok().and_then(|length| usize::try_from(length).ok());
        let Some(length) = length.filter(|length| (5..=MOST).contains(length)) else {
            return Err(self.cut_off());
        };
        let mut rest = (&mut self.input).take(length as u64 - 4);
        if let Err(error) = rest.read_to_end(&mut bytes) {
            return Err(self.failed(error));
        }
        if bytes.len() < length {
            return Err(self.cut_off());
        }
        self.number += 1;
        let position = json!({"file": self.name(), "document": self.number, "byte": self.offset});
        self.offset += length as u64;
        let (id, document) = raw::document(&bytes);
        Ok(Some(Found {
            position,
            id,
            document,
        }))
    }

    fn next_line(&mut self) -> Result<Option<Found>, Error> {
        loop {
            let mut bytes = Vec::new();
            let mut input = (&mut self.input).take(MOST as u64 + 1);
            if let Err(error) = input.read_until(b'\n', &mut bytes) {
                return Err(self.failed(error));
            }
            if bytes.is_empty() {
                return Ok(None);
            }
            if bytes.len() > MOST {
                return Err(self.cut_off());
            }
            let at = self.offset;
            self.line += 1;
            let whole = bytes.ends_with(b"\n");
            let text = String::from_utf8_lossy(&bytes);
            let text = text.trim_start_matches('\u{feff}').trim();
            if text.is_empty() {
                self.offset += bytes.len() as u64;
                continue;
            }
            let document = match std::str::from_utf8(&bytes) {
                Ok(_) => json::document(text),
                Err(_) => Err("it is no UTF-8".to_owned()),
            };
            if document.is_err() && !whole && (!text.ends_with('}') || is_open(text)) {
                return Err(self.cut_off());
            }
            self.number += 1;
            self.offset += bytes.len() as u64;
            let position = json!({
                "file": self.name(), "document": self.number, "line": self.line, "byte": at,
            });
            return Ok(Some(Found::of(position, document)));
        }
    }

    /// A document in an array, or over several lines. Any other value that stands there is told, too.
    fn next_spread(&mut self) -> Result<Option<Found>, Error> {
        let (mut bytes, mut value) = (Vec::new(), Scanned::default());
        let mut at = self.offset;
        let mut ended = false;
        while !ended {
            let buffer = match self.input.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) => return Err(self.failed(error)),
            };
            if buffer.is_empty() {
                return if bytes.is_empty() && self.frame.is_whole() {
                    Ok(None)
                } else {
                    Err(self.cut_off())
                };
            }
            let mut used = 0;
            for byte in buffer.iter().copied() {
                if bytes.is_empty() {
                    match self.frame.take(byte) {
                        Between::Nothing => {
                            used += 1;
                            continue;
                        }
                        Between::Wrong => return Err(self.cut_off()),
                        Between::Begin => at = self.offset + used as u64,
                    }
                }
                match value.take(byte) {
                    Goes::ToLast => {
                        ended = true;
                        break;
                    }
                    goes => {
                        used += 1;
                        bytes.push(byte);
                        ended = goes == Goes::ToThis;
                    }
                }
                if ended {
                    break;
                }
            }
            self.input.consume(used);
            self.offset += used as u64;
            if bytes.len() > MOST {
                return Err(self.cut_off());
            }
        }
        self.number += 1;
        let position = json!({"file": self.name(), "document": self.number, "byte": at});
        let document = match std::str::from_utf8(&bytes) {
            Ok(text) => json::document(text),
            Err(_) => Err("it is no UTF-8".to_owned()),
        };
        Ok(Some(Found::of(position, document)))
    }
}
