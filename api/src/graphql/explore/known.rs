//! Documents that were answered before.
//!
//! A document that the engine answers alone, and that once went all the way without an error, is
//! kept with its plans: asked again, its tokens are not counted, and it is not parsed, validated or
//! taken through the library's executor. Its variables are looked at each time, and so are the limits that depend on
//! them. Whatever is wrong with a request is found before anything runs, and then the request goes
//! all the way, so that the answer to it is the same.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use async_graphql::indexmap::{Equivalent, IndexMap};
use async_graphql::parser::types::{
    Directive, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, PathSegment, Positioned, Response, ServerError, Value, Variables};
use async_graphql_value::Value as Open;
use entity::identity::user::UserRole;
use futures::future::join_all;
use moka::sync::Cache;
use service::Ctx;

use super::answer::{Mode, RootPlan};
use super::collect::Document;
use super::root::Root;
use crate::graphql::operation::{chosen, tell_of};

/// The most that is kept, in bytes.
const BYTES: u64 = 12 * 1024 * 1024;
/// What a byte of a document's text takes once it is parsed, about.
const PARSED: usize = 16;
/// What a selection takes in a plan, about.
const PLANNED: usize = 128;
/// The longest text of a document that is kept, in bytes.
const LONGEST: usize = 16 * 1024;
/// How many combinations of its conditions a document is kept in.
const COMBINATIONS: usize = 4;

/// Documents that were answered before.
#[derive(Debug)]
pub(in crate::graphql) struct KnownDocuments(Cache<Key, Arc<Known>>);

/// A role's document: what one role may ask, another may not.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    role: Option<UserRole>,
    /// The operation that requests name.
    name: Option<String>,
    text: Arc<str>,
}

/// A [`Key`] to look up, of a request's own texts.
#[derive(Hash)]
struct Sought<'a> {
    role: Option<UserRole>,
    name: Option<&'a str>,
    text: &'a str,
}

impl Equivalent<Key> for Sought<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.role == key.role && self.name == key.name.as_deref() && *self.text == *key.text
    }
}

/// A document that was answered before.
#[derive(Debug)]
pub(in crate::graphql) struct Known {
    /// What it takes with all its plans, about, in bytes.
    weight: u32,
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
type Plans = Vec<(Name, RootPlan)>;

impl Default for KnownDocuments {
    fn default() -> Self {
        let weigh = |_: &Key, known: &Arc<Known>| known.weight;
        Self(Cache::builder().max_capacity(BYTES).weigher(weigh).build())
    }
}

impl KnownDocuments {
    /// The document, if it is known to answer callers of this role.
    pub(in crate::graphql) fn find(
        &self,
        role: Option<UserRole>,
        text: &str,
        name: Option<&str>,
    ) -> Option<Arc<Known>> {
        if text.len() > LONGEST {
            return None;
        }
        self.0.get(&Sought { role, name, text })
    }

    /// The document as it would be kept, if it may be. Unfolded, it has so many `selections`.
    pub(in crate::graphql) fn consider(
        text: &str,
        name: Option<&str>,
        document: &ExecutableDocument,
        selections: usize,
    ) -> Option<Known> {
        if text.len() > LONGEST || document.operations.iter().count() != 1 {
            return None;
        }
        let operation = &chosen(document, name)?.node;
        if operation.ty != OperationType::Query || !is_ours(document, operation) {
            return None;
        }
        let mut conditions = Vec::new();
        let fragments = document.fragments.values();
        let sets = fragments.map(|fragment| &fragment.node.selection_set.node);
        for set in sets.chain([&operation.selection_set.node]) {
            find_conditions(set, &mut conditions);
        }
        let plans = COMBINATIONS.min(1 << conditions.len().min(COMBINATIONS));
        let weight = text.len() * PARSED + selections * PLANNED * plans;
        Some(Known {
            weight: u32::try_from(weight).unwrap_or(u32::MAX),
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
    pub(in crate::graphql) fn keep(&self, role: Option<UserRole>, text: Arc<str>, known: Known) {
        let key = Key {
            role,
            name: known.name.clone(),
            text,
        };
        self.0.insert(key, Arc::new(known));
    }

    /// How many are kept, and what they weigh.
    #[cfg(test)]
    pub(super) fn weight(&self) -> (u64, u64) {
        self.0.run_pending_tasks();
        (self.0.entry_count(), self.0.weighted_size())
    }
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
        let document = Document::of(&self.document, self.name.as_deref(), variables)?;
        let given = document.given;
        let plans = self.plans(document)?;
        tell_of(ctx, self.called.as_deref(), document.operation);
        let mut asked = Vec::with_capacity(plans.len());
        for (name, plan) in plans.iter() {
            asked.push((name, plan, plan.bind(ctx, given).ok()?));
        }
        let answers = asked
            .iter()
            .map(|(name, plan, bound)| async move { (*name, plan.answer(ctx, bound, mode).await) });
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

    fn plans(&self, document: Document<'_>) -> Option<Arc<Plans>> {
        let given = document.given;
        let conditions = self.conditions.iter();
        let truths = conditions.map(|name| given.truth(&Open::Variable(name.clone())));
        let truths: Vec<bool> = truths.collect::<Option<_>>()?;
        let kept = self.plans.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(plans) = kept.get(&truths) {
            return Some(Arc::clone(plans));
        }
        drop(kept);
        let mut plans = Plans::new();
        for (key, fields) in document.roots() {
            let root = Root::named(&fields.first()?.node.name.node)?;
            let plan = RootPlan::compile(root, &document, &fields).ok()?;
            plans.push((Name::new(key), plan));
        }
        let plans = Arc::new(plans);
        let mut kept = self.plans.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < COMBINATIONS {
            kept.insert(truths, Arc::clone(&plans));
        }
        Some(plans)
    }
}
