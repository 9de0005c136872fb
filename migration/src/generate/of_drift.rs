//! A step of what somebody changed by hand: the other databases get it, too.

use crate::error::Error;
use crate::schema::{Change, Difference, LiveSchema, Object};

use super::half::half_of;
use super::{Said, Written, ask, refuse_unused};

/// The step that makes of what the steps make what there `is`. `aside` is what differs and shall not
/// become one. It is for this engine; what the other shall have of it is left unwritten.
pub(crate) fn of_drift(
    expected: &LiveSchema,
    is: &LiveSchema,
    aside: &[Difference],
    said: &Said,
) -> Result<Written, Error> {
    let mut wanted = is.clone();
    for one in aside {
        keep(&mut wanted, expected, one);
    }
    let sides = [(said.renames.clone(), expected.clone(), wanted.clone())];
    refuse_unused(said, &sides)?;
    let renames = ask::by_hand(expected, &wanted, said)?;
    let mut written = Written::default();
    written.take(
        is.engine,
        half_of((renames, expected.clone(), wanted), said)?,
    );
    written.leave(is.engine.other());
    Ok(written)
}

/// Have `wanted` hold what `expected` does, where `one` says that it does not.
fn keep(wanted: &mut LiveSchema, expected: &LiveSchema, one: &Difference) {
    if let Object::Grant(what) = &one.object {
        wanted.grants.remove(what);
        return;
    }
    let Some((table, known)) = one.object.table().and_then(|name| {
        let known = expected.tables.get(name)?;
        Some((wanted.tables.get_mut(name)?, known))
    }) else {
        return;
    };
    match (&one.object, &one.change) {
        (Object::Index(_, name), Change::Missing) => {
            if let Some(text) = known.indexes.get(name) {
                table.indexes.insert(name.clone(), text.clone());
            }
        }
        (Object::Constraint(_, name), Change::Changed { .. }) => {
            if let Some(text) = known.constraints.get(name) {
                table.constraints.insert(name.clone(), text.clone());
            }
        }
        _ => {}
    }
}
