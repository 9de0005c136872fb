//! Messages as they come and go: one shape in both directions.

use chrono::{DateTime, Utc};
use entity::conversation::complexity_estimation::ReasoningLevel;
use entity::conversation::message::MessageEntity;
use entity::conversation::token_consumption::{TokenTask, TokenType};
use entity::id::{
    ComplexityEstimationId, MessageId, TokenConsumptionId, ToolCallId, ToolSelectionId,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use service::conversation::{
    MessageDetail, NewComplexity, NewMessage, NewTokens, NewToolCall, NewToolSelection,
};
use utoipa::ToSchema;
use uuid::Uuid;

/// A message with everything that belongs to it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Message {
    id: Uuid,
    thread_id: Uuid,
    creation_date: DateTime<Utc>,
    #[schema(value_type = String, example = "AI_MESSAGE")]
    entity: MessageEntity,
    /// As it was sent: JSON in a string.
    content: String,
    is_complete: bool,
    tool_calls: Vec<ToolCall>,
    tool_selections: Vec<ToolSelection>,
    complexity: Vec<Estimate>,
    tokens: Vec<Tokens>,
}

/// What saying something takes. Ids and times are given by those who bring records along.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMessageBody {
    id: Option<Uuid>,
    creation_date: Option<DateTime<Utc>>,
    /// `USER`, `AI_MESSAGE`, `AI_TOOL` or `TOOL`.
    #[schema(value_type = String, example = "USER")]
    entity: MessageEntity,
    /// An object, or JSON in a string. What `USER` and `AI_MESSAGE` have in its member `content` is
    /// searched.
    #[schema(value_type = Object, example = json!({ "role": "user", "content": "Which cells?" }))]
    content: Box<RawValue>,
    /// Whether it was said to the end; `true` unless said.
    is_complete: Option<bool>,
    #[serde(default)]
    tool_calls: Vec<ToolCall>,
    #[serde(default)]
    tool_selections: Vec<ToolSelection>,
    #[serde(default)]
    complexity: Vec<Estimate>,
    #[serde(default)]
    tokens: Vec<Tokens>,
}

/// What the model asked a tool to do.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolCall {
    /// The provider's id of the call.
    #[schema(example = "call_4fYb")]
    id: String,
    name: String,
    /// JSON in a string, as the model wrote it.
    arguments: String,
    /// Whether the person allowed it; absent where nobody had to.
    validated: Option<bool>,
}

/// A tool that was offered to the model.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolSelection {
    id: Option<Uuid>,
    tool_name: String,
}

/// How hard the message was thought to be.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Estimate {
    id: Option<Uuid>,
    complexity: Option<i32>,
    model: String,
    /// `NONE`, `MINIMAL`, `LOW`, `MEDIUM` or `HIGH`.
    #[schema(value_type = Option<String>)]
    reasoning: Option<ReasoningLevel>,
}

/// What the message cost at a model.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Tokens {
    id: Option<Uuid>,
    /// `INPUT_NONCACHED`, `INPUT_CACHED` or `COMPLETION`.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: TokenType,
    /// `CHAT_COMPLETION`, `TOOL_SELECTION` or `CALL_WITHIN_TOOL`.
    #[schema(value_type = String)]
    task: TokenTask,
    count: i32,
    model: String,
}

impl From<MessageDetail> for Message {
    fn from(detail: MessageDetail) -> Self {
        let message = detail.message;
        let call = |call: entity::conversation::tool_call::Model| ToolCall {
            id: call.id.0,
            name: call.name,
            arguments: call.arguments,
            validated: call.validated,
        };
        let selection = |row: entity::conversation::tool_selection::Model| ToolSelection {
            id: Some(row.id.0),
            tool_name: row.tool_name,
        };
        let estimate = |row: entity::conversation::complexity_estimation::Model| Estimate {
            id: Some(row.id.0),
            complexity: row.complexity,
            model: row.model,
            reasoning: row.reasoning,
        };
        let tokens = |row: entity::conversation::token_consumption::Model| Tokens {
            id: Some(row.id.0),
            kind: row.kind,
            task: row.task,
            count: row.count,
            model: row.model,
        };
        Self {
            id: message.id.0,
            thread_id: message.thread_id.0,
            creation_date: message.creation_date,
            entity: message.entity,
            content: message.content,
            is_complete: message.is_complete,
            tool_calls: detail.tool_calls.into_iter().map(call).collect(),
            tool_selections: detail.tool_selections.into_iter().map(selection).collect(),
            complexity: detail.complexity.into_iter().map(estimate).collect(),
            tokens: detail.tokens.into_iter().map(tokens).collect(),
        }
    }
}

impl From<NewMessageBody> for NewMessage {
    fn from(body: NewMessageBody) -> Self {
        let call = |call: ToolCall| NewToolCall {
            id: ToolCallId(call.id),
            name: call.name,
            arguments: call.arguments,
            validated: call.validated,
        };
        let selection = |row: ToolSelection| NewToolSelection {
            id: row.id.map(ToolSelectionId),
            tool_name: row.tool_name,
        };
        let estimate = |row: Estimate| NewComplexity {
            id: row.id.map(ComplexityEstimationId),
            complexity: row.complexity,
            model: row.model,
            reasoning: row.reasoning,
        };
        let tokens = |row: Tokens| NewTokens {
            id: row.id.map(TokenConsumptionId),
            kind: row.kind,
            task: row.task,
            count: row.count,
            model: row.model,
        };
        Self {
            id: body.id.map(MessageId),
            creation_date: body.creation_date,
            entity: body.entity,
            content: text(&body.content),
            is_complete: body.is_complete.unwrap_or(true),
            tool_calls: body.tool_calls.into_iter().map(call).collect(),
            tool_selections: body.tool_selections.into_iter().map(selection).collect(),
            complexity: body.complexity.into_iter().map(estimate).collect(),
            tokens: body.tokens.into_iter().map(tokens).collect(),
        }
    }
}

/// What is kept of `content`: a string's text, and everything else as it was written.
fn text(content: &RawValue) -> String {
    serde_json::from_str(content.get()).unwrap_or_else(|_| content.get().to_owned())
}
