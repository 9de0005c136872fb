//! Filters: an entity's, and the conditions on a column of each kind.

use async_graphql::registry::{MetaInputValue, Registry};
use service::explore::catalog::{Entity, Kind};

use super::super::meta::{argument, input};
use super::{name, words};

pub(super) fn register(registry: &mut Registry, entity: &Entity) {
    let filter = name(entity, "Filter");
    let mut fields: Vec<MetaInputValue> = Vec::new();
    for column in &entity.columns {
        let doc = super::entity::sentence(column);
        fields.push(argument(
            &column.field,
            condition(registry, column.kind),
            doc,
        ));
    }
    for relation in &entity.relations {
        let target = relation.target();
        let (kind, doc) = if relation.many {
            (
                list(registry, target),
                format!("Conditions on its {}.", words(&relation.field)),
            )
        } else {
            (
                name(target, "Filter"),
                "Conditions on the row that it leads to; there must be one.".to_owned(),
            )
        };
        fields.push(argument(&relation.field, kind, doc));
    }
    if entity.is_searchable() {
        let doc = "Words that its text must have, all of them; quotes hold a phrase together.";
        fields.push(argument("search", "String", doc));
    }
    let several = format!("[{filter}!]");
    fields.push(argument("and", several.as_str(), "All of these hold."));
    fields.push(argument("or", several, "At least one of these holds."));
    fields.push(argument("not", filter.as_str(), "This does not hold."));
    let doc = format!(
        "Which {}; all that is said must hold.",
        words(&entity.plural)
    );
    input(registry, &filter, &doc, fields);
}

/// Conditions on the rows that a relation leads to.
fn list(registry: &mut Registry, target: &Entity) -> String {
    let (list, filter) = (name(target, "ListFilter"), name(target, "Filter"));
    let fields = vec![
        argument(
            "some",
            filter.as_str(),
            "At least one of them satisfies this.",
        ),
        argument("none", filter.as_str(), "Not one of them satisfies this."),
        argument(
            "every",
            filter.as_str(),
            "All of them satisfy this; also when there are none.",
        ),
    ];
    let doc = format!("Conditions on several {}.", words(&target.plural));
    input(registry, &list, &doc, fields);
    list
}

/// The conditions on a column of `kind`: as `service::explore::bind` reads them.
fn condition(registry: &mut Registry, kind: Kind) -> String {
    let of = kind.type_name();
    let called = match kind {
        Kind::List => "StringListCondition".to_owned(),
        _ => format!("{of}Condition"),
    };
    let several = || format!("[{of}!]");
    let mut fields = Vec::new();
    let mut add = |name: &str, kind: String, doc: &str| fields.push(argument(name, kind, doc));
    if kind.is_ordered() {
        add("eq", of.to_owned(), "Equal.");
        add(
            "ne",
            of.to_owned(),
            "Not equal; null is not equal to any value.",
        );
        add("in", several(), "One of these.");
        add("notIn", several(), "None of these.");
        if !matches!(kind, Kind::Enum(_) | Kind::Bool) {
            add("lt", of.to_owned(), "Less.");
            add("lte", of.to_owned(), "Less or equal.");
            add("gt", of.to_owned(), "Greater.");
            add("gte", of.to_owned(), "Greater or equal.");
        }
    }
    match kind {
        Kind::Text => {
            let case = "in upper or lower case";
            add(
                "contains",
                of.to_owned(),
                &format!("Has this part, {case}."),
            );
            add(
                "startsWith",
                of.to_owned(),
                &format!("Begins with this, {case}."),
            );
            add(
                "endsWith",
                of.to_owned(),
                &format!("Ends with this, {case}."),
            );
        }
        Kind::List => {
            add("has", "String".to_owned(), "Has this text.");
            add(
                "hasAny",
                "[String!]".to_owned(),
                "Has at least one of these texts.",
            );
        }
        Kind::Json => {
            add("at", "JSONPart".to_owned(), "What a part of it is.");
        }
        _ => {}
    }
    add("isNull", "Boolean".to_owned(), "Whether there is no value.");
    let doc = format!("Conditions on a column of type {of}; all that are given must hold.");
    input(registry, &called, &doc, fields);
    called
}
