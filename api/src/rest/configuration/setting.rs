//! Settings: what holds, who says so, and how that is changed.

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use entity::configuration::setting_history::SettingAction;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::configuration::{self, Described, Entry, Layer, NewValue, Shown, Source};
use service::error::Error;
use service::secret::fingerprint;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{Going, Where, Within};
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::{Json, Path, Query};
use crate::rest::list::{List, Listing};
use crate::rest::{App, tag};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_settings))
        .routes(routes!(show_setting, set_setting, delete_setting))
        .routes(routes!(setting_history))
}

/// A setting: what holds where this process runs, and the row of the environment that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019bc0de-0000-7000-8000-000000000010", "key": "features.max_agents_per_user",
    "environment": "all", "value": 10, "source": "database_for_all",
    "overrides": [{ "source": "default", "value": 5 }],
    "row": { "value": 10, "is_active": true, "updated_at": "2026-01-15T09:00:00Z" },
    "version": 3, "description": "How many agents a person may have",
    "schema": { "type": "integer", "minimum": 0, "maximum": 1000 }, "is_known": true,
    "is_sensitive": false,
}))]
pub struct SettingView {
    /// The row's id, where the environment has a row.
    id: Option<Uuid>,
    key: String,
    /// The environment that was asked for.
    environment: String,
    /// What holds where this process runs; null where it is a secret.
    value: Value,
    /// Who says so: `environment`, `database`, `database_for_all`, `file`, `default`; null where
    /// nobody says anything.
    #[schema(value_type = Option<String>, example = "default")]
    source: Option<Source>,
    /// What else is said, which would hold without it.
    overrides: Vec<SettingLayer>,
    /// What the database says for the environment that was asked for.
    row: Option<SettingRow>,
    /// What a change of that row names in `If-Match`: its version; the last one where the row is
    /// gone, 0 where there never was one.
    version: i64,
    /// What it does.
    description: Option<String>,
    /// What a value must look like.
    schema: Option<Value>,
    /// Whether the program itself knows it.
    is_known: bool,
    /// Whether its value is a secret, which is never shown.
    is_sensitive: bool,
}

/// What one source says.
#[derive(Debug, Serialize, ToSchema)]
pub struct SettingLayer {
    #[schema(value_type = String, example = "file")]
    source: Source,
    /// Null where it is a secret.
    value: Value,
}

/// What the database says for one environment.
#[derive(Debug, Serialize, ToSchema)]
pub struct SettingRow {
    /// Null where it is a secret.
    value: Value,
    /// Whether it holds; if not, it is as if it were not there.
    is_active: bool,
    updated_at: DateTime<Utc>,
}

impl From<Shown> for SettingView {
    fn from(shown: Shown) -> Self {
        let mut layers = shown.layers.into_iter();
        let first = layers.next();
        let row = shown.row;
        let described = row.as_ref().and_then(|row| row.description.clone());
        let schema = row.as_ref().and_then(|row| row.value_schema.clone());
        Self {
            id: row.as_ref().map(|row| row.id.0),
            key: shown.name.key,
            environment: shown.name.environment,
            source: first.as_ref().map(|first| first.source),
            value: first.map(|first| first.value).unwrap_or_default(),
            overrides: layers
                .map(|Layer { source, value }| SettingLayer { source, value })
                .collect(),
            row: row.map(|row| SettingRow {
                value: row.value.unwrap_or_default(),
                is_active: row.is_active,
                updated_at: row.updated_at,
            }),
            version: shown.version,
            description: shown
                .declared
                .map(|declared| declared.description().to_owned())
                .or(described),
            schema: shown.declared.map(Described::schema).or(schema),
            is_known: shown.declared.is_some(),
            is_sensitive: shown.sensitive,
        }
    }
}

impl SettingView {
    /// The row's version, which a change names; and what is shown, which other rows have a say in.
    fn tag(&self) -> Result<String, ApiError> {
        let shown = serde_json::to_vec(self).map_err(Error::internal)?;
        Ok(format!("{}.{}", self.version, &fingerprint(&shown)[..16]))
    }
}

/// The settings that the program knows or somebody has set, by name. For staff.
#[utoipa::path(get, path = "/settings", tag = "config", params(Within), responses(
    (status = 200, body = List<SettingView>), (status = 403, body = Problem),
))]
async fn list_settings(
    Caller(ctx): Caller,
    Listing((filter, page)): Listing<Within>,
) -> Result<Response, ApiError> {
    let found = configuration::settings(&ctx, &filter.environment, page.request()).await?;
    page.answer(found.map(SettingView::from))
}

/// One setting. For staff.
#[utoipa::path(get, path = "/settings/{key}", tag = "config",
    params(("key" = String, Path, example = "features.max_agents_per_user"), Where), responses(
    (status = 200, body = SettingView), (status = 304), (status = 403, body = Problem),
    (status = 404, body = Problem),
))]
async fn show_setting(
    Caller(ctx): Caller,
    Path(key): Path<String>,
    Query(place): Query<Where>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let shown = configuration::setting(&ctx, place.named(key)).await?;
    let view = SettingView::from(shown);
    tag::shown(&headers, view.tag()?, view)
}

/// What setting a setting takes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "value": 10, "reason": "the pilot group asked for more" }))]
pub struct NewValueBody {
    /// The value.
    value: Value,
    /// What the setting does, where the program does not know it.
    description: Option<String>,
    /// Whether it holds; left out, it stays as it is.
    is_active: Option<bool>,
    /// Whether the value is a secret; only said of a new setting that the program does not know.
    is_sensitive: Option<bool>,
    /// Why, for the history.
    reason: Option<String>,
}

/// Set a setting, in one environment or in all. `If-Match` names the tag that was read. It is felt at
/// once here, and within a second by the replicas. For staff; a secret, and what the process may connect to, for
/// admins.
#[utoipa::path(put, path = "/settings/{key}", tag = "config",
    params(("key" = String, Path, example = "features.max_agents_per_user"), Where),
    request_body = NewValueBody, responses(
    (status = 200, body = SettingView), (status = 403, body = Problem),
    (status = 409, body = Problem), (status = 412, body = Problem),
    (status = 422, body = Problem), (status = 428, body = Problem),
))]
async fn set_setting(
    Caller(ctx): Caller,
    Path(key): Path<String>,
    Query(place): Query<Where>,
    headers: HeaderMap,
    Json(body): Json<NewValueBody>,
) -> Result<Response, ApiError> {
    let new = NewValue {
        value: body.value,
        description: body.description,
        is_active: body.is_active,
        is_sensitive: body.is_sensitive,
        reason: body.reason,
    };
    let shown = configuration::set(&ctx, place.named(key), new, &tag::if_match(&headers)).await?;
    let view = SettingView::from(shown);
    tag::row(view.tag()?, view)
}

/// Unset a setting, in one environment or in all: what is said elsewhere holds again. Its history
/// stays. For staff; a secret for admins.
#[utoipa::path(delete, path = "/settings/{key}", tag = "config",
    params(("key" = String, Path, example = "features.max_agents_per_user"), Going), responses(
    (status = 204), (status = 403, body = Problem), (status = 404, body = Problem),
    (status = 409, body = Problem), (status = 412, body = Problem), (status = 428, body = Problem),
))]
async fn delete_setting(
    Caller(ctx): Caller,
    Path(key): Path<String>,
    Query(going): Query<Going>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let (name, reason) = going.named(key);
    configuration::delete(&ctx, &name, reason, &tag::if_match(&headers)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One write of a setting.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019bc0de-0000-7000-8000-000000000011", "key": "features.max_agents_per_user",
    "environment": "all", "version": 3, "revision": 41, "action": "update", "old_value": 20,
    "new_value": 10, "is_sensitive": false, "changed_by": "019bc0de-0000-7000-8000-000000000002",
    "reason": "twenty was too many for the workers", "request_id": "01JHM0",
    "created_at": "2026-01-15T09:00:00Z",
}))]
pub struct SettingHistoryEntry {
    id: Uuid,
    key: String,
    environment: String,
    /// The row's version after it.
    version: i64,
    /// The moment: every write of a setting or a flag counts one more.
    revision: i64,
    /// `create`, `update`, `delete` or `rollback`.
    #[schema(value_type = String, example = "update")]
    action: SettingAction,
    /// Null where there was none, or where it is a secret.
    old_value: Value,
    /// Null where there is none, or where it is a secret.
    new_value: Value,
    is_sensitive: bool,
    /// Who did it.
    changed_by: Option<Uuid>,
    /// Why.
    reason: Option<String>,
    /// The request that asked for it.
    request_id: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<Entry> for SettingHistoryEntry {
    fn from(Entry { row, sensitive }: Entry) -> Self {
        Self {
            id: row.id.0,
            key: row.key,
            environment: row.environment,
            version: row.version,
            revision: row.revision,
            action: row.action,
            old_value: row.old_value.unwrap_or_default(),
            new_value: row.new_value.unwrap_or_default(),
            is_sensitive: sensitive,
            changed_by: row.changed_by.map(|user| user.0),
            reason: row.reason,
            request_id: row.request_id,
            created_at: row.created_at,
        }
    }
}

/// What was done to a setting, in one environment or in all; the last write first. For staff.
#[utoipa::path(get, path = "/settings/{key}/history", tag = "config",
    params(("key" = String, Path, example = "features.max_agents_per_user"), Within), responses(
    (status = 200, body = List<SettingHistoryEntry>), (status = 403, body = Problem),
))]
async fn setting_history(
    Caller(ctx): Caller,
    Path(key): Path<String>,
    Listing((place, page)): Listing<Within>,
) -> Result<Response, ApiError> {
    let name = place.named(key);
    let found = configuration::history(&ctx, &name, page.request()).await?;
    page.answer(found.map(SettingHistoryEntry::from))
}
