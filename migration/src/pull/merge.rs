//! A pulled entity and what somebody made of it since: only the fields of columns and keys that are
//! not as the database has them are written anew. Everything else in the file stays as it is, letter
//! by letter: methods, documentation, derives, names, types of one's own, further relations.

use std::fmt::Write as _;
use std::ops::Range;

use super::Reading;
use super::entity::{Entity, Field};
use super::read::{File, Place};
use super::write::{World, field, relation, reverse};
use crate::engine::Engine;
use crate::error::Error;

/// What is written, and where.
type Edits = Vec<(Range<usize>, String)>;

/// A file, and what is to be written in it.
pub(super) struct Merge<'m> {
    text: &'m str,
    file: &'m File,
    world: &'m World,
    reading: &'m Reading,
    engine: Engine,
    edits: Edits,
    /// What comes behind the last field.
    added: String,
    /// The names that fields have.
    taken: Vec<String>,
}

impl<'m> Merge<'m> {
    /// The file `text`, which reads as `file`.
    pub(super) fn of(
        text: &'m str,
        file: &'m File,
        world: &'m World,
        reading: &'m Reading,
        engine: Engine,
    ) -> Self {
        let places = file.columns.iter().chain(&file.keys);
        let places = places.chain(file.others.iter().map(|(_, place)| place));
        Self {
            text,
            file,
            world,
            reading,
            engine,
            edits: Edits::new(),
            added: String::new(),
            taken: places.map(|place| place.name.clone()).collect(),
        }
    }

    /// The file, which means `old`, with what the database has otherwise. `children` are the tables that
    /// newly point here.
    pub(super) fn merged(
        mut self,
        old: &Entity,
        new: &Entity,
        children: &[String],
    ) -> Result<String, Error> {
        let last = self.known_columns(old, new)?;
        self.new_columns(old, new, last);
        self.keys(old, new);
        for (module, place) in &self.file.others {
            let mut modules = self.world.modules.values();
            let is_known = module.is_empty() || modules.any(|one| one == module);
            if !is_known && self.reading.gone.contains(module) {
                let gone = line(self.text, &place.whole);
                self.edits.push((gone, String::new()));
            }
        }
        for child in children {
            let module = self.world.modules.get(child);
            if !self.file.others.iter().any(|(one, _)| Some(one) == module) {
                self.added.push('\n');
                self.added
                    .push_str(&reverse(child, self.world, &mut self.taken));
            }
        }
        if !self.added.is_empty() {
            let end = self.file.end;
            self.edits.push((end..end, self.added));
        }
        Ok(applied(self.text, self.edits))
    }

    /// The columns that were there, and where the last one that stays ends.
    fn known_columns(&mut self, old: &Entity, new: &Entity) -> Result<Option<usize>, Error> {
        let (text, reading, engine) = (self.text, self.reading, self.engine);
        let mut last = None;
        for (was, place) in old.columns.iter().zip(&self.file.columns) {
            let is = new.columns.iter().find(|one| one.column == was.column);
            match is {
                None => self.edits.push((line(text, &place.whole), String::new())),
                Some(is) if same(was, is, reading, engine)? => last = Some(place.whole.end),
                Some(is) => {
                    last = Some(place.whole.end);
                    let own = own_type(place, is, reading);
                    let told = field(&typed(is, own, engine, reading)?, &place.name, own);
                    self.edits
                        .push((place.whole.clone(), kept(text, place) + trimmed(&told)));
                }
            }
        }
        Ok(last)
    }

    /// The columns that come, behind the `last` of those that stay.
    fn new_columns(&mut self, old: &Entity, new: &Entity, last: Option<usize>) {
        let mut columns = String::new();
        for column in &new.columns {
            if !old.columns.iter().any(|one| one.column == column.column) {
                let key = (new.table.clone(), column.column.clone());
                let name = self.world.fields.get(&key).cloned().unwrap_or_default();
                let _ = writeln!(columns, "    /// The column `{}`.", column.column);
                columns.push_str(&field(column, &name, None));
                self.taken.push(name);
            }
        }
        if columns.is_empty() {
            return;
        }
        match last {
            Some(end) => {
                let end = self.text[end..]
                    .find('\n')
                    .map_or(end, |more| end + more + 1);
                self.edits.push((end..end, columns));
            }
            None => self.added.push_str(&columns),
        }
    }

    /// The keys to other tables.
    fn keys(&mut self, old: &Entity, new: &Entity) {
        for (was, place) in old.keys.iter().zip(&self.file.keys) {
            let is = new.keys.iter().find(|one| one.columns == was.columns);
            match is {
                None => {
                    let gone = line(self.text, &place.whole);
                    self.edits.push((gone, String::new()));
                }
                Some(is) if is == was => {}
                Some(is) => {
                    let told = relation(new, is, self.world, &mut self.taken, Some(&place.name));
                    let told = told
                        .split_once('\n')
                        .map_or(told.as_str(), |(_, rest)| rest);
                    let text = kept(self.text, place) + trimmed(told);
                    self.edits.push((place.whole.clone(), text));
                }
            }
        }
        for key in &new.keys {
            if !old.keys.iter().any(|one| one.columns == key.columns) {
                self.added.push('\n');
                self.added
                    .push_str(&relation(new, key, self.world, &mut self.taken, None));
            }
        }
    }
}

/// Whether two columns are the same to the database.
fn same(was: &Field, is: &Field, reading: &Reading, engine: Engine) -> Result<bool, Error> {
    let plain = |column: &Field| {
        let default = column.default.as_deref().map(bare_literal);
        (
            column.nullable,
            column.primary,
            column.counted && column.default.is_none(),
            column.unique,
            default,
            column.extra.clone(),
        )
    };
    let (one, other) = (reading.sql(was, engine)?, reading.sql(is, engine)?);
    Ok(plain(was) == plain(is) && one == other)
}

/// `'new'::text` and `'new'` are one default.
fn bare_literal(default: &str) -> String {
    match default.rsplit_once("::") {
        Some((value, _)) if value.starts_with('\'') => value.to_owned(),
        _ => default.to_owned(),
    }
}

/// The type that somebody put in the place of ours, if it can still hold the column.
fn own_type<'p>(place: &'p Place, is: &Field, reading: &Reading) -> Option<&'p str> {
    let written = place.rust.as_str();
    let ours = super::kind::is_ours(written) || reading.enums.contains_key(written);
    (!ours && written != is.kind.rust).then_some(written)
}

/// A column of a type of one's own says what the database calls it, since only Rust knows.
fn typed(is: &Field, own: Option<&str>, engine: Engine, reading: &Reading) -> Result<Field, Error> {
    let mut told = is.clone();
    if let (Some(own), None) = (own, &is.kind.said)
        && !reading.wrapped.contains_key(own)
    {
        told.kind.said = Some(format!("custom({:?})", reading.sql(is, engine)?));
    }
    Ok(told)
}

/// The documentation and the attributes that are not ours.
fn kept(text: &str, place: &Place) -> String {
    let mut kept = String::new();
    for range in &place.kept {
        kept.push_str(&text[range.clone()]);
        kept.push_str("\n    ");
    }
    kept
}

/// A field as it stands in the place of another: the indentation is there, and so is the comma.
fn trimmed(told: &str) -> &str {
    told.trim_start().trim_end().trim_end_matches(',')
}

/// The field with its comma and the line that it ends, and the empty line before it.
fn line(text: &str, whole: &Range<usize>) -> Range<usize> {
    let start = text[..whole.start].rfind('\n').map_or(0, |at| at + 1);
    let start = if text[..start].ends_with("\n\n") {
        start - 1
    } else {
        start
    };
    let end = text[whole.end..]
        .find('\n')
        .map_or(text.len(), |at| whole.end + at + 1);
    start..end
}

fn applied(text: &str, mut edits: Edits) -> String {
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut out = String::new();
    let mut at = 0;
    for (range, told) in edits {
        if range.start < at {
            continue;
        }
        out.push_str(&text[at..range.start]);
        out.push_str(&told);
        at = range.end;
    }
    out.push_str(&text[at..]);
    out
}
