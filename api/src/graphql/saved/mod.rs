//! Views and reports that the staff keeps.

mod input;

use async_graphql::{Context, Object};
use entity::id::{SavedReportId, SavedViewId};
use entity::platform::{saved_report, saved_view};
use service::expect::Expect;
use service::saved;
use uuid::Uuid;

use self::input::{SavedReportChange, SavedReportInput, SavedViewChange, SavedViewInput};
use super::explore::Record;
use super::{caller, scalar::BigInt};
use crate::error::ApiError;

#[derive(Debug, Default)]
pub(super) struct SavedMutation;

#[Object]
impl SavedMutation {
    /// Save a view of the caller's own.
    async fn create_saved_view(
        &self,
        context: &Context<'_>,
        input: SavedViewInput,
    ) -> Result<Option<Record<saved_view::Entity>>, ApiError> {
        let view = saved::create_view(caller(context)?, input.into()).await?;
        Ok(Some(Record::new(view.id.0)))
    }

    /// Change a view that stands at `version`: what is given; a chart that is null goes.
    async fn update_saved_view(
        &self,
        context: &Context<'_>,
        id: Uuid,
        version: BigInt,
        change: SavedViewChange,
    ) -> Result<Option<Record<saved_view::Entity>>, ApiError> {
        let (ctx, id) = (caller(context)?, SavedViewId(id));
        let view = saved::update_view(ctx, id, change.into(), &at(version)).await?;
        Ok(Some(Record::new(view.id.0)))
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
    ) -> Result<Option<Record<saved_report::Entity>>, ApiError> {
        let report = saved::create_report(caller(context)?, input.into()).await?;
        Ok(Some(Record::new(report.id.0)))
    }

    /// Change a report that stands at `version`: what is given; a chart that is null goes.
    async fn update_saved_report(
        &self,
        context: &Context<'_>,
        id: Uuid,
        version: BigInt,
        change: SavedReportChange,
    ) -> Result<Option<Record<saved_report::Entity>>, ApiError> {
        let (ctx, id) = (caller(context)?, SavedReportId(id));
        let report = saved::update_report(ctx, id, change.into(), &at(version)).await?;
        Ok(Some(Record::new(report.id.0)))
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
