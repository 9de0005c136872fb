//! The two databases that are known, table by table and column by column.

/// A table over there, and what its rows become.
pub(super) struct Shape {
    /// Its name there.
    pub(super) name: &'static str,
    /// Ours.
    pub(super) table: &'static str,
    /// Its columns.
    pub(super) columns: &'static [Column],
}

/// A column over there.
pub(super) struct Column {
    /// Its name there.
    pub(super) name: &'static str,
    /// Ours; empty where the column is not simply taken over.
    pub(super) ours: &'static str,
    /// What it is.
    pub(super) kind: Kind,
}

/// What a column is over there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The row's id.
    Key,
    /// The id of a row of this table of theirs, which must be there.
    Of(&'static str),
    /// The id of a row of this table of theirs, which may be gone.
    Maybe(&'static str),
    /// A text, or an enum's value.
    Text,
    /// A whole number.
    Whole,
    /// A truth.
    Truth,
    /// A moment in UTC.
    Time,
    /// JSON.
    Json,
    /// A list of texts.
    List,
}

const fn column(name: &'static str, ours: &'static str, kind: Kind) -> Column {
    Column { name, ours, kind }
}

/// The opportunity pipeline.
pub(super) const PIPELINE: [Shape; 5] = [
    Shape {
        name: "User",
        table: "users",
        columns: &[
            column("id", "id", Kind::Key),
            column("clerkId", "", Kind::Text),
            column("email", "email", Kind::Text),
            column("name", "name", Kind::Text),
            column("createdAt", "created_at", Kind::Time),
            column("updatedAt", "updated_at", Kind::Time),
        ],
    },
    Shape {
        name: "Run",
        table: "runs",
        columns: &[
            column("id", "id", Kind::Key),
            column("userId", "user_id", Kind::Of("User")),
            column("companyId", "company_id", Kind::Text),
            column("companyName", "company_name", Kind::Text),
            column("documentName", "document_name", Kind::Text),
            column("documentUrl", "document_url", Kind::Text),
            column("status", "status", Kind::Text),
            column("currentStage", "current_stage", Kind::Whole),
            column("errorMessage", "error_message", Kind::Text),
            column("createdAt", "created_at", Kind::Time),
            column("updatedAt", "updated_at", Kind::Time),
            column("completedAt", "completed_at", Kind::Time),
        ],
    },
    Shape {
        name: "StageOutput",
        table: "stage_outputs",
        columns: &[
            column("id", "id", Kind::Key),
            column("runId", "run_id", Kind::Of("Run")),
            column("stageNumber", "stage_number", Kind::Whole),
            column("markdownOutput", "markdown_output", Kind::Text),
            column("jsonOutput", "json_output", Kind::Json),
            column("createdAt", "created_at", Kind::Time),
        ],
    },
    Shape {
        name: "InspirationReport",
        table: "inspiration_reports",
        columns: &[
            column("id", "id", Kind::Key),
            column("runId", "run_id", Kind::Of("Run")),
            column("inspiration1Title", "inspiration1_title", Kind::Text),
            column("inspiration1Content", "inspiration1_content", Kind::Text),
            column("inspiration1Elements", "inspiration1_elements", Kind::List),
            column("inspiration2Title", "inspiration2_title", Kind::Text),
            column("inspiration2Content", "inspiration2_content", Kind::Text),
            column("inspiration2Elements", "inspiration2_elements", Kind::List),
            column("createdAt", "created_at", Kind::Time),
            column("updatedAt", "updated_at", Kind::Time),
        ],
    },
    Shape {
        name: "OpportunityCard",
        table: "opportunity_cards",
        columns: &[
            column("id", "id", Kind::Key),
            column("runId", "run_id", Kind::Of("Run")),
            column("userId", "user_id", Kind::Of("User")),
            column("number", "number", Kind::Whole),
            column("title", "title", Kind::Text),
            column("tagline", "tagline", Kind::Text),
            column("problem", "problem", Kind::Text),
            column("solution", "solution", Kind::Text),
            column("why_now", "why_now", Kind::Text),
            column("target_segment", "target_segment", Kind::Text),
            column("quick_win", "quick_win", Kind::Text),
            column("starred", "starred", Kind::Truth),
            column("createdAt", "created_at", Kind::Time),
            column("updatedAt", "updated_at", Kind::Time),
        ],
    },
];

/// The agent platform.
pub(super) const AGENTS: [Shape; 4] = [
    Shape {
        name: "users",
        table: "users",
        columns: &[
            column("id", "id", Kind::Key),
            column("email", "email", Kind::Text),
            column("name", "name", Kind::Text),
            column("password_hash", "password_hash", Kind::Text),
            column("last_login", "last_login", Kind::Time),
            column("created_at", "created_at", Kind::Time),
            column("updated_at", "updated_at", Kind::Time),
        ],
    },
    Shape {
        name: "agent_templates_v2",
        table: "agent_templates_v2",
        columns: &[
            column("id", "id", Kind::Key),
            column("name", "name", Kind::Text),
            column("role", "role", Kind::Text),
            column("purpose", "purpose", Kind::Text),
            column("icon", "icon", Kind::Text),
            column("category", "category", Kind::Text),
            column("required_integrations", "required_integrations", Kind::List),
            column("capabilities", "capabilities", Kind::List),
            column("default_workflow", "default_workflow", Kind::Json),
            column("is_active", "is_active", Kind::Truth),
            column("usage_count", "usage_count", Kind::Whole),
            column("created_at", "created_at", Kind::Time),
            column("updated_at", "updated_at", Kind::Time),
        ],
    },
    Shape {
        name: "user_agents",
        table: "user_agents",
        columns: &[
            column("id", "id", Kind::Key),
            column("user_id", "user_id", Kind::Of("users")),
            column(
                "template_id",
                "template_id",
                Kind::Maybe("agent_templates_v2"),
            ),
            column("name", "name", Kind::Text),
            column("description", "description", Kind::Text),
            column("icon", "icon", Kind::Text),
            column("category", "category", Kind::Text),
            column("goal", "goal", Kind::Text),
            column("required_integrations", "required_integrations", Kind::Json),
            column("steps", "steps", Kind::Json),
            column("config", "config", Kind::Json),
            column("is_active", "is_active", Kind::Truth),
            column("is_favorite", "is_favorite", Kind::Truth),
            column("last_used", "last_used", Kind::Time),
            column("execution_count", "execution_count", Kind::Whole),
            column("created_at", "created_at", Kind::Time),
            column("updated_at", "updated_at", Kind::Time),
        ],
    },
    Shape {
        name: "configuration_settings",
        table: "configuration_settings",
        columns: &[
            column("id", "id", Kind::Key),
            column("key", "key", Kind::Text),
            column("value", "value", Kind::Json),
            column("description", "description", Kind::Text),
            column("environment", "environment", Kind::Text),
            column("is_active", "is_active", Kind::Truth),
            column("is_sensitive", "is_sensitive", Kind::Truth),
            column("created_by", "created_by", Kind::Maybe("users")),
            column("created_at", "created_at", Kind::Time),
            column("updated_at", "updated_at", Kind::Time),
        ],
    },
];
