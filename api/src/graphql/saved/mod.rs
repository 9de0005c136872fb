//! Views and reports that the staff keeps.

mod input;
mod row;

use async_graphql::{Context, Object};
use entity::id::{SavedReportId, SavedViewId};
use service::expect::Expect;
use service::saved::{self, SavedFilter};
use uuid::Uuid;

use self::input::{SavedReportChange, SavedReportInput, SavedViewChange, SavedViewInput};
pub(super) use self::row::{SavedReport, SavedView};
use super::page::{Connection, request};
use super::{caller, scalar::BigInt};
use crate::error::ApiError;

#[derive(Debug, Default)]
pub(super) struct SavedQuery;

#[Object]
impl SavedQuery {
    /// The caller's own views and those that are shared, the newest first. For staff.
    async fn saved_views(
        &self,
        context: &Context<'_>,
        #[graphql(default = 50, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "The `endCursor` of the page before.")] after: Option<String>,
        #[graphql(desc = "Only those of this table.")] resource: Option<String>,
    ) -> Result<Connection<SavedView>, ApiError> {
        let filter = SavedFilter { resource };
        let page = saved::views(caller(context)?, filter, request(first, after)).await?;
        Ok(Connection::of(page))
    }

    /// One view.
    async fn saved_view(
        &self,
        context: &Context<'_>,
        id: Uuid,
    ) -> Result<Option<SavedView>, ApiError> {
        let view = saved::view(caller(context)?, SavedViewId(id)).await?;
        Ok(Some(view.into()))
    }

    /// The caller's own reports and those that are shared, the newest first. For staff.
    async fn saved_reports(
        &self,
        context: &Context<'_>,
        #[graphql(default = 50, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "The `endCursor` of the page before.")] after: Option<String>,
        #[graphql(desc = "Only those of this table.")] resource: Option<String>,
    ) -> Result<Connection<SavedReport>, ApiError> {
        let filter = SavedFilter { resource };
        let page = saved::reports(caller(context)?, filter, request(first, after)).await?;
        Ok(Connection::of(page))
    }

    /// One report.
    async fn saved_report(
        &self,
        context: &Context<'_>,
        id: Uuid,
    ) -> Result<Option<SavedReport>, ApiError> {
        let report = saved::report(caller(context)?, SavedReportId(id)).await?;
        Ok(Some(report.into()))
    }
}

#[derive(Debug, Default)]
pub(super) struct SavedMutation;

#[Object]
impl SavedMutation {
    /// Save a view of the caller's own.
    async fn create_saved_view(
        &self,
        context: &Context<'_>,
        input: SavedViewInput,
    ) -> Result<Option<SavedView>, ApiError> {
        let view = saved::create_view(caller(context)?, input.into()).await?;
        Ok(Some(view.into()))
    }

    /// Change a view that stands at `version`: what is given; a chart that is null goes.
    async fn update_saved_view(
        &self,
        context: &Context<'_>,
        id: Uuid,
        version: BigInt,
        change: SavedViewChange,
    ) -> Result<Option<SavedView>, ApiError> {
        let (ctx, id) = (caller(context)?, SavedViewId(id));
        let view = saved::update_view(ctx, id, change.into(), &at(version)).await?;
        Ok(Some(view.into()))
    }

    /// Remove a view that stands at `version`.
    async fn delete_saved_view(
        &self,
        context: &Context<'_>,
        id: Uuid,
        version: BigInt,
    ) -> Result<Option<Uuid>, ApiError> {
        saved::delete_view(caller(context)?, SavedViewId(id), &at(version)).await?;
        Ok(Some(id))
    }

    /// Save a report of the caller's own.
    async fn create_saved_report(
        &self,
        context: &Context<'_>,
        input: SavedReportInput,
    ) -> Result<Option<SavedReport>, ApiError> {
        let report = saved::create_report(caller(context)?, input.into()).await?;
        Ok(Some(report.into()))
    }

    /// Change a report that stands at `version`: what is given; a chart that is null goes.
    async fn update_saved_report(
        &self,
        context: &Context<'_>,
        id: Uuid,
        version: BigInt,
        change: SavedReportChange,
    ) -> Result<Option<SavedReport>, ApiError> {
        let (ctx, id) = (caller(context)?, SavedReportId(id));
        let report = saved::update_report(ctx, id, change.into(), &at(version)).await?;
        Ok(Some(report.into()))
    }

    /// Remove a report that stands at `version`.
    async fn delete_saved_report(
        &self,
        context: &Context<'_>,
        id: Uuid,
        version: BigInt,
    ) -> Result<Option<Uuid>, ApiError> {
        saved::delete_report(caller(context)?, SavedReportId(id), &at(version)).await?;
        Ok(Some(id))
    }
}

fn at(version: BigInt) -> Expect {
    Expect::OneOf(vec![version.0.to_string()])
}
