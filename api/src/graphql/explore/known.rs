//! Documents that were answered before.
//!
//! A document that the engine answers alone, and that once went all the way without an error, is
//! kept with its plans: asked again, it is neither counted, parsed, validated nor taken through the
//! library's executor. Its variables are looked at each time, and so are the limits that depend on
//! them. Whatever is wrong with a request is found before anything runs, and then the request goes
//! all the way, so that the answer to it is the same.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{
    Directive, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, PathSegment, Positioned, Response, ServerError, Value, Variables};
use async_graphql_value::Value as Open;
use entity::identity::user::UserRole;
use futures::future::join_all;
use moka::sync::Cache;
use service::Ctx;

use super::answer::{Mode, Question};
use super::arguments::Given;
use super::collect::Document;
use super::order::chosen;
use super::root::Root;
use crate::graphql::operation::tell_of;

/// How many documents are kept.
const DOCUMENTS: u64 = 1_000;
/// The longest text of a document that is kept, in bytes.
const LONGEST: usize = 16 * 1024;
/// How many combinations of its conditions a document is kept in.
const COMBINATIONS: usize = 16;

/// Documents that were answered before.
#[derive(Debug)]
pub(in crate::graphql) struct Documents(Cache<String, Arc<Known>>);

/// A document that was answered before.
#[derive(Debug)]
pub(in crate::graphql) struct Known {
    document: ExecutableDocument,
    /// The operation that requests name.
    name: Option<String>,
    /// The operation's own name.
    called: Option<String>,
    /// The variables that @skip and @include look at.
    conditions: Vec<Name>,
    /// The root fields under each combination of them.
    plans: RwLock<HashMap<Vec<bool>, Arc<Plans>>>,
}

/// Root fields by their names in the answer, in the document's order.
type Plans = Vec<(Name, Question)>;

impl Default for Documents {
    fn default() -> Self {
        Self(Cache::new(DOCUMENTS))
    }
}

impl Documents {
    /// The document, if it is known to answer callers of this role.
    pub(in crate::graphql) fn find(
        &self,
        ctx: &Ctx,
        text: &str,
        name: Option<&str>,
    ) -> Option<Arc<Known>> {
        if text.len() > LONGEST {
            return None;
        }
        self.0.get(&key(ctx, text, name))
    }

    /// The document as it would be kept, if it may be.
    pub(in crate::graphql) fn consider(
        text: &str,
        name: Option<&str>,
        document: &ExecutableDocument,
    ) -> Option<Known> {
        if text.len() > LONGEST || document.operations.iter().count() != 1 {
            return None;
        }
        let operation = chosen(document, name)?;
        if operation.ty != OperationType::Query || !is_ours(document, operation) {
            return None;
        }
        let mut conditions = Vec::new();
        let fragments = document.fragments.values();
        let sets = fragments.map(|fragment| &fragment.node.selection_set.node);
        for set in sets.chain([&operation.selection_set.node]) {
            find_conditions(set, &mut conditions);
        }
        Some(Known {
            document: document.clone(),
            name: name.map(ToOwned::to_owned),
            called: document
                .operations
                .iter()
                .next()
                .and_then(|(name, _)| name)
                .map(ToString::to_string),
            conditions,
            plans: RwLock::default(),
        })
    }

    /// Keep a document that was answered without an error.
    pub(in crate::graphql) fn keep(&self, ctx: &Ctx, text: &str, known: Known) {
        let key = key(ctx, text, known.name.as_deref());
        self.0.insert(key, Arc::new(known));
    }
}

/// A role's document: what one role may ask, another may not.
fn key(ctx: &Ctx, text: &str, name: Option<&str>) -> String {
    let role = match ctx.actor.role() {
        None => "-",
        Some(UserRole::Admin) => "a",
        Some(UserRole::Operator) => "o",
        Some(UserRole::User) => "u",
    };
    let name = name.unwrap_or_default();
    let mut key = String::with_capacity(role.len() + name.len() + text.len() + 2);
    for part in [role, "\0", name, "\0", text] {
        key.push_str(part);
    }
    key
}

/// Whether the engine answers every root field, under whatever conditions, each name once.
fn is_ours(document: &ExecutableDocument, operation: &OperationDefinition) -> bool {
    let mut names = Vec::new();
    ours(document, &operation.selection_set.node, &mut names)
}

fn ours<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    names: &mut Vec<&'a str>,
) -> bool {
    set.items.iter().all(|item| match &item.node {
        Selection::Field(field) => {
            let key = field.node.response_key().node.as_str();
            let once = !names.contains(&key);
            names.push(key);
            let root = Root::named(&field.node.name.node);
            once && matches!(root, Some(Root::List(_) | Root::Row(_)))
        }
        Selection::InlineFragment(part) => ours(document, &part.node.selection_set.node, names),
        Selection::FragmentSpread(spread) => {
            let fragment = document.fragments.get(&spread.node.fragment_name.node);
            fragment
                .is_some_and(|fragment| ours(document, &fragment.node.selection_set.node, names))
        }
    })
}

fn find_conditions(set: &SelectionSet, found: &mut Vec<Name>) {
    for item in &set.items {
        for directive in item.node.directives() {
            if let Some(name) = condition(directive)
                && !found.contains(name)
            {
                found.push(name.clone());
            }
        }
        match &item.node {
            Selection::Field(field) => find_conditions(&field.node.selection_set.node, found),
            Selection::InlineFragment(part) => {
                find_conditions(&part.node.selection_set.node, found);
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn condition(directive: &Positioned<Directive>) -> Option<&Name> {
    match &directive.node.get_argument("if")?.node {
        Open::Variable(name) => Some(name),
        _ => None,
    }
}

impl Known {
    /// The document.
    pub(in crate::graphql) fn document(&self) -> &ExecutableDocument {
        &self.document
    }

    /// The answer; none when the request must go all the way. The variables are complete and of
    /// their types, and the limits are kept.
    pub(in crate::graphql) async fn answer(
        &self,
        ctx: &Ctx,
        variables: &Variables,
        mode: Mode,
    ) -> Option<Response> {
        let operation = chosen(&self.document, self.name.as_deref())?;
        let given = Given {
            definitions: &operation.variable_definitions,
            values: variables,
        };
        let plans = self.plans(operation, given)?;
        tell_of(ctx, self.called.as_deref(), operation);
        let mut asked = Vec::with_capacity(plans.len());
        for (name, question) in plans.iter() {
            asked.push((name, question, question.bind(ctx, given).ok()?));
        }
        let answers = asked.iter().map(|(name, question, bound)| async move {
            (*name, question.answer(ctx, bound, mode).await)
        });
        let mut response = Response::default();
        let mut data = IndexMap::with_capacity(asked.len());
        for (name, answer) in join_all(answers).await {
            let value = answer.unwrap_or_else(|fault| {
                let path = vec![PathSegment::Field(name.to_string())];
                let error = fault.into_server_error();
                response.errors.push(ServerError { path, ..error });
                Value::Null
            });
            data.insert(name.clone(), value);
        }
        if !data.is_empty() {
            response.data = Value::Object(data);
        }
        Some(response)
    }

    fn plans(&self, operation: &OperationDefinition, given: Given<'_>) -> Option<Arc<Plans>> {
        let conditions = self.conditions.iter();
        let truths = conditions.map(|name| given.truth(&Open::Variable(name.clone())));
        let truths: Vec<bool> = truths.collect::<Option<_>>()?;
        let kept = self.plans.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(plans) = kept.get(&truths) {
            return Some(Arc::clone(plans));
        }
        drop(kept);
        let document = Document {
            operation,
            fragments: &self.document.fragments,
            given,
        };
        let mut plans = Plans::new();
        for (key, fields) in document.roots() {
            let root = Root::named(&fields.first()?.node.name.node)?;
            let question = Question::compile(root, &document, &fields).ok()?;
            plans.push((Name::new(key), question));
        }
        let plans = Arc::new(plans);
        let mut kept = self.plans.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < COMBINATIONS {
            kept.insert(truths, Arc::clone(&plans));
        }
        Some(plans)
    }
}
