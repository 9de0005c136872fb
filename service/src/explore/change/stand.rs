//! A row as it stands after a write by metadata: the rules of its domain's verbs hold for it.

use entity::id::{
    AgentTemplateId, NotificationId, OpportunityCardId, RunId, UserAgentId, VideoId, WorkflowId,
};
use serde_json::Value;

use super::law::id;
use super::row::Snapshot;
use crate::check::Check;
use crate::error::{Error, FieldError, Kind, Limit, Refusal, Result};
use crate::explore::catalog::Entity;
use crate::write::Write;
use crate::{agent, conversation, identity, notification, pipeline, video};

/// The code of values that are wrong.
const INVALID: &str = "invalid";

/// Refuse a row that its domain would not have written; `before` is nothing for one that is made or
/// put back. What was wrong before and stays as it was does not stand in the way of a change.
pub(super) async fn stands(
    tx: &Write,
    entity: &Entity,
    key: &str,
    before: Option<&Snapshot>,
    after: &Snapshot,
) -> Result<()> {
    let Err(error) = as_verbs(tx, entity, key, before, after).await else {
        return Ok(());
    };
    let Error::Refused(refusal) = error else {
        return Err(error);
    };
    let mut fields = refusal.fields();
    for field in &mut fields {
        field.pointer = named(entity, &field.pointer);
    }
    if let Some(before) = before
        && refusal.code() == INVALID
    {
        let touched = |field: &FieldError| {
            let column = field.pointer.split('/').nth(1).unwrap_or_default();
            before.value(column) != after.value(column)
        };
        fields.retain(touched);
        if fields.is_empty() {
            return Ok(());
        }
    }
    Err(Named { refusal, fields }.into())
}

/// What the domain's verb asks of such a row.
async fn as_verbs(
    tx: &Write,
    entity: &Entity,
    key: &str,
    before: Option<&Snapshot>,
    after: &Snapshot,
) -> Result<()> {
    let text = |field: &str| after.text(field).unwrap_or_default();
    let mut check = Check::default();
    match entity.resource.table {
        "profiles" => {
            let [links, preferences] =
                ["socialLinks", "preferences"].map(|field| after.value(field));
            let avatar = after.text("avatar");
            identity::check_profile(text("username"), avatar, links, preferences)
        }
        "runs" => pipeline::written(tx, RunId(id(key)?)).await,
        "opportunity_cards" => pipeline::card_written(tx, OpportunityCardId(id(key)?)).await,
        "inspiration_reports" => pipeline::report_written(tx, RunId(id(text("runId"))?)).await,
        "stage_outputs" => {
            pipeline::check_output(&mut check, text("markdownOutput"));
            Ok(check.done()?)
        }
        "threads" => conversation::check_title(text("title")),
        "tool_calls" => {
            conversation::check_call(&mut check, "", text("name"), text("arguments"));
            Ok(check.done()?)
        }
        "tool_selection" => {
            conversation::check_name(&mut check, "/tool_name", text("toolName"));
            Ok(check.done()?)
        }
        "complexity_estimation" => {
            conversation::check_name(&mut check, "/model", text("model"));
            Ok(check.done()?)
        }
        "agent_templates_v2" => agent::template_written(tx, AgentTemplateId(id(key)?)).await,
        "user_agents" => {
            let id = UserAgentId(id(key)?);
            agent::agent_written(tx, id).await?;
            let needs = |row: &Snapshot| row.value("requiredIntegrations").clone();
            match before {
                None => agent::agent_put_back(tx, id).await,
                Some(before) if needs(before) != needs(after) => agent::agent_needs(tx, id).await,
                Some(_) => Ok(()),
            }
        }
        "user_workflows" => agent::workflow_written(tx, WorkflowId(id(key)?)).await,
        "videos" => video::written(tx, VideoId(id(key)?)).await,
        "notifications" => notification::written(tx, NotificationId(id(key)?)).await,
        _ => Ok(()),
    }
}

/// A pointer that begins with a column, by the name that the caller gave it.
fn named(entity: &Entity, pointer: &str) -> String {
    let mut steps = pointer.splitn(3, '/');
    let (_, name, rest) = (steps.next(), steps.next(), steps.next());
    let column = entity
        .columns
        .iter()
        .find(|column| Some(column.name) == name);
    match (column, rest) {
        (Some(column), Some(rest)) => format!("/{}/{rest}", column.field),
        (Some(column), None) => format!("/{}", column.field),
        (None, _) => pointer.to_owned(),
    }
}

/// A domain's no, its pointers by the names of GraphQL.
#[derive(Debug, thiserror::Error)]
#[error("{refusal}")]
struct Named {
    refusal: Box<dyn Refusal>,
    fields: Vec<FieldError>,
}

impl Refusal for Named {
    fn kind(&self) -> Kind {
        self.refusal.kind()
    }

    fn code(&self) -> &'static str {
        self.refusal.code()
    }

    fn fields(&self) -> Vec<FieldError> {
        self.fields.clone()
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        self.refusal.retry_after()
    }

    fn limit(&self) -> Option<Limit> {
        self.refusal.limit()
    }
}

impl Snapshot {
    /// What stands in a column, by its name in GraphQL.
    fn value(&self, field: &str) -> &Value {
        self.member(field).unwrap_or(&Value::Null)
    }
}
