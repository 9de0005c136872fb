//! Ids as types: one newtype per table, so that a thread's id cannot be handed over for a run's.
//!
//! Fresh ids are UUID version 7 (RFC 9562), made by the service; ids of adopted tables are what
//! their first writer made them.

use std::fmt;
use std::str::FromStr;

use sea_orm::{DbErr, DeriveValueType, TryFromU64};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What every id newtype can do, so that doors can carry ids generically.
pub trait TypedId:
    Copy
    + fmt::Debug
    + fmt::Display
    + Eq
    + std::hash::Hash
    + From<Uuid>
    + Into<Uuid>
    + Send
    + Sync
    + 'static
{
    /// The row's kind, as errors and the audit log name it: `run`, `thread`.
    const KIND: &'static str;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $kind:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
            DeriveValueType,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl TypedId for $name {
            const KIND: &'static str = $kind;
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::from_str(text).map(Self)
            }
        }

        // SeaORM asks every primary key for this; a UUID key is never made from a number.
        impl TryFromU64 for $name {
            fn try_from_u64(_: u64) -> Result<Self, DbErr> {
                Err(DbErr::ConvertFromU64(stringify!($name)))
            }
        }
    )+};
}

ids! {
    /// A row of `users`.
    UserId = "user",
    /// A row of `user_identities`.
    UserIdentityId = "user_identity",
    /// A row of `profiles`.
    ProfileId = "profile",
    /// A row of `sessions`.
    SessionId = "session",
    /// A row of `api_keys`.
    ApiKeyId = "api_key",
    /// A row of `auth_challenges`.
    AuthChallengeId = "auth_challenge",
    /// A row of `login_failures`.
    LoginFailureId = "login_failure",
    /// A row of `uploads`.
    UploadId = "upload",
    /// A row of `runs`.
    RunId = "run",
    /// A row of `run_events`.
    RunEventId = "run_event",
    /// A row of `opportunity_cards`.
    OpportunityCardId = "card",
    /// A row of `inspiration_reports`.
    InspirationReportId = "report",
    /// A row of `stage_outputs`.
    StageOutputId = "stage_output",
    /// A row of `threads`.
    ThreadId = "thread",
    /// A row of `messages`.
    MessageId = "message",
    /// A row of `tool_selection`.
    ToolSelectionId = "tool_selection",
    /// A row of `complexity_estimation`.
    ComplexityEstimationId = "complexity_estimation",
    /// A row of `token_consumption`.
    TokenConsumptionId = "token_consumption",
    /// A row of `jobs`.
    JobId = "job",
    /// A row of `idempotency_keys`.
    IdempotencyKeyId = "idempotency_key",
    /// A row of `audit_log`.
    AuditLogId = "audit_log",
    /// A row of `agent_templates_v2`.
    AgentTemplateId = "agent_template",
    /// A row of `user_agents`.
    UserAgentId = "agent",
    /// A row of `user_workflows`.
    WorkflowId = "workflow",
    /// A row of `agent_executions`.
    ExecutionId = "execution",
    /// A row of `execution_events`.
    ExecutionEventId = "execution_event",
    /// A row of `integrations`.
    IntegrationId = "integration",
    /// A row of `videos`.
    VideoId = "video",
    /// A row of `notifications`.
    NotificationId = "notification",
    /// A row of `nft_ownership`.
    NftOwnershipId = "nft_ownership",
    /// A row of `configuration_settings`.
    SettingId = "setting",
    /// A row of `configuration_history`.
    SettingHistoryId = "setting_history",
    /// A row of `configuration_revision`.
    ConfigurationRevisionId = "configuration_revision",
    /// A row of `feature_flags`.
    FlagId = "flag",
    /// A row of `feature_flag_history`.
    FlagHistoryId = "flag_history",
    /// A row of `segments`.
    SegmentId = "segment",
    /// A row of `scheduled_changes`.
    ScheduledChangeId = "scheduled_change",
    /// A row of `flag_ramps`.
    FlagRampId = "flag_ramp",
    /// A row of `flag_evaluations`.
    FlagEvaluationId = "flag_evaluation",
    /// A row of `flag_contexts`.
    FlagContextId = "flag_context",
    /// A row of `webhook_endpoints`.
    WebhookEndpointId = "webhook_endpoint",
    /// A row of `webhook_messages`.
    WebhookMessageId = "webhook_message",
    /// A row of `webhook_deliveries`.
    WebhookDeliveryId = "webhook_delivery",
    /// A row of `webhook_attempts`.
    WebhookAttemptId = "webhook_attempt",
    /// A row of `webhook_sources`.
    WebhookSourceId = "webhook_source",
    /// A row of `inbound_events`.
    InboundEventId = "inbound_event",
    /// A row of `job_schedules`.
    JobScheduleId = "job_schedule",
    /// A row of `saved_views`.
    SavedViewId = "saved_view",
    /// A row of `saved_reports`.
    SavedReportId = "saved_report",
    /// A row of `trusted_documents`.
    TrustedDocumentId = "trusted_document",
    /// A row of `import_batches`.
    ImportBatchId = "import_batch",
    /// A row of `import_records`.
    ImportRecordId = "import_record",
    /// A row of `model_prices`.
    ModelPriceId = "model_price",
    /// A row of `token_rollups`.
    TokenRollupId = "token_rollup",
    /// A row of `token_hour_rollups`.
    TokenHourRollupId = "token_hour_rollup",
    /// A row of `token_user_rollups`.
    TokenUserRollupId = "token_user_rollup",
    /// A row of `user_day_rollups`.
    UserDayRollupId = "user_day_rollup",
    /// A row of `user_month_rollups`.
    UserMonthRollupId = "user_month_rollup",
    /// A row of `thread_rollups`.
    ThreadRollupId = "thread_rollup",
    /// A row of `token_deltas`.
    TokenDeltaId = "token_delta",
    /// A row of `token_day_rollups`.
    TokenDayRollupId = "token_day_rollup",
    /// The row of `rollup_state`.
    RollupStateId = "rollup_state",
    /// A row of `run_rollups`.
    RunRollupId = "run_rollup",
    /// A row of `run_deltas`.
    RunDeltaId = "run_delta",
    /// A row of `user_packs`.
    UserPackId = "user_pack",
    /// A row of `day_packs`.
    DayPackId = "day_pack",
    /// A row of `active_rollups`.
    ActiveRollupId = "active_rollup",
    /// A row of `stage_rollups`.
    StageRollupId = "stage_rollup",
    /// A row of `stage_deltas`.
    StageDeltaId = "stage_delta",
}

/// A row of `tool_calls`. The one key that is a text: the model's provider made it, and it may hold
/// spaces and quotes.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType,
)]
#[serde(transparent)]
pub struct ToolCallId(pub String);

impl fmt::Display for ToolCallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<String> for ToolCallId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl TryFromU64 for ToolCallId {
    fn try_from_u64(_: u64) -> Result<Self, DbErr> {
        Err(DbErr::ConvertFromU64("ToolCallId"))
    }
}
