//! A step of what somebody changed by hand: the other databases get it, too.

use crate::engine::Engine;
use crate::error::Error;
use crate::schema::change::{self, Options};
use crate::schema::{Change, Difference, LiveSchema, Object};

use super::script::{script, way_down};
use super::{Said, Written, ask, refuse_unused};

/// The step that makes of what the steps make what there `is`. `aside` is what differs and shall not
/// become one. It is for this engine; what the other shall have of it only a person knows.
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
        in_order: false,
    };
    let renamed = up.renames.applied(expected);
    ask::filled(&renamed, &wanted, said)?;
    let down = Options {
        renames: up.renames.reversed(),
        fills: super::stand_ins(expected, &up.renames.reversed().applied(&wanted)),
        in_order: false,
    };
    let forth = change::statements(expected, &wanted, &up);
    let back = change::statements(&wanted, expected, &down);
    let mut written = Written::default();
    for one in forth.iter().chain(&back) {
        if let Some(loses) = &one.loses
            && !written.losses.contains(loses)
        {
            written.losses.push(loses.clone());
        }
    }
    let down = way_down(&back, expected, &wanted, &up.renames, &said.fills);
    let nothing = || {
        format!(
            "-- This was done by hand on {}. Say here what is to be done on the other engine.\nSELECT \
             1;\n",
            is.engine.name()
        )
    };
    written.files = match is.engine {
        Engine::Postgres => vec![
            ("up.postgres.sql", script(&forth)),
            ("down.postgres.sql", down),
            ("up.sqlite.sql", nothing()),
            ("down.sqlite.sql", nothing()),
        ],
        Engine::Sqlite => vec![
            ("up.sqlite.sql", script(&forth)),
            ("down.sqlite.sql", down),
            ("up.postgres.sql", nothing()),
            ("down.postgres.sql", nothing()),
        ],
    };
    Ok(written)
}

/// Have `wanted` hold what `expected` does, where `one` says that it does not.
fn keep(wanted: &mut LiveSchema, expected: &LiveSchema, one: &Difference) {
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
