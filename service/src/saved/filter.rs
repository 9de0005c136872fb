//! Which rows a view or report has: a tree of conditions on columns and relations, as JSON.
//!
//! `{ "status": { "in": ["FAILED"] }, "user": { "role": { "eq": "admin" } }, "or": [ … ] }`: what
//! stands side by side holds together; `and`, `or` and `not` join; a relation to one row has the
//! conditions of that row, a relation to many has them under `some`, `none` or `every`.

use chrono::DateTime;
use entity::registry::{self, Column, Resource};
use sea_orm::ColumnType;
use serde_json::Value;
use uuid::Uuid;

use super::shape::{column, is_json, is_number, is_ordered, is_text, is_time};
use crate::check::Check;

/// How deep conditions stand in each other.
const DEPTH: usize = 8;
/// How many conditions and values there are in all.
const MOST: usize = 200;
/// How long a text among them may be.
const LONGEST: usize = 1_000;

/// Say what is wrong with `filter` as one of `resource`.
pub(super) fn filter(check: &mut Check, resource: &Resource, filter: &Value) {
    let mut walk = Walk { check, left: MOST };
    walk.conditions("/filter", resource, filter, DEPTH);
    if walk.left == 0 {
        check.wrong(
            "/filter",
            format!("has more than {MOST} conditions and values"),
        );
    }
}

struct Walk<'a> {
    check: &'a mut Check,
    left: usize,
}

impl Walk<'_> {
    fn wrong(&mut self, pointer: &str, detail: impl Into<String>) {
        self.check.wrong(pointer, detail);
    }

    /// Count one more; nothing is looked at past the end.
    fn goes_on(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }

    fn conditions(&mut self, pointer: &str, resource: &Resource, value: &Value, depth: usize) {
        let Value::Object(members) = value else {
            return self.wrong(pointer, "must be an object");
        };
        if depth == 0 {
            return self.wrong(pointer, format!("stands deeper than {DEPTH}"));
        }
        for (name, value) in members {
            if !self.goes_on() {
                return;
            }
            let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
            match (name.as_str(), value) {
                ("and" | "or", Value::Array(all)) => {
                    for (at, one) in all.iter().enumerate() {
                        self.conditions(&format!("{pointer}/{at}"), resource, one, depth - 1);
                    }
                }
                ("and" | "or", _) => self.wrong(&pointer, "must be a list"),
                ("not", inner) => self.conditions(&pointer, resource, inner, depth - 1),
                _ => self.member(&pointer, resource, name, value, depth),
            }
        }
    }

    fn member(
        &mut self,
        pointer: &str,
        resource: &Resource,
        name: &str,
        value: &Value,
        depth: usize,
    ) {
        let relation = resource.relations.iter().find(|one| one.name == name);
        let other = relation.and_then(|one| Some((one, registry::resource(&one.table)?)));
        match other {
            Some((relation, other)) if relation.many => match value {
                Value::Object(all) if !all.is_empty() => {
                    for (quantifier, inner) in all {
                        let pointer = format!("{pointer}/{quantifier}");
                        if ["some", "none", "every"].contains(&quantifier.as_str()) {
                            self.conditions(&pointer, other, inner, depth - 1);
                        } else {
                            self.wrong(&pointer, "must be some, none or every");
                        }
                    }
                }
                _ => self.wrong(pointer, "must say some, none or every"),
            },
            Some((_, other)) => self.conditions(pointer, other, value, depth - 1),
            None => {
                if let Some(column) = column(self.check, pointer, resource, name) {
                    self.operators(pointer, column, value);
                }
            }
        }
    }

    fn operators(&mut self, pointer: &str, column: &Column, value: &Value) {
        let Some(all) = value.as_object().filter(|all| !all.is_empty()) else {
            return self.wrong(pointer, "must be an object of operators");
        };
        for (name, value) in all {
            if !self.goes_on() {
                return;
            }
            self.operator(&format!("{pointer}/{name}"), column, name, value);
        }
    }

    fn operator(&mut self, pointer: &str, column: &Column, name: &str, value: &Value) {
        let ordered = is_ordered(column);
        let fits = match name {
            "isNull" => value.is_boolean(),
            "eq" | "ne" if ordered => is_value(column, value),
            "lt" | "lte" | "gt" | "gte"
                if is_number(column) || is_time(column) || is_text(column) =>
            {
                is_value(column, value)
            }
            "in" | "notIn" if ordered => match value {
                Value::Array(all) => all
                    .iter()
                    .all(|one| self.goes_on() && is_value(column, one)),
                _ => false,
            },
            "contains" | "startsWith" | "endsWith" if is_text(column) => is_short(value),
            "has" if is_json(column) => is_short(value),
            "hasAny" if is_json(column) => match value {
                Value::Array(all) => all.iter().all(|one| self.goes_on() && is_short(one)),
                _ => false,
            },
            _ => return self.wrong(pointer, format!("is no operator of {}", column.name)),
        };
        // The end of the count is told once, for the whole.
        if !fits && self.left > 0 {
            self.wrong(pointer, format!("is no value for {}", column.name));
        }
    }
}

fn is_short(value: &Value) -> bool {
    let text = value.as_str();
    text.is_some_and(|text| text.len() <= LONGEST && !text.contains('\0'))
}

/// Whether `column` may have the value.
fn is_value(column: &Column, value: &Value) -> bool {
    match (&column.kind, value) {
        (ColumnType::Enum { variants, .. }, Value::String(word)) => {
            variants.iter().any(|one| one.to_string() == *word)
        }
        (ColumnType::Uuid, Value::String(text)) => Uuid::parse_str(text).is_ok(),
        (ColumnType::TimestampWithTimeZone, Value::String(text)) => {
            DateTime::parse_from_rfc3339(text).is_ok()
        }
        (ColumnType::Date, Value::String(text)) => text.parse::<chrono::NaiveDate>().is_ok(),
        (ColumnType::Boolean, value) => value.is_boolean(),
        (ColumnType::Float | ColumnType::Double, value) => value.is_number(),
        (_, value) if is_number(column) => value.is_i64(),
        (_, value) => is_text(column) && is_short(value),
    }
}
