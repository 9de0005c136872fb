//! What a view or report is made of, and whether a table has that: columns, order, figures, chart.
//! What rows it has is `filter`'s.

use std::collections::BTreeSet;

use entity::registry::{self, Column, Resource};
use sea_orm::ColumnType;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::analytics::Bucket;
use crate::check::Check;
use crate::error::{Error, Result};

/// The longest name.
pub(super) const NAME: usize = 255;
/// How many columns a view has, and figures a report.
const COLUMNS: usize = 50;
/// By how many columns rows stand in order.
const ORDERS: usize = 5;
/// By how many columns a report puts rows together.
const GROUPS: usize = 4;

/// One column of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderBy {
    /// The column; in a report the name of a figure ([`Figure::name`]).
    pub column: String,
    /// Which end comes first.
    pub direction: Direction,
}

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Direction {
    Asc,
    Desc,
}

/// A column of a report: what rows are put together by, or what is worked out of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The table's column; only a count needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// How finely times are put together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<Bucket>,
    /// What is worked out; nothing, where rows are put together by the column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<Measure>,
}

/// What is worked out of the rows of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Measure {
    Count,
    CountDistinct,
    Sum,
    Avg,
    Min,
    Max,
}

impl Measure {
    const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::CountDistinct => "count_distinct",
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
        }
    }
}

impl Figure {
    /// What order and chart call it: its column, `count`, or measure and column as `sum_tokens`.
    pub fn name(&self) -> String {
        match (self.measure, &self.column) {
            (None, column) => column.clone().unwrap_or_default(),
            (Some(measure), None) => measure.name().to_owned(),
            (Some(measure), Some(column)) => format!("{}_{column}", measure.name()),
        }
    }
}

/// How it is drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chart {
    /// As what.
    pub kind: ChartKind,
    /// What lies along the axis: a column; in a report the name of a figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// What is told apart by colour, in the same way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
}

/// As what it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ChartKind {
    Area,
    Bar,
    Line,
    Number,
    Pie,
}

/// What a row keeps as JSON, as what it was: order, figures, chart.
pub fn read<T: DeserializeOwned>(kept: &Value) -> Result<T> {
    T::deserialize(kept).map_err(Error::internal)
}

/// The table, where there is one.
pub(super) fn resource(check: &mut Check, table: &str) -> Option<&'static Resource> {
    let found = registry::resource(table);
    if found.is_none() {
        check.wrong("/resource", "is no table");
    }
    found
}

/// The column `name`, unless it may not be named. A secret one is not there.
pub(super) fn column<'a>(
    check: &mut Check,
    pointer: &str,
    resource: &'a Resource,
    name: &str,
) -> Option<&'a Column> {
    let mut columns = resource.columns.iter().filter(|column| !column.secret);
    let found = columns.find(|column| column.name == name);
    if found.is_none() {
        check.wrong(pointer, format!("is no column of {}", resource.table));
    }
    found
}

/// The columns of a view: there, and each once.
pub(super) fn columns(check: &mut Check, resource: &Resource, names: &[String]) {
    if is_too_many(check, "/columns", names.len(), COLUMNS) {
        return;
    }
    let mut before = BTreeSet::new();
    for (at, name) in names.iter().enumerate() {
        let pointer = format!("/columns/{at}");
        if !before.insert(name) {
            check.wrong(&pointer, "is there twice");
        }
        column(check, &pointer, resource, name);
    }
}

/// The order of a view: by columns whose values have an order.
pub(super) fn order(check: &mut Check, resource: &Resource, order: &[OrderBy]) {
    let known = |check: &mut Check, pointer: &str, name: &str| {
        let column = column(check, pointer, resource, name);
        if column.is_some_and(|column| !is_ordered(column)) {
            check.wrong(pointer, "has values without an order");
        }
    };
    ordered(check, order, known);
}

fn ordered(check: &mut Check, order: &[OrderBy], known: impl Fn(&mut Check, &str, &str)) {
    if is_too_many(check, "/order", order.len(), ORDERS) {
        return;
    }
    let mut before = BTreeSet::new();
    for (at, by) in order.iter().enumerate() {
        let pointer = format!("/order/{at}/column");
        if !before.insert(&by.column) {
            check.wrong(&pointer, "is there twice");
        }
        known(check, &pointer, &by.column);
    }
}

/// The chart of a view.
pub(super) fn chart(check: &mut Check, resource: &Resource, chart: &Chart) {
    for (pointer, name) in [("/chart/x", &chart.x), ("/chart/series", &chart.series)] {
        if let Some(name) = name {
            column(check, pointer, resource, name);
        }
    }
}

/// The figures of a report, and its order and chart, which name them.
pub(super) fn report(
    check: &mut Check,
    resource: &Resource,
    figures: &[Figure],
    order: &[OrderBy],
    chart: Option<&Chart>,
) {
    if is_too_many(check, "/columns", figures.len(), COLUMNS) {
        return;
    }
    let groups = figures.iter().filter(|figure| figure.measure.is_none());
    let groups = groups.count();
    if groups == figures.len() {
        check.wrong("/columns", "must have a measure");
    }
    if groups > GROUPS {
        check.wrong(
            "/columns",
            format!("has {groups} groups; {GROUPS} is the most"),
        );
    }
    let mut names = BTreeSet::new();
    for (at, one) in figures.iter().enumerate() {
        let pointer = format!("/columns/{at}");
        if !names.insert(one.name()) {
            check.wrong(&pointer, "is there twice");
        }
        figure(check, &pointer, resource, one);
    }
    let known = |check: &mut Check, pointer: &str, name: &str| {
        if !names.contains(name) {
            check.wrong(pointer, "is none of the report's columns");
        }
    };
    ordered(check, order, known);
    for (pointer, name) in chart
        .into_iter()
        .flat_map(|chart| [("/chart/x", &chart.x), ("/chart/series", &chart.series)])
    {
        if let Some(name) = name {
            known(check, pointer, name);
        }
    }
}

fn figure(check: &mut Check, pointer: &str, resource: &Resource, figure: &Figure) {
    let place = format!("{pointer}/column");
    let found = match &figure.column {
        Some(name) => match column(check, &place, resource, name) {
            Some(column) => Some(column),
            None => return,
        },
        None => None,
    };
    let fits = match (figure.measure, found) {
        (Some(Measure::Count), _) => true,
        (_, None) => false,
        (None | Some(Measure::CountDistinct), Some(column)) => is_ordered(column),
        (Some(Measure::Sum | Measure::Avg), Some(column)) => is_number(column),
        (Some(Measure::Min | Measure::Max), Some(column)) => {
            is_number(column) || is_time(column) || is_text(column)
        }
    };
    if !fits && found.is_some() {
        check.wrong(&place, "has values that this cannot be made of");
    } else if !fits {
        check.wrong(&place, "must be named");
    }
    if figure.bucket.is_some() && (figure.measure.is_some() || !found.is_some_and(is_time)) {
        check.wrong(format!("{pointer}/bucket"), "is for groups of times");
    }
}

/// Whether a list is too long to be looked at.
fn is_too_many(check: &mut Check, pointer: &str, count: usize, most: usize) -> bool {
    if count > most {
        check.wrong(pointer, format!("has {count} entries; {most} is the most"));
    }
    count > most
}

pub(super) fn is_json(column: &Column) -> bool {
    matches!(column.kind, ColumnType::Json | ColumnType::JsonBinary)
}

pub(super) fn is_ordered(column: &Column) -> bool {
    use ColumnType::{Binary, Blob, VarBinary};
    !is_json(column) && !matches!(column.kind, Blob | Binary(_) | VarBinary(_))
}

pub(super) fn is_number(column: &Column) -> bool {
    use ColumnType::{BigInteger, Double, Float, Integer, SmallInteger, TinyInteger};
    matches!(
        column.kind,
        BigInteger | Double | Float | Integer | SmallInteger | TinyInteger
    )
}

pub(super) fn is_time(column: &Column) -> bool {
    matches!(column.kind, ColumnType::TimestampWithTimeZone)
}

pub(super) fn is_text(column: &Column) -> bool {
    use ColumnType::{Char, String, Text};
    matches!(column.kind, Char(_) | String(_) | Text)
}
