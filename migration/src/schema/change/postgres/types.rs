//! What tables are made of: extensions, types, sequences.

use std::borrow::Cow;

use super::super::super::name::{literal, quoted};
use super::super::super::rename::mentions;
use super::super::super::{LiveSchema, Sequence};
use super::super::{ASIDE, Statement};
use super::functions::{hard, name_of};
use super::order::{Thing, bottom_up};
use super::{Plan, composites, domains, ranges};

impl Plan<'_> {
    pub(super) fn make_extensions(&mut self) {
        for name in self.to.extensions.difference(&self.from.extensions.clone()) {
            let place = self.to.extension_schemas.get(name);
            let place = place.map_or_else(String::new, |one| format!(" SCHEMA {}", quoted(one)));
            self.push(format!("CREATE EXTENSION {}{place}", quoted(name)));
        }
    }

    /// Let the types that are made anew go under another name, until nothing is of them any more.
    pub(super) fn set_types_aside(&mut self) {
        for name in &self.moved.types.clone() {
            let text = self.from.types.remove(name).unwrap_or_default();
            self.from.enums.remove(name);
            let (kind, aside) = (kind_of_type(&text), quoted(&format!("{name}{ASIDE}")));
            self.push(format!("ALTER {kind} {} RENAME TO {aside}", quoted(name)));
            if ranges::is_one(&text) {
                let called = format!("own.name || {}", literal(ASIDE));
                self.push(ranges::parts_renamed(&aside, &called));
            }
        }
    }

    pub(super) fn make_enum(&mut self, name: &str) {
        let Some(values) = self.to.enums.get(name) else {
            return;
        };
        let values: Vec<String> = values.iter().map(|value| literal(value)).collect();
        self.touched.insert(name.to_owned());
        let (name, values) = (quoted(name), values.join(", "));
        self.push(format!("CREATE TYPE {name} AS ENUM ({values})"));
    }

    pub(super) fn make_type(&mut self, name: &str) {
        let Some(create) = self.to.types.get(name) else {
            return;
        };
        let known = self.from.types.get(name);
        if let Some(altered) = known.and_then(|known| in_place(name, known, create)) {
            self.touched.extend(domains::new_checks(known, create));
            self.out.extend(altered);
            return;
        }
        self.touched.insert(name.to_owned());
        self.push(create.clone());
    }

    pub(super) fn make_sequence(&mut self, name: &str) {
        let Some(sequence) = self.to.sequences.get(name) else {
            return;
        };
        let (written, definition) = (quoted(name), &sequence.definition);
        if self.from.sequences.contains_key(name) {
            let cycle = if definition.ends_with(" CYCLE") {
                ""
            } else {
                " NO CYCLE"
            };
            self.push(format!("ALTER SEQUENCE {written} {definition}{cycle}"));
        } else {
            self.touched.insert(name.to_owned());
            self.push(format!("CREATE SEQUENCE {written} {definition}"));
        }
    }

    /// New values of enums that keep those that they have.
    pub(super) fn add_values(&mut self) {
        for (name, values) in &self.to.enums {
            if let Some(known) = self.from.enums.get(name).cloned()
                && self.can_add(name, &known, values)
            {
                self.add_values_of(name, &known, values);
            }
        }
    }

    /// Whether the enum stays, with more values. One that is used in the transaction that adds it is
    /// refused, so that its enum is rather made anew.
    pub(super) fn can_add(&self, name: &str, known: &[String], values: &[String]) -> bool {
        let mut new = values.iter().filter(|value| !known.contains(value));
        is_within(known, values)
            && !new.any(|value| {
                let uses = |text: &str| mentions(text, name) && mentions(text, value);
                definitions(self.to).any(|text| uses(&text))
            })
    }

    fn add_values_of(&mut self, name: &str, known: &[String], values: &[String]) {
        for (at, value) in values.iter().enumerate() {
            if known.contains(value) {
                continue;
            }
            let place = match at.checked_sub(1).and_then(|before| values.get(before)) {
                Some(before) => format!(" AFTER {}", literal(before)),
                None => known
                    .first()
                    .map_or(String::new(), |first| format!(" BEFORE {}", literal(first))),
            };
            self.push(format!(
                "ALTER TYPE {} ADD VALUE {}{place}",
                quoted(name),
                literal(value)
            ));
        }
    }

    /// Drop what nothing is made of any more.
    pub(super) fn drop_types(&mut self) {
        let to = self.to;
        // A sequence that goes with a column went along with it.
        let sequences = self.from.sequences.clone();
        let sequences = sequences.iter().filter(|(_, one)| one.owned_by.is_none());
        for (name, _) in sequences.filter(|(one, _)| !to.sequences.contains_key(*one)) {
            self.drop_sequence(name);
        }
        let functions = self.from.functions.iter();
        let functions = functions.filter(|(one, _)| !to.functions.contains_key(*one));
        let functions = functions.map(|(signature, text)| Thing {
            what: format!("DROP ROUTINE {signature}"),
            name: name_of(signature),
            text: hard(text).to_owned(),
        });
        let mut gone: Vec<_> = functions.collect();
        for (name, text) in &self.was.types {
            let text = ranges::naming(text.clone(), &self.was);
            gone.extend(self.gone_type(name, &text, to.types.contains_key(name)));
        }
        for name in self.was.enums.keys() {
            gone.extend(self.gone_type(name, "", to.enums.contains_key(name)));
        }
        for sql in bottom_up(gone).into_iter().rev() {
            self.push(sql);
        }
        for name in self.from.extensions.clone().difference(&to.extensions) {
            self.push(format!("DROP EXTENSION {}", quoted(name)));
        }
    }

    /// How the type is dropped, where it goes or stands aside.
    fn gone_type(&self, name: &str, text: &str, is_wanted: bool) -> Option<Thing<String>> {
        let is_aside = self.moved.types.contains(name);
        let called = if is_aside {
            format!("{name}{ASIDE}")
        } else {
            name.to_owned()
        };
        (is_aside || !is_wanted).then(|| Thing {
            what: format!("DROP {} {}", kind_of_type(text), quoted(&called)),
            name: name.to_owned(),
            text: text.to_owned(),
        })
    }

    pub(super) fn drop_sequence(&mut self, name: &str) {
        self.from.sequences.remove(name);
        self.out.push(Statement::losing(
            format!("DROP SEQUENCE {}", quoted(name)),
            format!("how far {name} has counted"),
        ));
    }
}

/// What the server reads where it is made.
fn definitions(schema: &LiveSchema) -> impl Iterator<Item = Cow<'_, str>> {
    let tables = schema.tables.values();
    let parts = tables.clone().flat_map(|table| {
        let parts = table.constraints.values().chain(table.indexes.values());
        parts
            .chain(table.triggers.values())
            .chain(table.policies.values())
    });
    let functions = schema.functions.values().map(|text| hard(text));
    let views = schema.views.values().map(|view| view.create.as_str());
    let texts = parts.chain(schema.types.values()).map(String::as_str);
    let columns = tables.flat_map(|table| &table.columns);
    let columns = columns.filter(|one| one.filling.is_some());
    let texts = texts.chain(functions).chain(views).map(Cow::Borrowed);
    texts.chain(columns.map(|one| Cow::Owned(one.to_string())))
}

/// The first number of a sequence.
pub(super) fn start(sequence: &Sequence) -> &str {
    let rest = sequence.definition.split(" START WITH ").nth(1);
    rest.and_then(|rest| rest.split(' ').next()).unwrap_or("1")
}

pub(super) fn kind_of_type(create: &str) -> &'static str {
    if create.starts_with("CREATE DOMAIN") {
        "DOMAIN"
    } else {
        "TYPE"
    }
}

/// Whether `values` stand in `all`, in the same order.
pub(super) fn is_within(values: &[String], all: &[String]) -> bool {
    let mut rest = all.iter();
    values.iter().all(|value| rest.any(|one| one == value))
}

/// What makes of a domain or composite type another while columns are of it, where anything does.
pub(super) fn in_place(name: &str, old: &str, new: &str) -> Option<Vec<Statement>> {
    let name = quoted(name);
    if old.starts_with("CREATE DOMAIN ") && new.starts_with("CREATE DOMAIN ") {
        return domains::altered(&name, old, new);
    }
    composites::altered(&name, old, new)
}
