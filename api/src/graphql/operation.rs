//! Which operation of a document runs, and what it is called where operations are counted.

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection,
};
use async_graphql::{Context, Positioned};
use service::Ctx;
use service::actor::Actor;
use service::operation::{self, Kind};

/// What documents are called that are not run. No operation is: its name has no space.
const REFUSED: &str = "(refused document)";

/// The operation that would run.
pub(super) fn chosen<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Option<&'a Positioned<OperationDefinition>> {
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(operation),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
        (DocumentOperations::Multiple(operations), None) => {
            let mut all = operations.values();
            all.next().filter(|_| all.next().is_none())
        }
    }
}

/// Count the operation under its own name, rather than under that of the route. Who asks without
/// a name is told by the fields at the root. Of nobody in particular no name is taken: there is no
/// end to them.
pub(super) fn tell(context: &Context<'_>, ctx: &Ctx) {
    let asked = context.query_env;
    tell_of(ctx, asked.operation_name.as_deref(), &asked.operation.node);
}

/// The same for an operation that the library does not run.
pub(super) fn tell_of(ctx: &Ctx, name: Option<&str>, asked: &OperationDefinition) {
    if matches!(ctx.actor, Actor::Anonymous) {
        return;
    }
    operation::learn(Kind::Graphql, || match name {
        Some(name) => name.to_owned(),
        None => fields(asked),
    });
}

/// Count a document that is not run under the one name that all of them have: there is no end to
/// what strangers send.
pub(super) fn tell_refused(code: Option<&str>, status: u16) {
    let codes = ["graphql.syntax", "graphql.limit", "graphql.invalid"];
    if code.is_some_and(|code| codes.contains(&code)) {
        operation::learn(Kind::Graphql, || REFUSED.to_owned());
        operation::answered(status);
    }
}

fn fields(operation: &OperationDefinition) -> String {
    let word = match operation.ty {
        OperationType::Query => "",
        OperationType::Mutation => "mutation ",
        OperationType::Subscription => "subscription ",
    };
    let items = operation.selection_set.node.items.iter();
    let names: Vec<&str> = items
        .map(|item| match &item.node {
            Selection::Field(field) => field.node.name.node.as_str(),
            Selection::FragmentSpread(_) | Selection::InlineFragment(_) => "...",
        })
        .collect();
    format!("{word}{{ {} }}", names.join(" "))
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    #[test]
    fn the_operation_that_runs_is_found() {
        for (document, name, kind) in [
            ("{ a }", None, Some("query")),
            ("{ a }", Some("A"), None),
            ("mutation A { a }", None, Some("mutation")),
            ("query A { a } mutation B { b }", None, None),
            (
                "query A { a } mutation B { b }",
                Some("B"),
                Some("mutation"),
            ),
            ("query A { a } mutation B { b }", Some("C"), None),
        ] {
            let parsed = parse_query(document).unwrap();
            let found = chosen(&parsed, name).map(|operation| operation.node.ty.to_string());
            assert_eq!(found.as_deref(), kind, "{document} {name:?}");
        }
    }
}
