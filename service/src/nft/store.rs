//! Every query of the ownerships.

use chrono::{DateTime, Utc};
use entity::id::{NftOwnershipId, UserId};
use entity::media::nft_ownership::{Column, Entity, Model, NftProblem};
use entity::{Scope, Scoped};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};

use super::NftFilter;
use super::error::Error;
use crate::error::Result;
use crate::page::{Order, Page, Place, Request};
use crate::write::Write;

/// As many rows of one NFT are looked through for its owner.
const HOLDERS: u64 = 100;

/// The row of an NFT and a wallet, held until the write is over; a `fresh` one where there is none.
pub(super) async fn claimed(
    tx: &Write,
    nft: &str,
    wallet: String,
    fresh: impl Fn(&Write, String) -> Model,
) -> Result<Model> {
    let held = async || {
        let select = Entity::within(Scope::Everyone)
            .filter(Column::NftId.eq(nft))
            .filter(Column::WalletAddress.eq(wallet.as_str()));
        select.lock_exclusive().one(tx).await
    };
    if let Some(row) = held().await? {
        return Ok(row);
    }
    let row = fresh(tx, wallet.clone());
    Entity::insert(row.into_active_model().reset_all())
        .on_conflict_do_nothing_on([Column::NftId, Column::WalletAddress])
        .exec_without_returning(tx)
        .await?;
    let row = held().await?;
    row.ok_or_else(|| crate::Error::internal("a claim was not written"))
}

pub(super) async fn update(tx: &Write, row: &Model) -> Result<()> {
    tx.update(row).await
}

pub(super) async fn find(conn: &impl ConnectionTrait, id: NftOwnershipId) -> Result<Option<Model>> {
    let select = Entity::within(Scope::Everyone).filter(Column::Id.eq(id));
    Ok(select.one(conn).await?)
}

/// The row, held until the write is over.
pub(super) async fn held(tx: &Write, id: NftOwnershipId) -> Result<Option<Model>> {
    let select = Entity::within(Scope::Everyone).filter(Column::Id.eq(id));
    Ok(select.lock_exclusive().one(tx).await?)
}

pub(super) async fn nft(
    conn: &impl ConnectionTrait,
    scope: Scope,
    id: NftOwnershipId,
) -> Result<Model> {
    let select = Entity::within(scope).filter(Column::Id.eq(id));
    let found = select.one(conn).await?;
    found.ok_or_else(|| Error::NotFound(id).into())
}

pub(super) async fn nfts(
    conn: &impl ConnectionTrait,
    scope: Scope,
    filter: &NftFilter,
    page: Request,
) -> Result<Page<Model>> {
    let list = format!("nfts {scope:?} {filter:?}");
    let mut select = Entity::within(scope);
    if let Some(verified) = filter.verified {
        select = select.filter(Column::Verified.eq(verified));
    }
    if let Some(nft) = &filter.nft_id {
        select = select.filter(Column::NftId.eq(nft));
    }
    if let Some(user) = filter.user {
        select = select.filter(Column::UserId.eq(user));
    }
    let place = |row: &Model| Place {
        time: row.created_at,
        id: row.id.0,
    };
    let keys = (Column::CreatedAt, Column::Id);
    page.page(conn, select, keys, Order::Newest, &list, place)
        .await
}

/// The verified rows of an NFT, the one that was verified last first.
pub(super) async fn verified(conn: &impl ConnectionTrait, nft: &str) -> Result<Vec<Model>> {
    let rows = Entity::within(Scope::Everyone)
        .filter(Column::NftId.eq(nft))
        .filter(Expr::col(Column::Verified))
        .filter(Column::LastVerified.is_not_null())
        .order_by_desc(Column::LastVerified)
        .order_by_desc(Column::Id)
        .limit(HOLDERS)
        .all(conn)
        .await?;
    Ok(rows)
}

/// The chain names `row` as the holder, so nobody else is.
pub(super) async fn supersede(tx: &Write, row: &Model) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::Verified, Expr::val(false))
        .col_expr(
            Column::Problem,
            Column::Problem.save_as(Expr::val(NftProblem::NotOwner)),
        )
        .col_expr(Column::CheckedAt, Expr::val(tx.now))
        .col_expr(Column::UpdatedAt, Expr::val(tx.now))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .filter(Column::NftId.eq(row.nft_id.as_str()))
        .filter(Column::Id.ne(row.id))
        .filter(Expr::col(Column::Verified))
        .exec(tx)
        .await?;
    Ok(())
}

/// The verified rows, at most `most`, whose chain was last asked before `end`: the longest ago first.
/// Those that no chain can be asked about are left alone.
pub(super) async fn stale(
    conn: &impl ConnectionTrait,
    end: DateTime<Utc>,
    chains: &[String],
    most: u64,
) -> Result<Vec<(NftOwnershipId, Option<UserId>)>> {
    let rows = Entity::within(Scope::Everyone)
        .select_only()
        .columns([Column::Id, Column::UserId])
        .filter(Expr::col(Column::Verified))
        .filter(Column::CheckedAt.lt(end))
        .filter(Column::Chain.is_in(chains))
        .filter(Column::Standard.is_not_null())
        .order_by_asc(Column::CheckedAt)
        .order_by_asc(Column::Id)
        .limit(most)
        .into_tuple()
        .all(conn)
        .await?;
    Ok(rows)
}
