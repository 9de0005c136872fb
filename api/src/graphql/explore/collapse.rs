//! Root fields of one name in the answer, made one field before anything runs.
//!
//! They are one to the specification, with all that is selected below each (GraphQL, October 2021,
//! section 6.3.2). The library runs every one of them and merges what they answer: a list would be
//! read once for each, and a mutation would write once for each.

use std::collections::HashSet;

use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, Field, InlineFragment, OperationDefinition,
    Selection, SelectionSet,
};
use async_graphql::{Name, Pos, Positioned, Response, ServerError, Variables};
use async_graphql_value::Value;

use super::collect::Document;

/// Make the operation's root fields of one name one field, and tell whether there were any. What
/// was there stays where it is, left out of the answer, so that it is validated as it was sent.
///
/// # Errors
///
/// Fields of one name differ. The validator looks at such only within one type condition.
pub(in crate::graphql) fn collapse(
    document: &mut ExecutableDocument,
    name: Option<&str>,
    variables: &Variables,
) -> Result<bool, ServerError> {
    let Some(whole) = Document::of(document, name, variables) else {
        return Ok(false);
    };
    let roots = whole.roots();
    if roots.values().all(|fields| fields.len() == 1) {
        return Ok(false);
    }
    let fields = roots.iter().map(|(key, fields)| one(key, fields));
    let fields: Vec<_> = fields.collect::<Result<_, _>>()?;
    if let Some(operation) = chosen_mut(document, name) {
        let set = &mut operation.selection_set;
        let original = std::mem::replace(&mut set.node.items, fields);
        set.node.items.push(left_out(set.pos, original));
    }
    Ok(true)
}

/// Name every mistake once: the validator finds one in a field that was made of several, and again
/// where it was sent.
pub(in crate::graphql) fn tell_once(answer: &mut Response) {
    let mut told = HashSet::new();
    answer.errors.retain(|error| {
        told.insert((
            error.message.clone(),
            error.locations.clone(),
            format!("{:?}", error.path),
        ))
    });
}

/// The one field that `fields`, all named `key` in the answer, are.
fn one(key: &str, fields: &[&Positioned<Field>]) -> Result<Positioned<Selection>, ServerError> {
    let first = fields[0];
    let mut field = first.clone();
    for (at, next) in fields.iter().enumerate().skip(1) {
        if !same(&first.node, &next.node) {
            let message = format!(
                "Fields \"{key}\" conflict because they are different fields or have differing \
                 arguments. Use different aliases on the fields to fetch both if this was intentional."
            );
            let mut error = ServerError::new(message, Some(first.pos));
            error.locations.push(next.pos);
            return Err(error);
        }
        // A fragment that is spread twice brings the same field twice.
        if fields[..at].iter().any(|seen| std::ptr::eq(*seen, *next)) {
            continue;
        }
        let items = &next.node.selection_set.node.items;
        field.node.selection_set.node.items.extend_from_slice(items);
    }
    Ok(Positioned::new(Selection::Field(field), first.pos))
}

fn same(one: &Field, other: &Field) -> bool {
    let mut arguments = one.arguments.iter();
    one.name.node == other.name.node
        && one.arguments.len() == other.arguments.len()
        && arguments.all(|(name, value)| other.get_argument(&name.node) == Some(value))
}

/// `items` where the validator sees them, and nobody else.
fn left_out(at: Pos, items: Vec<Positioned<Selection>>) -> Positioned<Selection> {
    let condition = Positioned::new(Name::new("if"), at);
    let skip = Directive {
        name: Positioned::new(Name::new("skip"), at),
        arguments: vec![(condition, Positioned::new(Value::Boolean(true), at))],
    };
    let part = InlineFragment {
        type_condition: None,
        directives: vec![Positioned::new(skip, at)],
        selection_set: Positioned::new(SelectionSet { items }, at),
    };
    Positioned::new(Selection::InlineFragment(Positioned::new(part, at)), at)
}

fn chosen_mut<'a>(
    document: &'a mut ExecutableDocument,
    name: Option<&str>,
) -> Option<&'a mut OperationDefinition> {
    let operation = match (&mut document.operations, name) {
        (DocumentOperations::Single(operation), _) => Some(operation),
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get_mut(name),
        (DocumentOperations::Multiple(operations), None) => operations.values_mut().next(),
    };
    operation.map(|operation| &mut operation.node)
}
