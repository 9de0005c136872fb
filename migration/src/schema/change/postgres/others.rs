//! What few schemas have. Each is told by what `DROP` calls it and the statements that make it.

use super::Plan;
use super::functions;
use super::order::Thing;

/// What types and columns are made of.
pub(super) const BEFORE_TYPES: &[&str] = &[
    "COLLATION ",
    "TEXT SEARCH DICTIONARY ",
    "TEXT SEARCH CONFIGURATION ",
];

/// What is made of functions.
pub(super) const OF_FUNCTIONS: &[&str] = &["AGGREGATE ", "OPERATOR ", "CAST "];

/// What views stand over.
pub(super) const LIKE_TABLES: &[&str] = &["FOREIGN TABLE "];

impl Plan<'_> {
    /// Make those of `kinds` that are not there, or are another.
    pub(super) fn make_others(&mut self, kinds: &[&str]) {
        for kind in kinds {
            let of_kind = self
                .to
                .others
                .iter()
                .filter(|(one, _)| one.starts_with(kind));
            for (what, text) in of_kind {
                match self.from.others.get(what) {
                    Some(known) if known == text => continue,
                    Some(_) => self.push(format!("DROP {what}")),
                    None => {}
                }
                self.make_other(what);
            }
        }
    }

    /// Those that are to be made of functions.
    pub(super) fn missing_others(&self) -> impl Iterator<Item = Thing<String>> {
        let all = self.to.others.iter();
        let missing = all.filter(|(what, _)| {
            !self.from.others.contains_key(*what) && is_one_of(what, OF_FUNCTIONS)
        });
        missing.map(|(what, text)| thing(what, text))
    }

    /// Those that go early or come again, taken out of what is there.
    pub(super) fn going_others(&mut self) -> Vec<Thing<String>> {
        let mut found = Vec::new();
        for what in &self.moved.others {
            let text = self.from.others.remove(what);
            found.extend(text.map(|text| thing(what, &text)));
        }
        found
    }

    pub(super) fn make_other(&mut self, what: &str) {
        let Some(text) = self.to.others.get(what) else {
            return;
        };
        for statement in text.split(";\n") {
            self.push(statement);
        }
        let kinds = [BEFORE_TYPES, OF_FUNCTIONS, LIKE_TABLES].concat();
        let mut names = kinds.into_iter().filter_map(|kind| what.strip_prefix(kind));
        self.touched.extend(names.next().map(str::to_owned));
        self.from.others.insert(what.to_owned(), text.clone());
    }

    /// Drop those of `kinds` that are not wanted, the last made first.
    pub(super) fn drop_others(&mut self, kinds: &[&str]) {
        for kind in kinds.iter().rev() {
            let names: Vec<String> = self.from.others.keys().cloned().collect();
            for name in names.iter().filter(|one| one.starts_with(kind)) {
                if !self.to.others.contains_key(name) {
                    self.push(format!("DROP {name}"));
                }
            }
        }
    }
}

fn thing(what: &str, text: &str) -> Thing<String> {
    Thing {
        what: what.to_owned(),
        name: name_of(what).unwrap_or_else(|| what.to_owned()),
        text: text.to_owned(),
    }
}

fn is_one_of(what: &str, kinds: &[&str]) -> bool {
    kinds.iter().any(|kind| what.starts_with(kind))
}

/// Whether it goes and comes again where what it is made of does.
pub(super) fn may_move(what: &str) -> bool {
    is_one_of(what, OF_FUNCTIONS) || is_one_of(what, LIKE_TABLES)
}

/// What definitions call it; none where they do not, as a cast.
pub(super) fn name_of(what: &str) -> Option<String> {
    let operator = what.strip_prefix("OPERATOR ");
    if let Some((sign, _)) = operator.and_then(|rest| rest.split_once(' ')) {
        return Some(sign.to_owned());
    }
    let named = ["AGGREGATE ", "FOREIGN TABLE "];
    let name = named.iter().find_map(|kind| what.strip_prefix(kind))?;
    Some(functions::name_of(name))
}
