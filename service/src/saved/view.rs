//! Saved views.

use entity::id::SavedViewId;
use entity::platform::saved_view::{Entity, Model};
use serde_json::{Value, json};

use super::shape::{self, Chart, OrderBy, Seen, read};
use super::{keep, policy};
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::expect::Expect;
use crate::explore::access::Access;

/// What saving a view takes.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are those of `saved_views`")]
pub struct NewView {
    pub name: String,
    pub shared: bool,
    pub resource: String,
    pub filter: Value,
    pub columns: Vec<String>,
    pub order: Vec<OrderBy>,
    pub chart: Option<Chart>,
}

/// What of a view changes; what is none stays. A view stays one of its table.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of `saved_views`")]
pub struct ViewChange {
    pub name: Option<String>,
    pub shared: Option<bool>,
    pub filter: Option<Value>,
    pub columns: Option<Vec<String>>,
    pub order: Option<Vec<OrderBy>>,
    /// Another chart, or none.
    pub chart: Option<Option<Chart>>,
}

impl NewView {
    fn check(&self, ctx: &Ctx) -> Result<()> {
        let access = Access::of(&ctx.actor)?;
        let mut check = Check::default();
        check.text("/name", &self.name, true, shape::NAME);
        if let Some(seen) = Seen::of(&mut check, &access, &self.resource) {
            shape::filter(&mut check, seen, &self.filter)?;
            shape::columns(&mut check, seen, &self.columns);
            shape::order(&mut check, seen, &self.order);
            if let Some(chart) = &self.chart {
                shape::chart(&mut check, seen, chart);
            }
        }
        Ok(check.done()?)
    }

    /// What a row says, changed.
    fn changed(row: &Model, change: ViewChange) -> Result<Self> {
        Ok(Self {
            name: change.name.unwrap_or_else(|| row.name.clone()),
            shared: change.shared.unwrap_or(row.shared),
            resource: row.resource.clone(),
            filter: change.filter.unwrap_or_else(|| row.filter.clone()),
            columns: change.columns.unwrap_or_else(|| row.columns.0.clone()),
            order: change.order.map_or_else(|| read(&row.order), Ok)?,
            chart: match (change.chart, &row.chart) {
                (Some(chart), _) => chart,
                (None, Some(chart)) => Some(read(chart)?),
                (None, None) => None,
            },
        })
    }
}

/// Save a view of the caller's own.
pub async fn create_view(ctx: &Ctx, new: NewView) -> Result<Model> {
    policy::write(&ctx.actor)?;
    new.check(ctx)?;
    keep::create::<Entity>(ctx, |tx, user| Model {
        id: tx.fresh(),
        user_id: user,
        name: new.name,
        shared: new.shared,
        resource: new.resource,
        filter: new.filter,
        columns: new.columns.into(),
        order: json!(new.order),
        chart: new.chart.map(|chart| json!(chart)),
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    })
    .await
}

/// Change a view, if it stands at the version that is expected.
pub async fn update_view(
    ctx: &Ctx,
    id: SavedViewId,
    change: ViewChange,
    expect: &Expect,
) -> Result<Model> {
    keep::update::<Entity>(ctx, id.0, expect, |tx, before| {
        let new = NewView::changed(before, change)?;
        new.check(ctx)?;
        Ok(Model {
            name: new.name,
            shared: new.shared,
            filter: new.filter,
            columns: new.columns.into(),
            order: json!(new.order),
            chart: new.chart.map(|chart| json!(chart)),
            version: before.version + 1,
            updated_at: tx.now,
            ..before.clone()
        })
    })
    .await
}

/// Remove a view, if it stands at the version that is expected.
pub async fn delete_view(ctx: &Ctx, id: SavedViewId, expect: &Expect) -> Result<()> {
    keep::delete::<Entity>(ctx, id.0, expect).await
}
