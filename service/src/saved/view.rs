//! Saved views.

use entity::id::SavedViewId;
use entity::platform::saved_view::{Entity, Model};
use serde_json::{Value, json};

use super::error::Error;
use super::policy;
use super::shape::{self, Chart, OrderBy, Seen, read};
use super::store;
use crate::audit;
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::expect::Expect;
use crate::explore::access::Access;
use crate::write::Write;

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
    let user = ctx.actor.person()?;
    new.check(ctx)?;
    let tx = ctx.write().await?;
    let row = Model {
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
    };
    store::insert::<Entity>(&tx, row.clone()).await?;
    note(&tx, "saved_view.create", row.id, None, Some(&row)).await?;
    tx.commit().await?;
    Ok(row)
}

/// Change a view, if it stands at the version that is expected.
pub async fn update_view(
    ctx: &Ctx,
    id: SavedViewId,
    change: ViewChange,
    expect: &Expect,
) -> Result<Model> {
    let sight = policy::write(&ctx.actor)?;
    let tx = ctx.write().await?;
    let found = store::held::<Entity>(&tx, sight, id.0).await?;
    let before = found.ok_or(Error::ViewNotFound(id))?;
    policy::change(&ctx.actor, before.user_id)?;
    expect.check(&before.version.to_string())?;
    let new = NewView::changed(&before, change)?;
    new.check(ctx)?;
    let row = Model {
        name: new.name,
        shared: new.shared,
        filter: new.filter,
        columns: new.columns.into(),
        order: json!(new.order),
        chart: new.chart.map(|chart| json!(chart)),
        version: before.version + 1,
        updated_at: tx.now,
        ..before.clone()
    };
    store::update::<Entity>(&tx, row.clone()).await?;
    note(&tx, "saved_view.update", id, Some(&before), Some(&row)).await?;
    tx.commit().await?;
    Ok(row)
}

/// Remove a view, if it stands at the version that is expected.
pub async fn delete_view(ctx: &Ctx, id: SavedViewId, expect: &Expect) -> Result<()> {
    let sight = policy::write(&ctx.actor)?;
    let tx = ctx.write().await?;
    let found = store::held::<Entity>(&tx, sight, id.0).await?;
    let row = found.ok_or(Error::ViewNotFound(id))?;
    policy::change(&ctx.actor, row.user_id)?;
    expect.check(&row.version.to_string())?;
    store::delete::<Entity>(&tx, id.0).await?;
    note(&tx, "saved_view.delete", id, Some(&row), None).await?;
    tx.commit().await
}

async fn note(
    tx: &Write,
    action: &'static str,
    id: SavedViewId,
    before: Option<&Model>,
    after: Option<&Model>,
) -> Result<()> {
    let told = |row: &Model| {
        json!({
            "user_id": row.user_id, "name": row.name, "shared": row.shared,
            "resource": row.resource, "filter": row.filter, "columns": row.columns,
            "order": row.order, "chart": row.chart, "version": row.version,
        })
    };
    let entry = audit::Entry {
        action,
        resource_type: "saved_view",
        resource_id: id.to_string(),
        before: before.map(told),
        after: after.map(told),
    };
    audit::record(tx, entry).await
}
