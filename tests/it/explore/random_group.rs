//! Figures and groups thrown from dice.

use service::explore::catalog::{Column, Entity, Kind, screaming_case};

use super::document::{Field, Val};
use super::figures::takes;
use super::random::Throw;

impl Throw<'_> {
    pub(super) fn figures(&mut self, entity: &Entity) -> Vec<Field> {
        let mut fields = vec![Field::new("count")];
        for function in ["sum", "avg", "min", "max", "countDistinct"] {
            let columns = entity
                .columns
                .iter()
                .filter(|column| takes(function, column.kind));
            let columns: Vec<&Column> = columns.collect();
            if columns.is_empty() || self.dice.chance(50) {
                continue;
            }
            let mut picked = vec![Field::new(&self.dice.one(&columns).field)];
            let other = &self.dice.one(&columns).field;
            if *other != picked[0].name {
                picked.push(Field::new(other));
            }
            let letters = function[..1].to_uppercase() + &function[1..];
            let kind = format!("{}{letters}", entity.name);
            fields.push(Field::of(function, self.scatter(&kind, picked)));
        }
        fields
    }

    pub(super) fn groups(&mut self, entity: &Entity) -> Field {
        let columns = entity
            .columns
            .iter()
            .filter(|column| takes("countDistinct", column.kind));
        let columns: Vec<&Column> = columns.collect();
        let (mut by, mut keys) = (Vec::new(), Vec::new());
        for _ in 0..=self.dice.below(2) {
            let column = *self.dice.one(&columns);
            if keys.contains(&column.field) {
                continue;
            }
            keys.push(column.field.clone());
            let word = Val::Word(screaming_case(&column.field));
            let mut key = vec![("column".to_owned(), word)];
            if column.kind == Kind::Time && self.dice.chance(70) {
                let bucket = *self.dice.one(&["HOUR", "DAY", "WEEK", "MONTH"]);
                let bucket = self.perhaps(Val::Word(bucket.to_owned()), "Bucket");
                key.push(("bucket".to_owned(), bucket));
            }
            by.push(Val::Object(key));
        }
        let mut field = Field::new("groupBy");
        field.args.push(("by".to_owned(), Val::List(by)));
        let zones = [
            "Europe/Berlin",
            "UTC",
            "America/St_Johns",
            "Asia/Kolkata",
            "Pacific/Apia",
        ];
        if self.dice.chance(60) {
            let zone = Val::Text((*self.dice.one(&zones)).to_owned());
            let zone = self.perhaps(zone, "String");
            field.args.push(("timeZone".to_owned(), zone));
        }
        if self.dice.chance(50) {
            let order = self.group_order(entity, &keys);
            field.args.push(("orderBy".to_owned(), order));
        }
        if self.dice.chance(40) {
            field.args.push(("having".to_owned(), self.having(entity)));
        } else if self.dice.chance(50) {
            let others = self.perhaps(Val::Bool(true), "Boolean");
            field.args.push(("others".to_owned(), others));
        }
        if self.dice.chance(70) {
            let first = Val::Int(i64::try_from(1 + self.dice.below(5)).unwrap());
            field
                .args
                .push(("first".to_owned(), self.perhaps(first, "Int")));
        }
        let mut fields = self.figures(entity);
        fields.extend(self.picked(&["others", "__typename"], 50));
        let keys: Vec<_> = keys.iter().map(|key| Field::new(key)).collect();
        let keys = self.scatter(&format!("{}GroupKeys", entity.name), keys);
        fields.push(Field::of("keys", keys));
        field.sels = self.scatter(&format!("{}Group", entity.name), fields);
        field
    }

    /// A measure; one that is a number, if it is to be compared.
    fn measure(&mut self, entity: &Entity, number: bool) -> Vec<(String, Val)> {
        let names = [
            ("SUM", "sum"),
            ("AVG", "avg"),
            ("MIN", "min"),
            ("MAX", "max"),
            ("COUNT_DISTINCT", "countDistinct"),
        ];
        let (name, function) = *self.dice.one(&names);
        let columns = entity.columns.iter().filter(|column| {
            let fits = !number || function == "countDistinct" || takes("sum", column.kind);
            takes(function, column.kind) && fits
        });
        let columns: Vec<&Column> = columns.collect();
        let word = |name: &str, word: &str| (name.to_owned(), Val::Word(word.to_owned()));
        if columns.is_empty() || self.dice.chance(40) {
            return vec![word("measure", "COUNT")];
        }
        let column = screaming_case(&self.dice.one(&columns).field);
        vec![word("measure", name), word("column", &column)]
    }

    fn group_order(&mut self, entity: &Entity, keys: &[String]) -> Val {
        let mut terms = Vec::new();
        for _ in 0..=self.dice.below(2) {
            let mut term = if self.dice.chance(30) {
                let key = screaming_case(self.dice.one::<String>(keys));
                let word = |name: &str, word: String| (name.to_owned(), Val::Word(word));
                vec![word("measure", "KEY".to_owned()), word("column", key)]
            } else {
                self.measure(entity, false)
            };
            if self.dice.chance(70) {
                let way = if self.dice.chance(60) { "DESC" } else { "ASC" };
                term.push(("direction".to_owned(), Val::Word(way.to_owned())));
            }
            terms.push(Val::Object(term));
        }
        Val::List(terms)
    }

    fn having(&mut self, entity: &Entity) -> Val {
        let mut condition = self.measure(entity, true);
        let operator = *self.dice.one(&["eq", "ne", "lt", "lte", "gt", "gte"]);
        let numbers = [0.0, 1.0, 2.0, 2.5, 4.0, 10.0];
        let value = Val::Float(*self.dice.one(&numbers));
        let value = self.perhaps(value, "Float");
        condition.push((operator.to_owned(), value));
        Val::List(vec![Val::Object(condition)])
    }
}
