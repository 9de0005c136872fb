//! What is done to every operation before and after the library runs it.

use async_graphql::parser::types::{ExecutableDocument, OperationDefinition};
use async_graphql::{Response, Value, Variables};

use super::collect::Document;

/// The names of an answer's fields, as the document has them: the library answers its root in the
/// order in which fields are done.
#[derive(Debug, Default)]
pub(in crate::graphql) struct Order(Vec<String>);

/// Give the variables their defaults, which the library forgets in @skip and @include.
pub(in crate::graphql) fn complete(operation: &OperationDefinition, variables: &mut Variables) {
    for definition in &operation.variable_definitions {
        let definition = &definition.node;
        if let Some(default) = &definition.default_value {
            let name = definition.name.node.clone();
            variables
                .entry(name)
                .or_insert_with(|| default.node.clone());
        }
    }
}

impl Order {
    /// The order that the operation called `name` asks for.
    pub(in crate::graphql) fn of(
        document: &ExecutableDocument,
        name: Option<&str>,
        variables: &Variables,
    ) -> Self {
        let whole = Document::of(document, name, variables);
        let roots = whole.as_ref().map(Document::roots).unwrap_or_default();
        Self(roots.keys().map(|key| (*key).to_owned()).collect())
    }

    /// Put the fields of an answer in their order.
    pub(in crate::graphql) fn apply(&self, answer: &mut Response) {
        let Value::Object(members) = &mut answer.data else {
            return;
        };
        let place = |name: &str| self.0.iter().position(|known| known == name);
        members.sort_by_cached_key(|name, _| place(name));
    }
}
