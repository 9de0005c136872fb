//! Saved reports.

use entity::id::SavedReportId;
use entity::platform::saved_report::{Entity, Model};
use serde_json::{Value, json};

use super::shape::{self, Chart, Figure, OrderBy, Seen, read};
use super::{keep, policy};
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::expect::Expect;
use crate::explore::access::Access;

/// What saving a report takes.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are those of `saved_reports`")]
pub struct NewReport {
    pub name: String,
    pub shared: bool,
    pub resource: String,
    pub filter: Value,
    pub columns: Vec<Figure>,
    pub order: Vec<OrderBy>,
    pub chart: Option<Chart>,
}

/// What of a report changes; what is none stays. A report stays one of its table.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of `saved_reports`")]
pub struct ReportChange {
    pub name: Option<String>,
    pub shared: Option<bool>,
    pub filter: Option<Value>,
    pub columns: Option<Vec<Figure>>,
    pub order: Option<Vec<OrderBy>>,
    /// Another chart, or none.
    pub chart: Option<Option<Chart>>,
}

impl NewReport {
    fn check(&self, ctx: &Ctx) -> Result<()> {
        let access = Access::of(&ctx.actor)?;
        let mut check = Check::default();
        check.text("/name", &self.name, true, shape::NAME);
        if let Some(seen) = Seen::of(&mut check, &access, &self.resource) {
            shape::filter(&mut check, seen, &self.filter)?;
            let chart = self.chart.as_ref();
            shape::report(&mut check, seen, &self.columns, &self.order, chart);
        }
        Ok(check.done()?)
    }

    /// What a row says, changed.
    fn changed(row: &Model, change: ReportChange) -> Result<Self> {
        Ok(Self {
            name: change.name.unwrap_or_else(|| row.name.clone()),
            shared: change.shared.unwrap_or(row.shared),
            resource: row.resource.clone(),
            filter: change.filter.unwrap_or_else(|| row.filter.clone()),
            columns: change.columns.map_or_else(|| read(&row.columns), Ok)?,
            order: change.order.map_or_else(|| read(&row.order), Ok)?,
            chart: match (change.chart, &row.chart) {
                (Some(chart), _) => chart,
                (None, Some(chart)) => Some(read(chart)?),
                (None, None) => None,
            },
        })
    }
}

/// Save a report of the caller's own.
pub async fn create_report(ctx: &Ctx, new: NewReport) -> Result<Model> {
    policy::write(&ctx.actor)?;
    new.check(ctx)?;
    keep::create::<Entity>(ctx, |tx, user| Model {
        id: tx.fresh(),
        user_id: user,
        name: new.name,
        shared: new.shared,
        resource: new.resource,
        filter: new.filter,
        columns: json!(new.columns),
        order: json!(new.order),
        chart: new.chart.map(|chart| json!(chart)),
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    })
    .await
}

/// Change a report, if it stands at the version that is expected.
pub async fn update_report(
    ctx: &Ctx,
    id: SavedReportId,
    change: ReportChange,
    expect: &Expect,
) -> Result<Model> {
    keep::update::<Entity>(ctx, id.0, expect, |tx, before| {
        let new = NewReport::changed(before, change)?;
        new.check(ctx)?;
        Ok(Model {
            name: new.name,
            shared: new.shared,
            filter: new.filter,
            columns: json!(new.columns),
            order: json!(new.order),
            chart: new.chart.map(|chart| json!(chart)),
            version: before.version + 1,
            updated_at: tx.now,
            ..before.clone()
        })
    })
    .await
}

/// Remove a report, if it stands at the version that is expected.
pub async fn delete_report(ctx: &Ctx, id: SavedReportId, expect: &Expect) -> Result<()> {
    keep::delete::<Entity>(ctx, id.0, expect).await
}
