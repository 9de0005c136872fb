//! Domains: what makes of one another, and what of one must go for a while.

use std::fmt::Write as _;

use super::super::super::name::{quoted, unquoted};
use super::super::Statement;
use super::Plan;

/// A domain, taken apart.
struct Domain {
    base: String,
    default: Option<String>,
    is_required: bool,
    checks: Vec<(String, String)>,
}

impl Domain {
    fn of(create: &str) -> Option<Self> {
        if !create.starts_with("CREATE DOMAIN ") {
            return None;
        }
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

    /// What makes it, as the catalogue says it.
    fn create(&self, name: &str) -> String {
        let mut create = format!("CREATE DOMAIN {name} AS {}", self.base);
        if let Some(value) = &self.default {
            let _ = write!(create, " DEFAULT {value}");
        }
        if self.is_required {
            create.push_str(" NOT NULL");
        }
        for (check, text) in &self.checks {
            let _ = write!(create, " CONSTRAINT {check} {text}");
        }
        create
    }
}

/// What makes of a domain another while columns are of it, where anything does.
pub(super) fn altered(name: &str, old: &str, new: &str) -> Option<Vec<Statement>> {
    let (old, new) = (Domain::of(old)?, Domain::of(new)?);
    if old.base != new.base {
        return None;
    }
    let alter = |how: String| Statement::new(format!("ALTER DOMAIN {name} {how}"));
    let failing = |how: String, fails: String| Statement {
        fails: Some(fails),
        ..alter(how)
    };
    let mut found = Vec::new();
    let gone = old.checks.iter().filter(|one| !new.checks.contains(one));
    found.extend(gone.map(|(check, _)| alter(format!("DROP CONSTRAINT {check}"))));
    if old.default != new.default {
        found.push(alter(match &new.default {
            Some(value) => format!("SET DEFAULT {value}"),
            None => "DROP DEFAULT".to_owned(),
        }));
    }
    match (old.is_required, new.is_required) {
        (false, true) => found.push(failing(
            "SET NOT NULL".to_owned(),
            format!("where a row has nothing in a column of {name}"),
        )),
        (true, false) => found.push(alter("DROP NOT NULL".to_owned())),
        _ => {}
    }
    let came = new.checks.iter().filter(|one| !old.checks.contains(one));
    found.extend(came.map(|(check, text)| {
        failing(
            format!("ADD CONSTRAINT {check} {text}"),
            format!("where a value of {name} does not hold {check}"),
        )
    }));
    Some(found)
}

/// The names of the checks that come or change.
pub(super) fn new_checks(old: Option<&String>, new: &str) -> Vec<String> {
    let checks = |create: &str| Domain::of(create).map(|one| one.checks).unwrap_or_default();
    let known = old.map(|old| checks(old)).unwrap_or_default();
    let came = checks(new).into_iter().filter(|one| !known.contains(one));
    came.map(|(name, _)| unquoted(&name)).collect()
}

/// Whether it is a domain that can do without its checks and its default for a while.
pub(super) fn is_loose(create: &str) -> bool {
    Domain::of(create).is_some()
}

impl Plan<'_> {
    /// Take from domains the checks and defaults that call what goes, until it comes again.
    pub(super) fn loosen_domains(&mut self) {
        let mut found = Vec::new();
        for (name, text) in &mut self.from.types {
            let Some(mut domain) = Domain::of(text) else {
                continue;
            };
            let written = quoted(name);
            let (gone, kept) = std::mem::take(&mut domain.checks)
                .into_iter()
                .partition::<Vec<_>, _>(|(_, check)| self.moved.is_function_in(check));
            for (check, _) in gone {
                found.push(format!("ALTER DOMAIN {written} DROP CONSTRAINT {check}"));
            }
            domain.checks = kept;
            let is_called = |value: &String| self.moved.is_function_in(value);
            if domain.default.as_ref().is_some_and(is_called) {
                domain.default = None;
                found.push(format!("ALTER DOMAIN {written} DROP DEFAULT"));
            }
            *text = domain.create(&written);
        }
        self.out.extend(found.into_iter().map(Statement::new));
    }
}
