//! What tables are made of: extensions, types, sequences.

use std::borrow::Cow;

use super::super::super::name::{literal, quoted};
use super::super::super::rename::mentions;
use super::super::super::{LiveSchema, Sequence};
use super::super::{ASIDE, Statement};
use super::Plan;
use super::functions::{hard, name_of};
use super::order::{Thing, bottom_up};

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
            if text.contains(" AS RANGE (") {
                self.push(range_parts_aside(&aside));
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
            self.out.extend(altered.into_iter().map(Statement::new));
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
            gone.extend(self.gone_type(name, text, to.types.contains_key(name)));
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

/// What sets aside all that the server made with a range, under names that it chose: the type of many
/// ranges, where it makes one, and the functions that make values of both.
fn range_parts_aside(range: &str) -> String {
    let (range, aside) = (literal(range), literal(ASIDE));
    format!(
        "DO $$ DECLARE\n    own record;\nBEGIN
    FOR own IN SELECT t.oid, t.typname FROM pg_range r
        JOIN pg_type t ON t.oid = (to_jsonb(r) ->> 'rngmultitypid')::oid WHERE r.rngtypid = {range}::regtype
    LOOP
        EXECUTE format('ALTER TYPE %s RENAME TO %I', own.oid::regtype, own.typname || {aside});
    END LOOP;
    FOR own IN SELECT p.oid, p.proname FROM pg_range r
        JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass
            AND d.refobjid IN (r.rngtypid, (to_jsonb(r) ->> 'rngmultitypid')::oid)
        JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid AND d.deptype = 'i'
        WHERE r.rngtypid = {range}::regtype
    LOOP
        EXECUTE format('ALTER FUNCTION %s RENAME TO %I', own.oid::regprocedure, own.proname || {aside});
    END LOOP;\nEND $$"
    )
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
pub(super) fn in_place(name: &str, old: &str, new: &str) -> Option<Vec<String>> {
    let name = quoted(name);
    if old.starts_with("CREATE DOMAIN ") && new.starts_with("CREATE DOMAIN ") {
        return altered_domain(&name, old, new);
    }
    let head = format!("CREATE TYPE {name} AS (");
    let fields = |text: &str| {
        let inner = text.strip_prefix(&head)?.strip_suffix(')')?.to_owned();
        Some(split(&inner))
    };
    let (old, new) = (fields(old)?, fields(new)?);
    let kept: Vec<&String> = old.iter().filter(|one| new.contains(one)).collect();
    // What comes stands at the end, and a field of another type is none that stays.
    if !new.iter().take(kept.len()).eq(kept.iter().copied()) {
        return None;
    }
    let named = |field: &str| field.split(' ').next().unwrap_or_default().to_owned();
    let gone = old.iter().filter(|one| !new.contains(one));
    let gone: Vec<String> = gone.map(|one| named(one)).collect();
    let came = new.iter().skip(kept.len());
    if came.clone().any(|one| gone.contains(&named(one))) {
        return None;
    }
    let gone = gone
        .iter()
        .map(|one| format!("ALTER TYPE {name} DROP ATTRIBUTE {one}"));
    let came = came.map(|one| format!("ALTER TYPE {name} ADD ATTRIBUTE {one}"));
    Some(gone.chain(came).collect())
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

/// A domain, taken apart.
struct Domain {
    base: String,
    default: Option<String>,
    is_required: bool,
    checks: Vec<(String, String)>,
}

impl Domain {
    fn of(create: &str) -> Option<Self> {
        let (_, rest) = create.split_once(" AS ")?;
        let mut parts = rest.split(" CONSTRAINT ");
        let mut front = parts.next()?;
        let checks = parts.map(|one| one.split_once(' '));
        let checks =
            checks.map(|pair| pair.map(|(name, check)| (name.to_owned(), check.to_owned())));
        let checks = checks.collect::<Option<Vec<_>>>()?;
        if checks.iter().any(|(_, check)| !check.starts_with("CHECK ")) {
            return None;
        }
        let is_required = front.ends_with(" NOT NULL");
        front = front.trim_end_matches(" NOT NULL");
        let (base, default) = match front.split_once(" DEFAULT ") {
            Some((base, default)) => (base, Some(default.to_owned())),
            None => (front, None),
        };
        Some(Self {
            base: base.to_owned(),
            default,
            is_required,
            checks,
        })
    }
}

fn altered_domain(name: &str, old: &str, new: &str) -> Option<Vec<String>> {
    let (old, new) = (Domain::of(old)?, Domain::of(new)?);
    if old.base != new.base {
        return None;
    }
    let mut words = Vec::new();
    let gone = old.checks.iter().filter(|one| !new.checks.contains(one));
    words.extend(gone.map(|(check, _)| format!("DROP CONSTRAINT {check}")));
    if old.default != new.default {
        words.push(match &new.default {
            Some(value) => format!("SET DEFAULT {value}"),
            None => "DROP DEFAULT".to_owned(),
        });
    }
    match (old.is_required, new.is_required) {
        (false, true) => words.push("SET NOT NULL".to_owned()),
        (true, false) => words.push("DROP NOT NULL".to_owned()),
        _ => {}
    }
    let came = new.checks.iter().filter(|one| !old.checks.contains(one));
    words.extend(came.map(|(check, text)| format!("ADD CONSTRAINT {check} {text}")));
    let words = words.into_iter();
    Some(
        words
            .map(|one| format!("ALTER DOMAIN {name} {one}"))
            .collect(),
    )
}
