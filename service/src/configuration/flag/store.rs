//! Every query of flags and their history.

use entity::configuration::{flag, flag_history};
use entity::{Scope, Scoped};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::FlagFilter;
use crate::configuration::name::Name;
use crate::error::{Common, Result};
use crate::page::{Order, Page, Place, Request, open_text, seal_bytes};
use crate::write::Write;

pub(super) async fn flag(conn: &impl ConnectionTrait, name: &Name) -> Result<Option<flag::Model>> {
    let select = flag::Entity::within(Scope::Everyone)
        .filter(flag::Column::Key.eq(&name.key))
        .filter(flag::Column::Environment.eq(&name.environment));
    Ok(select.one(conn).await?)
}

/// One page of the flags, by key and environment.
pub(super) async fn flags(
    conn: &impl ConnectionTrait,
    filter: &FlagFilter,
    page: Request,
) -> Result<Page<flag::Model>> {
    use flag::Column;
    let list = format!("flags {filter:?}");
    let limit = page.limit()?;
    let mut select = flag::Entity::within(Scope::Everyone);
    if let Some(environment) = &filter.environment {
        select = select.filter(Column::Environment.eq(environment));
    }
    if let Some(archived) = filter.archived {
        select = select.filter(if archived {
            Column::ArchivedAt.is_not_null()
        } else {
            Column::ArchivedAt.is_null()
        });
    }
    let total = page.total(conn, &select).await?;
    if let Some(cursor) = &page.after {
        let after = open_text(&list, Order::Oldest, cursor)?;
        let (key, environment) = after.split_once('\n').ok_or(Common::Cursor)?;
        let row = Expr::tuple([Column::Key.into_expr(), Column::Environment.into_expr()]);
        select = select.filter(row.gt(Expr::tuple([Expr::val(key), Expr::val(environment)])));
    }
    let rows = select
        .order_by_asc(Column::Key)
        .order_by_asc(Column::Environment)
        .limit(limit + 1)
        .all(conn)
        .await?;
    Ok(Page::cut(rows, limit, total, |last| {
        let place = format!("{}\n{}", last.key, last.environment);
        seal_bytes(&list, Order::Oldest, place.as_bytes())
    }))
}

pub(super) async fn count(tx: &Write) -> Result<u64> {
    Ok(flag::Entity::within(Scope::Everyone).count(tx).await?)
}

pub(super) async fn insert(tx: &Write, row: flag::Model) -> Result<()> {
    tx.insert(row).await
}

pub(super) async fn update(tx: &Write, row: &flag::Model) -> Result<()> {
    tx.update(row).await
}

pub(super) async fn delete(tx: &Write, row: &flag::Model) -> Result<()> {
    flag::Entity::delete_by_id(row.id).exec(tx).await?;
    Ok(())
}

pub(super) async fn put_history(tx: &Write, entry: flag_history::Model) -> Result<()> {
    tx.insert(entry).await
}

/// The last version that a flag of this name has had; none where it never was.
pub(super) async fn last_version(conn: &impl ConnectionTrait, name: &Name) -> Result<Option<i64>> {
    let select = flag_history::Entity::within(Scope::Everyone)
        .filter(flag_history::Column::Key.eq(&name.key))
        .filter(flag_history::Column::Environment.eq(&name.environment))
        .order_by_desc(flag_history::Column::Version);
    Ok(select.one(conn).await?.map(|row| row.version))
}

/// One page of a flag's history, the last write first.
pub(super) async fn history(
    conn: &impl ConnectionTrait,
    name: &Name,
    page: Request,
) -> Result<Page<flag_history::Model>> {
    use flag_history::Column;
    let select = flag_history::Entity::within(Scope::Everyone)
        .filter(Column::Key.eq(&name.key))
        .filter(Column::Environment.eq(&name.environment));
    let list = format!("flag history of {name:?}");
    let place = |row: &flag_history::Model| Place {
        time: row.created_at,
        id: row.id.0,
    };
    let keys = (Column::CreatedAt, Column::Id);
    page.page(conn, select, keys, Order::Newest, &list, place)
        .await
}
