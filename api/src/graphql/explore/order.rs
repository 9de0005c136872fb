//! What is done to every operation before and after the library runs it.

use async_graphql::parser::types::{DocumentOperations, ExecutableDocument, OperationDefinition};
use async_graphql::{Response, Value, Variables};

use super::arguments::Given;
use super::collect::Document;

/// The names of an answer's fields, as the document has them: the library answers its root in the
/// order in which fields are done.
#[derive(Debug, Default)]
pub(in crate::graphql) struct Order(Vec<String>);

/// Give the variables their defaults, which the library forgets in @skip and @include, and keep the
/// order of the answer's fields.
pub(in crate::graphql) fn prepare(
    document: &ExecutableDocument,
    name: Option<&str>,
    variables: &mut Variables,
) -> Order {
    let Some(operation) = chosen(document, name) else {
        return Order::default();
    };
    for definition in &operation.variable_definitions {
        let definition = &definition.node;
        if let Some(default) = &definition.default_value {
            let name = definition.name.node.clone();
            variables
                .entry(name)
                .or_insert_with(|| default.node.clone());
        }
    }
    let document = Document {
        operation,
        fragments: &document.fragments,
        given: Given {
            definitions: &operation.variable_definitions,
            values: variables,
        },
    };
    Order(
        document
            .roots()
            .keys()
            .map(|key| (*key).to_owned())
            .collect(),
    )
}

/// The operation that would run.
pub(super) fn chosen<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Option<&'a OperationDefinition> {
    let operation = match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(operation),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
        (DocumentOperations::Multiple(operations), None) => {
            let mut all = operations.values();
            all.next().filter(|_| all.next().is_none())
        }
    };
    operation.map(|operation| &operation.node)
}

impl Order {
    /// Put the fields of an answer in their order.
    pub(in crate::graphql) fn apply(&self, answer: &mut Response) {
        let Value::Object(members) = &mut answer.data else {
            return;
        };
        let place = |name: &str| self.0.iter().position(|known| known == name);
        members.sort_by_cached_key(|name, _| place(name));
    }
}
