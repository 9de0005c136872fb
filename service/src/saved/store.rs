//! Every query of saved views and reports, which are alike but for their tables.

use entity::id::UserId;
use entity::platform::{saved_report, saved_view};
use entity::{Scope, Scoped};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, Select,
};

use serde_json::{Value, json};

use super::error::Error;
use super::policy::Sight;
use crate::error::Result;
use crate::write::Write;

/// The names of what is done.
pub(super) struct Verbs {
    pub(super) create: &'static str,
    pub(super) update: &'static str,
    pub(super) delete: &'static str,
}

/// A table of saved things.
pub(super) trait Saved: Scoped {
    const ID: Self::Column;
    const USER: Self::Column;
    const SHARED: Self::Column;
    /// What the audit log calls them.
    const KIND: &'static str;
    /// What it calls the making, the changing and the removing of one.
    const VERBS: Verbs;

    /// What says that there is none.
    fn not_found(id: Uuid) -> Error;
    fn id(row: &Self::Model) -> Uuid;
    fn owner(row: &Self::Model) -> UserId;
    fn version(row: &Self::Model) -> i64;
    /// What the audit log keeps of a row.
    fn told(row: &Self::Model) -> Value;
    fn put(tx: &Write, row: Self::Model) -> impl Future<Output = Result<()>> + Send;
    /// Put down a changed row, which the caller holds.
    fn change(tx: &Write, row: Self::Model) -> impl Future<Output = Result<()>> + Send;
}

macro_rules! saved {
    ($($table:ident $kind:literal $missing:ident),+) => {$(
        impl Saved for $table::Entity {
            const ID: Self::Column = $table::Column::Id;
            const USER: Self::Column = $table::Column::UserId;
            const SHARED: Self::Column = $table::Column::Shared;
            const KIND: &'static str = $kind;
            const VERBS: Verbs = Verbs {
                create: concat!($kind, ".create"),
                update: concat!($kind, ".update"),
                delete: concat!($kind, ".delete"),
            };

            fn not_found(id: Uuid) -> Error {
                Error::$missing(id.into())
            }

            fn id(row: &Self::Model) -> Uuid {
                row.id.0
            }

            fn owner(row: &Self::Model) -> UserId {
                row.user_id
            }

            fn version(row: &Self::Model) -> i64 {
                row.version
            }

            fn told(row: &Self::Model) -> Value {
                json!({
                    "user_id": row.user_id, "name": row.name, "shared": row.shared,
                    "resource": row.resource, "filter": row.filter, "columns": row.columns,
                    "order": row.order, "chart": row.chart, "version": row.version,
                })
            }

            async fn put(tx: &Write, row: Self::Model) -> Result<()> {
                let row = row.into_active_model().reset_all();
                <Self as EntityTrait>::insert(row).exec_without_returning(tx).await?;
                Ok(())
            }

            async fn change(tx: &Write, row: Self::Model) -> Result<()> {
                let row = row.into_active_model().reset_all();
                <Self as EntityTrait>::update(row).exec(tx).await?;
                Ok(())
            }
        }
    )+};
}

saved!(saved_view "saved_view" ViewNotFound, saved_report "saved_report" ReportNotFound);

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

pub(super) async fn delete<E: Saved>(tx: &Write, id: Uuid) -> Result<()> {
    E::delete_many().filter(E::ID.eq(id)).exec(tx).await?;
    Ok(())
}
