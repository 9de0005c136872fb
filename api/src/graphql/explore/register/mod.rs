//! Every type of the engine, made from the catalogue.

mod change;
mod entity;
mod figures;
mod filter;
mod shared;

use async_graphql::registry::{MetaField, Registry};
use service::explore::catalog::{Entity, Kind, Relation, catalog};

pub(super) use self::change::fields as changes;
use self::entity::arguments;
pub(super) use self::figures::FUNCTIONS;
use super::meta::{argument, field, with};

/// Enumerations that are written by hand as well, with the same words: a test compares them.
pub(super) const SHARED: [&str; 3] = ["JobState", "TokenTask", "TokenType"];

/// What a type is called that belongs to an entity.
pub(super) fn name(entity: &Entity, what: &str) -> String {
    format!("{}{what}", entity.name)
}

/// Register all types. Doing so again changes nothing.
pub(super) fn all(registry: &mut Registry) {
    let [first, ..] = catalog().entities() else {
        return;
    };
    if registry.types.contains_key(&name(first, "Connection")) {
        return;
    }
    let shared = SHARED.iter().map(|name| (*name).to_owned());
    registry.ignore_name_conflicts.extend(shared);
    shared::register(registry);
    for entity in catalog().entities() {
        entity::register(registry, entity);
        filter::register(registry, entity);
        figures::register(registry, entity);
        change::register(registry, entity);
    }
}

/// The fields of the query's root: a list and a row for each entity, and a row of any.
pub(super) fn roots() -> Vec<MetaField> {
    let each = catalog().entities().iter().flat_map(|entity| {
        let doc = format!(
            "{} that the caller may see.",
            capital(&words(&entity.plural))
        );
        let list = with(
            field(&entity.plural, name(entity, "Connection"), doc),
            arguments(entity),
        );
        let key = entity.key_column();
        let doc = format!(
            "One row of `{}`, by its key; null when there is none that the caller may see.",
            entity.plural
        );
        let kind = format!("{}!", key.kind.type_name());
        let row = with(
            field(&entity.single, entity.name.as_str(), doc),
            vec![argument(&key_argument(entity), kind, "Its key.")],
        );
        [list, row]
    });
    let node = with(
        field(
            "node",
            "Node",
            "Any row, by its `nodeId`; null when there is none that the caller may see.",
        ),
        vec![argument("id", "ID!", "The row's `nodeId`.")],
    );
    let version = with(
        field(
            "rowVersion",
            "String",
            "The version of a row that the caller may see: what a write of the row must name.",
        ),
        vec![argument("id", "ID!", "The row's `nodeId`.")],
    );
    each.chain([node, version]).collect()
}

/// What the argument is called that holds a row's key.
pub(super) fn key_argument(entity: &Entity) -> String {
    entity.key_column().field.clone()
}

/// A column's type as an output.
fn output(kind: Kind, nullable: bool) -> String {
    format!("{}{}", kind.type_name(), if nullable { "" } else { "!" })
}

/// Whether every row that the caller sees leads to a row that the caller sees.
///
/// A key that is guarded is not enough: what one scope shows another may hide.
fn always(entity: &Entity, relation: &Relation) -> bool {
    use ::entity::scope::Rule;
    let target = relation.target();
    let from = entity.columns[relation.from].name;
    let to = target.columns[relation.to].name;
    relation.required
        && match (entity.rule(), target.rule()) {
            // Whoever reads rows of the house reads every row of every table, or is refused.
            (Rule::Staff, _) | (_, Rule::Public) => true,
            (Rule::Own(mine), Rule::Own(theirs)) => from == mine && to == theirs,
            (Rule::Via(column, parent), _) => from == column && target.resource.name == parent,
            _ => false,
        }
}

/// `opportunityCards` as `opportunity cards`.
fn words(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            out.push(' ');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// `runs` as `Runs`.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
