//! What saving and changing take.

use async_graphql::{Enum, InputObject, Json, MaybeUndefined};
use serde_json::{Value, json};
use service::saved;

use crate::graphql::analytics::Bucket;

/// Which end comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "saved::Direction")]
pub(super) enum SavedDirection {
    /// The smallest.
    Asc,
    /// The largest.
    Desc,
}

/// What is worked out of the rows of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "saved::Measure")]
pub(super) enum SavedMeasure {
    /// How many rows.
    Count,
    /// How many different values.
    CountDistinct,
    /// The sum of the values.
    Sum,
    /// Their mean.
    Avg,
    /// The smallest.
    Min,
    /// The largest.
    Max,
}

/// As what it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "saved::ChartKind")]
pub(super) enum SavedChartKind {
    /// Filled lines.
    Area,
    /// Bars.
    Bar,
    /// Lines.
    Line,
    /// One large number.
    Number,
    /// Slices.
    Pie,
}

/// One column of an order.
#[derive(Debug, InputObject)]
pub(super) struct SavedOrderInput {
    /// The column; in a report what it calls one of its columns.
    column: String,
    direction: SavedDirection,
}

/// How it is drawn. Names are those of columns; in a report what it calls its columns.
#[derive(Debug, InputObject)]
pub(super) struct SavedChartInput {
    kind: SavedChartKind,
    /// What lies along the axis.
    x: Option<String>,
    /// What is told apart by colour.
    series: Option<String>,
}

/// A column of a report: without a measure, rows are put together by it. It is called by its
/// column, `count`, or measure and column as `sum_tokens`.
#[derive(Debug, InputObject)]
pub(super) struct SavedFigureInput {
    /// The table's column; only a count needs none.
    column: Option<String>,
    /// How finely times are put together.
    bucket: Option<Bucket>,
    /// What is worked out.
    measure: Option<SavedMeasure>,
}

/// What saving a view takes.
#[derive(Debug, InputObject)]
pub(super) struct SavedViewInput {
    name: String,
    /// Whether the rest of the staff sees it too.
    #[graphql(default)]
    shared: bool,
    /// The table that it lists.
    resource: String,
    /// Which rows: `{column: {operator: value}}`, with `and`, `or`, `not` and relations.
    #[graphql(default_with = "Json(json!({}))")]
    filter: Json<Value>,
    /// Which columns, in order.
    #[graphql(default)]
    columns: Vec<String>,
    #[graphql(default)]
    order: Vec<SavedOrderInput>,
    chart: Option<SavedChartInput>,
}

/// What changes of a view; what is not given stays.
#[derive(Debug, InputObject)]
pub(super) struct SavedViewChange {
    name: Option<String>,
    shared: Option<bool>,
    filter: Option<Json<Value>>,
    columns: Option<Vec<String>>,
    order: Option<Vec<SavedOrderInput>>,
    chart: MaybeUndefined<SavedChartInput>,
}

/// What saving a report takes.
#[derive(Debug, InputObject)]
pub(super) struct SavedReportInput {
    name: String,
    /// Whether the rest of the staff sees it too.
    #[graphql(default)]
    shared: bool,
    /// The table that it sums up.
    resource: String,
    /// Which rows: `{column: {operator: value}}`, with `and`, `or`, `not` and relations.
    #[graphql(default_with = "Json(json!({}))")]
    filter: Json<Value>,
    /// What rows are put together by, and what is worked out of them.
    columns: Vec<SavedFigureInput>,
    #[graphql(default)]
    order: Vec<SavedOrderInput>,
    chart: Option<SavedChartInput>,
}

/// What changes of a report; what is not given stays.
#[derive(Debug, InputObject)]
pub(super) struct SavedReportChange {
    name: Option<String>,
    shared: Option<bool>,
    filter: Option<Json<Value>>,
    columns: Option<Vec<SavedFigureInput>>,
    order: Option<Vec<SavedOrderInput>>,
    chart: MaybeUndefined<SavedChartInput>,
}

impl From<SavedOrderInput> for saved::OrderBy {
    fn from(by: SavedOrderInput) -> Self {
        Self {
            column: by.column,
            direction: by.direction.into(),
        }
    }
}

impl From<SavedChartInput> for saved::Chart {
    fn from(chart: SavedChartInput) -> Self {
        Self {
            kind: chart.kind.into(),
            x: chart.x,
            series: chart.series,
        }
    }
}

impl From<SavedFigureInput> for saved::Figure {
    fn from(figure: SavedFigureInput) -> Self {
        Self {
            column: figure.column,
            bucket: figure.bucket.map(Into::into),
            measure: figure.measure.map(Into::into),
        }
    }
}

fn all<T, U: From<T>>(items: Vec<T>) -> Vec<U> {
    items.into_iter().map(Into::into).collect()
}

/// What a change makes of the chart: another, none, or what it is.
#[expect(clippy::option_option, reason = "to keep is not to clear")]
fn chart(change: MaybeUndefined<SavedChartInput>) -> Option<Option<saved::Chart>> {
    match change {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(chart) => Some(Some(chart.into())),
    }
}

impl From<SavedViewInput> for saved::NewView {
    fn from(input: SavedViewInput) -> Self {
        Self {
            name: input.name,
            shared: input.shared,
            resource: input.resource,
            filter: input.filter.0,
            columns: input.columns,
            order: all(input.order),
            chart: input.chart.map(Into::into),
        }
    }
}

impl From<SavedViewChange> for saved::ViewChange {
    fn from(change: SavedViewChange) -> Self {
        Self {
            name: change.name,
            shared: change.shared,
            filter: change.filter.map(|filter| filter.0),
            columns: change.columns,
            order: change.order.map(all),
            chart: chart(change.chart),
        }
    }
}

impl From<SavedReportInput> for saved::NewReport {
    fn from(input: SavedReportInput) -> Self {
        Self {
            name: input.name,
            shared: input.shared,
            resource: input.resource,
            filter: input.filter.0,
            columns: all(input.columns),
            order: all(input.order),
            chart: input.chart.map(Into::into),
        }
    }
}

impl From<SavedReportChange> for saved::ReportChange {
    fn from(change: SavedReportChange) -> Self {
        Self {
            name: change.name,
            shared: change.shared,
            filter: change.filter.map(|filter| filter.0),
            columns: change.columns.map(all),
            order: change.order.map(all),
            chart: chart(change.chart),
        }
    }
}
