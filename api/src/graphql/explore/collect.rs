//! The fields that are selected of an object, as the specification collects them: GraphQL, October
//! 2021, section 6.3.2.

use std::collections::HashMap;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType,
    Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Variables};
use service::explore::catalog::catalog;

use super::arguments::Given;
use crate::graphql::operation::chosen;

/// An operation and what belongs to it.
#[derive(Clone, Copy)]
pub(super) struct Document<'a> {
    pub operation: &'a OperationDefinition,
    pub fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    pub given: Given<'a>,
}

/// Fields by their names in the answer; those of one name are one field.
pub(super) type Fields<'a> = IndexMap<&'a str, Vec<&'a Positioned<Field>>>;

impl<'a> Document<'a> {
    /// The operation of `document` that would run.
    pub(super) fn of(
        document: &'a ExecutableDocument,
        name: Option<&str>,
        variables: &'a Variables,
    ) -> Option<Self> {
        let operation = &chosen(document, name)?.node;
        Some(Self {
            operation,
            fragments: &document.fragments,
            given: Given {
                definitions: &operation.variable_definitions,
                values: variables,
            },
        })
    }

    /// The fields of the operation's root.
    pub(super) fn roots(&self) -> Fields<'a> {
        let mut fields = Fields::new();
        let kind = match self.operation.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        self.collect(&self.operation.selection_set.node, kind, &mut fields);
        fields
    }

    /// What is selected below `fields`, of an object of type `kind`.
    pub(super) fn below(&self, fields: &[&'a Positioned<Field>], kind: &str) -> Fields<'a> {
        let mut below = Fields::new();
        for field in fields {
            self.collect(&field.node.selection_set.node, kind, &mut below);
        }
        below
    }

    fn collect(&self, set: &'a SelectionSet, kind: &str, out: &mut Fields<'a>) {
        for item in &set.items {
            if self.leaves_out(item.node.directives()) {
                continue;
            }
            match &item.node {
                Selection::Field(field) => {
                    let key = field.node.response_key().node.as_str();
                    out.entry(key).or_default().push(field);
                }
                Selection::InlineFragment(part) => {
                    let on = part.node.type_condition.as_ref();
                    if on.is_none_or(|on| is(kind, &on.node.on.node)) {
                        self.collect(&part.node.selection_set.node, kind, out);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = self.fragments.get(name)
                        && is(kind, &fragment.node.type_condition.node.on.node)
                    {
                        self.collect(&fragment.node.selection_set.node, kind, out);
                    }
                }
            }
        }
    }

    fn leaves_out(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().any(|directive| {
            let wanted = match directive.node.name.node.as_str() {
                "include" => true,
                "skip" => false,
                _ => return false,
            };
            let condition = directive.node.get_argument("if");
            let truth = condition.and_then(|condition| self.given.truth(&condition.node));
            truth.unwrap_or_default() != wanted
        })
    }
}

/// Whether an object of type `kind` is an `on`.
fn is(kind: &str, on: &str) -> bool {
    kind == on || (on == "Node" && catalog().of_type(kind).is_some())
}
