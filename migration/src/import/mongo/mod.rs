//! Dumps and exports of the proxim8 collections of `MongoDB`. No server is needed.

mod collection;
mod frame;
mod json;
mod raw;
mod read;
#[cfg(test)]
mod tests;
mod value;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use bson::{Bson, Document};
use sea_orm_migration::sea_orm::DatabaseConnection;

pub use self::read::Encoding;

use self::collection::COLLECTIONS;
use self::read::Reader;
use super::draft::{Draft, Item, Reject};
use super::load::Source;
use super::{Options, Report, Stage, inputs};
use crate::error::Error;

/// How many documents are read before anybody hears of it.
const OFTEN: u64 = 500;

/// Import the files at `paths`: files, or folders as `mongodump` and `mongoexport` leave them.
pub async fn import(
    db: &DatabaseConnection,
    paths: &[PathBuf],
    encoding: Option<Encoding>,
    options: &Options<'_>,
) -> Result<Report, Error> {
    let mut files = Files::find(paths, encoding)?;
    inputs::spared(options, &files.inputs)?;
    super::run(db, &mut files, options).await
}

/// What is read: a file for each collection.
struct Files {
    found: BTreeMap<&'static str, (PathBuf, Encoding)>,
    left_out: Vec<String>,
    /// Every file of a collection, also those that another encoding is read instead of.
    inputs: Vec<PathBuf>,
    open: Option<Reader>,
    /// By collection, the `ObjectId`s that a text is spelt like which is the `_id` of another document.
    twice: BTreeMap<&'static str, HashSet<[u8; 12]>>,
    /// Those of the collection that is open.
    apart: HashSet<[u8; 12]>,
}

impl Files {
    fn find(paths: &[PathBuf], encoding: Option<Encoding>) -> Result<Self, Error> {
        let mut found = Self {
            found: BTreeMap::new(),
            left_out: Vec::new(),
            inputs: Vec::new(),
            open: None,
            twice: BTreeMap::new(),
            apart: HashSet::new(),
        };
        for path in paths {
            let mut all = Vec::new();
            walk(path, 0, &mut all)?;
            all.sort();
            for file in all {
                found.take(file, encoding)?;
            }
        }
        if found.found.is_empty() {
            let names: Vec<&str> = COLLECTIONS.to_vec();
            return Err(Error::Import(format!(
                "there is nothing to import: a folder or a file of {} is due, as NAME.bson, NAME.json \
                 or NAME.jsonl, each also with .gz",
                names.join(", ")
            )));
        }
        Ok(found)
    }

    /// Take a file, if it is the best that there is of its collection.
    fn take(&mut self, file: PathBuf, wanted: Option<Encoding>) -> Result<(), Error> {
        let Some((name, encoding)) = kind(&file) else {
            return Ok(());
        };
        if wanted.is_some_and(|wanted| wanted != encoding) {
            return Ok(());
        }
        let of = |name: &str| {
            let known = COLLECTIONS.iter().find(|known| **known == name);
            known.copied()
        };
        let last = name.rsplit('.').next().unwrap_or(&name);
        let Some(collection) = of(&name).or_else(|| of(last)) else {
            let what = format!("{}: {name} has no table here", file.display());
            self.left_out.push(what);
            return Ok(());
        };
        self.inputs.push(file.clone());
        let Some((other, best)) = self.found.get(collection) else {
            self.found.insert(collection, (file, encoding));
            return Ok(());
        };
        if *best == encoding {
            return Err(Error::Import(format!(
                "{collection} is in {} and in {}: name one of them",
                other.display(),
                file.display()
            )));
        }
        let (kept, left) = if encoding < *best {
            let left = other.clone();
            self.found.insert(collection, (file.clone(), encoding));
            (file, left)
        } else {
            (other.clone(), file)
        };
        let what = format!("{}: {} has the same", left.display(), kept.display());
        self.left_out.push(what);
        Ok(())
    }
}

/// The `ObjectId`s among `texts` that a document of a file has for its `_id`.
fn shared(
    path: &Path,
    encoding: Encoding,
    texts: &HashSet<[u8; 12]>,
) -> Result<HashSet<[u8; 12]>, Error> {
    let mut reader = Reader::open(path, encoding)?;
    let mut shared = HashSet::new();
    while let Some(found) = reader.next()? {
        if let Some(Bson::ObjectId(id)) = found.id
            && texts.contains(&id.bytes())
        {
            shared.insert(id.bytes());
        }
    }
    Ok(shared)
}

/// All files below `path`, as deep as `mongodump` writes them.
fn walk(path: &Path, depth: u8, all: &mut Vec<PathBuf>) -> Result<(), Error> {
    let failed = |source| Error::File {
        path: path.display().to_string(),
        source,
    };
    if !std::fs::metadata(path).map_err(failed)?.is_dir() {
        all.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?.path();
        if depth < 2 || !entry.is_dir() {
            walk(&entry, depth + 1, all)?;
        }
    }
    Ok(())
}

/// The collection's name and how its documents are written down, by the file's name.
fn kind(file: &Path) -> Option<(String, Encoding)> {
    let name = file.file_name()?.to_str()?;
    let name = name.strip_suffix(".gz").unwrap_or(name);
    if name.ends_with(".metadata.json") || name == "prelude.json" || name.starts_with("system.") {
        return None;
    }
    if let Some(name) = name.strip_suffix(".bson") {
        return Some((name.to_owned(), Encoding::Bson));
    }
    let name = [".jsonl", ".ndjson", ".json"]
        .iter()
        .find_map(|end| name.strip_suffix(end))?;
    // Both read alike; the name only tells which is the better one of two.
    if let Some(name) = name.strip_suffix(".canonical") {
        return Some((name.to_owned(), Encoding::Canonical));
    }
    let name = name.strip_suffix(".relaxed").unwrap_or(name);
    Some((name.to_owned(), Encoding::Relaxed))
}

impl Source for Files {
    type Body = Document;

    fn collections(&self) -> Vec<&'static str> {
        let has = |name: &&'static str| self.found.contains_key(name);
        COLLECTIONS.iter().copied().filter(has).collect()
    }

    fn left_out(&self) -> Vec<String> {
        self.left_out.clone()
    }

    async fn survey(&mut self, options: &Options<'_>) -> Result<u64, Error> {
        let mut all = 0;
        for (collection, (path, encoding)) in &self.found {
            let (mut texts, mut any) = (HashSet::new(), false);
            let mut reader = Reader::open(path, *encoding)?;
            let mut read = 0;
            (options.told)(Stage::Survey(collection, read));
            while let Some(found) = reader.next()? {
                read += 1;
                any |= matches!(found.id, Some(Bson::ObjectId(_)));
                texts.extend(found.id.as_ref().and_then(value::spelt_like_one));
                if read % OFTEN == 0 {
                    (options.told)(Stage::Survey(collection, read));
                    // Files are read without waiting for anybody, and a signal has to be heard.
                    tokio::task::yield_now().await;
                    if options.stop.is_cancelled() {
                        return Ok(all + read);
                    }
                }
            }
            (options.told)(Stage::Survey(collection, read));
            all += read;
            if any && !texts.is_empty() {
                let shared = shared(path, *encoding, &texts)?;
                self.twice.insert(collection, shared);
            }
        }
        Ok(all)
    }

    async fn open(&mut self, collection: &'static str) -> Result<(), Error> {
        self.open = match self.found.get(collection) {
            Some((path, encoding)) => Some(Reader::open(path, *encoding)?),
            None => None,
        };
        self.apart = self.twice.get(collection).cloned().unwrap_or_default();
        Ok(())
    }

    async fn portion(&mut self, most: usize) -> Result<Vec<Item<Document>>, Error> {
        let mut items = Vec::new();
        while let Some(reader) = self.open.as_mut().filter(|_| items.len() < most) {
            let Some(found) = reader.next()? else {
                self.open = None;
                break;
            };
            let id = found
                .id
                .filter(|id| !matches!(id, Bson::Null | Bson::Undefined));
            let id = id.map(|id| match value::spelt_like_one(&id) {
                Some(bytes) if self.apart.contains(&bytes) => value::apart(&id),
                _ => value::id_text(&id),
            });
            items.push(Item {
                id,
                position: found.position,
                body: found.document,
            });
        }
        Ok(items)
    }

    fn draft(&self, collection: &'static str, id: &str, body: &Document) -> Result<Draft, Reject> {
        collection::draft(collection, id, body)
    }
}
