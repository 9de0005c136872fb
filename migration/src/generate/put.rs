//! Where a step is put: a folder of its own beside the others, and a line on their list.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::{Completed, Written};
use crate::error::Error;
use crate::step::STEPS;

/// Where a step is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// Its whole name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The whole name of the one behind it, of what runs beside readers and writers.
    pub online: Option<String>,
}

/// Put the step called `name`, of `today`, into `directory`, where the steps and their list are, and tell where
/// it is. What runs beside readers and writers is a step of its own behind it.
pub fn put(
    directory: &Path,
    today: NaiveDate,
    name: &str,
    written: &Written,
) -> Result<Put, Error> {
    check_name(name)?;
    let (list, text, at) = list(directory)?;
    let number = next();
    let day = today.format("%Y%m%d");
    let whole = format!("m{day}_{number:06}_{name}");
    let online = format!("m{day}_{:06}_{name}_online", number + 1);
    let (before, after) = text.split_at(at);
    let mut lines = format!("    step!(\"{whole}\"),\n");
    let folder = fill(directory, &whole, &written.files)?;
    if !written.online.is_empty() {
        fill(directory, &online, &written.online)?;
        let _ = writeln!(lines, "    step!(\"{online}\", apart: true),");
    }
    let text = format!("{before}{lines}{after}");
    write(&list, &text)?;
    Ok(Put {
        name: whole,
        folder,
        online: (!written.online.is_empty()).then_some(online),
    })
}

/// Put what completes steps into their scripts, which say so far that they are unwritten, and tell
/// where that is.
pub(crate) fn complete(
    directory: &Path,
    today: NaiveDate,
    completed: &Completed,
) -> Result<Put, Error> {
    let (list, text, at) = list(directory)?;
    let (up, down) = completed.engine.files();
    let Some((&doing, others)) = completed.steps.split_last() else {
        return Err(Error::Option("nothing is left unwritten".to_owned()));
    };
    for other in others {
        let script = format!("-- On this engine {doing} does what this does.\nSELECT 1;\n");
        for name in [up, down] {
            write(&directory.join(other).join(name), &script)?;
        }
    }
    let folder = directory.join(doing);
    for (name, script) in &completed.written.files {
        write(&folder.join(name), script)?;
    }
    let mut online = None;
    if !completed.written.online.is_empty() {
        let what = doing.splitn(3, '_').nth(2).unwrap_or(doing);
        let name = format!("m{}_{:06}_{what}_online", today.format("%Y%m%d"), next());
        fill(directory, &name, &completed.written.online)?;
        let (before, after) = text.split_at(at);
        let line = format!("    step!(\"{name}\", apart: true),\n");
        write(&list, &format!("{before}{line}{after}"))?;
        online = Some(name);
    }
    Ok(Put {
        name: doing.to_owned(),
        folder,
        online,
    })
}

/// The number of the next step.
fn next() -> u32 {
    let numbers = STEPS
        .iter()
        .filter_map(|step| step.name.split('_').nth(1)?.parse::<u32>().ok());
    numbers.max().unwrap_or_default() + 1
}

/// Refuse a directory that has no list of steps, or one with steps that this program was built without:
/// what they make would be made again.
pub(crate) fn check_built(directory: &Path) -> Result<(), Error> {
    let (list, text, _) = list(directory)?;
    let names = text.lines().filter_map(|line| {
        let rest = line.trim_start().strip_prefix("step!(\"")?;
        Some(rest.split_once('"')?.0)
    });
    let mut new = names.filter(|name| !STEPS.iter().any(|step| step.name == *name));
    match new.next() {
        None => Ok(()),
        Some(name) => Err(Error::Option(format!(
            "{} names {name}, which this program was built without: build it again first",
            list.display()
        ))),
    }
}

/// The list of the steps in `directory`: its file, its text, and where in that the next one comes.
fn list(directory: &Path) -> Result<(PathBuf, String, usize), Error> {
    let list = directory.join("mod.rs");
    let none = |why: &str| {
        Error::Option(format!(
            "{}: {why}; name the directory of the steps with --directory",
            list.display()
        ))
    };
    let text = std::fs::read_to_string(&list).map_err(|source| none(&source.to_string()))?;
    let at = text.rfind("    step!(").and_then(|last| {
        let line = text[last..].find('\n')?;
        Some(last + line + 1)
    });
    let at = at.ok_or_else(|| none("it has no list of steps"))?;
    Ok((list, text, at))
}

/// A step's folder and what is in it.
fn fill(directory: &Path, name: &str, files: &[(&'static str, String)]) -> Result<PathBuf, Error> {
    let folder = directory.join(name);
    std::fs::create_dir(&folder).map_err(|source| Error::file(&folder, source))?;
    for (name, script) in files {
        write(&folder.join(name), script)?;
    }
    Ok(folder)
}

/// Refuse what is no name of a step.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let good =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if !name.is_empty() && name.chars().all(good) {
        return Ok(());
    }
    Err(Error::Option(format!(
        "{name:?}: a step's name has a-z, 0-9 and _ only"
    )))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(|source| Error::file(path, source))
}
