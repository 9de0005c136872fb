//! Filters thrown from dice, mostly of values that are there.

use chrono::{DateTime, FixedOffset, SecondsFormat};
use serde_json::{Value, json};
use service::explore::catalog::{Column, Entity, Kind};

use super::document::Val;
use super::random::Throw;
use super::world::{Cell, World, written};

impl Throw<'_> {
    /// A filter of an entity, with others in it up to a depth.
    pub(super) fn filter(&mut self, entity: &'static Entity, depth: usize) -> Val {
        let mut members: Vec<(String, Val)> = Vec::new();
        for _ in 0..=self.dice.below(2) {
            let (name, value) = match self.dice.below(10) {
                0 if depth > 0 => ("and", self.filters(entity, depth - 1)),
                1 if depth > 0 => ("or", self.filters(entity, depth - 1)),
                2 if depth > 0 => ("not", self.filter(entity, depth - 1)),
                3 | 4 if depth > 0 && !entity.relations.is_empty() => {
                    let relation = self.dice.one(&entity.relations);
                    let target = relation.target();
                    if !World::reads_all(target, self.viewer) {
                        continue;
                    }
                    let inner = self.filter(target, depth - 1);
                    let value = if relation.many {
                        let quantifier = *self.dice.one(&["some", "none", "every"]);
                        Val::Object(vec![(quantifier.to_owned(), inner)])
                    } else {
                        inner
                    };
                    (relation.field.as_str(), value)
                }
                _ => {
                    let at = self.dice.below(entity.columns.len());
                    let column = &entity.columns[at];
                    (column.field.as_str(), self.condition(entity, at))
                }
            };
            if members.iter().all(|(known, _)| known != name) {
                members.push((name.to_owned(), value));
            }
        }
        Val::Object(members)
    }

    fn filters(&mut self, entity: &'static Entity, depth: usize) -> Val {
        let count = self.dice.below(3);
        Val::List((0..count).map(|_| self.filter(entity, depth)).collect())
    }

    fn condition(&mut self, entity: &'static Entity, at: usize) -> Val {
        let column = &entity.columns[at];
        let mut operators = vec!["isNull"];
        match column.kind {
            Kind::Json => operators.extend(["at"; 4]),
            Kind::List => operators.extend(["has", "hasAny"]),
            Kind::Bytes => {}
            Kind::Enum(_) | Kind::Bool => operators.extend(["eq", "ne", "in", "notIn"]),
            kind => {
                operators.extend(["eq", "ne", "in", "notIn", "lt", "lte", "gt", "gte"]);
                if kind == Kind::Text {
                    operators.extend(["contains", "startsWith", "endsWith"]);
                }
            }
        }
        let mut conditions: Vec<(String, Val)> = Vec::new();
        for _ in 0..=usize::from(self.dice.chance(15)) {
            let operator = *self.dice.one(&operators);
            if conditions.iter().any(|(known, _)| known == operator) {
                continue;
            }
            let value = self.operand(entity, at, operator);
            conditions.push((operator.to_owned(), value));
        }
        Val::Object(conditions)
    }

    fn operand(&mut self, entity: &'static Entity, at: usize, operator: &str) -> Val {
        let column = &entity.columns[at];
        let kind = column.kind.type_name();
        let strings = ["x", "Y", "quote\"", "\u{e9}", "", "none of them"];
        match operator {
            "isNull" => {
                let truth = Val::Bool(self.dice.chance(50));
                self.perhaps(truth, "Boolean")
            }
            "in" | "notIn" => {
                let count = self.dice.below(4);
                let values = (0..count).map(|_| self.value(entity, at)).collect();
                self.perhaps(Val::List(values), &format!("[{kind}!]"))
            }
            "contains" | "startsWith" | "endsWith" => {
                let part = self.part(entity, at, operator);
                self.perhaps(Val::Text(part), "String")
            }
            "has" => {
                let text = (*self.dice.one(&strings)).to_owned();
                self.perhaps(Val::Text(text), "String")
            }
            "hasAny" => {
                let some = self.dice.some(&strings, 30);
                let texts = some.into_iter().map(|text| Val::Text(text.to_owned()));
                self.perhaps(Val::List(texts.collect()), "[String!]")
            }
            "at" => self.json_part(),
            _ => {
                let value = self.value(entity, at);
                self.perhaps(value, kind)
            }
        }
    }

    /// A value of the column: mostly one that a row has.
    fn value(&mut self, entity: &'static Entity, at: usize) -> Val {
        let column = &entity.columns[at];
        let rows = self.world.rows(entity).iter();
        let known: Vec<&Cell> = rows
            .map(|row| &row[at])
            .filter(|cell| **cell != Cell::Null)
            .collect();
        if known.is_empty() || self.dice.chance(15) {
            return self.strange(column);
        }
        let cell = *self.dice.one(&known);
        self.said(column, cell)
    }

    fn said(&mut self, column: &Column, cell: &Cell) -> Val {
        match (written(column.kind, cell), cell) {
            (_, Cell::Time(moment)) if self.dice.chance(30) => {
                // The same moment by other clocks.
                let zone = FixedOffset::east_opt(7_200).unwrap();
                let moment: DateTime<FixedOffset> = moment.with_timezone(&zone);
                Val::Text(moment.to_rfc3339_opts(SecondsFormat::Nanos, false))
            }
            (Value::String(word), Cell::Word(_)) => Val::Word(word),
            (Value::String(text), _) => Val::Text(text),
            (Value::Bool(truth), _) => Val::Bool(truth),
            (_, Cell::Int(number)) => Val::Int(*number),
            (_, Cell::Float(number)) => Val::Float(*number),
            (other, _) => panic!("{other} is no operand"),
        }
    }

    /// A value that no row need have.
    fn strange(&mut self, column: &Column) -> Val {
        match column.kind {
            Kind::Uuid => Val::Text("00000000-0000-4000-8000-00000000002a".to_owned()),
            Kind::Text => Val::Text("B'%_\\\u{e9}".to_owned()),
            Kind::Int | Kind::Big => Val::Int(i64::try_from(self.dice.below(20)).unwrap() - 5),
            Kind::Float => Val::Float(1.125),
            Kind::Bool => Val::Bool(true),
            Kind::Time => Val::Text("2026-06-01T00:00:00+05:30".to_owned()),
            Kind::Date => Val::Text("2026-03-29".to_owned()),
            Kind::Enum(words) => Val::Word(self.dice.one(&words.values).value.clone()),
            Kind::Json | Kind::List | Kind::Bytes => unreachable!("it is not compared"),
        }
    }

    /// A part of a text, perhaps in the other case.
    fn part(&mut self, entity: &'static Entity, at: usize, operator: &str) -> String {
        let Val::Text(text) = self.value(entity, at) else {
            return String::new();
        };
        let letters: Vec<char> = text.chars().collect();
        let cut = self.dice.below(letters.len() + 1);
        let part: String = match operator {
            "endsWith" => letters[cut..].iter().collect(),
            "startsWith" => letters[..cut].iter().collect(),
            _ => letters[cut..].iter().take(3).collect(),
        };
        match self.dice.below(3) {
            0 => part.to_uppercase(),
            1 => part.to_ascii_lowercase(),
            _ => part,
        }
    }

    fn json_part(&mut self) -> Val {
        let paths: [&[&str]; 12] = [
            &["k"],
            &["a"],
            &["a", "b"],
            &["a", "b", "0"],
            &["a", "b", "1"],
            &["a", "b", "3"],
            &["0"],
            &["0", "k"],
            &["zo\u{eb}"],
            &["$"],
            &["$.k"],
            &["a", "b", "-1"],
        ];
        let path = self.dice.one(&paths).iter();
        let path = path.map(|step| Val::Text((*step).to_owned())).collect();
        let mut part = vec![("path".to_owned(), Val::List(path))];
        let values = [
            json!("v"),
            json!("V"),
            json!(1),
            json!(2.5),
            json!(true),
            json!(null),
            json!("x"),
            json!("\u{6d77}"),
            json!("zero"),
            json!(7),
        ];
        if self.dice.chance(70) {
            let value = Val::Json(self.dice.one(&values).clone());
            part.push(("eq".to_owned(), value));
        }
        Val::Object(part)
    }
}
