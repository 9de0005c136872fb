//! What tables are made of: extensions, types, sequences, functions.

use super::super::super::Filling;
use super::super::super::name::{literal, quoted};
use super::super::{ASIDE, Statement};
use super::{Plan, is_within};

impl Plan<'_> {
    pub(super) fn make_types(&mut self) {
        for name in self.to.extensions.difference(&self.from.extensions.clone()) {
            self.push(format!("CREATE EXTENSION {}", quoted(name)));
        }
        for (name, values) in &self.to.enums {
            let Some(known) = self.from.enums.get(name).cloned() else {
                let values: Vec<String> = values.iter().map(|value| literal(value)).collect();
                self.touched.insert(name.clone());
                self.push(format!(
                    "CREATE TYPE {} AS ENUM ({})",
                    quoted(name),
                    values.join(", ")
                ));
                continue;
            };
            if is_within(&known, values) {
                self.add_values(name, &known, values);
            }
        }
        for (name, create) in &self.to.types {
            if self.from.types.get(name) != Some(create) {
                if self.from.types.contains_key(name) {
                    self.push(format!("DROP {} {}", kind_of_type(create), quoted(name)));
                }
                self.touched.insert(name.clone());
                self.push(create.clone());
            }
        }
        for (name, sequence) in &self.to.sequences {
            let written = quoted(name);
            match self.from.sequences.get(name) {
                None => {
                    self.touched.insert(name.clone());
                    self.push(format!("CREATE SEQUENCE {written} {}", sequence.definition));
                }
                Some(known) if known.definition != sequence.definition => {
                    let cycle = if sequence.definition.ends_with(" CYCLE") {
                        ""
                    } else {
                        " NO CYCLE"
                    };
                    self.push(format!(
                        "ALTER SEQUENCE {written} {}{cycle}",
                        sequence.definition
                    ));
                }
                Some(_) => {}
            }
        }
    }

    fn add_values(&mut self, name: &str, known: &[String], values: &[String]) {
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

    pub(super) fn remake_enums(&mut self) {
        for name in self.remade_enums() {
            let (old, new) = (self.from.enums[&name].clone(), &self.to.enums[&name]);
            let gone: Vec<&str> = old
                .iter()
                .filter(|value| !new.contains(value))
                .map(String::as_str)
                .collect();
            let values: Vec<String> = new.iter().map(|value| literal(value)).collect();
            let (written, aside) = (quoted(&name), quoted(&format!("{name}{ASIDE}")));
            self.push(format!("ALTER TYPE {written} RENAME TO {aside}"));
            self.push(format!(
                "CREATE TYPE {written} AS ENUM ({})",
                values.join(", ")
            ));
            for (table, column, many, default) in self.columns_of(&name) {
                let (table, column) = (quoted(&table), quoted(&column));
                let alter = format!("ALTER TABLE {table} ALTER COLUMN {column}");
                if default.is_some() {
                    self.push(format!("{alter} DROP DEFAULT"));
                }
                let sql = format!(
                    "{alter} TYPE {written}{many} USING {column}::text{many}::{written}{many}"
                );
                self.out.push(if gone.is_empty() {
                    Statement::new(sql)
                } else {
                    Statement::losing(
                        sql,
                        format!("it fails where a row of {table} has {}", gone.join(" or ")),
                    )
                });
                if let Some(default) = default {
                    self.push(format!("{alter} SET DEFAULT {default}"));
                }
            }
            self.push(format!("DROP TYPE {aside}"));
            self.touched.insert(name);
        }
    }

    /// The columns of an enum: table, column, `[]` where it holds many, default.
    fn columns_of(&self, name: &str) -> Vec<(String, String, &'static str, Option<String>)> {
        let mut found = Vec::new();
        for (table, of) in &self.from.tables {
            for column in &of.columns {
                let many = match column.kind.strip_suffix("[]") {
                    Some(one) if one == quoted(name) => "[]",
                    None if column.kind == quoted(name) => "",
                    _ => continue,
                };
                let default = match &column.filling {
                    Some(Filling::Default(value)) => Some(value.clone()),
                    _ => None,
                };
                found.push((table.clone(), column.name.clone(), many, default));
            }
        }
        found
    }

    pub(super) fn make_functions(&mut self) {
        for (signature, text) in &self.to.functions {
            if self.from.functions.get(signature) != Some(text) {
                self.touched.insert(signature.clone());
                self.push(text.trim_end().to_owned());
            }
        }
    }

    /// Drop what nothing is made of any more.
    pub(super) fn drop_types(&mut self) {
        let (from, to) = (self.from.clone(), self.to);
        let functions = from.functions.keys();
        for signature in functions.filter(|one| !to.functions.contains_key(*one)) {
            self.push(format!("DROP ROUTINE {signature}"));
        }
        // A sequence that goes with a column went along with it.
        let sequences = from
            .sequences
            .iter()
            .filter(|(_, one)| one.owned_by.is_none());
        for (name, _) in sequences.filter(|(one, _)| !to.sequences.contains_key(*one)) {
            self.out.push(Statement::losing(
                format!("DROP SEQUENCE {}", quoted(name)),
                format!("how far {name} has counted"),
            ));
        }
        let types = from.types.iter();
        for (name, create) in types.filter(|(one, _)| !to.types.contains_key(*one)) {
            self.push(format!("DROP {} {}", kind_of_type(create), quoted(name)));
        }
        for name in from.enums.keys().filter(|one| !to.enums.contains_key(*one)) {
            self.push(format!("DROP TYPE {}", quoted(name)));
        }
        for name in from.extensions.difference(&to.extensions) {
            self.push(format!("DROP EXTENSION {}", quoted(name)));
        }
    }
}

fn kind_of_type(create: &str) -> &'static str {
    if create.starts_with("CREATE DOMAIN") {
        "DOMAIN"
    } else {
        "TYPE"
    }
}
