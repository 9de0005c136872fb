//! An entity, its lists and their orders.

use async_graphql::registry::{MetaField, MetaInputValue, Registry};
use service::explore::bind::{MOST, PAGE};
use service::explore::catalog::{Column, Entity, Kind, Relation, screaming_case};

use super::super::meta::{argument, enumeration, field, object, with};
use super::{always, name, output, words};

pub(super) fn register(registry: &mut Registry, entity: &Entity) {
    for column in &entity.columns {
        if let Kind::Enum(kind) = column.kind {
            let values = kind.values.iter();
            let values = values.map(|word| (word.value.clone(), word.doc.to_owned()));
            enumeration(registry, &kind.name, kind.doc, values);
        }
    }
    let id = field("nodeId", "ID!", "The row's id among the rows of all types.");
    let fields = std::iter::once(id)
        .chain(entity.columns.iter().map(column))
        .chain(entity.relations.iter().map(|to| relation(entity, to)));
    object(registry, &entity.name, entity.doc, fields.collect());
    lists(registry, entity);
    order(registry, entity);
}

fn column(column: &Column) -> MetaField {
    field(
        &column.field,
        output(column.kind, column.nullable),
        sentence(column),
    )
}

/// What the column is.
pub(super) fn sentence(column: &Column) -> String {
    if column.doc.is_empty() {
        return format!("The {}.", words(&column.field));
    }
    column.doc.to_owned()
}

fn relation(entity: &Entity, relation: &Relation) -> MetaField {
    let target = relation.target();
    let said = |other: String| {
        if relation.doc.is_empty() {
            other
        } else {
            relation.doc.to_owned()
        }
    };
    if relation.many {
        let doc = said(format!("Its {}.", words(&relation.field)));
        let kind = name(target, "Connection!");
        return with(field(&relation.field, kind, doc), arguments(target));
    }
    let doc = said(format!("The {} that it leads to.", words(&target.single)));
    let sign = if always(entity, relation) { "!" } else { "" };
    field(&relation.field, name(target, sign), doc)
}

/// The arguments of a list.
pub(super) fn arguments(entity: &Entity) -> Vec<MetaInputValue> {
    let rows = format!("at most {MOST}; {PAGE} unless it is said");
    vec![
        argument(
            "first",
            "Int",
            format!("How many rows from the start, {rows}."),
        ),
        argument(
            "after",
            "String",
            "The cursor of the row after which the page begins.",
        ),
        argument(
            "last",
            "Int",
            format!("How many rows from the end, at most {MOST}."),
        ),
        argument(
            "before",
            "String",
            "The cursor of the row before which the page ends.",
        ),
        argument(
            "filter",
            name(entity, "Filter"),
            "Which rows; all without it.",
        ),
        argument(
            "orderBy",
            format!("[{}!]", name(entity, "Order")),
            "In what order: the first term decides, the next where it is equal.",
        ),
    ]
}

fn lists(registry: &mut Registry, entity: &Entity) {
    let many = words(&entity.plural);
    let by = vec![
        argument(
            "by",
            format!("[{}!]!", name(entity, "GroupBy")),
            "By which columns, 1 to 4.",
        ),
        argument(
            "timeZone",
            "String",
            "By whose clocks buckets of time begin (IANA name); UTC unless it is said.",
        ),
        argument(
            "having",
            format!("[{}!]", name(entity, "Having")),
            "Only groups whose figures satisfy all of these.",
        ),
        argument(
            "orderBy",
            format!("[{}!]", name(entity, "GroupOrder")),
            "In what order; what is left open is decided by the keys.",
        ),
        argument(
            "first",
            "Int",
            "How many groups, 1 to 1,000; 100 unless it is said.",
        ),
        argument(
            "others",
            "Boolean",
            "Whether the groups beyond come as one more, without keys.",
        ),
    ];
    let aggregate = name(entity, "Aggregate!");
    let fields = vec![
        field("nodes", format!("[{}!]!", entity.name), "The page's rows."),
        field(
            "edges",
            format!("[{}!]!", name(entity, "Edge")),
            "The page's rows, each with its cursor.",
        ),
        field("pageInfo", "PageInfo!", "Where the page ends."),
        field(
            "totalCount",
            "BigInt!",
            "How many rows there are on all pages, counted.",
        ),
        field(
            "estimatedCount",
            "BigInt!",
            "How many rows there are on all pages, roughly: cheaper than `totalCount` for many.",
        ),
        field("aggregate", aggregate, "Figures of the rows of all pages."),
        with(
            field(
                "groupBy",
                format!("[{}!]!", name(entity, "Group")),
                "The rows of all pages, put together by columns, with the figures of each group.",
            ),
            by,
        ),
    ];
    let doc = format!("A page of {many}, and figures of all of them.");
    object(registry, &name(entity, "Connection"), &doc, fields);
    let edge = vec![
        field(
            "cursor",
            "String!",
            "The row's place, for `after` and `before`.",
        ),
        field("node", format!("{}!", entity.name), "The row."),
    ];
    let doc = format!("One of a page of {many}, with its place.");
    object(registry, &name(entity, "Edge"), &doc, edge);
}

fn order(registry: &mut Registry, entity: &Entity) {
    let terms = entity
        .columns
        .iter()
        .filter(|column| column.kind.is_ordered());
    let terms = terms.flat_map(|column| {
        let slow = if column.served {
            ""
        } else {
            " No index serves this order."
        };
        let name = screaming_case(&column.field);
        [("ASC", "ascending"), ("DESC", "descending")].map(|(short, long)| {
            let doc = format!("By `{}`, {long}; null last.{slow}", column.field);
            (format!("{name}_{short}"), doc)
        })
    });
    let doc = format!("What {} can be ordered by.", words(&entity.plural));
    enumeration(registry, &name(entity, "Order"), &doc, terms);
}
