//! What may not be written by metadata alone, and what a domain does beside a generic write.

use entity::id::{JobScheduleId, MessageId, RunId, ThreadId, UserId};
use entity::registry::Writes;
use uuid::Uuid;

use super::row::Snapshot;
use super::stand::stands;
use super::values::{Given, Values};
use crate::error::{Error, Result};
use crate::explore::bind::Scalar;
use crate::explore::catalog::{Column, Entity};
use crate::signal::Signal;
use crate::write::Write;
use crate::{conversation, identity, job, notification, pipeline, upload};

/// Columns that only the domain's own verbs write: they stand in a life cycle, are counted by
/// others, say what a row belongs to, or come from outside and were looked at on their way.
const KEPT: &[(&str, &[&str])] = &[
    (
        "runs",
        &[
            "status",
            "current_stage",
            "error_message",
            "started_at",
            "completed_at",
            "claimed_by",
            "lease_until",
            "attempt",
            "document_upload_id",
            "user_id",
        ],
    ),
    ("opportunity_cards", &["run_id", "user_id", "number"]),
    ("inspiration_reports", &["run_id"]),
    (
        "stage_outputs",
        &[
            "run_id",
            "stage_number",
            "attempt",
            "content_hash",
            "duration_ms",
            "started_at",
        ],
    ),
    ("tool_calls", &["message_id"]),
    ("tool_selection", &["message_id"]),
    ("complexity_estimation", &["message_id"]),
    ("users", &["email", "last_login"]),
    ("agent_templates_v2", &["usage_count"]),
    ("user_agents", &["execution_count", "last_used"]),
    ("user_workflows", &["run_count", "last_run_at"]),
    (
        "videos",
        &[
            "job_id",
            "status",
            "error_message",
            "provider",
            "provider_job_id",
            "completed_at",
            "submitted_at",
            "video_url",
            "thumbnail_url",
            "nft_id",
            "user_id",
        ],
    ),
    ("job_schedules", &["next_run_at", "last_run_at"]),
];

/// Columns that a new row is given, and that stay as they are: by them others are counted, or it is
/// somebody's.
const GIVEN_ONCE: &[(&str, &[&str])] = &[
    ("threads", &["user_id"]),
    ("profiles", &["user_id"]),
    ("user_agents", &["user_id", "template_id"]),
    ("user_workflows", &["user_id"]),
    ("notifications", &["user_id"]),
];

/// Tables whose rows only verbs make: what belongs to a row must be made with it.
const NOT_MADE: &[&str] = &[
    "users",
    "runs",
    "opportunity_cards",
    "inspiration_reports",
    "stage_outputs",
    "messages",
    "tool_calls",
    "tool_selection",
    "complexity_estimation",
    "token_consumption",
    "trusted_documents",
    "configuration_settings",
    "feature_flags",
    "webhook_endpoints",
    "webhook_sources",
    "model_prices",
    "videos",
    "nft_ownership",
    "user_agents",
];

/// Of these tables, those whose removed rows are put back: nothing must be made with them.
const PUT_BACK: &[&str] = &["user_agents"];

/// Tables whose rows only verbs change: what was said and used stays as it was, a change of
/// configuration leaves its history, and who holds an NFT is for its chain to say.
const NOT_CHANGED: &[&str] = &[
    "token_consumption",
    "messages",
    "trusted_documents",
    "configuration_settings",
    "feature_flags",
    "webhook_endpoints",
    "webhook_sources",
    "model_prices",
    "nft_ownership",
];

/// Tables whose rows go with the row they belong to, and not alone.
const NOT_REMOVED: &[&str] = &[
    "token_consumption",
    "stage_outputs",
    "inspiration_reports",
    "trusted_documents",
    "configuration_settings",
    "feature_flags",
    "webhook_sources",
    "model_prices",
];

/// Whether rows can be made by the generic door.
pub fn may_create(entity: &Entity) -> bool {
    may_be_there(entity) && !NOT_MADE.contains(&entity.resource.table)
}

/// Whether removed rows can be put back by the generic door.
pub fn may_restore(entity: &Entity) -> bool {
    may_create(entity) || may_be_there(entity) && PUT_BACK.contains(&entity.resource.table)
}

fn may_be_there(entity: &Entity) -> bool {
    // What must have a secret cannot be made without its verb.
    let bare = entity
        .resource
        .columns
        .iter()
        .all(|column| !column.secret || column.nullable);
    entity.resource.writes != Writes::Verbs && bare
}

/// Whether rows can be changed by the generic door.
pub fn may_update(entity: &Entity) -> bool {
    let changed = !NOT_CHANGED.contains(&entity.resource.table);
    entity.resource.writes != Writes::Verbs && changed
}

/// Whether rows can be removed by the generic door.
pub fn may_delete(entity: &Entity) -> bool {
    let removed = !NOT_REMOVED.contains(&entity.resource.table);
    entity.resource.writes != Writes::Verbs && removed
}

/// Whether a column's value can be given by the generic door; `new` for a row that is made.
pub fn writable(entity: &Entity, column: &Column, new: bool) -> bool {
    let ours = ["created_at", "updated_at", "version"].contains(&column.name);
    let key = column.name == entity.resource.key;
    let among = |list: &[(&str, &[&str])]| {
        list.iter().any(|(table, columns)| {
            *table == entity.resource.table && columns.contains(&column.name)
        })
    };
    (new || !key && !among(GIVEN_ONCE)) && !ours && !among(KEPT)
}

/// What a domain says of a row that is about to be made or put back.
pub(super) async fn before_insert(tx: &Write, entity: &Entity, values: &mut Values) -> Result<()> {
    if entity.resource.table != "notifications" {
        return Ok(());
    }
    let owner = entity.position("user_id");
    let owner = values.iter().find(|(at, _)| Some(*at) == owner);
    let Some((_, Given::Scalar(Scalar::Uuid(owner)))) = owner else {
        return Ok(());
    };
    // Streams find what a person is told by its time, also what they are told again.
    let turn = notification::turn(tx, UserId(*owner)).await?;
    let times = ["created_at", "updated_at"].map(|name| entity.position(name));
    for (at, given) in values {
        if times.contains(&Some(*at)) {
            *given = Given::Scalar(Scalar::Time(turn));
        }
    }
    Ok(())
}

/// What must go before the row goes; tells whether the row itself went with it.
pub(super) async fn before_delete(
    tx: &Write,
    entity: &Entity,
    row: &Snapshot,
    key: &str,
) -> Result<bool> {
    match entity.resource.table {
        // No foreign key leads from a thread to its owner.
        "users" => {
            let person = UserId(id(key)?);
            conversation::delete_of_person(tx, person).await?;
            upload::discard_of_person(tx, person).await?;
            Ok(false)
        }
        "runs" => {
            pipeline::leaves(tx, RunId(id(key)?)).await?;
            Ok(false)
        }
        // On an adopted database nothing cascades.
        "threads" => {
            conversation::take_away(tx, &[ThreadId(id(key)?)]).await?;
            Ok(true)
        }
        "messages" => {
            let thread = ThreadId(id(row.text("threadId").unwrap_or_default())?);
            conversation::take_back(tx, thread, MessageId(id(key)?)).await
        }
        _ => Ok(false),
    }
}

/// Remove many rows that are held in a few statements; tells whether it did: else they go one by
/// one. None of them takes another of them along.
pub(super) async fn delete_together(tx: &Write, entity: &Entity, keys: &[String]) -> Result<bool> {
    if entity.resource.table != "threads" {
        return Ok(false);
    }
    let ids = keys.iter().map(|key| id(key).map(ThreadId));
    let ids = ids.collect::<Result<Vec<_>>>()?;
    conversation::take_away(tx, &ids).await?;
    Ok(true)
}

/// What follows a write: the domain's rules hold for the row as it stands now, and who must hear of
/// it does.
pub(super) async fn follow(
    tx: &Write,
    entity: &Entity,
    key: &str,
    before: Option<&Snapshot>,
    after: Option<&Snapshot>,
) -> Result<()> {
    if let Some(after) = after {
        stands(tx, entity, key, before, after).await?;
    }
    match entity.resource.table {
        "users" => {
            let user = UserId(id(key)?);
            if after.is_some_and(|after| after.text("status") == Some("suspended")) {
                identity::end_sessions(tx, user, None).await?;
            }
            tx.signal(Signal::UserChanged(user));
        }
        "runs" => tx.signal(Signal::RunMoved(RunId(id(key)?))),
        "notifications" => {
            if let Some(user) = after.and_then(|row| row.text("userId")) {
                tx.signal(Signal::Notified(UserId(id(user)?)));
            }
        }
        "threads" => tx.signal(Signal::ThreadWritten(ThreadId(id(key)?))),
        "job_schedules" if after.is_some() => {
            job::schedule_written(tx, JobScheduleId(id(key)?)).await?;
        }
        "messages" => {
            let row = after.or(before);
            if let Some(thread) = row.and_then(|row| row.text("threadId")) {
                tx.signal(Signal::ThreadWritten(ThreadId(id(thread)?)));
            }
        }
        _ => {}
    }
    Ok(())
}

pub(super) fn id(key: &str) -> Result<Uuid> {
    key.parse().map_err(Error::internal)
}
