//! What an import tells: counts by collection, and a line of JSON for each document that was refused
//! or deserves a look.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};

use crate::error::Error;
use crate::private;

/// What became of a collection's documents. `read` is `imported` and `rejected` together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// How many there are.
    pub read: u64,
    /// How many are in: new, updated, unchanged, linked and kept.
    pub imported: u64,
    /// How many came in now.
    pub new: u64,
    /// How many say something else than before, and now so do their rows.
    pub updated: u64,
    /// How many were in already.
    pub unchanged: u64,
    /// How many are of somebody who was here before.
    pub linked: u64,
    /// How many have rows that were changed or deleted here: these stay as they are, whatever the
    /// documents say.
    pub kept: u64,
    /// How many were refused.
    pub rejected: u64,
    /// Why.
    pub reasons: BTreeMap<String, u64>,
    /// What was converted, renamed, left out or noticed, and how often.
    pub notes: BTreeMap<String, u64>,
    /// Of all documents that are in, whatever their order.
    pub checksum: String,
    /// The same of their rows here. Only where they were compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum_here: Option<String>,
}

/// How far an import was when it was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Stopped {
    /// How many documents were done.
    pub done: u64,
    /// Of how many that were read by then.
    pub all: u64,
}

/// What an import did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Under which name the import is known.
    pub source: String,
    /// By collection.
    pub collections: BTreeMap<String, Counts>,
    /// Files and collections that nothing was read of, and why.
    pub left_out: Vec<String>,
    /// Where rows and documents differ, where they were compared.
    pub differences: u64,
    /// The file that lists what was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejects: Option<PathBuf>,
    /// The file that lists what deserves a look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<PathBuf>,
    /// Whether everything was compared.
    pub verified: bool,
    /// How far it was, where it was stopped before its end.
    pub stopped: Option<Stopped>,
}

impl Report {
    /// All collections together.
    pub fn totals(&self) -> Counts {
        let mut all = Counts::default();
        for one in self.collections.values() {
            all.read += one.read;
            all.imported += one.imported;
            all.new += one.new;
            all.updated += one.updated;
            all.unchanged += one.unchanged;
            all.linked += one.linked;
            all.kept += one.kept;
            all.rejected += one.rejected;
            for (reason, times) in &one.reasons {
                *all.reasons.entry(reason.clone()).or_default() += times;
            }
            for (note, times) in &one.notes {
                *all.notes.entry(note.clone()).or_default() += times;
            }
        }
        all
    }

    /// Lines for a person.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, counts) in &self.collections {
            lines.push(format!("{name}: {}", line(counts)));
            let reasons = counts.reasons.iter();
            lines.extend(reasons.map(|(reason, times)| format!("  refused {times}: {reason}")));
            let notes = counts.notes.iter();
            lines.extend(notes.map(|(note, times)| format!("  noted {times}: {note}")));
        }
        lines.push(format!("in all: {}", line(&self.totals())));
        lines.extend(self.left_out.iter().map(|what| format!("left out: {what}")));
        if let Some(file) = &self.rejects {
            lines.push(format!("what was refused is in {}", file.display()));
        }
        if let Some(file) = &self.notes {
            lines.push(format!("what deserves a look is in {}", file.display()));
        }
        if self.verified && self.stopped.is_none() {
            lines.push(match self.differences {
                0 => "verified: every row is as its document says".to_owned(),
                many => format!("verified: {many} rows are not as their documents say"),
            });
        }
        lines
    }
}

fn line(counts: &Counts) -> String {
    let Counts {
        read,
        imported,
        new,
        updated,
        unchanged,
        linked,
        kept,
        rejected,
        ..
    } = counts;
    format!(
        "{read} read = {imported} imported + {rejected} refused ({new} new, {updated} updated, \
         {unchanged} unchanged, {linked} linked, {kept} kept as they are here)"
    )
}

/// A sum over hashes in which their order does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Checksum(u128);

impl Checksum {
    /// Take in a hash in hexadecimal.
    pub(super) fn add(&mut self, hash: &str) {
        let front = hash.get(..32).unwrap_or_default();
        let number = u128::from_str_radix(front, 16).unwrap_or_default();
        self.0 = self.0.wrapping_add(number);
    }

    pub(super) fn text(self) -> String {
        format!("{:032x}", self.0)
    }
}

/// A document that is told of: where it stands, and what is to be said.
#[derive(Clone, Debug)]
pub(super) struct Told<'a> {
    pub(super) collection: &'a str,
    pub(super) id: Option<&'a str>,
    pub(super) position: &'a Value,
    pub(super) reason: &'a str,
    pub(super) field: Option<&'a str>,
    pub(super) detail: &'a str,
}

/// A file of lines of JSON, which is there under its name when it is whole, and only if it has a line.
/// Until then an older one of that name stays.
pub(super) struct Lines {
    path: PathBuf,
    part: PathBuf,
    open: Option<BufWriter<File>>,
    is_empty: bool,
}

impl Lines {
    /// Refuse what could not be written, before anything else is: `option` names the file.
    pub(super) fn open(path: &Path, option: &str) -> Result<Self, Error> {
        let refused = |why: &str| {
            Error::Import(format!(
                "{}: {why}; name a file that can be written with {option}; nothing was imported",
                path.display()
            ))
        };
        if path.is_dir() || path.file_name().is_none() {
            return Err(refused("it is a directory"));
        }
        // Another import may list to the same name, and an older list's part may be somebody's link.
        let mut part = path.as_os_str().to_owned();
        part.push(format!(".{:016x}.part", private::number()));
        let part = PathBuf::from(part);
        let file = private::file(&part).map_err(|error| refused(&error.to_string()))?;
        Ok(Self {
            path: path.to_owned(),
            part,
            open: Some(BufWriter::new(file)),
            is_empty: true,
        })
    }

    fn failed(&self, source: std::io::Error) -> Error {
        Error::file(&self.path, source)
    }

    pub(super) fn put(&mut self, told: &Told<'_>) -> Result<(), Error> {
        let line = json!({
            "collection": told.collection,
            "_id": told.id,
            "position": told.position,
            "reason": told.reason,
            "field": told.field,
            "detail": told.detail,
        });
        let written = match &mut self.open {
            Some(file) => writeln!(file, "{line}"),
            None => Ok(()),
        };
        self.is_empty = false;
        written.map_err(|error| self.failed(error))
    }

    /// Give the file its name, and tell it.
    pub(super) fn finish(mut self) -> Result<Option<PathBuf>, Error> {
        let Some(mut file) = self.open.take_if(|_| !self.is_empty) else {
            return Ok(None);
        };
        file.flush().map_err(|error| self.failed(error))?;
        drop(file);
        std::fs::rename(&self.part, &self.path).map_err(|error| self.failed(error))?;
        Ok(Some(self.path.clone()))
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        // What was written before a failure stays, to be read.
        if self.is_empty {
            self.open = None;
            let _ = std::fs::remove_file(&self.part);
        }
    }
}
