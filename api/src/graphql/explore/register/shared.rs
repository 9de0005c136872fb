//! Types that all entities share.

use async_graphql::registry::Registry;
use async_graphql::{InputType, OutputType, Value};
use chrono::{DateTime, NaiveDate, Utc};
use service::explore::catalog::catalog;
use uuid::Uuid;

use super::super::meta::{argument, enumeration, field, input, interface, object, scalar};
use crate::graphql::analytics::Bucket;
use crate::graphql::scalar::BigInt;

pub(super) fn register(registry: &mut Registry) {
    <f64 as OutputType>::create_type_info(registry);
    <BigInt as OutputType>::create_type_info(registry);
    <Uuid as OutputType>::create_type_info(registry);
    <DateTime<Utc> as OutputType>::create_type_info(registry);
    <Bucket as InputType>::create_type_info(registry);
    scalar(registry, "JSON", "Any JSON value.", |_| true);
    scalar(
        registry,
        "Date",
        "A day, as RFC 3339 writes it: `2026-03-28`.",
        |value| matches!(value, Value::String(text) if text.parse::<NaiveDate>().is_ok()),
    );
    scalar(
        registry,
        "Base64",
        "Bytes, in the base64 of RFC 4648 with padding.",
        |value| matches!(value, Value::String(_)),
    );
    let page = vec![
        field("hasNextPage", "Boolean!", "Whether rows follow."),
        field("hasPreviousPage", "Boolean!", "Whether rows come before."),
        field(
            "startCursor",
            "String",
            "The first row's place, for `before`.",
        ),
        field("endCursor", "String", "The last row's place, for `after`."),
    ];
    object(registry, "PageInfo", "Where a page ends.", page);
    let id = field("nodeId", "ID!", "The row's id among the rows of all types.");
    let entities = catalog().entities().iter();
    let entities = entities.map(|entity| entity.name.as_str());
    interface(registry, "Node", "A row of any type.", vec![id], entities);

    let measures = [
        ("COUNT", "How many rows."),
        ("SUM", "The sum of a column."),
        ("AVG", "The mean of a column."),
        ("MIN", "A column's smallest value."),
        ("MAX", "A column's largest value."),
        ("COUNT_DISTINCT", "How many different values a column has."),
    ];
    let owned = |(name, doc): (&str, &str)| (name.to_owned(), doc.to_owned());
    let doc = "What is worked out of the rows of a group.";
    enumeration(registry, "Measure", doc, measures.into_iter().map(owned));
    let key = ("KEY", "The key itself, a column that is one of `by`.");
    let measures = measures.into_iter().chain([key]).map(owned);
    enumeration(
        registry,
        "GroupMeasure",
        "What groups are ordered by.",
        measures,
    );
    let directions = [
        ("ASC", "The smallest first; null last."),
        ("DESC", "The largest first; null last."),
    ];
    let doc = "Which end comes first.";
    enumeration(
        registry,
        "Direction",
        doc,
        directions.into_iter().map(owned),
    );
    let part = vec![
        argument(
            "path",
            "[String!]!",
            "The way to the part: names, and places in lists.",
        ),
        argument(
            "eq",
            "JSON",
            "The part equals this; without it, it must only be there.",
        ),
    ];
    input(
        registry,
        "JSONPart",
        "A condition on a part of a JSON value.",
        part,
    );
}
