//! Every query of saved views and reports, which are alike but for their tables.

use entity::platform::{saved_report, saved_view};
use entity::{Scope, Scoped};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait, IntoActiveModel, QueryFilter, QuerySelect,
    Select,
};

use super::policy::Sight;
use crate::error::Result;
use crate::write::Write;

/// A table of saved things.
pub(super) trait Saved: Scoped {
    const ID: Self::Column;
    const USER: Self::Column;
    const SHARED: Self::Column;
}

macro_rules! saved {
    ($($table:ident),+) => {$(
        impl Saved for $table::Entity {
            const ID: Self::Column = $table::Column::Id;
            const USER: Self::Column = $table::Column::UserId;
            const SHARED: Self::Column = $table::Column::Shared;
        }
    )+};
}

saved!(saved_view, saved_report);

/// Where every read begins: sharing widens what a person sees beyond their own.
fn seen<E: Saved>(sight: Sight) -> Select<E> {
    let all = E::within(Scope::Everyone);
    match sight {
        Sight::Everything => all,
        Sight::OwnAndShared(user) => all.filter(E::USER.eq(user).or(E::SHARED.eq(true))),
    }
}

/// The row, if it is in sight, held until the write is over.
pub(super) async fn held<E: Saved>(tx: &Write, sight: Sight, id: Uuid) -> Result<Option<E::Model>> {
    let select = seen::<E>(sight).filter(E::ID.eq(id));
    Ok(select.lock_exclusive().one(tx).await?)
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
