//! The directory of a ZIP package, read as strictly as it was meant: programs that mean well find
//! archives in other files, at odd places and in several ways, and so do those that mean ill. Nothing
//! is unpacked here.

use super::error::Error;
use super::look::{Look, TAIL};
use super::media::Shape;
use crate::blob::{Blobs, Bytes};
use crate::error::Result;

/// The largest directory, and how many entries it may have.
const DIRECTORY: u64 = 8 * 1024 * 1024;
const ENTRIES: u64 = 10_000;
/// How much may come of unpacking: in all, and for each byte.
const UNPACKED: u64 = 1024 * 1024 * 1024;
const RATIO: u64 = 200;

/// Where the directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    entries: u64,
    offset: u64,
    size: u64,
}

/// Whether what is under `key` is a sound package of this shape.
pub(super) async fn check(blobs: &Blobs, key: &str, look: &Look, shape: Shape) -> Result<()> {
    let place = place(look)?;
    let end = place.offset + place.size;
    let directory = blobs.piece(key, place.offset..end).await?;
    entries(&directory, place, shape)?;
    Ok(())
}

/// The place of the directory, by the record at the very end.
fn place(look: &Look) -> std::result::Result<Place, Error> {
    let tail = look.tail();
    debug_assert!(tail.len() <= TAIL);
    let ends_here = |at: &usize| {
        let comment = tail.get(at + 20..at + 22).map(number);
        tail[*at..].starts_with(b"PK\x05\x06") && comment == Some((tail.len() - at - 22) as u64)
    };
    let last = tail.len().saturating_sub(22);
    let at = (0..=last).rev().find(ends_here);
    let at = at.ok_or_else(|| Error::damaged("its directory is missing"))?;
    let field = |from: usize, length: usize| number(&tail[at + from..at + from + length]);
    let place = Place {
        entries: field(10, 2),
        size: field(12, 4),
        offset: field(16, 4),
    };
    let one_disk = field(4, 2) == 0 && field(6, 2) == 0 && field(8, 2) == place.entries;
    let begins = look.size() - (tail.len() - at) as u64;
    // Nothing before the archive, nothing between its directory and its end.
    if !one_disk || place.offset + place.size != begins {
        return Err(Error::damaged("its directory is not where it should be"));
    }
    if place.entries == 0 || place.entries > ENTRIES || place.size > DIRECTORY {
        return Err(Error::damaged("its directory is too large, or empty"));
    }
    Ok(place)
}

/// Go through the entries.
fn entries(directory: &Bytes, place: Place, shape: Shape) -> std::result::Result<(), Error> {
    let broken = || Error::damaged("its directory cannot be read");
    let (mut at, mut packed, mut unpacked) = (0_usize, 0_u64, 0_u64);
    let (mut first, mut main, mut types) = (u64::MAX, false, false);
    let mut names = std::collections::HashSet::new();
    for _ in 0..place.entries {
        let entry = directory.get(at..at + 46).ok_or_else(broken)?;
        if !entry.starts_with(b"PK\x01\x02") {
            return Err(broken());
        }
        let field = |from: usize, length: usize| number(&entry[from..from + length]);
        let length = |from| usize::try_from(field(from, 2)).unwrap_or(usize::MAX);
        let name = directory
            .get(at + 46..at + 46 + length(28))
            .ok_or_else(broken)?;
        let name = std::str::from_utf8(name).map_err(|_| broken())?;
        if field(8, 2) & 1 != 0 {
            return Err(Error::damaged("it is encrypted"));
        }
        if ![0, 8].contains(&field(10, 2)) {
            return Err(Error::damaged("it is packed in a way that few can read"));
        }
        if is_path_out(name) || !names.insert(name.to_owned()) {
            return Err(Error::damaged("an entry has a name that it must not have"));
        }
        if name.ends_with("vbaProject.bin") {
            return Err(Error::damaged("it has macros"));
        }
        packed = packed.saturating_add(field(20, 4));
        unpacked = unpacked.saturating_add(field(24, 4));
        first = first.min(field(42, 4));
        types |= name == "[Content_Types].xml";
        main |= matches!(shape, Shape::Office(folder) if name.starts_with(folder));
        at += 46 + length(28) + length(30) + length(32);
    }
    if at != directory.len() || first != 0 {
        return Err(broken());
    }
    // Entries that share their bytes make a small archive of a large one.
    if packed > place.offset {
        return Err(Error::damaged("its entries overlap"));
    }
    if unpacked > UNPACKED || unpacked / RATIO > place.offset {
        return Err(Error::damaged("it unpacks to too much"));
    }
    match shape {
        Shape::Office(_) if !types || !main => Err(Error::damaged("its main part is missing")),
        _ => Ok(()),
    }
}

/// Whether a name leads out of where the package is unpacked.
fn is_path_out(name: &str) -> bool {
    name.is_empty()
        || name.starts_with('/')
        || name.contains(['\\', '\0', ':'])
        || name.split('/').any(|part| part == "..")
}

/// A number, its smallest byte first.
fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
