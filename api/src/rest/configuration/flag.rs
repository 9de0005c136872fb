//! Feature flags: their definitions.

use axum::http::header::{ETAG, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use entity::configuration::flag::{FlagKind, Model};
use entity::configuration::flag_history::{self, FlagAction};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use service::configuration::Name;
use service::configuration::flag::{self, FlagChange, FlagFilter, NewFlag};
use service::error::Error;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{Going, Where, Within, everywhere};
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::{Json, Path, Query};
use crate::rest::list::{List, Listing};
use crate::rest::{App, said, tag};
use crate::urls::path::API;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_flags, create_flag))
        .routes(routes!(show_flag, update_flag, delete_flag))
        .routes(routes!(flag_history))
}

/// A feature flag.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019bc0de-0000-7000-8000-000000000012", "key": "new-dashboard", "environment": "all",
    "description": "The dashboard with charts by model.", "kind": "boolean",
    "variants": { "off": false, "on": true }, "default_variant": "off", "enabled": true,
    "rules": [], "owner": "growth", "expires_at": null, "archived_at": null, "version": 2,
    "created_at": "2026-01-15T09:00:00Z", "updated_at": "2026-01-15T09:00:00Z",
}))]
pub struct Flag {
    id: Uuid,
    key: String,
    /// Where it holds: an environment, or `all`.
    environment: String,
    description: Option<String>,
    /// `boolean`, `string`, `number` or `object`.
    #[schema(value_type = String, example = "boolean")]
    kind: FlagKind,
    /// Its values, by name.
    variants: Value,
    /// The variant for everybody whom no rule names.
    default_variant: String,
    /// Whether it is evaluated at all.
    enabled: bool,
    /// Prerequisites, targets, conditions and percentages, in order.
    rules: Value,
    /// Who answers for it.
    owner: Option<String>,
    /// When it should be gone.
    expires_at: Option<DateTime<Utc>>,
    /// When it was put away.
    archived_at: Option<DateTime<Utc>>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Model> for Flag {
    fn from(row: Model) -> Self {
        Self {
            id: row.id.0,
            key: row.key,
            environment: row.environment,
            description: row.description,
            kind: row.kind,
            variants: row.variants,
            default_variant: row.default_variant,
            enabled: row.enabled,
            rules: row.rules,
            owner: row.owner,
            expires_at: row.expires_at,
            archived_at: row.archived_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Which flags.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Only those of this environment; `all` is one, too.
    environment: Option<String>,
    /// Only those that are put away, or are not.
    archived: Option<bool>,
}

/// The flags, by name. For staff.
#[utoipa::path(get, path = "/flags", tag = "config", params(Which), responses(
    (status = 200, body = List<Flag>), (status = 403, body = Problem),
))]
async fn list_flags(
    Caller(ctx): Caller,
    Listing((filter, page)): Listing<Which>,
) -> Result<Response, ApiError> {
    let filter = FlagFilter {
        environment: filter.environment,
        archived: filter.archived,
    };
    let found = flag::flags(&ctx, &filter, page.request()).await?;
    page.answer(found.map(Flag::from))
}

/// What making a flag takes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "key": "new-dashboard", "kind": "boolean", "variants": { "off": false, "on": true },
    "default_variant": "off", "enabled": true,
}))]
pub struct NewFlagBody {
    /// Its name: small letters, digits, `.`, `_` and `-`.
    key: String,
    /// Where it holds: an environment, or `all`, which it is unless said.
    #[serde(default = "everywhere")]
    #[schema(required = false)]
    environment: String,
    /// What it decides.
    description: Option<String>,
    /// `boolean`, `string`, `number` or `object`: what its variants are.
    #[schema(value_type = String, example = "boolean")]
    kind: FlagKind,
    /// Its values, by name.
    variants: Map<String, Value>,
    /// The variant for everybody whom no rule names.
    default_variant: String,
    /// Whether it is evaluated at all; not, unless said.
    #[serde(default)]
    enabled: bool,
    /// Who answers for it.
    owner: Option<String>,
    /// When it should be gone.
    expires_at: Option<DateTime<Utc>>,
    /// Why, for the history.
    reason: Option<String>,
}

/// Make a flag. For admins.
#[utoipa::path(post, path = "/flags", tag = "config", request_body = NewFlagBody, responses(
    (status = 201, body = Flag), (status = 403, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem),
))]
async fn create_flag(
    Caller(ctx): Caller,
    Json(body): Json<NewFlagBody>,
) -> Result<Response, ApiError> {
    let new = NewFlag {
        name: Name {
            key: body.key,
            environment: body.environment,
        },
        description: body.description,
        kind: body.kind,
        variants: body.variants,
        default_variant: body.default_variant,
        enabled: body.enabled,
        owner: body.owner,
        expires_at: body.expires_at,
        reason: body.reason,
    };
    let row = flag::create(&ctx, new).await?;
    let location = format!("{API}/flags/{}?environment={}", row.key, row.environment);
    let location = HeaderValue::from_str(&location).map_err(Error::internal)?;
    let headers = [(LOCATION, location), (ETAG, tag::header(row.version)?)];
    Ok((StatusCode::CREATED, headers, Json(Flag::from(row))).into_response())
}

/// One flag. For staff.
#[utoipa::path(get, path = "/flags/{key}", tag = "config",
    params(("key" = String, Path, example = "new-dashboard"), Where), responses(
    (status = 200, body = Flag), (status = 304), (status = 403, body = Problem),
    (status = 404, body = Problem),
))]
async fn show_flag(
    Caller(ctx): Caller,
    Path(key): Path<String>,
    Query(place): Query<Where>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let row = flag::flag(&ctx, &place.named(key)).await?;
    tag::shown(&headers, row.version, Flag::from(row))
}

/// What of a flag changes; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "left out, or null")]
#[schema(example = json!({ "enabled": false, "reason": "too many complaints" }))]
pub struct FlagChangeBody {
    /// Null takes it away.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    /// Its values, by name: all of them.
    variants: Option<Map<String, Value>>,
    default_variant: Option<String>,
    /// Whether it is evaluated at all.
    enabled: Option<bool>,
    /// Null takes it away.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    owner: Option<Option<String>>,
    /// Null takes it away.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    expires_at: Option<Option<DateTime<Utc>>>,
    /// True puts it away, false fetches it back.
    archived: Option<bool>,
    /// Why, for the history.
    reason: Option<String>,
}

/// Change a flag. `If-Match` names the tag that was read. For admins.
#[utoipa::path(patch, path = "/flags/{key}", tag = "config",
    params(("key" = String, Path, example = "new-dashboard"), Where),
    request_body = FlagChangeBody, responses(
    (status = 200, body = Flag), (status = 403, body = Problem), (status = 404, body = Problem),
    (status = 412, body = Problem), (status = 422, body = Problem), (status = 428, body = Problem),
))]
async fn update_flag(
    Caller(ctx): Caller,
    Path(key): Path<String>,
    Query(place): Query<Where>,
    headers: HeaderMap,
    Json(body): Json<FlagChangeBody>,
) -> Result<Response, ApiError> {
    let change = FlagChange {
        description: body.description,
        variants: body.variants,
        default_variant: body.default_variant,
        enabled: body.enabled,
        owner: body.owner,
        expires_at: body.expires_at,
        archived: body.archived,
        reason: body.reason,
    };
    let row = flag::update(&ctx, &place.named(key), change, &tag::if_match(&headers)).await?;
    tag::row(row.version, Flag::from(row))
}

/// Remove a flag; its history stays. For admins.
#[utoipa::path(delete, path = "/flags/{key}", tag = "config",
    params(("key" = String, Path, example = "new-dashboard"), Going), responses(
    (status = 204), (status = 403, body = Problem), (status = 404, body = Problem),
    (status = 412, body = Problem), (status = 428, body = Problem),
))]
async fn delete_flag(
    Caller(ctx): Caller,
    Path(key): Path<String>,
    Query(going): Query<Going>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let (name, reason) = going.named(key);
    flag::delete(&ctx, &name, reason, &tag::if_match(&headers)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One write of a flag.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "019bc0de-0000-7000-8000-000000000013", "key": "new-dashboard", "environment": "all",
    "version": 2, "revision": 42, "action": "update", "before": { "enabled": false, "version": 1 },
    "after": { "enabled": true, "version": 2 },
    "changed_by": "019bc0de-0000-7000-8000-000000000002", "reason": "ready for all",
    "request_id": "01JHM0", "created_at": "2026-01-15T09:00:00Z",
}))]
pub struct FlagHistoryEntry {
    id: Uuid,
    key: String,
    environment: String,
    /// The flag's version after it.
    version: i64,
    /// The moment: every write of a setting or a flag counts one more.
    revision: i64,
    /// `create`, `update`, `archive`, `delete` or `rollback`.
    #[schema(value_type = String, example = "update")]
    action: FlagAction,
    /// The flag before.
    before: Option<Value>,
    /// The flag after.
    after: Option<Value>,
    /// Who did it.
    changed_by: Option<Uuid>,
    /// Why.
    reason: Option<String>,
    /// The request that asked for it.
    request_id: Option<String>,
    created_at: DateTime<Utc>,
}

impl From<flag_history::Model> for FlagHistoryEntry {
    fn from(row: flag_history::Model) -> Self {
        Self {
            id: row.id.0,
            key: row.key,
            environment: row.environment,
            version: row.version,
            revision: row.revision,
            action: row.action,
            before: row.before,
            after: row.after,
            changed_by: row.changed_by.map(|user| user.0),
            reason: row.reason,
            request_id: row.request_id,
            created_at: row.created_at,
        }
    }
}

/// What was done to a flag; the last write first. For staff.
#[utoipa::path(get, path = "/flags/{key}/history", tag = "config",
    params(("key" = String, Path, example = "new-dashboard"), Within), responses(
    (status = 200, body = List<FlagHistoryEntry>), (status = 403, body = Problem),
))]
async fn flag_history(
    Caller(ctx): Caller,
    Path(key): Path<String>,
    Listing((place, page)): Listing<Within>,
) -> Result<Response, ApiError> {
    let found = flag::history(&ctx, &place.named(key), page.request()).await?;
    page.answer(found.map(FlagHistoryEntry::from))
}
