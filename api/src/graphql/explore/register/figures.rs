//! Figures of rows, and rows put together.

use async_graphql::registry::{MetaField, Registry};
use service::explore::bind::{Function, Measure};
use service::explore::catalog::{Entity, screaming_case};

use super::super::meta::{argument, enumeration, field, input, object};
use super::{name, output, words};

/// The functions, by the names of their fields.
pub(in super::super) const FUNCTIONS: [(&str, &str, Function); 5] = [
    ("sum", "Sum", Function::Sum),
    ("avg", "Avg", Function::Avg),
    ("min", "Min", Function::Min),
    ("max", "Max", Function::Max),
    ("countDistinct", "CountDistinct", Function::CountDistinct),
];

pub(super) fn register(registry: &mut Registry, entity: &Entity) {
    let many = words(&entity.plural);
    let mut figures = vec![field("count", "BigInt!", "How many rows there are.")];
    for (single, kind, function) in FUNCTIONS {
        figures.extend(of(registry, entity, single, kind, function));
    }
    let doc = format!("Figures of {many}.");
    object(registry, &name(entity, "Aggregate"), &doc, figures.clone());

    let columns = entity
        .columns
        .iter()
        .filter(|column| column.kind.is_groupable());
    let keys = columns.clone().map(|column| {
        let doc = format!(
            "The rows' `{}`, or where its bucket begins; null when they are not put together by it.",
            column.field
        );
        field(&column.field, output(column.kind, true), doc)
    });
    let doc = format!("What the {many} of a group have in common.");
    object(registry, &name(entity, "GroupKeys"), &doc, keys.collect());
    let mut group = vec![
        field(
            "keys",
            name(entity, "GroupKeys!"),
            "What the rows have in common.",
        ),
        field(
            "others",
            "Boolean!",
            "Whether this is all that did not come among the first.",
        ),
    ];
    group.extend(figures);
    let doc = format!("Several {many}, put together.");
    object(registry, &name(entity, "Group"), &doc, group);

    let column = name(entity, "Column");
    let columns = columns.map(|column| {
        let doc = format!("`{}`.", column.field);
        (screaming_case(&column.field), doc)
    });
    let doc = format!("A column of {many}.");
    enumeration(registry, &column, &doc, columns);
    arguments(registry, entity, &column);
}

/// A function of every column that it works on.
fn of(
    registry: &mut Registry,
    entity: &Entity,
    single: &str,
    kind: &str,
    function: Function,
) -> Option<MetaField> {
    let columns = entity.columns.iter().zip(0..);
    let fields = columns.filter_map(|(column, at)| {
        let measure = Measure::Of(function, at);
        let kind = output(measure.kind(entity), !measure.is_count());
        let doc = format!("{} of `{}`.", title(function), column.field);
        function
            .takes(column.kind)
            .then(|| field(&column.field, kind, doc))
    });
    let fields: Vec<MetaField> = fields.collect();
    if fields.is_empty() {
        return None;
    }
    let called = name(entity, kind);
    let doc = format!(
        "{} of a column of {}.",
        title(function),
        words(&entity.plural)
    );
    object(registry, &called, &doc, fields);
    let doc = format!("{} of a column.", title(function));
    Some(field(single, format!("{called}!"), doc))
}

fn title(function: Function) -> &'static str {
    match function {
        Function::Sum => "The sum",
        Function::Avg => "The mean",
        Function::Min => "The smallest value",
        Function::Max => "The largest value",
        Function::CountDistinct => "The number of different values",
    }
}

fn arguments(registry: &mut Registry, entity: &Entity, column: &str) {
    let many = words(&entity.plural);
    let by = vec![
        argument("column", format!("{column}!"), "The column."),
        argument(
            "bucket",
            "Bucket",
            "How finely, for a column of type DateTime.",
        ),
    ];
    let doc = format!("What {many} are put together by.");
    input(registry, &name(entity, "GroupBy"), &doc, by);
    let of = "Of which column; the measure COUNT needs none.";
    let order = vec![
        argument(
            "measure",
            "GroupMeasure",
            "By what; COUNT unless it is said.",
        ),
        argument("column", column, of),
        argument(
            "direction",
            "Direction",
            "Which end comes first; ASC unless it is said.",
        ),
    ];
    let doc = format!("What groups of {many} are ordered by.");
    input(registry, &name(entity, "GroupOrder"), &doc, order);
    let mut having = vec![
        argument(
            "measure",
            "Measure",
            "Which figure; COUNT unless it is said.",
        ),
        argument("column", column, of),
    ];
    let compare = [
        ("eq", "Equal."),
        ("ne", "Not equal."),
        ("lt", "Less."),
        ("lte", "Less or equal."),
        ("gt", "Greater."),
        ("gte", "Greater or equal."),
    ];
    having.extend(compare.map(|(name, doc)| argument(name, "Float", doc)));
    let doc = format!("A condition on a figure of a group of {many}; it must be a number.");
    input(registry, &name(entity, "Having"), &doc, having);
}
