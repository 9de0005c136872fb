//! What a backup says of itself.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use chrono::{NaiveDateTime, SecondsFormat, TimeDelta, Utc};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::engine::Engine;
use crate::error::Error;
use crate::private;

const NAME: &str = "manifest.json";

/// How a backup's name tells the time.
const NAMED: &str = "%Y%m%dT%H%M%S%3fZ";

/// The manifest's own checksum, as `sha256sum` writes it.
const CHECKSUM: &str = "manifest.json.sha256";

/// The format's number: raised when an older program could not read it.
const FORMAT: u32 = 1;

/// The format of those whose tables are in numbered files.
const NUMBERED: u32 = 2;

/// How the rows are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Method {
    /// `pg_dump`, in its custom format.
    PgDump,
    /// A script of the schema and `COPY` of each table, in one snapshot.
    Copy,
    /// `VACUUM INTO`: a database file.
    Vacuum,
}

/// What a table holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sum {
    /// How many rows.
    pub(crate) rows: i64,
    /// A number of all their values, whatever their order.
    pub(crate) sum: String,
}

/// What each table holds.
pub(crate) type Sums = BTreeMap<String, Sum>;

/// How far a sequence has counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counter {
    /// The number that it gave out last.
    pub(crate) last: i64,
    /// Whether it gave that out: else it is the next.
    pub(crate) is_called: bool,
}

/// How far each sequence has counted.
pub(crate) type Counters = BTreeMap<String, Counter>;

/// What a file of `SQLite` says of itself: its `application_id` and its `user_version`.
pub(crate) type Marks = BTreeMap<String, i64>;

/// A file of the backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    bytes: u64,
    sha256: String,
}

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    format: u32,
    /// Its name.
    pub(crate) id: String,
    /// Of which engine.
    pub(crate) engine: Engine,
    /// How.
    pub(crate) method: Method,
    /// By which version of the program.
    program: String,
    /// When: RFC 3339, UTC.
    made_at: String,
    /// The steps that were applied.
    pub(crate) steps: Vec<String>,
    /// Of the schema.
    pub(crate) fingerprint: String,
    /// Extensions that must be there before it is restored.
    pub(crate) extensions: Vec<String>,
    /// The schema that it was in, where the engine has such.
    pub(crate) schema: Option<String>,
    /// What each table held.
    pub(crate) tables: Sums,
    /// How far each sequence had counted, where that is kept apart from the rows.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) counters: Counters,
    /// What the file said of itself, where the engine has such.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) marks: Marks,
    /// Whether it was restored and compared.
    pub(crate) tested: bool,
    files: BTreeMap<String, Kept>,
    /// The file of each table, where each has one: a name may be more than a file can be called.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    copies: BTreeMap<String, String>,
    /// What there is to say of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<String>,
    /// Whether its checksum stands beside it: older programs wrote none.
    #[serde(default)]
    pub(crate) is_summed: bool,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a backup is named by the time at which it is made"
)]
fn now() -> chrono::DateTime<Utc> {
    Utc::now()
}

/// A name for a backup that is made now: names sort by time.
pub(crate) fn fresh_id() -> String {
    let at = now().format(NAMED);
    format!("{at}-{:08x}", private::number() >> 32)
}

/// Whether a backup of this name was begun more than a day ago.
pub(crate) fn is_long_ago(id: &str) -> bool {
    let at = id.split('-').next().unwrap_or(id);
    let at = NaiveDateTime::parse_from_str(at, NAMED);
    at.is_ok_and(|at| now() - at.and_utc() > TimeDelta::days(1))
}

impl Manifest {
    pub(super) fn begun(id: &str, engine: Engine) -> Self {
        Self {
            format: FORMAT,
            id: id.to_owned(),
            engine,
            method: match engine {
                Engine::Sqlite => Method::Vacuum,
                Engine::Postgres => Method::Copy,
            },
            program: env!("CARGO_PKG_VERSION").to_owned(),
            made_at: now().to_rfc3339_opts(SecondsFormat::Millis, true),
            steps: Vec::new(),
            fingerprint: String::new(),
            extensions: Vec::new(),
            schema: None,
            tables: Sums::new(),
            counters: Counters::new(),
            marks: Marks::new(),
            tested: false,
            files: BTreeMap::new(),
            copies: BTreeMap::new(),
            notes: Vec::new(),
            is_summed: true,
        }
    }

    pub(super) fn write(&self, directory: &Path) -> Result<(), Error> {
        let path = directory.join(NAME);
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::Backup(format!("{}: {error}", path.display())))?;
        private::write(&path, &text).map_err(|source| Error::file(&path, source))?;
        let path = directory.join(CHECKSUM);
        private::write(&path, &checksum(&text)).map_err(|source| Error::file(&path, source))
    }

    /// The manifest of the backup in `directory`.
    pub(super) fn read(directory: &Path) -> Result<Self, Error> {
        let path = directory.join(NAME);
        let text = std::fs::read_to_string(&path).map_err(|source| match source.kind() {
            ErrorKind::NotFound => none(directory),
            _ => Error::file(&path, source),
        })?;
        let sum = directory.join(CHECKSUM);
        let kept = match std::fs::read_to_string(&sum) {
            Ok(kept) => Some(kept),
            Err(source) if source.kind() == ErrorKind::NotFound => None,
            Err(source) => return Err(Error::file(&sum, source)),
        };
        if kept.as_ref().is_some_and(|kept| *kept != checksum(&text)) {
            return Err(changed(&path));
        }
        let manifest: Self = serde_json::from_str(&text).map_err(|error| {
            Error::Backup(format!(
                "{} is no manifest of a backup: {error}",
                path.display()
            ))
        })?;
        if ![FORMAT, NUMBERED].contains(&manifest.format) {
            return Err(Error::Backup(format!(
                "{} is of format {}, and this program reads {FORMAT} and {NUMBERED}: use the program that made it \
                 ({})",
                manifest.id, manifest.format, manifest.program
            )));
        }
        if manifest.is_summed && kept.is_none() {
            return Err(Error::Backup(format!(
                "{} is not there, and the manifest has it: use another backup",
                sum.display()
            )));
        }
        Ok(manifest)
    }

    /// Give the table's rows a file of their own.
    pub(super) fn number(&mut self, table: &str) -> String {
        self.format = NUMBERED;
        let file = format!("table-{:04}.copy.gz", self.copies.len() + 1);
        self.copies.insert(table.to_owned(), file.clone());
        file
    }

    /// The file of the table's rows. An older program called it by the table's name.
    pub(super) fn copy_of(&self, table: &str) -> String {
        let numbered = self.copies.get(table).cloned();
        numbered.unwrap_or_else(|| format!("table-{table}.copy.gz"))
    }

    /// Put down what files there are.
    pub(super) fn list_files(&mut self, directory: &Path) -> Result<(), Error> {
        let found =
            std::fs::read_dir(directory).map_err(|source| Error::file(directory, source))?;
        for entry in found {
            let entry = entry.map_err(|source| Error::file(directory, source))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kept = kept(&entry.path())?;
            self.files.insert(name, kept);
        }
        Ok(())
    }

    /// Refuse where a file is not what it was.
    pub(super) fn check_files(&self, directory: &Path) -> Result<(), Error> {
        for (name, expected) in &self.files {
            let path = directory.join(name);
            if kept(&path)? != *expected {
                return Err(changed(&path));
            }
        }
        Ok(())
    }

    /// Refuse where a sequence does not go on as the one of the backup did. An older backup does not say.
    pub(super) fn compare_counters(&self, counters: &Counters) -> Result<(), Error> {
        let mut kept = self.counters.iter();
        let differing = kept.find(|(name, kept)| counters.get(*name) != Some(kept));
        match differing {
            None => Ok(()),
            Some((name, kept)) => Err(Error::Backup(format!(
                "what was restored is not what was backed up (the sequence {name} stood at {}): do not rely \
                 on {}",
                kept.last, self.id
            ))),
        }
    }

    /// Refuse where the file does not say of itself what the one of the backup did. An older backup does not tell.
    pub(super) fn compare_marks(&self, marks: &Marks) -> Result<(), Error> {
        let mut kept = self.marks.iter();
        let differing = kept.find(|(name, kept)| marks.get(*name) != Some(kept));
        match differing {
            None => Ok(()),
            Some((name, kept)) => Err(Error::Backup(format!(
                "what was restored is not what was backed up (its {name} was {kept}): do not rely on {}",
                self.id
            ))),
        }
    }

    /// Refuse where `fingerprint` and `tables` are not those of the backup, naming what differs.
    pub(super) fn compare(&self, fingerprint: &str, tables: &Sums) -> Result<(), Error> {
        let mut differing: Vec<String> = Vec::new();
        let names = self.tables.keys().chain(tables.keys());
        let names: std::collections::BTreeSet<&String> = names.collect();
        for name in names {
            match (self.tables.get(name), tables.get(name)) {
                (Some(one), Some(other)) if one == other => {}
                (Some(one), Some(other)) if one.rows == other.rows => {
                    differing.push(format!("{name}: other values"));
                }
                (one, other) => {
                    let rows = |sum: Option<&Sum>| sum.map_or(-1, |sum| sum.rows);
                    differing.push(format!("{name}: {} rows, {}", rows(one), rows(other)));
                }
            }
        }
        if differing.is_empty() && self.fingerprint != fingerprint {
            differing.push("the schema".to_owned());
        }
        if differing.is_empty() {
            return Ok(());
        }
        Err(Error::Backup(format!(
            "what was restored is not what was backed up ({}): do not rely on {}",
            differing.join("; "),
            self.id
        )))
    }

    /// How many rows there are in all.
    pub(crate) fn rows(&self) -> i64 {
        self.tables.values().map(|sum| sum.rows).sum()
    }
}

/// The line that `sha256sum --check` reads.
fn checksum(text: &str) -> String {
    format!("{}  {NAME}\n", hex::encode(Sha256::digest(text)))
}

fn changed(path: &Path) -> Error {
    Error::Backup(format!(
        "{} was changed after the backup was made: use another backup",
        path.display()
    ))
}

/// Why there is no backup in `directory`: the one that all of them lie in is named easily.
fn none(directory: &Path) -> Error {
    let found = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let backups = found.filter_map(|entry| {
        let path = entry.path();
        path.join(NAME).is_file().then_some(path)
    });
    // Names sort by time.
    let Some(newest) = backups.max() else {
        return Error::Backup(format!(
            "{} is no backup, since it has no {NAME}: name the directory that `migrate backup` told",
            directory.display()
        ));
    };
    Error::Backup(format!(
        "{} is no backup but has some in it: name one of them; the newest is {}",
        directory.display(),
        newest.display()
    ))
}

fn kept(path: &Path) -> Result<Kept, Error> {
    let mut file = File::open(path).map_err(|source| Error::file(path, source))?;
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = std::io::Read::read(&mut file, &mut buffer);
        let read = read.map_err(|source| Error::file(path, source))?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        hash.update(&buffer[..read]);
    }
    Ok(Kept {
        bytes,
        sha256: hex::encode(hash.finalize()),
    })
}
