//! A step of what somebody changed by hand: the other databases get it, too.

use crate::error::Error;
use crate::schema::change::{self, Options};
use crate::schema::{Change, Difference, LiveSchema, Object};

use super::half::{refuse_impossible, stand_ins};
use super::script::{script, way_down};
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
    let up = Options {
        renames: ask::by_hand(expected, &wanted, said)?,
        fills: said.fills.clone(),
        ..Options::default()
    };
    let renamed = up.renames.applied(expected);
    ask::filled(&renamed, &wanted, said)?;
    let down = Options {
        renames: up.renames.reversed(),
        fills: stand_ins(expected, &up.renames.reversed().applied(&wanted)),
        ..Options::default()
    };
    let forth = change::statements(expected, &wanted, &up);
    let back = change::statements(&wanted, expected, &down);
    refuse_impossible(&forth)?;
    let mut written = Written::default();
    for one in forth.iter().chain(&back) {
        if let Some(loses) = &one.loses
            && !written.losses.contains(loses)
        {
            written.losses.push(loses.clone());
        }
    }
    let down = way_down(&back, expected, &wanted, &up.renames, &said.fills);
    let (up_name, down_name) = is.engine.files();
    written.files = vec![(up_name, script(&forth)), (down_name, down)];
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
