//! Figures and groups, worked out row by row.

use std::cmp::Ordering;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};
use service::explore::catalog::{Column, Entity, Kind, Member, screaming_case};

use super::document::{Field, Sel};
use super::reference::Asked;
use super::world::{Cell, Row, nulls_last, order, written};

/// A group: its keys, each with its column, and whether it is made of all the others.
pub(super) struct Group<'a> {
    keys: Vec<(usize, Cell)>,
    others: bool,
    rows: Vec<&'a Row>,
}

impl Asked<'_> {
    pub(super) fn figures(
        &self,
        entity: &Entity,
        rows: &[&Row],
        sels: &[Sel],
        group: Option<&Group<'_>>,
    ) -> Value {
        let fields = self.document.collect(sels).into_iter();
        let answers = fields.map(|field| {
            let value = match field.name.as_str() {
                "__typename" => {
                    let what = if group.is_some() {
                        "Group"
                    } else {
                        "Aggregate"
                    };
                    json!(format!("{}{what}", entity.name))
                }
                "count" => json!(rows.len()),
                "others" => json!(group.unwrap().others),
                "keys" => self.keys(entity, &group.unwrap().keys, &field),
                function => {
                    let columns = self.document.collect(&field.sels).into_iter();
                    let columns = columns.map(|column| {
                        let Some(Member::Column(at)) = entity.member(&column.name) else {
                            return (column.key, Value::Null);
                        };
                        let figure = figure(function, at, rows);
                        (column.key, written(entity.columns[at].kind, &figure))
                    });
                    Value::Object(columns.collect())
                }
            };
            (field.key, value)
        });
        Value::Object(answers.collect())
    }

    fn keys(&self, entity: &Entity, keys: &[(usize, Cell)], field: &Field) -> Value {
        let fields = self.document.collect(&field.sels).into_iter();
        let answers = fields.map(|field| {
            let value = match entity.member(&field.name) {
                Some(Member::Column(at)) => {
                    let key = keys.iter().find(|(column, _)| *column == at);
                    key.map_or(Value::Null, |(_, cell)| {
                        written(entity.columns[at].kind, cell)
                    })
                }
                _ => Value::Null,
            };
            (field.key, value)
        });
        Value::Object(answers.collect())
    }

    pub(super) fn groups(&self, entity: &Entity, rows: &[&Row], field: &Field) -> Value {
        let zone = field.arg("timeZone").map_or(Tz::UTC, |zone| {
            Tz::from_str(zone.as_str().unwrap()).unwrap()
        });
        let by = field.arg("by").unwrap();
        let by: Vec<(usize, Option<String>)> = listed(&by)
            .iter()
            .map(|key| {
                let bucket = key["bucket"].as_str().map(ToOwned::to_owned);
                (named(entity, &key["column"]), bucket)
            })
            .collect();
        let mut groups: Vec<Group<'_>> = Vec::new();
        for row in rows {
            let keys = by.iter().map(|(at, bucket)| match (&row[*at], bucket) {
                (Cell::Time(moment), Some(bucket)) => {
                    (*at, Cell::Time(start(*moment, bucket, zone)))
                }
                (cell, _) => (*at, cell.clone()),
            });
            let keys: Vec<_> = keys.collect();
            match groups.iter_mut().find(|group| group.keys == keys) {
                Some(group) => group.rows.push(row),
                None => groups.push(Group {
                    keys,
                    others: false,
                    rows: vec![row],
                }),
            }
        }
        if let Some(having) = field.arg("having") {
            groups.retain(|group| listed(&having).iter().all(|one| has(entity, group, one)));
        }
        let order = field.arg("orderBy").unwrap_or(json!([]));
        groups.sort_by(|one, other| self::sorted(entity, &order, one, other));
        let first = field
            .arg("first")
            .map_or(100, |first| first.as_u64().unwrap());
        let first = usize::try_from(first).unwrap().min(groups.len());
        let rest = groups.split_off(first);
        if field.arg("others") == Some(json!(true)) && !rest.is_empty() {
            groups.push(Group {
                keys: Vec::new(),
                others: true,
                rows: rest.into_iter().flat_map(|group| group.rows).collect(),
            });
        }
        let answers = groups.iter();
        answers
            .map(|group| self.figures(entity, &group.rows, &field.sels, Some(group)))
            .collect()
    }
}

fn listed(value: &Value) -> &[Value] {
    value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn named(entity: &Entity, name: &Value) -> usize {
    let is = |column: &Column| name == &json!(screaming_case(&column.field));
    entity.columns.iter().position(is).unwrap()
}

/// A measure as an order or a condition names it.
fn measured(entity: &Entity, measure: &Value, rows: &[&Row]) -> Cell {
    let function = match measure["measure"].as_str() {
        None | Some("COUNT") => return Cell::Int(i64::try_from(rows.len()).unwrap()),
        Some("COUNT_DISTINCT") => "countDistinct".to_owned(),
        Some(other) => other.to_ascii_lowercase(),
    };
    figure(&function, named(entity, &measure["column"]), rows)
}

fn has(entity: &Entity, group: &Group<'_>, having: &Value) -> bool {
    let cell = measured(entity, having, &group.rows);
    ["eq", "ne", "lt", "lte", "gt", "gte"]
        .iter()
        .all(|operator| {
            let Some(value) = having[*operator].as_f64() else {
                return true;
            };
            let found = order(&cell, &Cell::Float(value));
            match *operator {
                "eq" => found == Some(Ordering::Equal),
                "ne" => found != Some(Ordering::Equal),
                "lt" => found == Some(Ordering::Less),
                "gt" => found == Some(Ordering::Greater),
                "lte" => found.is_some_and(Ordering::is_le),
                _ => found.is_some_and(Ordering::is_ge),
            }
        })
}

fn sorted(entity: &Entity, orders: &Value, one: &Group<'_>, other: &Group<'_>) -> Ordering {
    let asked = listed(orders).iter().map(|term| {
        let descending = term["direction"] == "DESC";
        if term["measure"] == "KEY" {
            let at = named(entity, &term["column"]);
            let key = one
                .keys
                .iter()
                .position(|(column, _)| *column == at)
                .unwrap();
            return nulls_last(&one.keys[key].1, &other.keys[key].1, descending);
        }
        let (a, b) = (
            measured(entity, term, &one.rows),
            measured(entity, term, &other.rows),
        );
        nulls_last(&a, &b, descending)
    });
    let keys = one.keys.iter().zip(&other.keys);
    let keys = keys.map(|(one, other)| nulls_last(&one.1, &other.1, false));
    asked
        .chain(keys)
        .find(|found| found.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// A function of a column's values; nulls take no part.
#[expect(clippy::cast_precision_loss, reason = "a mean is rounded")]
fn figure(function: &str, at: usize, rows: &[&Row]) -> Cell {
    let values = rows.iter().map(|row| &row[at]);
    let values: Vec<&Cell> = values.filter(|cell| **cell != Cell::Null).collect();
    let whole: Option<i64> = values.iter().map(|cell| whole(cell)).sum();
    let float: Option<f64> = values.iter().map(|cell| float(cell)).sum();
    let ordered = |one: &&&Cell, other: &&&Cell| order(one, other).unwrap();
    match function {
        "countDistinct" => {
            let mut known: Vec<&Cell> = Vec::new();
            for value in values {
                if !known.contains(&value) {
                    known.push(value);
                }
            }
            Cell::Int(i64::try_from(known.len()).unwrap())
        }
        _ if values.is_empty() => Cell::Null,
        "sum" => whole.map_or_else(|| Cell::Float(float.unwrap()), Cell::Int),
        "avg" => {
            let sum = whole.map_or_else(|| float.unwrap(), |whole| whole as f64);
            Cell::Float(sum / values.len() as f64)
        }
        "min" => (*values.iter().min_by(ordered).unwrap()).clone(),
        "max" => (*values.iter().max_by(ordered).unwrap()).clone(),
        other => panic!("{other} is no function"),
    }
}

fn whole(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Int(number) => Some(*number),
        _ => None,
    }
}

fn float(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Float(number) => Some(*number),
        _ => None,
    }
}

/// Where the bucket begins that a moment falls into, by the clocks of a zone.
fn start(moment: DateTime<Utc>, bucket: &str, zone: Tz) -> DateTime<Utc> {
    let local = moment.with_timezone(&zone);
    if bucket == "HOUR" {
        let past = TimeDelta::seconds((local.minute() * 60 + local.second()).into());
        let past = past + TimeDelta::nanoseconds(local.nanosecond().into());
        return moment - past;
    }
    let day = local.date_naive();
    let first = match bucket {
        "DAY" => day,
        "WEEK" => day - Days::new(day.weekday().num_days_from_monday().into()),
        _ => NaiveDate::from_ymd_opt(day.year(), day.month(), 1).unwrap(),
    };
    let midnight = zone.from_local_datetime(&first.and_time(NaiveTime::MIN));
    midnight.earliest().unwrap().to_utc()
}

/// Whether a function works on a column.
pub(super) fn takes(function: &str, kind: Kind) -> bool {
    let number = matches!(kind, Kind::Int | Kind::Big | Kind::Float);
    match function {
        "sum" | "avg" => number,
        "min" | "max" => number || matches!(kind, Kind::Text | Kind::Time | Kind::Date),
        _ => !matches!(kind, Kind::Json | Kind::List | Kind::Bytes),
    }
}
