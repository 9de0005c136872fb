//! Composite types: what makes of one another, and what becomes of their values.

use std::collections::BTreeMap;

use super::super::super::Column;
use super::super::super::name::{quoted, unquoted};
use super::super::super::rename::mentions;
use super::super::Statement;
use super::Plan;
use super::columns::Retyped;

/// The fields of a composite type, each by its name and its type as they are written.
fn fields(create: &str) -> Option<Vec<String>> {
    let (head, rest) = create.split_once(" AS (")?;
    head.starts_with("CREATE TYPE ").then_some(())?;
    Some(split(rest.strip_suffix(')')?))
}

/// A field's name and its type, as they are written.
fn parts(field: &str) -> (&str, &str) {
    let end = match field.strip_prefix('"') {
        Some(inner) => inner.replace("\"\"", "  ").find('"').map(|at| at + 2),
        None => field.find(' '),
    };
    let (name, kind) = field.split_at(end.unwrap_or(field.len()));
    (name, kind.trim_start())
}

/// What makes of a composite type another while columns are of it, where anything does.
pub(super) fn altered(name: &str, old: &str, new: &str) -> Option<Vec<Statement>> {
    let (old, new) = (fields(old)?, fields(new)?);
    let kept: Vec<&String> = old.iter().filter(|one| new.contains(one)).collect();
    // What comes stands at the end, and a field of another type is none that stays.
    if !new.iter().take(kept.len()).eq(kept.iter().copied()) {
        return None;
    }
    let gone = old.iter().filter(|one| !new.contains(one));
    let gone: Vec<&str> = gone.map(|one| parts(one).0).collect();
    let came = new.iter().skip(kept.len());
    if came.clone().any(|one| gone.contains(&parts(one).0)) {
        return None;
    }
    let gone = gone.into_iter().map(|one| {
        Statement::losing(
            format!("ALTER TYPE {name} DROP ATTRIBUTE {one}"),
            format!("what the field {one} of every {name} has"),
        )
    });
    let came = came.map(|one| Statement::new(format!("ALTER TYPE {name} ADD ATTRIBUTE {one}")));
    Some(gone.chain(came).collect())
}

impl Plan<'_> {
    /// What becomes of the values of a composite type whose fields are others, or in another order: their
    /// text would put one into the place of another. None where it does not.
    pub(super) fn refielded(&self, table: &str, old: &Column, new: &Column) -> Option<Retyped> {
        let moved = self.moved.types.iter().find_map(|name| {
            let of = |types: &BTreeMap<String, String>| fields(types.get(name)?);
            let (before, after) = (of(&self.was.types)?, of(&self.to.types)?);
            let names = |all: &[String]| -> Vec<String> {
                all.iter().map(|one| parts(one).0.to_owned()).collect()
            };
            let is_other = names(&before) != names(&after) && self.holds(&old.kind, name);
            is_other.then_some((name, before, after))
        });
        let (name, before, after) = moved?;
        if unquoted(&old.kind) != *name || unquoted(&new.kind) != *name {
            return Some(Retyped {
                refused: Some(format!(
                    "no expression makes of {table}.{} one of the other fields of {name}: say by hand how, \
                     with a new column and UPDATE",
                    new.name
                )),
                ..Retyped::default()
            });
        }
        let column = quoted(&old.name);
        let values = after.iter().map(|field| {
            let (field, kind) = parts(field);
            let known = before
                .iter()
                .map(|one| parts(one))
                .find(|(one, _)| *one == field);
            match known {
                None => "NULL".to_owned(),
                Some((_, was)) if was == kind && !self.moved.is_type_in(kind) => {
                    format!("({column}).{field}")
                }
                Some(_) => format!("({column}).{field}::text::{kind}"),
            }
        });
        let values: Vec<String> = values.collect();
        let has = |field: &str| after.iter().any(|one| parts(one).0 == field);
        let gone: Vec<&str> = before
            .iter()
            .map(|one| parts(one).0)
            .filter(|one| !has(one))
            .collect();
        Some(Retyped {
            using: Some(format!(
                "CASE WHEN {column} IS DISTINCT FROM NULL THEN ROW({})::{} END",
                values.join(", "),
                new.kind
            )),
            loses: (!gone.is_empty())
                .then(|| format!("the fields {} of {table}.{}", gone.join(", "), new.name)),
            ..Retyped::default()
        })
    }

    /// Whether values of `kind` have some of the composite type `name` in them.
    fn holds(&self, kind: &str, name: &str) -> bool {
        let bare = unquoted(kind.trim_end_matches("[]"));
        if bare == name {
            return true;
        }
        let text = self.was.types.get(&bare);
        text.is_some_and(|text| {
            self.was.types.keys().any(|other| {
                *other != bare && mentions(text, other) && self.holds(&quoted(other), name)
            })
        })
    }
}

/// The parts of a list that is separated by commas outside of brackets and quotes.
fn split(list: &str) -> Vec<String> {
    let (mut depth, mut is_quoted, mut found) = (0_i32, false, vec![String::new()]);
    for letter in list.chars() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth -= 1,
            _ => {}
        }
        if letter == ',' && depth == 0 && !is_quoted {
            found.push(String::new());
        } else if let Some(last) = found.last_mut() {
            last.push(letter);
        }
    }
    let found = found.into_iter().map(|one| one.trim().to_owned());
    found.filter(|one| !one.is_empty()).collect()
}
