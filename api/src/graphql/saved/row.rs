//! What is saved, as it is shown.

#![expect(clippy::unused_async, reason = "the library asks for it")]

use async_graphql::{ComplexObject, Context, Json, SimpleObject};
use chrono::{DateTime, Utc};
use entity::id::UserId;
use entity::platform::{saved_report, saved_view};
use serde_json::Value;
use service::saved;
use uuid::Uuid;

use super::super::{caller, scalar::BigInt};
use super::input::{SavedBucket, SavedChartKind, SavedDirection, SavedMeasure};
use crate::error::ApiError;

/// One column of an order.
#[derive(Debug, SimpleObject)]
struct SavedOrder {
    /// The column; in a report what it calls one of its columns.
    column: String,
    direction: SavedDirection,
}

/// How it is drawn.
#[derive(Debug, SimpleObject)]
struct SavedChart {
    kind: SavedChartKind,
    /// What lies along the axis.
    x: Option<String>,
    /// What is told apart by colour.
    series: Option<String>,
}

/// A column of a report: without a measure, rows are put together by it.
#[derive(Debug, SimpleObject)]
struct SavedFigure {
    /// What order and chart call it.
    name: String,
    column: Option<String>,
    bucket: Option<SavedBucket>,
    measure: Option<SavedMeasure>,
}

/// A list as somebody wants to see it again.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub(crate) struct SavedView {
    id: Uuid,
    user_id: Uuid,
    name: String,
    /// Whether the rest of the staff sees it too.
    shared: bool,
    /// The table that it lists.
    resource: String,
    /// Which rows.
    filter: Json<Value>,
    /// Which columns, in order.
    columns: Vec<String>,
    #[graphql(skip)]
    kept_order: Value,
    #[graphql(skip)]
    kept_chart: Option<Value>,
    version: BigInt,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Figures as somebody wants to see them again.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub(crate) struct SavedReport {
    id: Uuid,
    user_id: Uuid,
    name: String,
    /// Whether the rest of the staff sees it too.
    shared: bool,
    /// The table that it sums up.
    resource: String,
    /// Which rows.
    filter: Json<Value>,
    #[graphql(skip)]
    kept_columns: Value,
    #[graphql(skip)]
    kept_order: Value,
    #[graphql(skip)]
    kept_chart: Option<Value>,
    version: BigInt,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[ComplexObject]
impl SavedView {
    /// In which order the rows stand.
    async fn order(&self) -> Result<Vec<SavedOrder>, ApiError> {
        order(&self.kept_order)
    }

    /// The chart above the list.
    async fn chart(&self) -> Result<Option<SavedChart>, ApiError> {
        chart(self.kept_chart.as_ref())
    }

    /// Whether the caller may change it.
    async fn writable(&self, context: &Context<'_>) -> Result<bool, ApiError> {
        Ok(saved::is_writable(caller(context)?, UserId(self.user_id)))
    }
}

#[ComplexObject]
impl SavedReport {
    /// What rows are put together by, and what is worked out of them.
    async fn columns(&self) -> Result<Vec<SavedFigure>, ApiError> {
        let figures: Vec<saved::Figure> = saved::read(&self.kept_columns)?;
        let told = figures.into_iter().map(|figure| SavedFigure {
            name: figure.name(),
            column: figure.column,
            bucket: figure.bucket.map(Into::into),
            measure: figure.measure.map(Into::into),
        });
        Ok(told.collect())
    }

    /// In which order the groups stand.
    async fn order(&self) -> Result<Vec<SavedOrder>, ApiError> {
        order(&self.kept_order)
    }

    /// How it is drawn.
    async fn chart(&self) -> Result<Option<SavedChart>, ApiError> {
        chart(self.kept_chart.as_ref())
    }

    /// Whether the caller may change it.
    async fn writable(&self, context: &Context<'_>) -> Result<bool, ApiError> {
        Ok(saved::is_writable(caller(context)?, UserId(self.user_id)))
    }
}

fn order(kept: &Value) -> Result<Vec<SavedOrder>, ApiError> {
    let order: Vec<saved::OrderBy> = saved::read(kept)?;
    let told = order.into_iter().map(|by| SavedOrder {
        column: by.column,
        direction: by.direction.into(),
    });
    Ok(told.collect())
}

fn chart(kept: Option<&Value>) -> Result<Option<SavedChart>, ApiError> {
    let chart: Option<saved::Chart> = kept.map(saved::read).transpose()?;
    Ok(chart.map(|chart| SavedChart {
        kind: chart.kind.into(),
        x: chart.x,
        series: chart.series,
    }))
}

impl From<saved_view::Model> for SavedView {
    fn from(view: saved_view::Model) -> Self {
        Self {
            id: view.id.0,
            user_id: view.user_id.0,
            name: view.name,
            shared: view.shared,
            resource: view.resource,
            filter: Json(view.filter),
            columns: view.columns.0,
            kept_order: view.order,
            kept_chart: view.chart,
            version: BigInt(view.version),
            created_at: view.created_at,
            updated_at: view.updated_at,
        }
    }
}

impl From<saved_report::Model> for SavedReport {
    fn from(report: saved_report::Model) -> Self {
        Self {
            id: report.id.0,
            user_id: report.user_id.0,
            name: report.name,
            shared: report.shared,
            resource: report.resource,
            filter: Json(report.filter),
            kept_columns: report.columns,
            kept_order: report.order,
            kept_chart: report.chart,
            version: BigInt(report.version),
            created_at: report.created_at,
            updated_at: report.updated_at,
        }
    }
}
