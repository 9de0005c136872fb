//! What few schemas have. Each is told by what `DROP` calls it and the statements that make it.

use super::Plan;

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
            for (name, text) in self
                .to
                .others
                .iter()
                .filter(|(one, _)| one.starts_with(kind))
            {
                match self.from.others.get(name) {
                    Some(known) if known == text => continue,
                    Some(_) => self.push(format!("DROP {name}")),
                    None => {}
                }
                for statement in text.split(";\n") {
                    self.push(statement);
                }
                self.touched.insert(name[kind.len()..].to_owned());
            }
        }
    }

    /// Make the functions that a range is made of, which come before it and know nothing of it.
    pub(super) fn make_functions_of_ranges(&mut self) {
        let is_new = |(name, create): &(&String, &String)| {
            create.contains(" AS RANGE (") && self.from.types.get(*name) != Some(create)
        };
        let ranges: Vec<&String> = self
            .to
            .types
            .iter()
            .filter(is_new)
            .map(|one| one.1)
            .collect();
        for (signature, text) in &self.to.functions {
            let name = signature.split('(').next().unwrap_or_default();
            let of = format!("SUBTYPE_DIFF = {name}");
            let is_wanted = ranges.iter().any(|create| create.contains(&of));
            if is_wanted && self.from.functions.get(signature) != Some(text) {
                self.touched.insert(signature.clone());
                self.push(text.trim_end());
                self.from.functions.insert(signature.clone(), text.clone());
            }
        }
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
