//! What a GraphQL operation is called where operations are counted.

use async_graphql::Context;
use async_graphql::parser::types::{OperationDefinition, OperationType, Selection};
use service::Ctx;
use service::actor::Actor;
use service::operation::{self, Kind};

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
