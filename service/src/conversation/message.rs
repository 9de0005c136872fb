//! Messages: said in one request with what it took to answer, one or a thousand at a time.

use chrono::{DateTime, Duration, Utc};
use entity::conversation::complexity_estimation::ReasoningLevel;
use entity::conversation::message::{MessageEntity, Model};
use entity::conversation::token_consumption::{TokenTask, TokenType};
use entity::conversation::{
    complexity_estimation, thread, token_consumption, tool_call, tool_selection,
};
use entity::id::{
    ComplexityEstimationId, MessageId, ThreadId, TokenConsumptionId, ToolCallId, ToolSelectionId,
};

use super::error::Error;
use super::thread::{audit_foreign, whole_micros};
use super::{content, policy, store};
use crate::analytics::rollup::{self, Which};
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::page::{Order, Page, Request};
use crate::signal::Signal;
use crate::webhook::{self, Event};
use crate::write::Write;

/// The most messages that go in at once.
pub const BATCH: usize = 5_000;

/// How far the clocks of two processes may be apart.
const SKEW: Duration = Duration::seconds(10);

/// The most characters of a name: of a tool, of a model, of a tool call's id.
const NAME: usize = 255;

/// The most rows of one kind that belong to a message.
pub const CHILDREN: usize = 128;

/// The most bytes that a tool call's arguments may have.
pub const ARGUMENTS_BYTES: usize = 1024 * 1024;

/// What is said. What is not given is made: an id, the moment.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are those of the tables")]
pub struct NewMessage {
    pub id: Option<MessageId>,
    pub creation_date: Option<DateTime<Utc>>,
    pub entity: MessageEntity,
    pub content: String,
    pub is_complete: bool,
    pub tool_calls: Vec<NewToolCall>,
    pub tool_selections: Vec<NewToolSelection>,
    pub complexity: Vec<NewComplexity>,
    pub tokens: Vec<NewTokens>,
}

/// What the model asked a tool to do.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are those of `tool_calls`")]
pub struct NewToolCall {
    pub id: ToolCallId,
    pub name: String,
    pub arguments: String,
    pub validated: Option<bool>,
}

/// A tool that was offered.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are those of `tool_selection`")]
pub struct NewToolSelection {
    pub id: Option<ToolSelectionId>,
    pub tool_name: String,
}

/// How hard the message was thought to be.
#[derive(Clone, Debug)]
#[expect(
    missing_docs,
    reason = "the fields are those of `complexity_estimation`"
)]
pub struct NewComplexity {
    pub id: Option<ComplexityEstimationId>,
    pub complexity: Option<i32>,
    pub model: String,
    pub reasoning: Option<ReasoningLevel>,
}

/// What the message cost at a model.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are those of `token_consumption`")]
pub struct NewTokens {
    pub id: Option<TokenConsumptionId>,
    pub kind: TokenType,
    pub task: TokenTask,
    pub count: i32,
    pub model: String,
}

/// A message with everything that belongs to it.
#[derive(Clone, Debug)]
pub struct MessageDetail {
    /// The message.
    pub message: Model,
    /// The tools that it called.
    pub tool_calls: Vec<tool_call::Model>,
    /// The tools that were offered for it.
    pub tool_selections: Vec<tool_selection::Model>,
    /// How hard it was thought to be.
    pub complexity: Vec<complexity_estimation::Model>,
    /// The tokens that it cost.
    pub tokens: Vec<token_consumption::Model>,
}

impl From<Model> for MessageDetail {
    fn from(message: Model) -> Self {
        Self {
            message,
            tool_calls: Vec::new(),
            tool_selections: Vec::new(),
            complexity: Vec::new(),
            tokens: Vec::new(),
        }
    }
}

/// Say something in a thread: all of it, or nothing. `pointer` is where the messages stand in the
/// request (`""` for a single one, `/messages` for several).
pub async fn append(
    ctx: &Ctx,
    id: ThreadId,
    new: Vec<NewMessage>,
    pointer: &str,
) -> Result<Vec<MessageDetail>> {
    let scope = policy::write(&ctx.actor)?;
    check(&new, pointer)?;

    let tx = ctx.write().await?;
    let mut thread = store::thread_held(&tx, scope, id).await?;
    let now = turn(&tx, &thread);
    let details: Vec<MessageDetail> = (0_i64..)
        .zip(new)
        // What is said in one breath keeps its order.
        .map(|(place, new)| new.row(&tx, id, now + Duration::microseconds(place)))
        .collect();
    store::insert_messages(&tx, &details).await?;
    rollup::said(&tx, &thread, &details).await?;
    let newest = details.iter().map(|detail| detail.message.creation_date);
    if let Some(newest) = newest.max().filter(|newest| *newest > thread.update_date) {
        thread.update_date = newest;
        store::update_thread(&tx, &thread).await?;
    }
    audit_foreign(&tx, "thread.append", &thread).await?;
    let said = details.iter().map(|detail| &detail.message);
    webhook::emit(&tx, Event::appended(&thread, said)).await?;
    tx.signal(Signal::ThreadWritten(id));
    tx.made(match details.as_slice() {
        [one] => format!("/threads/{id}/messages/{}", one.message.id),
        _ => format!("/threads/{id}/messages"),
    });
    tx.commit().await?;
    Ok(details)
}

/// The time of what is said next in a thread that is held: behind all that was said before, whatever
/// the clock of the process that it was said by. Until the write is over nobody else gets one.
fn turn(tx: &Write, thread: &thread::Model) -> DateTime<Utc> {
    // Not the write's own: that was before it waited.
    let now = whole_micros(tx.services().clock.now());
    let next = thread.update_date + Duration::microseconds(1);
    // A record that was brought along from the future keeps nobody there.
    if next > now && next - now < SKEW {
        next
    } else {
        now
    }
}

/// One page of a thread's messages, the oldest first unless `order` says otherwise.
pub async fn messages(
    ctx: &Ctx,
    id: ThreadId,
    order: Order,
    page: Request,
) -> Result<Page<MessageDetail>> {
    let scope = policy::read(&ctx.actor)?;
    let reader = ctx.read()?;
    store::thread(&reader, scope, id).await?;
    let mut page = store::messages(&reader, scope, id, order, page).await?;
    let details = store::details(&reader, std::mem::take(&mut page.items)).await?;
    Ok(page.with(|_| details))
}

/// One message of a thread.
pub async fn message(ctx: &Ctx, thread: ThreadId, id: MessageId) -> Result<MessageDetail> {
    let scope = policy::read(&ctx.actor)?;
    let reader = ctx.read()?;
    store::thread(&reader, scope, thread).await?;
    let message = store::message(&reader, scope, thread, id).await?;
    let mut details = store::details(&reader, vec![message]).await?;
    details
        .pop()
        .ok_or_else(|| Error::MessageNotFound(id).into())
}

/// Take a message back, with everything that belongs to it.
pub async fn remove(ctx: &Ctx, thread: ThreadId, id: MessageId) -> Result<()> {
    let scope = policy::write(&ctx.actor)?;
    let tx = ctx.write().await?;
    let mut thread = store::thread_held(&tx, scope, thread).await?;
    store::message(&tx, scope, thread.id, id).await?;
    if !take_back(&tx, thread.id, id).await? {
        return Err(Error::MessageNotFound(id).into());
    }
    thread.update_date = thread.update_date.max(tx.now);
    store::update_thread(&tx, &thread).await?;
    audit_foreign(&tx, "thread.remove_message", &thread).await?;
    tx.signal(Signal::ThreadWritten(thread.id));
    tx.commit().await
}

/// Remove a message of a thread that is held; tells whether it was there.
pub(crate) async fn take_back(tx: &Write, thread: ThreadId, id: MessageId) -> Result<bool> {
    rollup::counted(tx, Which::Messages(&[id]), -1).await?;
    store::delete_message(tx, thread, id).await
}

fn check(new: &[NewMessage], pointer: &str) -> Result<()> {
    let mut check = Check::default();
    if new.is_empty() || new.len() > BATCH {
        let detail = format!("must have 1 to {BATCH} messages");
        check.wrong(pointer, detail);
        return Ok(check.done()?);
    }
    for (index, message) in new.iter().enumerate() {
        if pointer.is_empty() {
            message.check("", &mut check);
        } else {
            message.check(&format!("{pointer}/{index}"), &mut check);
        }
    }
    Ok(check.done()?)
}

/// What a tool call says must be what the tables of both programs keep.
pub(crate) fn check_call(check: &mut Check, at: &str, name: &str, arguments: &str) {
    check.text(format!("{at}/name"), name, true, NAME);
    check.bytes(format!("{at}/arguments"), arguments, ARGUMENTS_BYTES);
}

/// The name of a tool or of a model.
pub(crate) fn check_name(check: &mut Check, pointer: impl Into<String>, name: &str) {
    check.text(pointer, name, true, NAME);
}

impl NewMessage {
    fn check(&self, at: &str, check: &mut Check) {
        check.time(format!("{at}/creation_date"), self.creation_date);
        if let Some(fault) = content::fault(self.entity, &self.content) {
            check.wrong(format!("{at}/content"), fault);
        }
        for (name, count) in [
            ("tool_calls", self.tool_calls.len()),
            ("tool_selections", self.tool_selections.len()),
            ("complexity", self.complexity.len()),
            ("tokens", self.tokens.len()),
        ] {
            if count > CHILDREN {
                check.wrong(
                    format!("{at}/{name}"),
                    format!("has {count} entries; {CHILDREN} is the most"),
                );
            }
        }
        for (i, call) in self.tool_calls.iter().enumerate() {
            check.text(format!("{at}/tool_calls/{i}/id"), &call.id.0, true, NAME);
            let at = format!("{at}/tool_calls/{i}");
            check_call(check, &at, &call.name, &call.arguments);
        }
        for (i, selection) in self.tool_selections.iter().enumerate() {
            let pointer = format!("{at}/tool_selections/{i}/tool_name");
            check_name(check, pointer, &selection.tool_name);
        }
        for (i, estimate) in self.complexity.iter().enumerate() {
            let pointer = format!("{at}/complexity/{i}/model");
            check_name(check, pointer, &estimate.model);
        }
        for (i, tokens) in self.tokens.iter().enumerate() {
            check.text(format!("{at}/tokens/{i}/model"), &tokens.model, true, NAME);
            if tokens.count < 0 {
                check.wrong(format!("{at}/tokens/{i}/count"), "must not be negative");
            }
        }
    }

    fn row(self, tx: &Write, thread: ThreadId, moment: DateTime<Utc>) -> MessageDetail {
        let id = self.id.unwrap_or_else(|| tx.fresh());
        let message = Model {
            id,
            creation_date: self.creation_date.map_or(moment, whole_micros),
            content: self.content,
            thread_id: thread,
            entity: self.entity,
            is_complete: self.is_complete,
        };
        let call = |call: NewToolCall| tool_call::Model {
            id: call.id,
            name: call.name,
            arguments: call.arguments,
            validated: call.validated,
            message_id: id,
        };
        let selection = |selection: NewToolSelection| tool_selection::Model {
            id: selection.id.unwrap_or_else(|| tx.fresh()),
            message_id: id,
            tool_name: selection.tool_name,
        };
        let estimate = |estimate: NewComplexity| complexity_estimation::Model {
            id: estimate.id.unwrap_or_else(|| tx.fresh()),
            complexity: estimate.complexity,
            model: estimate.model,
            reasoning: estimate.reasoning,
            message_id: id,
        };
        let tokens = |tokens: NewTokens| token_consumption::Model {
            id: tokens.id.unwrap_or_else(|| tx.fresh()),
            message_id: id,
            kind: tokens.kind,
            task: tokens.task,
            count: tokens.count,
            model: tokens.model,
        };
        MessageDetail {
            message,
            tool_calls: self.tool_calls.into_iter().map(call).collect(),
            tool_selections: self.tool_selections.into_iter().map(selection).collect(),
            complexity: self.complexity.into_iter().map(estimate).collect(),
            tokens: self.tokens.into_iter().map(tokens).collect(),
        }
    }
}
