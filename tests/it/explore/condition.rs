//! Filters as the documentation means them, on rows in memory: every condition is true or false.

use std::cmp::Ordering;

use chrono::{DateTime, SubsecRound};
use serde_json::Value;
use service::explore::catalog::{Column, Entity, Kind, Member, Relation};

use super::world::{Cell, Row, Viewer, World, order, same};

impl World {
    /// Whether a row of `entity` satisfies `filter`, as far as `viewer` sees.
    pub(super) fn satisfies(
        &self,
        entity: &Entity,
        row: &Row,
        filter: &Value,
        viewer: Viewer,
    ) -> bool {
        let holds = |filter: &Value| self.satisfies(entity, row, filter, viewer);
        let mut members = filter.as_object().unwrap().iter();
        members.all(|(name, value)| match name.as_str() {
            "and" => list(value).iter().all(holds),
            "or" => list(value).iter().any(holds),
            "not" => !holds(value),
            name => match entity.member(name).unwrap() {
                Member::Column(at) => {
                    let mut operators = value.as_object().unwrap().iter();
                    operators.all(|(operator, value)| {
                        column(&entity.columns[at], &row[at], operator, value)
                    })
                }
                Member::Relation(at) => self.leads(&entity.relations[at], row, value, viewer),
            },
        })
    }

    /// The rows that `relation` leads to from `row`, as far as `viewer` sees.
    pub(super) fn related(&self, relation: &Relation, row: &Row, viewer: Viewer) -> Vec<&Row> {
        let target = relation.target();
        let rows = self.rows(target).iter();
        let leads = |other: &&Row| {
            same(&row[relation.from], &other[relation.to]) && self.sees(target, other, viewer)
        };
        rows.filter(leads).collect()
    }

    fn leads(&self, relation: &Relation, row: &Row, value: &Value, viewer: Viewer) -> bool {
        let rows = self.related(relation, row, viewer);
        let holds =
            |filter: &Value, row: &Row| self.satisfies(relation.target(), row, filter, viewer);
        if !relation.many {
            return rows.iter().any(|row| holds(value, row));
        }
        let mut quantifiers = value.as_object().unwrap().iter();
        quantifiers.all(|(quantifier, filter)| match quantifier.as_str() {
            "some" => rows.iter().any(|row| holds(filter, row)),
            "none" => !rows.iter().any(|row| holds(filter, row)),
            "every" => rows.iter().all(|row| holds(filter, row)),
            other => panic!("{other} is no quantifier"),
        })
    }
}

fn list(value: &Value) -> &[Value] {
    value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice)
}

/// A value of a document as a column of that kind holds it.
pub(super) fn cell_of(kind: Kind, value: &Value) -> Cell {
    match kind {
        Kind::Uuid => Cell::Uuid(value.as_str().unwrap().parse().unwrap()),
        Kind::Text => Cell::Text(value.as_str().unwrap().to_owned()),
        Kind::Int | Kind::Big => Cell::Int(value.as_i64().unwrap()),
        Kind::Float => Cell::Float(value.as_f64().unwrap()),
        Kind::Bool => Cell::Bool(value.as_bool().unwrap()),
        Kind::Time => {
            let moment = DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap();
            Cell::Time(moment.to_utc().trunc_subsecs(6))
        }
        Kind::Date => Cell::Date(value.as_str().unwrap().parse().unwrap()),
        Kind::Enum(words) => {
            let mut names = words.values.iter();
            Cell::Word(names.position(|word| value == &word.value).unwrap())
        }
        Kind::Json | Kind::List | Kind::Bytes => panic!("{kind:?} is not compared"),
    }
}

fn column(column: &Column, cell: &Cell, operator: &str, value: &Value) -> bool {
    let compared = || order(cell, &cell_of(column.kind, value));
    let among = || {
        let mut values = list(value).iter();
        values.any(|value| *cell == cell_of(column.kind, value))
    };
    match operator {
        "isNull" => (*cell == Cell::Null) == value.as_bool().unwrap(),
        "eq" => compared() == Some(Ordering::Equal),
        "ne" => compared() != Some(Ordering::Equal),
        "lt" => compared() == Some(Ordering::Less),
        "gt" => compared() == Some(Ordering::Greater),
        "lte" => matches!(compared(), Some(Ordering::Less | Ordering::Equal)),
        "gte" => matches!(compared(), Some(Ordering::Greater | Ordering::Equal)),
        "in" => among(),
        "notIn" => !among(),
        "contains" | "startsWith" | "endsWith" => {
            let Cell::Text(text) = cell else { return false };
            let (text, part) = (text.to_ascii_lowercase(), value.as_str().unwrap());
            let part = part.to_ascii_lowercase();
            match operator {
                "contains" => text.contains(&part),
                "startsWith" => text.starts_with(&part),
                _ => text.ends_with(&part),
            }
        }
        "has" | "hasAny" => {
            let Cell::Json(Value::Array(items)) = cell else {
                return false;
            };
            list(value).iter().any(|value| items.contains(value))
        }
        "at" => at(cell, value),
        other => panic!("{other} is no operator"),
    }
}

/// A part of a JSON value: there, or equal to a plain value.
fn at(cell: &Cell, value: &Value) -> bool {
    let Cell::Json(json) = cell else { return false };
    let mut part = Some(json);
    for step in list(&value["path"]) {
        let step = step.as_str().unwrap();
        part = part.and_then(|part| match part {
            Value::Object(members) => members.get(step),
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            _ => None,
        });
    }
    match (part, value.get("eq")) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(Value::Number(one)), Some(Value::Number(other))) => one.as_f64() == other.as_f64(),
        (Some(part), Some(eq)) => part == eq,
    }
}
