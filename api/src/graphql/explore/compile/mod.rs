//! What is selected, compiled to a plan.
//!
//! A plan holds nothing of a request but what @skip and @include leave of the document: arguments
//! become slots, which [`Compiled::bind`] fills at each request.

mod figures;
mod list;

use async_graphql::parser::types::Field as Node;
use async_graphql::{Pos, Positioned};
use service::explore::Access;
use service::explore::bind::{GroupArgs, ListArgs, Scalar};
use service::explore::catalog::{Entity, Member, Relation};
use service::explore::plan::{Bound, Child, Field, Key, Level, Object, Plan, Row};

use super::arguments::{Given, Template};
use super::collect::Document;
use super::fault::Fault;
use super::register::key_argument;
use crate::graphql::limits::ROWS;

/// A plan and what fills its slots.
#[derive(Debug)]
pub(super) struct Compiled {
    pub plan: Plan,
    slots: Vec<Slot>,
    /// Where its field is.
    pub at: Pos,
}

/// Where a plan needs arguments.
#[derive(Debug)]
enum Slot {
    List {
        of: &'static Entity,
        along: Option<&'static Relation>,
        arguments: Template,
    },
    Groups {
        of: &'static Entity,
        arguments: Template,
    },
    Key {
        of: &'static Entity,
        arguments: Template,
    },
    Known(Scalar),
}

type Same<'f, 'a> = &'f [&'a Positioned<Node>];

/// A list of `entity`, as `fields`, which are one, select it.
pub(super) fn list(
    document: &Document<'_>,
    entity: &'static Entity,
    fields: Same<'_, '_>,
) -> Result<Compiled, Fault> {
    compile(document, fields, |compiler, at| {
        let connection = compiler.connection(entity, None, fields, at)?;
        Ok(Plan::List(connection))
    })
}

/// A row of `entity`: of the key that is an argument, or of a known one.
pub(super) fn row(
    document: &Document<'_>,
    entity: &'static Entity,
    key: Option<Scalar>,
    fields: Same<'_, '_>,
) -> Result<Compiled, Fault> {
    compile(document, fields, |compiler, at| {
        let slot = compiler.slot(match key {
            Some(key) => Slot::Known(key),
            None => Slot::Key {
                of: entity,
                arguments: Template::of(at),
            },
        });
        let mut level = Level::new(entity);
        let object = compiler.object(&mut level, 0, fields)?;
        Ok(Plan::Row(Row {
            slot,
            level,
            object,
        }))
    })
}

fn compile<'a>(
    document: &Document<'a>,
    fields: Same<'_, 'a>,
    plan: impl FnOnce(&mut Compiler<'_, 'a>, &'a Positioned<Node>) -> Result<Plan, Fault>,
) -> Result<Compiled, Fault> {
    let Some(first) = fields.first() else {
        return Err(Fault::Request(
            "nothing is selected".to_owned(),
            Pos::default(),
        ));
    };
    let mut compiler = Compiler {
        document,
        slots: Vec::new(),
    };
    let plan = plan(&mut compiler, first)?;
    Ok(Compiled {
        plan,
        slots: compiler.slots,
        at: first.pos,
    })
}

struct Compiler<'d, 'a> {
    document: &'d Document<'a>,
    slots: Vec<Slot>,
}

impl<'a> Compiler<'_, 'a> {
    fn slot(&mut self, slot: Slot) -> usize {
        self.slots.push(slot);
        self.slots.len() - 1
    }

    /// A row of the level's table at `table`.
    fn object(
        &mut self,
        level: &mut Level,
        table: usize,
        fields: Same<'_, 'a>,
    ) -> Result<Object, Fault> {
        let entity = level.tables[table].entity;
        let mut object = Object::default();
        for (key, fields) in self.document.below(fields, &entity.name) {
            let field = match fields[0].node.name.node.as_str() {
                "__typename" => Field::Typename(&entity.name),
                "nodeId" => {
                    let place = level.column(table, entity.key);
                    Field::NodeId(&entity.name, place, level.kind(place))
                }
                name => match entity.member(name) {
                    Some(Member::Column(column)) => {
                        let place = level.column(table, column);
                        Field::Column(place, level.kind(place))
                    }
                    Some(Member::Relation(at)) => {
                        self.relation(level, table, &entity.relations[at], &fields)?
                    }
                    None => return Err(unknown(fields[0])),
                },
            };
            object.fields.push((Key::new(key), field));
        }
        Ok(object)
    }

    fn relation(
        &mut self,
        level: &mut Level,
        table: usize,
        relation: &'static Relation,
        fields: Same<'_, 'a>,
    ) -> Result<Field, Fault> {
        if relation.many {
            let key = level.column(table, relation.from);
            let connection =
                self.connection(relation.target(), Some(relation), fields, fields[0])?;
            level.children.push(Child {
                key,
                relation,
                connection,
            });
            return Ok(Field::Many(level.children.len() - 1));
        }
        let joined = level.join(table, relation);
        let presence = level.column(joined, relation.to);
        let object = self.object(level, joined, fields)?;
        Ok(Field::One(object, presence))
    }
}

/// The validator lets nothing pass that is not of the schema.
fn unknown(field: &Positioned<Node>) -> Fault {
    let message = format!("there is no field {}", field.node.name.node);
    Fault::Request(message, field.pos)
}

impl Compiled {
    /// The slots' contents at a request, or why the caller does not get what is selected.
    pub(super) fn bind(&self, access: &Access, given: Given<'_>) -> Result<Vec<Bound>, Fault> {
        let bound = self.fill(access, given)?;
        let afforded = self.plan.afford(&bound, ROWS);
        afforded.map_err(|error| Fault::Service(error, self.at))?;
        Ok(bound)
    }

    /// The same, however many rows that comes to.
    pub(super) fn fill(&self, access: &Access, given: Given<'_>) -> Result<Vec<Bound>, Fault> {
        let checked = self.plan.check(access);
        checked.map_err(|error| Fault::Service(error, self.at))?;
        let bound = self.slots.iter().map(|slot| slot.bind(access, given));
        bound.collect()
    }
}

impl Slot {
    fn bind(&self, access: &Access, given: Given<'_>) -> Result<Bound, Fault> {
        match self {
            Self::List {
                of,
                along,
                arguments,
            } => {
                let list = ListArgs::read(of, access, &arguments.fill(given)?, *along);
                list.map(Bound::List)
                    .map_err(|error| Fault::Service(error, arguments.at))
            }
            Self::Groups { of, arguments } => {
                let groups = GroupArgs::read(of, access, &arguments.fill(given)?);
                groups
                    .map(Bound::Groups)
                    .map_err(|error| Fault::Service(error, arguments.at))
            }
            Self::Key { of, arguments } => {
                let name = key_argument(of);
                let args = arguments.fill(given)?;
                let value = args.get(&name).unwrap_or(&serde_json::Value::Null);
                let key = Scalar::read(of.key_column(), value, &name);
                // A key that is none is a mistake in the request, as for every scalar.
                key.map(Bound::Key).map_err(|_| {
                    let kind = of.key_column().kind.type_name();
                    let message = format!("Invalid value for argument \"{name}\": no {kind}");
                    Fault::Request(message, arguments.at)
                })
            }
            Self::Known(key) => Ok(Bound::Key(key.clone())),
        }
    }
}
