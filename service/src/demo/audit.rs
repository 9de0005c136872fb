//! The audit log that the demo's past would have left: the same words that the verbs write.

use chrono::{DateTime, Utc};
use entity::identity::user::UserStatus;
use entity::platform::audit_log::{self, AuditActor};
use serde_json::{Value, json};

use super::dice::Dice;
use super::people::{FOUR, People, Person};
use super::pipeline::Ended;
use super::rows::Rows;
use crate::error::Result;

/// Lines of the log.
pub(super) struct Log {
    dice: Dice,
    lines: Vec<audit_log::Model>,
}

impl Log {
    pub(super) fn new() -> Self {
        Self {
            dice: Dice::of("audit"),
            lines: Vec::new(),
        }
    }

    /// Note what `actor` did; nobody is the house itself.
    pub(super) fn note(
        &mut self,
        at: DateTime<Utc>,
        actor: Option<Person>,
        action: &str,
        (resource, id): (&str, String),
        (before, after): (Option<Value>, Option<Value>),
    ) {
        let dice = &self.dice;
        self.lines.push(audit_log::Model {
            id: dice.id(at),
            actor_kind: actor.map_or(AuditActor::System, |_| AuditActor::User),
            actor_id: actor.map_or_else(|| "demo".to_owned(), |actor| actor.id.to_string()),
            action: action.to_owned(),
            resource_type: resource.to_owned(),
            resource_id: id,
            before,
            after,
            request_id: actor.map(|_| dice.uuid().to_string()),
            address: actor.map(|_| format!("192.0.2.{}", dice.number::<u8>(2, 250))),
            created_at: at,
            updated_at: at,
        });
    }

    /// Write it.
    pub(super) async fn write(
        mut self,
        rows: &mut Rows<'_>,
        people: &People,
        ended: &[Ended],
    ) -> Result<()> {
        for (person, (email, name, role)) in people.four().into_iter().zip(FOUR) {
            let after = json!({ "email": email, "name": name, "role": role });
            let whom = ("user", person.id.to_string());
            self.note(person.since, None, "user.create", whom, (None, Some(after)));
        }
        for (person, at) in &people.suspended {
            let status = |status: UserStatus| Some(json!({ "status": status }));
            let change = (status(UserStatus::Active), status(UserStatus::Suspended));
            let whom = ("user", person.id.to_string());
            self.note(*at, Some(people.admin), "user.set_status", whom, change);
        }
        for Ended { run, retried } in ended {
            if let Some(at) = *retried {
                let which = ("run", run.id.to_string());
                self.note(at, Some(people.operator), "run.retry", which, (None, None));
            }
        }
        self.lines.sort_by_key(|line| line.created_at);
        rows.put(audit_log::Entity, self.lines).await
    }
}
