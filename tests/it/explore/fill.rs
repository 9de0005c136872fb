//! Rows for every table of the registry, from what is known of its columns: several people's, with
//! nulls, ties, equal moments, quotes and letters of many scripts.
//!
//! What the database refuses (a check, a unique key) is thrown again. The rows that the first engine
//! took are given to the others as they are, so all of them hold the same.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entity::registry::{Column, Resource, resources};
use sea_orm::{ColumnType, ConnectionTrait, DbBackend, Statement, Value};
use serde_json::{Value as Json, json};
use service::explore::catalog::{Kind, catalog};
use tests::TestApp;
use uuid::Uuid;

use super::dice::Dice;

/// How many rows a table gets, at most.
const ROWS: usize = 40;

const TEXTS: &[&str] = &[
    "",
    "a",
    "A",
    "b",
    "ab",
    "aB%",
    "100%",
    "under_score",
    "back\\slash",
    "zo\u{eb}'s \"quote\"",
    "a'b",
    "line\nbreak",
    "  space ",
    "\u{e9}tude",
    "\u{c9}TUDE",
    "\u{6d77}\u{99ac}",
    "\u{1f642}",
    "null",
    "$.a",
    "{\"a\":1}",
];

const TIMES: &[&str] = &[
    "2026-03-29T00:59:59.999999Z",
    "2026-03-29T01:00:00Z",
    "2026-03-29T01:00:00Z",
    "2026-03-28T23:00:00Z",
    "2026-03-28T22:59:59.999500Z",
    "2026-10-25T00:30:00.001Z",
    "2026-10-25T01:30:00.001Z",
    "2025-12-31T23:59:59.999999Z",
    "2026-01-01T00:00:00Z",
    "2026-01-04T23:30:00.120Z",
    "2026-06-30T22:00:00.000001Z",
    "2026-11-20T10:00:00Z",
];

/// The rows that were taken: SQL's columns and values, table by table.
#[derive(Default)]
pub(super) struct Filling {
    rows: Vec<(&'static Resource, Vec<Option<Value>>)>,
    people: Vec<Value>,
    /// What each column holds, for those that lead there.
    known: HashMap<(&'static str, &'static str), Vec<Value>>,
}

impl Filling {
    /// Throw rows for every table and put them into the first engine's. `people` are there already.
    pub(super) async fn thrown(app: &TestApp, people: &[Uuid]) -> Self {
        let ids: Vec<Value> = people.iter().map(|id| Value::from(*id)).collect();
        let mut filling = Self {
            people: ids.clone(),
            ..Self::default()
        };
        filling.known.insert(("users", "id"), ids);
        let mut dice = Dice::new(7);
        let tx = app.system().write().await.unwrap();
        for resource in resources() {
            let wanted = match resource.table {
                "users" => 8,
                _ => ROWS,
            };
            let mut taken = 0;
            for _ in 0..wanted * 6 {
                let row = filling.row(resource, &mut dice);
                if tx
                    .execute_raw(insert(resource, &row, DbBackend::Sqlite))
                    .await
                    .is_ok()
                {
                    filling.keep(resource, row);
                    taken += 1;
                }
                if taken == wanted {
                    break;
                }
            }
            assert!(taken >= 8, "{} took only {taken} rows", resource.table);
        }
        tx.commit().await.unwrap();
        filling
    }

    /// Put the same rows into another engine's, where the people have other ids.
    pub(super) async fn copied(&self, app: &TestApp, people: &[Uuid]) {
        let tx = app.system().write().await.unwrap();
        for (resource, row) in &self.rows {
            let mut row = row.clone();
            for value in row.iter_mut().flatten() {
                if let Some(at) = self.people.iter().position(|person| person == value) {
                    *value = people[at].into();
                }
            }
            let row = &row;
            let statement = insert(resource, row, tx.get_database_backend());
            let done = tx.execute_raw(statement).await;
            done.unwrap_or_else(|error| panic!("{}: {error}: {row:?}", resource.table));
        }
        tx.commit().await.unwrap();
    }

    fn keep(&mut self, resource: &'static Resource, row: Vec<Option<Value>>) {
        for (column, value) in resource.columns.iter().zip(&row) {
            if let Some(value) = value {
                let known = self.known.entry((resource.table, column.name)).or_default();
                known.push(value.clone());
            }
        }
        self.rows.push((resource, row));
    }

    fn row(&self, resource: &'static Resource, dice: &mut Dice) -> Vec<Option<Value>> {
        let columns = resource.columns.iter();
        columns
            .map(|column| self.value(resource, column, dice))
            .collect()
    }

    fn value(&self, resource: &Resource, column: &Column, dice: &mut Dice) -> Option<Value> {
        if column.nullable && dice.chance(25) {
            return None;
        }
        let mut relations = resource.relations.iter();
        let leads = relations.find(|relation| relation.holds_key && relation.from == column.name);
        if let Some(leads) = leads {
            let known = self.known.iter();
            let mut known =
                known.filter(|((table, to), _)| *table == leads.table && *to == leads.to);
            match known.next() {
                Some((_, values)) if leads.guarded || dice.chance(90) => {
                    // A few have most of what there is.
                    let end = if dice.chance(60) {
                        values.len().min(3)
                    } else {
                        values.len()
                    };
                    return Some(values[dice.below(end)].clone());
                }
                None if column.nullable => return None,
                _ => {}
            }
        }
        let entity = catalog().of_table(resource.table);
        let known = entity.and_then(|entity| Some(&entity.columns[entity.position(column.name)?]));
        let list = known.is_some_and(|column| column.kind == Kind::List);
        Some(fresh(column, list, dice))
    }
}

/// A value of the column's type; JSON may have to be a list of strings.
fn fresh(column: &Column, list: bool, dice: &mut Dice) -> Value {
    let number = dice.number();
    match &column.kind {
        ColumnType::Uuid => Uuid::from_u64_pair(number, dice.number()).into(),
        ColumnType::Text | ColumnType::String(_) | ColumnType::Char(_) => {
            let text = *dice.one(TEXTS);
            if column.unique || column.secret {
                format!("{text}{number}").into()
            } else {
                text.into()
            }
        }
        ColumnType::TinyInteger | ColumnType::SmallInteger | ColumnType::Integer => {
            i32::try_from(dice.below(9)).unwrap().into()
        }
        ColumnType::BigInteger => match dice.below(8) {
            0 => 9_007_199_254_740_993_i64.into(),
            _ => i64::try_from(dice.below(6)).unwrap().into(),
        },
        #[expect(clippy::cast_precision_loss, reason = "a few quarters")]
        ColumnType::Float | ColumnType::Double => (dice.below(12) as f64 / 4.0).into(),
        ColumnType::Boolean => dice.chance(50).into(),
        ColumnType::TimestampWithTimeZone => {
            let moment: DateTime<Utc> = dice.one(TIMES).parse().unwrap();
            let hours = if dice.chance(50) { dice.below(400) } else { 0 };
            (moment + TimeDelta::hours(i64::try_from(hours).unwrap())).into()
        }
        ColumnType::Date => {
            let days = i64::try_from(dice.below(10)).unwrap();
            let start = NaiveDate::from_ymd_opt(2026, 3, 25).unwrap();
            (start + TimeDelta::days(days)).into()
        }
        ColumnType::Json | ColumnType::JsonBinary => {
            if list {
                json!(dice.some(&["x", "Y", "quote\"", "\u{e9}", ""], 40)).into()
            } else {
                document(dice).into()
            }
        }
        ColumnType::Blob | ColumnType::VarBinary(_) | ColumnType::Binary(_) => {
            number.to_be_bytes()[..dice.below(8)].to_vec().into()
        }
        ColumnType::Enum { variants, .. } => {
            variants[dice.below(variants.len())].to_string().into()
        }
        other => panic!("no value of type {other:?} is known"),
    }
}

fn document(dice: &mut Dice) -> Json {
    match dice.below(8) {
        0 => json!({ "a": { "b": [1, 2.5, "x", null, true] }, "k": "v" }),
        1 => json!({ "a": { "b": [] }, "k": "V", "0": "zero" }),
        2 => json!([{ "k": 1 }, "x", null]),
        3 => json!("x"),
        4 => json!({ "k": null, "zo\u{eb}": "\u{6d77}" }),
        5 => json!({ "k": 1, "a": 7 }),
        6 => json!({ "k": true }),
        _ => json!({}),
    }
}

fn insert(resource: &Resource, row: &[Option<Value>], engine: DbBackend) -> Statement {
    let (mut names, mut marks, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (column, value) in resource.columns.iter().zip(row) {
        let Some(value) = value else { continue };
        values.push(value.clone());
        names.push(format!("\"{}\"", column.name));
        let mark = format!("${}", values.len());
        marks.push(match (&column.kind, engine) {
            (ColumnType::Enum { name, .. }, DbBackend::Postgres) => {
                let name = name.to_string();
                format!("CAST({mark} AS \"{name}\")")
            }
            _ => mark,
        });
    }
    let sql = format!(
        "INSERT INTO {} ({}) VALUES ({})",
        resource.table,
        names.join(", "),
        marks.join(", ")
    );
    Statement::from_sql_and_values(engine, sql, values)
}
