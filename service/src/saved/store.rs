//! Every query of saved views and reports, which are alike but for their tables.

use entity::id::UserId;
use entity::platform::{saved_report, saved_view};
use entity::{Scope, Scoped};
use sea_orm::prelude::Uuid;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait,
    IntoActiveModel, QueryFilter, QuerySelect, Select,
};

use super::SavedFilter;
use super::policy::Sight;
use crate::error::Result;
use crate::page::{Order, Page, Place, Request};
use crate::write::Write;

/// A table of saved things.
pub(super) trait Saved: Scoped {
    const ID: Self::Column;
    const USER: Self::Column;
    const SHARED: Self::Column;
    const RESOURCE: Self::Column;
    const CREATED: Self::Column;
    fn place(row: &Self::Model) -> Place;
}

macro_rules! saved {
    ($($table:ident),+) => {$(
        impl Saved for $table::Entity {
            const ID: Self::Column = $table::Column::Id;
            const USER: Self::Column = $table::Column::UserId;
            const SHARED: Self::Column = $table::Column::Shared;
            const RESOURCE: Self::Column = $table::Column::Resource;
            const CREATED: Self::Column = $table::Column::CreatedAt;

            fn place(row: &Self::Model) -> Place {
                Place {
                    time: row.created_at,
                    id: row.id.0,
                }
            }
        }
    )+};
}

saved!(saved_view, saved_report);

/// Where every read begins: sharing widens what a person sees beyond their own.
fn seen<E: Saved>(sight: Sight) -> Select<E> {
    let all = E::within(Scope::Everyone);
    match sight {
        Sight::Everything => all,
        Sight::OwnAndShared(user) => all.filter(own_or_shared::<E>(user)),
    }
}

fn own_or_shared<E: Saved>(user: UserId) -> Condition {
    Condition::any()
        .add(E::USER.eq(user))
        .add(E::SHARED.eq(true))
}

/// The row, if it is in sight.
pub(super) async fn one<E: Saved>(
    conn: &impl ConnectionTrait,
    sight: Sight,
    id: Uuid,
) -> Result<Option<E::Model>> {
    Ok(seen::<E>(sight).filter(E::ID.eq(id)).one(conn).await?)
}

/// The same, held until the write is over.
pub(super) async fn held<E: Saved>(tx: &Write, sight: Sight, id: Uuid) -> Result<Option<E::Model>> {
    let select = seen::<E>(sight).filter(E::ID.eq(id));
    Ok(select.lock_exclusive().one(tx).await?)
}

/// One page of a person's own and of what is shared; of what is shared alone for nobody.
pub(super) async fn list<E: Saved>(
    conn: &impl ConnectionTrait,
    user: Option<UserId>,
    filter: &SavedFilter,
    page: Request,
) -> Result<Page<E::Model>> {
    let name = format!("{} {user:?} {filter:?}", E::default().table_name());
    let all = E::within(Scope::Everyone);
    let mut select = match user {
        Some(user) => all.filter(own_or_shared::<E>(user)),
        None => all.filter(E::SHARED.eq(true)),
    };
    if let Some(resource) = &filter.resource {
        select = select.filter(E::RESOURCE.eq(resource));
    }
    let keys = (E::CREATED, E::ID);
    page.page(conn, select, keys, Order::Newest, &name, E::place)
        .await
}

pub(super) async fn insert<E>(tx: &Write, row: E::Model) -> Result<()>
where
    E: Saved,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + Send,
{
    let row = row.into_active_model().reset_all();
    E::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Put down a changed row, which the caller holds.
pub(super) async fn update<E>(tx: &Write, row: E::Model) -> Result<()>
where
    E: Saved,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E> + ActiveModelBehavior + Send,
{
    let row = row.into_active_model().reset_all();
    E::update(row).exec(tx).await?;
    Ok(())
}

pub(super) async fn delete<E: Saved>(tx: &Write, id: Uuid) -> Result<()> {
    E::delete_many().filter(E::ID.eq(id)).exec(tx).await?;
    Ok(())
}
