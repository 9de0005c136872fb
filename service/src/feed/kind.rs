//! Which tables can be followed, and which signals are about them.

use entity::Scoped;
use entity::agent::execution;
use entity::configuration::setting;
use entity::pipeline::run;
use entity::platform::job;
use entity::webhook::delivery;
use uuid::Uuid;

use crate::signal::Signal;

/// A table that can be followed.
pub trait Followed: Scoped<Model: Send + Sync> {
    /// The row that `signal` is about, where it is one of the table.
    fn id(signal: &Signal) -> Option<Uuid>;
    /// A row's id.
    fn id_of(row: &Self::Model) -> Uuid;
    /// The column of a row's id.
    fn key() -> Self::Column;
    /// The column of a row's last change.
    fn changed() -> Self::Column;
}

macro_rules! followed {
    ($($table:ident: $signal:ident;)+) => {$(
        impl Followed for $table::Entity {
            fn id(signal: &Signal) -> Option<Uuid> {
                match signal {
                    Signal::$signal(id) => Some(id.0),
                    _ => None,
                }
            }

            fn id_of(row: &Self::Model) -> Uuid {
                row.id.0
            }

            fn key() -> Self::Column {
                $table::Column::Id
            }

            fn changed() -> Self::Column {
                $table::Column::UpdatedAt
            }
        }
    )+};
}

followed! {
    run: RunMoved;
    execution: ExecutionMoved;
    job: JobMoved;
    delivery: DeliveryMoved;
    setting: SettingChanged;
}
