//! What a GraphQL operation is called where operations are counted.

use async_graphql::parser::types::{OperationDefinition, OperationType, Selection};
use async_graphql::{Context, Positioned};
use service::Ctx;
use service::actor::Actor;
use service::operation::{self, Kind};

/// Count the operation under its own name, rather than under that of the route. Who asks without
/// a name is told by the fields at the root. Of nobody in particular no name is taken: there is no
/// end to them.
pub(super) fn tell(context: &Context<'_>, ctx: &Ctx) {
    if matches!(ctx.actor, Actor::Anonymous) {
        return;
    }
    let asked = context.query_env;
    operation::learn(Kind::Graphql, || match &asked.operation_name {
        Some(name) => name.clone(),
        None => fields(&asked.operation),
    });
}

fn fields(operation: &Positioned<OperationDefinition>) -> String {
    let word = match operation.node.ty {
        OperationType::Query => "",
        OperationType::Mutation => "mutation ",
        OperationType::Subscription => "subscription ",
    };
    let items = operation.node.selection_set.node.items.iter();
    let names: Vec<&str> = items
        .map(|item| match &item.node {
            Selection::Field(field) => field.node.name.node.as_str(),
            Selection::FragmentSpread(_) | Selection::InlineFragment(_) => "...",
        })
        .collect();
    format!("{word}{{ {} }}", names.join(" "))
}
