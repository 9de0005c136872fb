//! What a view or report is made of, and whether the engine that is to run it knows that: rows,
//! columns, order, figures, chart. Names are those of GraphQL, as the engine takes them.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::analytics::Bucket;
use crate::check::Check;
use crate::error::{Error, Result};
use crate::explore::access::Access;
use crate::explore::bind::{Filter, Function};
use crate::explore::catalog::{Column, Entity, Kind, catalog};

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
    /// What the engine works out for it; nothing for a count of rows.
    const fn function(self) -> Option<Function> {
        Some(match self {
            Self::Count => return None,
            Self::CountDistinct => Function::CountDistinct,
            Self::Sum => Function::Sum,
            Self::Avg => Function::Avg,
            Self::Min => Function::Min,
            Self::Max => Function::Max,
        })
    }

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

/// A table, as somebody sees it who saves something about it.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    entity: &'static Entity,
    access: &'a Access,
}

impl<'a> Seen<'a> {
    /// The table, where there is one.
    pub(super) fn of(check: &mut Check, access: &'a Access, table: &str) -> Option<Self> {
        let Some(entity) = catalog().of_table(table) else {
            check.wrong("/resource", "is no table");
            return None;
        };
        Some(Self { entity, access })
    }

    /// The column `name`, unless it may not be named.
    fn column(self, check: &mut Check, pointer: &str, name: &str) -> Option<&'static Column> {
        let mut columns = self.entity.columns.iter();
        let found = columns.find(|column| column.field == name);
        let found = found.filter(|column| self.access.reads_column(self.entity, column));
        if found.is_none() {
            check.wrong(pointer, format!("is no column of {}", self.entity.plural));
        }
        found
    }
}

/// Which rows: whatever the engine takes.
pub(super) fn filter(check: &mut Check, seen: Seen<'_>, filter: &Value) -> Result<()> {
    let Err(error) = Filter::read(seen.entity, seen.access, filter) else {
        return Ok(());
    };
    let wrong = error.fields();
    if wrong.is_empty() {
        return Err(error);
    }
    for field in wrong {
        check.wrong(format!("/{}", field.pointer), field.detail);
    }
    Ok(())
}

/// The columns of a view: there, and each once.
pub(super) fn columns(check: &mut Check, seen: Seen<'_>, names: &[String]) {
    if is_too_many(check, "/columns", names.len(), COLUMNS) {
        return;
    }
    let mut before = BTreeSet::new();
    for (at, name) in names.iter().enumerate() {
        let pointer = format!("/columns/{at}");
        if !before.insert(name) {
            check.wrong(&pointer, "is there twice");
        }
        seen.column(check, &pointer, name);
    }
}

/// The order of a view: by columns whose values have an order.
pub(super) fn order(check: &mut Check, seen: Seen<'_>, order: &[OrderBy]) {
    let known = |check: &mut Check, pointer: &str, name: &str| {
        let column = seen.column(check, pointer, name);
        if column.is_some_and(|column| !column.kind.is_ordered()) {
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
pub(super) fn chart(check: &mut Check, seen: Seen<'_>, chart: &Chart) {
    for (pointer, name) in [("/chart/x", &chart.x), ("/chart/series", &chart.series)] {
        if let Some(name) = name {
            seen.column(check, pointer, name);
        }
    }
}

/// The figures of a report, and its order and chart, which name them.
pub(super) fn report(
    check: &mut Check,
    seen: Seen<'_>,
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
        figure(check, &pointer, seen, one);
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

fn figure(check: &mut Check, pointer: &str, seen: Seen<'_>, figure: &Figure) {
    let place = format!("{pointer}/column");
    let found = match &figure.column {
        Some(name) => match seen.column(check, &place, name) {
            Some(column) => Some(column),
            None => return,
        },
        None => None,
    };
    let fits = match (figure.measure, found) {
        (Some(Measure::Count), _) => true,
        (_, None) => false,
        (None, Some(column)) => column.kind.is_groupable(),
        (Some(measure), Some(column)) => {
            let function = measure.function();
            function.is_some_and(|function| function.takes(column.kind))
        }
    };
    if !fits && found.is_some() {
        check.wrong(&place, "has values that this cannot be made of");
    } else if !fits {
        check.wrong(&place, "must be named");
    }
    if figure.bucket.is_some()
        && (figure.measure.is_some() || !found.is_some_and(|column| column.kind == Kind::Time))
    {
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
