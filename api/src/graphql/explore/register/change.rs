//! The writes of an entity: what staff may do to its rows without a verb of its domain.

use async_graphql::registry::{MetaField, Registry};
use service::explore::catalog::{Column, Entity, Kind, catalog};
use service::explore::change::{
    MOST_ROWS, may_create, may_delete, may_restore, may_update, writable,
};

use super::super::meta::{argument, field, input, with};
use super::entity::sentence;
use super::{capital, key_argument, name, words};

/// The fields of the mutation's root.
pub(in crate::graphql::explore) fn fields() -> Vec<MetaField> {
    catalog().entities().iter().flat_map(of).collect()
}

fn of(entity: &Entity) -> Vec<MetaField> {
    let key = format!("{}!", entity.key_column().kind.type_name());
    let key = || argument(&key_argument(entity), key.clone(), "Its key.");
    let version = || {
        argument(
            "rowVersion",
            "String!",
            "What `rowVersion` told of the row that was read.",
        )
    };
    let filter = || {
        argument(
            "filter",
            format!("{}!", name(entity, "Filter")),
            "Which rows. It must not be empty.",
        )
    };
    let count = || {
        let doc = format!(
            "How many rows were counted, at most {MOST_ROWS}: when the filter lets other than \
                           so many through, nothing is written."
        );
        argument("count", "Int!", doc)
    };
    let one = words(&entity.single);
    let many = words(&entity.plural);
    let mut fields = Vec::new();
    let mut add = |verb: &str, of: &str, kind: &str, doc: String, arguments| {
        fields.push(with(field(&format!("{verb}{of}"), kind, doc), arguments));
    };
    let plural = capital(&entity.plural);
    if may_create(entity) {
        let given = argument(
            "input",
            format!("{}!", name(entity, "Create")),
            "Its values.",
        );
        add(
            "create",
            &entity.name,
            &entity.name,
            format!("Make a row: {one}."),
            vec![given],
        );
    }
    if may_restore(entity) {
        let doc = format!(
            "Put back a removed row ({one}) as it last stood, without what belonged to it and \
                           without its secrets."
        );
        add("restore", &entity.name, &entity.name, doc, vec![key()]);
    }
    if may_update(entity) {
        let patch = || {
            argument(
                "patch",
                format!("{}!", name(entity, "Patch")),
                "What changes.",
            )
        };
        let doc = format!("Change a row: {one}.");
        add(
            "update",
            &entity.name,
            &entity.name,
            doc,
            vec![key(), version(), patch()],
        );
        let doc = format!("Change many rows at once: {many}. Tells how many.");
        add(
            "update",
            &plural,
            "Int",
            doc,
            vec![filter(), count(), patch()],
        );
    }
    if may_delete(entity) {
        let doc = format!("Remove a row ({one}) with what belongs to it. Tells its `nodeId`.");
        add("delete", &entity.name, "ID", doc, vec![key(), version()]);
        let doc = format!("Remove many rows at once: {many}. Tells how many.");
        add("delete", &plural, "Int", doc, vec![filter(), count()]);
    }
    fields
}

/// The inputs.
pub(super) fn register(registry: &mut Registry, entity: &Entity) {
    let given = |new: bool| {
        let columns = entity
            .columns
            .iter()
            .filter(move |column| writable(entity, column, new));
        columns.map(move |column| {
            let needed = new && !column.nullable && !is_filled(entity, column);
            let kind = format!(
                "{}{}",
                column.kind.type_name(),
                if needed { "!" } else { "" }
            );
            argument(&column.field, kind, sentence(column))
        })
    };
    if may_create(entity) {
        let doc = format!("The values of a new row: {}.", words(&entity.single));
        input(
            registry,
            &name(entity, "Create"),
            &doc,
            given(true).collect(),
        );
    }
    if may_update(entity) {
        let doc = format!(
            "What changes in a row ({}); null empties a column.",
            words(&entity.single)
        );
        input(
            registry,
            &name(entity, "Patch"),
            &doc,
            given(false).collect(),
        );
    }
}

/// Whether a column has a value when none is given.
fn is_filled(entity: &Entity, column: &Column) -> bool {
    column.default.is_some()
        || column.name == entity.resource.key && column.kind == Kind::Uuid
        || ["creation_date", "update_date"].contains(&column.name)
}
