//! What can be asked: the entities as GraphQL knows them, made from the registry at the first use.

mod kind;
mod name;
mod order;

use std::collections::HashMap;
use std::sync::LazyLock;

use entity::docs::{self, EntityDocs};
use entity::registry::{Resource, resources};
use entity::scope::Rule;

pub use kind::{Enumeration, Kind};
pub use name::{camel_case, pascal_case, screaming_case};
pub use order::{Direction, Term};

/// Everything that can be asked.
#[derive(Debug)]
pub struct Catalog {
    entities: Vec<Entity>,
    types: HashMap<&'static str, usize>,
    tables: HashMap<&'static str, usize>,
}

/// An entity as a resource.
#[derive(Debug)]
pub struct Entity {
    /// Its place in the catalogue.
    pub index: usize,
    /// What the registry says of it.
    pub resource: &'static Resource,
    /// The type's name, such as `Run`.
    pub name: String,
    /// The field that answers one row, such as `run`.
    pub single: String,
    /// The field that answers many, such as `runs`.
    pub plural: String,
    /// What a row is.
    pub doc: &'static str,
    /// Its columns, without the secret ones: they have no name here, so nothing can ask for them.
    pub columns: Vec<Column>,
    /// Where it leads.
    pub relations: Vec<Relation>,
    /// The key's place among the columns.
    pub key: usize,
    /// Columns that no two rows share, together; none of them is ever null.
    pub uniques: Vec<Vec<usize>>,
    /// The order of a list that asks for none.
    pub default_order: Vec<Term>,
    members: HashMap<String, Member>,
}

/// A column as a field.
#[derive(Debug)]
pub struct Column {
    /// Its name in the database.
    pub name: &'static str,
    /// Its name in GraphQL.
    pub field: String,
    /// What its values are.
    pub kind: Kind,
    /// Whether it may be null.
    pub nullable: bool,
    /// Whether an index serves a list that is ordered by it.
    pub served: bool,
    /// What a new row has there when nothing is said.
    pub default: Option<&'static str>,
    /// What it is.
    pub doc: &'static str,
}

/// A way to other rows.
#[derive(Debug)]
pub struct Relation {
    /// Its name in GraphQL.
    pub field: String,
    /// Whether it leads to many rows.
    pub many: bool,
    /// The other entity's place in the catalogue.
    pub target: usize,
    /// The column here.
    pub from: usize,
    /// The column there.
    pub to: usize,
    /// Whether there is always another row: the key is here, never null, and guarded.
    pub required: bool,
    /// What it means.
    pub doc: &'static str,
}

/// What a name of an entity stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// A column, by its place.
    Column(usize),
    /// A relation, by its place.
    Relation(usize),
}

/// The catalogue.
pub fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::of_registry);
    &CATALOG
}

impl Catalog {
    fn of_registry() -> Self {
        let tables: HashMap<_, _> = resources()
            .iter()
            .enumerate()
            .map(|(index, resource)| (resource.table, index))
            .collect();
        let mut entities: Vec<Entity> = resources()
            .iter()
            .enumerate()
            .map(|(index, resource)| Entity::of(index, resource))
            .collect();
        for index in 0..entities.len() {
            let relations = relations(&entities, &tables, index);
            let entity = &mut entities[index];
            entity.relations = relations;
            entity.members = members(entity);
        }
        let mut types = HashMap::new();
        for entity in &entities {
            // Names are never freed: the catalogue lives as long as the process.
            let name: &'static str = entity.name.clone().leak();
            assert!(
                types.insert(name, entity.index).is_none(),
                "two entities are called {name}"
            );
        }
        Self {
            entities,
            types,
            tables,
        }
    }

    /// Every entity, parents first.
    pub fn entities(&self) -> &[Entity] {
        &self.entities
    }

    /// The entity at `index`.
    pub fn entity(&self, index: usize) -> &Entity {
        &self.entities[index]
    }

    /// The entity whose GraphQL type is `name`.
    pub fn of_type(&self, name: &str) -> Option<&Entity> {
        self.types.get(name).map(|&index| &self.entities[index])
    }

    /// The entity of `table`.
    pub fn of_table(&self, table: &str) -> Option<&Entity> {
        self.tables.get(table).map(|&index| &self.entities[index])
    }
}

impl Entity {
    fn of(index: usize, resource: &'static Resource) -> Self {
        let docs = docs::of(resource.domain, resource.name)
            .unwrap_or_else(|| panic!("{} has no sentences", resource.table));
        let columns = columns(resource, docs);
        let position = |name: &str| columns.iter().position(|column| column.name == name);
        let key = position(resource.key).expect("a key is no secret");
        let uniques = uniques(resource, &columns, key);
        let name = name::of_table(resource.table);
        Self {
            index,
            resource,
            single: camel_case(&name::singular(resource.table)),
            plural: camel_case(&name::plural(resource.table)),
            name,
            doc: docs.doc,
            default_order: order::default(&columns, key),
            relations: Vec::new(),
            members: HashMap::new(),
            columns,
            key,
            uniques,
        }
    }

    /// What `field` stands for.
    pub fn member(&self, field: &str) -> Option<Member> {
        self.members.get(field).copied()
    }

    /// The place of the column whose name in the database is `name`.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The key's column.
    pub fn key_column(&self) -> &Column {
        &self.columns[self.key]
    }

    /// Whose rows these are.
    pub fn rule(&self) -> Rule {
        self.resource.rule
    }

    /// Whether its texts can be searched.
    pub fn is_searchable(&self) -> bool {
        self.resource.declaration.search.is_some()
    }
}

impl Relation {
    /// The entity that it leads to.
    pub fn target(&self) -> &'static Entity {
        catalog().entity(self.target)
    }
}

fn columns(resource: &'static Resource, docs: &'static EntityDocs) -> Vec<Column> {
    let open = resource.columns.iter().filter(|column| !column.secret);
    open.map(|column| {
        let said = docs.column(column.name);
        let first = |index: &entity::declare::Index| {
            index.filter.is_none() && index.parts[0].split(' ').next() == Some(column.name)
        };
        Column {
            name: column.name,
            field: camel_case(said.map_or(column.name, |field| field.name)),
            kind: Kind::of(&column.kind, said.map_or("", |field| field.kind)),
            nullable: column.nullable,
            served: column.name == resource.key
                || column.unique
                || resource.declaration.indexes.iter().any(first),
            default: said.and_then(|field| field.default),
            doc: said.map_or("", |field| field.doc),
        }
    })
    .collect()
}

fn uniques(resource: &Resource, columns: &[Column], key: usize) -> Vec<Vec<usize>> {
    let mut uniques = vec![vec![key]];
    for (column, at) in columns.iter().zip(0..) {
        let is = |other: &&entity::registry::Column| other.name == column.name;
        if !column.nullable && resource.columns.iter().find(is).is_some_and(|c| c.unique) {
            uniques.push(vec![at]);
        }
    }
    let whole = |index: &&entity::declare::Index| index.unique && index.filter.is_none();
    for index in resource.declaration.indexes.iter().filter(whole) {
        let parts = index.parts.iter().map(|part| {
            columns
                .iter()
                .position(|column| column.name == *part && !column.nullable)
        });
        uniques.extend(parts.collect::<Option<Vec<_>>>());
    }
    uniques
}

fn relations(
    entities: &[Entity],
    tables: &HashMap<&'static str, usize>,
    index: usize,
) -> Vec<Relation> {
    let entity = &entities[index];
    let docs = docs::of(entity.resource.domain, entity.resource.name);
    let relations = entity.resource.relations.iter().map(|relation| {
        let whole = format!("{}.{}", entity.resource.table, relation.name);
        let target = tables.get(relation.table.as_str());
        let target = *target.unwrap_or_else(|| panic!("{whole} leads to no entity"));
        let said = docs.and_then(|docs| docs.relation(&relation.name));
        let from = entity.position(&relation.from);
        let from = from.unwrap_or_else(|| panic!("{whole} stands on a secret"));
        let to = entities[target].position(&relation.to);
        Relation {
            field: camel_case(said.map_or(&relation.name, |field| field.name)),
            many: relation.many,
            target,
            from,
            to: to.unwrap_or_else(|| panic!("{whole} leads to a secret")),
            required: relation.guarded && !entity.columns[from].nullable,
            doc: said.map_or("", |field| field.doc),
        }
    });
    relations.collect()
}

fn members(entity: &Entity) -> HashMap<String, Member> {
    let columns = entity.columns.iter().zip(0..);
    let columns = columns.map(|(column, at)| (column.field.clone(), Member::Column(at)));
    let relations = entity.relations.iter().zip(0..);
    let relations = relations.map(|(relation, at)| (relation.field.clone(), Member::Relation(at)));
    let mut members = HashMap::new();
    for (name, member) in columns.chain(relations) {
        let twice = members.insert(name.clone(), member);
        assert!(
            twice.is_none(),
            "{} has two fields called {name}",
            entity.name
        );
    }
    members
}

#[cfg(test)]
mod tests;
