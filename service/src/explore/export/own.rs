//! All that is somebody's own, table after table: what they take along, or look over.

use async_stream::try_stream;
use entity::scope::Rule;
use futures::pin_mut;
use futures::stream::{Stream, StreamExt as _};

use super::{Export, Format};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::explore::access::Access;
use crate::explore::bind::{Args, ListArgs};
use crate::explore::catalog::{Entity, catalog};
use crate::explore::plan::{Bound, Connection, ConnectionField, Field, Key, Object, Plan};

/// Every row that belongs to the caller, as JSON Lines: each tells its type, and has all its columns
/// but the secret ones. The staff's own is what a person of theirs has, not what they may see.
///
/// # Errors
/// Refused to nobody, and to keys that do not read.
pub fn own(ctx: &Ctx) -> Result<impl Stream<Item = Result<Vec<u8>>> + Send + use<>> {
    let ctx = ctx.acting_as(ctx.actor.plain()?);
    let access = Access::of(&ctx.actor)?;
    let owned = |entity: &&Entity| matches!(entity.rule(), Rule::Own(_) | Rule::Via(..));
    let exports = catalog().entities().iter().filter(owned);
    let exports = exports.map(|entity| all_of(&ctx, &access, entity));
    let exports = exports.collect::<Result<Vec<_>>>()?;
    Ok(try_stream! {
        for export in exports {
            let lines = export.lines(ctx.clone());
            pin_mut!(lines);
            while let Some(read) = lines.next().await {
                yield read?;
            }
        }
    })
}

/// Every row of `entity` in the caller's sight, with every column that they may read.
fn all_of(ctx: &Ctx, access: &Access, entity: &'static Entity) -> Result<Export> {
    let mut connection = Connection::new(entity, 0);
    let mut object = Object::default();
    let name = Field::Typename(entity.name.as_str());
    object.fields.push((Key::new("__typename"), name));
    for (at, column) in entity.columns.iter().enumerate() {
        if access.reads_column(entity, column) {
            let place = connection.level.column(0, at);
            let field = Field::Column(place, column.kind);
            object.fields.push((Key::new(&column.field), field));
        }
    }
    connection.rows = true;
    let nodes = ConnectionField::Nodes(object);
    connection.fields.push((Key::new("nodes"), nodes));
    let list = ListArgs::read(entity, access, &Args::default(), None)?;
    let bound = vec![Bound::List(list)];
    Export::new(ctx, Plan::List(connection), bound, Format::JsonLines, false)
}
