//! What others can be told: the catalogue of events.
//!
//! An event's body is `{"type", "timestamp", "data"}`. What stands in `data` is for programs that are
//! not ours, so it only ever grows; what somebody wrote (a message, an output) is never in it, but
//! read with the reader's own rights.

use chrono::{DateTime, Utc};
use entity::agent::execution;
use entity::configuration::{flag, flag_history, setting_history};
use entity::conversation::{message, thread};
use entity::id::UserId;
use entity::media::video;
use entity::pipeline::run;
use entity::webhook::endpoint;
use serde::Serialize;
use serde_json::{Value, json};

/// How many messages an event lists.
const LISTED: usize = 100;

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $what:literal, $example:ident;)+) => {
        /// What can happen.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum EventType {$(
            $(#[$doc])*
            $variant,
        )+}

        /// Every event that can be asked for.
        pub const EVENTS: &[EventType] = &[$(EventType::$variant),+];

        impl EventType {
            /// Its name in requests and bodies.
            pub const fn name(self) -> &'static str {
                match self {$(Self::$variant => $name),+}
            }

            /// When it happens.
            pub const fn description(self) -> &'static str {
                match self {$(Self::$variant => $what),+}
            }

            /// A body as it may be sent.
            pub fn example(self) -> Value {
                let data = match self {$(Self::$variant => $example(self)),+};
                json!({ "type": self.name(), "timestamp": "2026-01-15T09:30:00Z", "data": data })
            }
        }
    };
}

events! {
    /// A run was asked for.
    RunCreated = "run.created", "A run was asked for.", run_example;
    /// A worker claimed a run.
    RunStarted = "run.started", "A worker claimed the run, for the first time or after another.", run_example;
    /// A stage is in, and it was not the last.
    RunStageCompleted = "run.stage_completed",
        "A stage of the run is in, and it was not the last; `current_stage` tells which.", run_example;
    /// All stages are in.
    RunCompleted = "run.completed", "The last stage is in: the run has its cards.", run_example;
    /// A run was given up.
    RunFailed = "run.failed", "The run was given up; `error_message` tells why.", run_example;
    /// A failed run waits again.
    RunRetried = "run.retried", "A failed run was put back into the queue.", run_example;
    /// A run is gone.
    RunDeleted = "run.deleted", "The run was removed, with all that it brought.", run_example;
    /// Messages were said in a thread.
    ThreadAppended = "thread.appended",
        "Messages were said in a thread: one event for each request, whatever their number; at most \
         100 of them are listed, without their content.", thread_example;
    /// An execution was asked for.
    ExecutionCreated = "execution.created",
        "An execution of an agent or a workflow was asked for.", execution_example;
    /// A worker claimed an execution.
    ExecutionStarted = "execution.started",
        "A worker claimed the execution, for the first time or after another.", execution_example;
    /// An execution is done.
    ExecutionCompleted = "execution.completed",
        "The execution is done; its output is read at the execution.", execution_example;
    /// An execution was given up.
    ExecutionFailed = "execution.failed",
        "The execution was given up; `error_message` tells why.", execution_example;
    /// An execution was called off.
    ExecutionCancelled = "execution.cancelled", "The execution was called off.", execution_example;
    /// A video was asked for.
    VideoRequested = "video.requested",
        "A video was asked for, or asked for anew after it failed.", video_example;
    /// A video can be watched.
    VideoCompleted = "video.completed", "The video can be watched at `video_url`.", video_example;
    /// A video was not made.
    VideoFailed = "video.failed", "The video was not made; `error_message` tells why.", video_example;
    /// A setting was written.
    SettingChanged = "setting.changed",
        "A setting was made, changed, put back or removed; `action` tells which. Its value is not \
         told. For the house's endpoints.", setting_example;
    /// A flag was written.
    FlagChanged = "flag.changed",
        "A feature flag was made, changed, put away, put back or removed; `action` tells which. For \
         the house's endpoints.", flag_example;
    /// An endpoint is told no more.
    EndpointDisabled = "webhook_endpoint.disabled",
        "An endpoint was disabled because it did nothing but fail, or said that it is gone. Its \
         owner's other endpoints are told.", endpoint_example;
    /// Somebody tries an endpoint.
    Test = "webhook.test", "Somebody tries the endpoint. Sent whatever it asked for.", test_example;
}

impl EventType {
    /// The event of this name.
    pub fn named(name: &str) -> Option<Self> {
        EVENTS.iter().copied().find(|event| event.name() == name)
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// What.
    pub kind: EventType,
    /// Whose it is; nobody's is for the house alone.
    pub user: Option<UserId>,
    /// What there is to tell.
    pub data: Value,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: DateTime<Utc>,
    data: &'a Value,
}

impl Event {
    /// What happened to a run.
    pub fn run(kind: EventType, run: &run::Model) -> Self {
        let data = json!({
            "id": run.id, "user_id": run.user_id, "status": run.status,
            "company_id": run.company_id, "company_name": run.company_name,
            "document_name": run.document_name, "current_stage": run.current_stage,
            "attempt": run.attempt, "error_message": run.error_message,
            "created_at": run.created_at, "completed_at": run.completed_at,
        });
        Self {
            kind,
            user: Some(run.user_id),
            data,
        }
    }

    /// What was said in a thread.
    pub fn appended<'a>(
        thread: &thread::Model,
        said: impl ExactSizeIterator<Item = &'a message::Model>,
    ) -> Self {
        let count = said.len();
        let listed = said.take(LISTED).map(|message| {
            json!({
                "id": message.id, "entity": message.entity,
                "creation_date": message.creation_date, "is_complete": message.is_complete,
            })
        });
        let data = json!({
            "thread_id": thread.id, "user_id": thread.user_id, "count": count,
            "messages": listed.collect::<Vec<_>>(),
        });
        Self {
            kind: EventType::ThreadAppended,
            user: Some(thread.user_id),
            data,
        }
    }

    /// What happened to an execution.
    pub fn execution(kind: EventType, execution: &execution::Model) -> Self {
        let data = json!({
            "id": execution.id, "user_id": execution.user_id, "status": execution.status,
            "agent_id": execution.agent_id, "workflow_id": execution.workflow_id,
            "attempt": execution.attempt, "error_message": execution.error_message,
            "created_at": execution.created_at, "started_at": execution.started_at,
            "completed_at": execution.completed_at, "duration_ms": execution.duration_ms,
        });
        Self {
            kind,
            user: Some(execution.user_id),
            data,
        }
    }

    /// What happened to a video.
    pub fn video(kind: EventType, video: &video::Model) -> Self {
        let data = json!({
            "id": video.id, "user_id": video.user_id, "status": video.status,
            "nft_id": video.nft_id, "job_id": video.job_id, "is_public": video.is_public,
            "video_url": video.video_url, "thumbnail_url": video.thumbnail_url,
            "error_message": video.error_message, "created_at": video.created_at,
            "completed_at": video.completed_at,
        });
        Self {
            kind,
            user: Some(video.user_id),
            data,
        }
    }

    /// That a setting was written.
    pub(crate) fn setting(entry: &setting_history::Model, sensitive: bool) -> Self {
        let data = json!({
            "key": entry.key, "environment": entry.environment, "action": entry.action,
            "version": entry.version, "revision": entry.revision, "is_sensitive": sensitive,
            "changed_by": entry.changed_by, "reason": entry.reason,
            "created_at": entry.created_at,
        });
        Self {
            kind: EventType::SettingChanged,
            user: None,
            data,
        }
    }

    /// That a flag was written.
    pub(crate) fn flag(entry: &flag_history::Model, flag: &flag::Model) -> Self {
        let data = json!({
            "key": entry.key, "environment": entry.environment, "action": entry.action,
            "version": entry.version, "revision": entry.revision, "kind": flag.kind,
            "enabled": flag.enabled, "default_variant": flag.default_variant,
            "archived_at": flag.archived_at, "changed_by": entry.changed_by,
            "reason": entry.reason, "created_at": entry.created_at,
        });
        Self {
            kind: EventType::FlagChanged,
            user: None,
            data,
        }
    }

    /// That an endpoint is told no more.
    pub(super) fn disabled(endpoint: &endpoint::Model) -> Self {
        let data = json!({
            "id": endpoint.id, "url": endpoint.url, "reason": endpoint.disabled_reason,
            "failing_since": endpoint.failing_since,
        });
        Self {
            kind: EventType::EndpointDisabled,
            user: endpoint.user_id,
            data,
        }
    }

    /// A trial.
    pub(super) fn test(endpoint: &endpoint::Model) -> Self {
        Self {
            kind: EventType::Test,
            user: endpoint.user_id,
            data: json!({ "endpoint_id": endpoint.id }),
        }
    }

    /// The bytes that every endpoint is sent at every try.
    pub(super) fn bytes(&self, at: DateTime<Utc>) -> crate::Result<Vec<u8>> {
        let body = Body {
            kind: self.kind.name(),
            timestamp: at,
            data: &self.data,
        };
        serde_json::to_vec(&body).map_err(crate::Error::internal)
    }
}

fn run_example(kind: EventType) -> Value {
    let (status, stage, error) = match kind {
        EventType::RunCompleted => ("COMPLETED", 5, None),
        EventType::RunFailed => ("FAILED", 2, Some("the document has no text")),
        EventType::RunStageCompleted => ("RUNNING", 3, None),
        EventType::RunStarted => ("RUNNING", 0, None),
        _ => ("PENDING", 0, None),
    };
    let done = matches!(status, "COMPLETED" | "FAILED");
    json!({
        "id": "019bc0de-0000-7000-8000-000000000001",
        "user_id": "019bc0de-0000-7000-8000-000000000002",
        "status": status, "company_id": "lactalis-canada", "company_name": "Lactalis",
        "document_name": "trend-report.pdf", "current_stage": stage, "attempt": 1,
        "error_message": error, "created_at": "2026-01-15T09:12:00Z",
        "completed_at": done.then_some("2026-01-15T09:30:00Z"),
    })
}

fn thread_example(_: EventType) -> Value {
    json!({
        "thread_id": "019bc0de-0000-7000-8000-000000000003",
        "user_id": "019bc0de-0000-7000-8000-000000000002", "count": 1,
        "messages": [{
            "id": "019bc0de-0000-7000-8000-000000000004", "entity": "AI_MESSAGE",
            "creation_date": "2026-01-15T09:30:00Z", "is_complete": true,
        }],
    })
}

fn execution_example(kind: EventType) -> Value {
    let (status, error) = match kind {
        EventType::ExecutionStarted => ("running", None),
        EventType::ExecutionCompleted => ("completed", None),
        EventType::ExecutionFailed => ("failed", Some("the repository is not there")),
        EventType::ExecutionCancelled => ("cancelled", None),
        _ => ("pending", None),
    };
    let begun = status != "pending";
    let done = begun && status != "running";
    json!({
        "id": "019bc0de-0000-7000-8000-000000000006",
        "user_id": "019bc0de-0000-7000-8000-000000000002", "status": status,
        "agent_id": "019bc0de-0000-7000-8000-000000000007", "workflow_id": null,
        "attempt": i32::from(begun), "error_message": error, "created_at": "2026-01-15T09:29:00Z",
        "started_at": begun.then_some("2026-01-15T09:29:10Z"),
        "completed_at": done.then_some("2026-01-15T09:30:00Z"),
        "duration_ms": done.then_some(50_000),
    })
}

fn video_example(kind: EventType) -> Value {
    let (status, error) = match kind {
        EventType::VideoCompleted => ("COMPLETED", None),
        EventType::VideoFailed => ("FAILED", Some("the picture is too small")),
        _ => ("PENDING", None),
    };
    let done = status == "COMPLETED";
    json!({
        "id": "019bc0de-0000-7000-8000-000000000008",
        "user_id": "019bc0de-0000-7000-8000-000000000002", "status": status,
        "nft_id": "ethereum:0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed:42",
        "job_id": "video-019bc0de-0000-7000-8000-000000000009", "is_public": true,
        "video_url": done.then_some("https://media.example.com/42.mp4"),
        "thumbnail_url": done.then_some("https://media.example.com/42.webp"),
        "error_message": error, "created_at": "2026-01-15T09:20:00Z",
        "completed_at": done.then_some("2026-01-15T09:30:00Z"),
    })
}

fn setting_example(_: EventType) -> Value {
    json!({
        "key": "features.max_agents_per_user", "environment": "all", "action": "update",
        "version": 3, "revision": 41, "is_sensitive": false,
        "changed_by": "019bc0de-0000-7000-8000-000000000002",
        "reason": "the pilot group asked for more", "created_at": "2026-01-15T09:30:00Z",
    })
}

fn flag_example(_: EventType) -> Value {
    json!({
        "key": "new-dashboard", "environment": "production", "action": "update", "version": 5,
        "revision": 42, "kind": "boolean", "enabled": true, "default_variant": "off",
        "archived_at": null, "changed_by": "019bc0de-0000-7000-8000-000000000002",
        "reason": "ready for all", "created_at": "2026-01-15T09:30:00Z",
    })
}

fn endpoint_example(_: EventType) -> Value {
    json!({
        "id": "019bc0de-0000-7000-8000-000000000005", "url": "https://hooks.example.com/chancery",
        "reason": "nothing but failures for 5 days", "failing_since": "2026-01-10T09:29:00Z",
    })
}

fn test_example(_: EventType) -> Value {
    json!({ "endpoint_id": "019bc0de-0000-7000-8000-000000000005" })
}
