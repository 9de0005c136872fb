//! Threads, and what was said in them.

use async_graphql::{Context, Enum, Object, SimpleObject};
use chrono::{DateTime, Utc};
use entity::conversation::{message, thread, token_consumption, tool_call};
use entity::id::{ThreadId, UserId};
use service::conversation::{self, MessageDetail, ThreadFilter};
use service::page::Order;
use uuid::Uuid;

use super::caller;
use super::page::{Connection, request};
use crate::error::ApiError;

#[derive(Debug, Default)]
pub(super) struct ConversationQuery;

#[Object]
impl ConversationQuery {
    /// The threads in the caller's sight, the one that moved last first.
    async fn threads(
        &self,
        context: &Context<'_>,
        #[graphql(default = 50, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "The `endCursor` of the page before.")] after: Option<String>,
        #[graphql(desc = "Only those of this virtual lab.")] vlab_id: Option<Uuid>,
        #[graphql(desc = "Only those of this project.")] project_id: Option<Uuid>,
        #[graphql(desc = "Only those of this person.")] user_id: Option<Uuid>,
    ) -> Result<Connection<Thread>, ApiError> {
        let filter = ThreadFilter {
            vlab_id,
            project_id,
            user: user_id.map(UserId),
        };
        let page = conversation::threads(caller(context)?, filter, request(first, after)).await?;
        Ok(Connection::of(page))
    }

    /// One thread.
    async fn thread(&self, context: &Context<'_>, id: Uuid) -> Result<Option<Thread>, ApiError> {
        let thread = conversation::thread(caller(context)?, ThreadId(id)).await?;
        Ok(Some(thread.into()))
    }

    /// The messages of a thread, the oldest first, with what belongs to each.
    async fn messages(
        &self,
        context: &Context<'_>,
        thread_id: Uuid,
        #[graphql(default = 50, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "The `endCursor` of the page before.")] after: Option<String>,
        #[graphql(default, desc = "Whether the newest come first.")] newest_first: bool,
    ) -> Result<Connection<Message>, ApiError> {
        let order = if newest_first {
            Order::Newest
        } else {
            Order::Oldest
        };
        let page = request(first, after);
        let page = conversation::messages(caller(context)?, ThreadId(thread_id), order, page);
        Ok(Connection::of(page.await?))
    }
}

/// A conversation.
#[derive(Debug, SimpleObject)]
pub(super) struct Thread {
    id: Uuid,
    user_id: Uuid,
    title: String,
    vlab_id: Option<Uuid>,
    project_id: Option<Uuid>,
    creation_date: DateTime<Utc>,
    update_date: DateTime<Utc>,
}

impl From<thread::Model> for Thread {
    fn from(thread: thread::Model) -> Self {
        Self {
            id: thread.id.0,
            user_id: thread.user_id.0,
            title: thread.title,
            vlab_id: thread.vlab_id,
            project_id: thread.project_id,
            creation_date: thread.creation_date,
            update_date: thread.update_date,
        }
    }
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "message::MessageEntity")]
pub(super) enum MessageEntity {
    /// The person.
    User,
    /// The model, asking for a tool.
    AiTool,
    /// A tool, answering.
    Tool,
    /// The model.
    AiMessage,
}

/// What the model was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "token_consumption::TokenTask")]
pub(super) enum TokenTask {
    /// The answer itself.
    ChatCompletion,
    /// The choice of tools.
    ToolSelection,
    /// Something a tool needed.
    CallWithinTool,
}

/// What the tokens were.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "token_consumption::TokenType")]
pub(super) enum TokenType {
    /// Read, and new to the provider.
    InputNoncached,
    /// Read, and known to the provider.
    InputCached,
    /// Written.
    Completion,
}

/// What somebody, the model or a tool said.
#[derive(Debug, SimpleObject)]
pub(super) struct Message {
    id: Uuid,
    thread_id: Uuid,
    entity: MessageEntity,
    /// What was said, as a JSON string.
    content: String,
    is_complete: bool,
    creation_date: DateTime<Utc>,
    tool_calls: Vec<ToolCall>,
    /// The names of the tools that were offered.
    tool_selection: Vec<String>,
    tokens: Vec<Tokens>,
}

/// A tool that a message called.
#[derive(Debug, SimpleObject)]
struct ToolCall {
    id: String,
    name: String,
    /// JSON, as the model wrote it.
    arguments: String,
    /// Whether the person agreed; null where nobody was asked.
    validated: Option<bool>,
}

/// The tokens of one type that one task of a message cost.
#[derive(Debug, SimpleObject)]
struct Tokens {
    #[graphql(name = "type")]
    kind: TokenType,
    task: TokenTask,
    count: i32,
    model: String,
}

impl From<MessageDetail> for Message {
    fn from(detail: MessageDetail) -> Self {
        let message = detail.message;
        let offered = detail.tool_selections.into_iter();
        Self {
            id: message.id.0,
            thread_id: message.thread_id.0,
            entity: message.entity.into(),
            content: message.content,
            is_complete: message.is_complete,
            creation_date: message.creation_date,
            tool_calls: detail.tool_calls.into_iter().map(Into::into).collect(),
            tool_selection: offered.map(|tool| tool.tool_name).collect(),
            tokens: detail.tokens.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<tool_call::Model> for ToolCall {
    fn from(call: tool_call::Model) -> Self {
        Self {
            id: call.id.0,
            name: call.name,
            arguments: call.arguments,
            validated: call.validated,
        }
    }
}

impl From<token_consumption::Model> for Tokens {
    fn from(tokens: token_consumption::Model) -> Self {
        Self {
            kind: tokens.kind.into(),
            task: tokens.task.into(),
            count: tokens.count,
            model: tokens.model,
        }
    }
}
