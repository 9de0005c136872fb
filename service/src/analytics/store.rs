//! The queries of analytics.

use entity::conversation::token_consumption::{Column, Entity, Relation, TokenTask, TokenType};
use entity::conversation::{message, thread};
use entity::id::UserId;
use entity::{Scope, Scoped};
use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QuerySelect, RelationTrait,
    Select,
};

use super::token_usage::{Dimension, Question};
use super::{postgres, sqlite};
use crate::db::{Engine, Reader};
use crate::error::Result;

/// One group, in one stretch of time. What was not grouped by is `None`.
#[derive(Debug, FromQueryResult)]
pub(super) struct Row {
    pub stretch: i64,
    pub tokens: i64,
    pub model: Option<String>,
    pub task: Option<TokenTask>,
    pub kind: Option<TokenType>,
    pub user_id: Option<UserId>,
}

/// The tokens of the threads in `scope`, grouped as the question has it; at most `limit` groups.
pub(super) async fn tokens(
    reader: &Reader,
    scope: Scope,
    question: &Question,
    limit: u64,
) -> Result<Vec<Row>> {
    let rows = select(reader.engine(), question)
        .filter(thread::Entity::visible(scope))
        .limit(limit)
        .into_model::<Row>()
        .all(reader)
        .await?;
    Ok(rows)
}

fn select(engine: Engine, question: &Question) -> Select<Entity> {
    let seconds = question.bucket.grain(question.zone).as_secs();
    let time = r#""messages"."creation_date""#;
    let stretch = Expr::cust(match engine {
        Engine::Sqlite => sqlite::stretch(time, seconds),
        Engine::Postgres => postgres::stretch(time, seconds),
    });
    let select = Entity::find()
        .select_only()
        .join(JoinType::InnerJoin, Relation::Message.def())
        .join(JoinType::InnerJoin, message::Relation::Thread.def())
        .filter(message::Column::CreationDate.gte(question.range.from))
        .filter(message::Column::CreationDate.lt(question.range.to))
        .column_as(stretch.clone(), "stretch")
        .column_as(Column::Count.sum().cast_as("bigint"), "tokens")
        .group_by(stretch);
    let columns: [(Dimension, SimpleExpr, &str); 4] = [
        (Dimension::Model, Column::Model.into_expr(), "model"),
        (Dimension::Task, Column::Task.into_expr(), "task"),
        (Dimension::Type, Column::Kind.into_expr(), "kind"),
        (
            Dimension::User,
            thread::Column::UserId.into_expr(),
            "user_id",
        ),
    ];
    columns
        .into_iter()
        .fold(select, |select, (dimension, column, name)| {
            if question.group_by.contains(&dimension) {
                select.column_as(column.clone(), name).group_by(column)
            } else {
                select
            }
        })
}
