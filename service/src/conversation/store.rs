//! The queries of conversations.

use entity::conversation::{
    complexity_estimation, message, thread, token_consumption, tool_call, tool_selection,
};
use entity::id::{MessageId, ThreadId, UserId};
use entity::{Scope, Scoped};
use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use super::error::Error;
use super::message::MessageDetail;
use super::thread::ThreadFilter;
use crate::error::Result;
use crate::page::{Order, Page, Place, Request};
use crate::write::Write;

pub(super) async fn thread(
    conn: &impl ConnectionTrait,
    scope: Scope,
    id: ThreadId,
) -> Result<thread::Model> {
    let select = thread::Entity::within(scope).filter(thread::Column::Id.eq(id));
    let found = select.one(conn).await?;
    found.ok_or_else(|| Error::ThreadNotFound(id).into())
}

/// One page of the threads, the one that moved last first.
pub(super) async fn threads(
    conn: &impl ConnectionTrait,
    scope: Scope,
    filter: &ThreadFilter,
    page: Request,
) -> Result<Page<thread::Model>> {
    use thread::Column;
    let list = format!("threads {scope:?} {filter:?}");
    let mut select = thread::Entity::within(scope);
    if let Some(vlab) = filter.vlab_id {
        select = select.filter(Column::VlabId.eq(vlab));
    }
    if let Some(project) = filter.project_id {
        select = select.filter(Column::ProjectId.eq(project));
    }
    if let Some(user) = filter.user {
        select = select.filter(Column::UserId.eq(user));
    }
    let place = |thread: &thread::Model| Place {
        time: thread.update_date,
        id: thread.id.0,
    };
    let keys = (Column::UpdateDate, Column::Id);
    page.page(conn, select, keys, Order::Newest, &list, place)
        .await
}

/// The thread, held until the write is over, so that its date moves forward only.
pub(super) async fn thread_held(tx: &Write, scope: Scope, id: ThreadId) -> Result<thread::Model> {
    let select = thread::Entity::within(scope).filter(thread::Column::Id.eq(id));
    let found = select.lock_exclusive().one(tx).await?;
    found.ok_or_else(|| Error::ThreadNotFound(id).into())
}

pub(super) async fn insert_thread(tx: &Write, row: thread::Model) -> Result<()> {
    tx.insert(row).await
}

pub(super) async fn update_thread(tx: &Write, row: &thread::Model) -> Result<()> {
    tx.update(row).await
}

/// One page of a thread's messages.
pub(super) async fn messages(
    conn: &impl ConnectionTrait,
    scope: Scope,
    thread: ThreadId,
    order: Order,
    page: Request,
) -> Result<Page<message::Model>> {
    use message::Column;
    let list = format!("messages {thread}");
    let select = message::Entity::within(scope).filter(Column::ThreadId.eq(thread));
    let place = |message: &message::Model| Place {
        time: message.creation_date,
        id: message.id.0,
    };
    let keys = (Column::CreationDate, Column::Id);
    page.page(conn, select, keys, order, &list, place).await
}

/// The first `most` of a thread's messages behind `place`, the oldest first.
pub(super) async fn messages_behind(
    conn: &impl ConnectionTrait,
    thread: ThreadId,
    place: Option<Place>,
    most: u64,
) -> Result<Vec<message::Model>> {
    use message::Column;
    let mut select = message::Entity::within(Scope::Everyone).filter(Column::ThreadId.eq(thread));
    if let Some(place) = place {
        let row = Expr::tuple([Expr::col(Column::CreationDate), Expr::col(Column::Id)]);
        let edge = Expr::tuple([Expr::val(place.time), Expr::val(place.id)]);
        select = select.filter(row.gt(edge));
    }
    let select = select
        .order_by_asc(Column::CreationDate)
        .order_by_asc(Column::Id);
    Ok(select.limit(most).all(conn).await?)
}

/// The last `most` of a thread's messages, the newest first.
pub(super) async fn last_messages(
    conn: &impl ConnectionTrait,
    thread: ThreadId,
    most: u64,
) -> Result<Vec<message::Model>> {
    use message::Column;
    let select = message::Entity::within(Scope::Everyone)
        .filter(Column::ThreadId.eq(thread))
        .order_by_desc(Column::CreationDate)
        .order_by_desc(Column::Id);
    Ok(select.limit(most).all(conn).await?)
}

pub(super) async fn message(
    conn: &impl ConnectionTrait,
    scope: Scope,
    thread: ThreadId,
    id: MessageId,
) -> Result<message::Model> {
    let found = message::Entity::within(scope)
        .filter(message::Column::ThreadId.eq(thread))
        .filter(message::Column::Id.eq(id))
        .one(conn)
        .await?;
    found.ok_or_else(|| Error::MessageNotFound(id).into())
}

/// Insert messages with everything that belongs to them.
pub(super) async fn insert_messages(tx: &Write, details: &[MessageDetail]) -> Result<()> {
    let messages = details.iter().map(|detail| detail.message.clone());
    tx.insert_all::<message::Entity>(messages).await?;
    let tool_calls = details.iter().flat_map(|detail| detail.tool_calls.clone());
    tx.insert_all::<tool_call::Entity>(tool_calls).await?;
    let selections = details
        .iter()
        .flat_map(|detail| detail.tool_selections.clone());
    tx.insert_all::<tool_selection::Entity>(selections).await?;
    let complexity = details.iter().flat_map(|detail| detail.complexity.clone());
    tx.insert_all::<complexity_estimation::Entity>(complexity)
        .await?;
    let tokens = details.iter().flat_map(|detail| detail.tokens.clone());
    tx.insert_all::<token_consumption::Entity>(tokens).await?;
    Ok(())
}

/// The messages with everything that belongs to them, in the order given: four questions, however
/// many messages there are.
pub(super) async fn details(
    conn: &impl ConnectionTrait,
    messages: Vec<message::Model>,
) -> Result<Vec<MessageDetail>> {
    let ids: Vec<MessageId> = messages.iter().map(|message| message.id).collect();
    let all = Scope::Everyone;
    let (calls, selections, complexity, tokens) = futures::try_join!(
        tool_call::Entity::within(all)
            .filter(tool_call::Column::MessageId.is_in(ids.clone()))
            .order_by_asc(tool_call::Column::Id)
            .all(conn),
        tool_selection::Entity::within(all)
            .filter(tool_selection::Column::MessageId.is_in(ids.clone()))
            .order_by_asc(tool_selection::Column::Id)
            .all(conn),
        complexity_estimation::Entity::within(all)
            .filter(complexity_estimation::Column::MessageId.is_in(ids.clone()))
            .order_by_asc(complexity_estimation::Column::Id)
            .all(conn),
        token_consumption::Entity::within(all)
            .filter(token_consumption::Column::MessageId.is_in(ids))
            .order_by_asc(token_consumption::Column::Id)
            .all(conn),
    )?;
    let mut details: Vec<MessageDetail> = messages.into_iter().map(MessageDetail::from).collect();
    let place: std::collections::HashMap<MessageId, usize> = details
        .iter()
        .enumerate()
        .map(|(place, detail)| (detail.message.id, place))
        .collect();
    for row in calls {
        details[place[&row.message_id]].tool_calls.push(row);
    }
    for row in selections {
        details[place[&row.message_id]].tool_selections.push(row);
    }
    for row in complexity {
        details[place[&row.message_id]].complexity.push(row);
    }
    for row in tokens {
        details[place[&row.message_id]].tokens.push(row);
    }
    Ok(details)
}

/// Remove one message of a thread with everything that belongs to it; tells whether it was there.
pub(super) async fn delete_message(tx: &Write, thread: ThreadId, id: MessageId) -> Result<bool> {
    let chosen = message::Entity::find()
        .select_only()
        .column(message::Column::Id)
        .filter(message::Column::ThreadId.eq(thread))
        .filter(message::Column::Id.eq(id))
        .into_query();
    delete_children(tx, &chosen).await?;
    let done = message::Entity::delete_many()
        .filter(message::Column::ThreadId.eq(thread))
        .filter(message::Column::Id.eq(id))
        .exec(tx)
        .await?;
    Ok(done.rows_affected > 0)
}

/// Some threads of a person, held until the write is over.
pub(super) async fn threads_held(tx: &Write, user: UserId, limit: u64) -> Result<Vec<ThreadId>> {
    let rows = thread::Entity::within(Scope::Owner(user))
        .order_by_asc(thread::Column::Id)
        .limit(limit)
        .lock_exclusive()
        .all(tx)
        .await?;
    Ok(rows.into_iter().map(|thread| thread.id).collect())
}

/// Hold the messages of threads that are held: one that somebody takes back meanwhile, without
/// holding its thread, is then gone before it is counted, or stays until it is.
pub(super) async fn hold_messages(tx: &Write, threads: &[ThreadId]) -> Result<()> {
    let select = message::Entity::find()
        .select_only()
        .column(message::Column::Id)
        .filter(message::Column::ThreadId.is_in(threads.iter().copied()))
        .order_by_asc(message::Column::Id)
        .lock_exclusive();
    select.into_tuple::<MessageId>().all(tx).await?;
    Ok(())
}

/// Children first: in an adopted database the keys have no delete rule.
pub(super) async fn delete_threads(tx: &Write, ids: &[ThreadId]) -> Result<()> {
    let messages = message::Entity::find()
        .select_only()
        .column(message::Column::Id)
        .filter(message::Column::ThreadId.is_in(ids.iter().copied()))
        .into_query();
    delete_children(tx, &messages).await?;
    message::Entity::delete_many()
        .filter(message::Column::ThreadId.is_in(ids.iter().copied()))
        .exec(tx)
        .await?;
    thread::Entity::delete_many()
        .filter(thread::Column::Id.is_in(ids.iter().copied()))
        .exec(tx)
        .await?;
    Ok(())
}

async fn delete_children(tx: &Write, messages: &SelectStatement) -> Result<()> {
    token_consumption::Entity::delete_many()
        .filter(token_consumption::Column::MessageId.in_subquery(messages.clone()))
        .exec(tx)
        .await?;
    complexity_estimation::Entity::delete_many()
        .filter(complexity_estimation::Column::MessageId.in_subquery(messages.clone()))
        .exec(tx)
        .await?;
    tool_selection::Entity::delete_many()
        .filter(tool_selection::Column::MessageId.in_subquery(messages.clone()))
        .exec(tx)
        .await?;
    tool_call::Entity::delete_many()
        .filter(tool_call::Column::MessageId.in_subquery(messages.clone()))
        .exec(tx)
        .await?;
    Ok(())
}
