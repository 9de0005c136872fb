//! A list that somebody else answers: the root's field is compiled and bound, and handed over
//! instead of being asked.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::parser::types::{ExecutableDocument, Field};
use async_graphql::{Positioned, Variables};
use service::Ctx;
use service::explore::Access;
use service::explore::plan::{Bound, Plan};

use super::answer::RootPlan;
use super::collect::Document;
use super::fault::Fault;
use super::root::Root;
use crate::error::{ApiError, Door};

/// A list, compiled and bound.
pub(in crate::graphql) type List = (Plan, Vec<Bound>);

/// Where the list of a running operation is left: part of the request's data.
#[derive(Clone, Default)]
pub(in crate::graphql) struct Wanted(Arc<Mutex<Option<Result<List, ApiError>>>>);

impl Wanted {
    /// The list, or what is wrong with it.
    pub(in crate::graphql) fn take(&self) -> Option<Result<List, ApiError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Leave the list that `fields`, which are one, ask for.
    pub(super) fn give(
        &self,
        ctx: Result<&Ctx, ApiError>,
        root: Root,
        document: &Document<'_>,
        fields: &[&Positioned<Field>],
    ) {
        let list = ctx.and_then(|ctx| list(ctx, root, document, fields));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(list);
    }
}

/// The names of the root fields of the operation that would run.
pub(in crate::graphql) fn roots<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
    variables: &'a Variables,
) -> Option<Vec<&'a str>> {
    let fields = Document::of(document, name, variables)?.roots();
    let fields = fields.values().map(|fields| &fields[0].node);
    Some(fields.map(|field| field.name.node.as_str()).collect())
}

/// Whether the root field called `name` is a list.
pub(in crate::graphql) fn is_list(name: &str) -> bool {
    matches!(Root::named(name), Some(Root::List(_)))
}

fn list(
    ctx: &Ctx,
    root: Root,
    document: &Document<'_>,
    fields: &[&Positioned<Field>],
) -> Result<List, ApiError> {
    let access = Access::of(&ctx.actor)?;
    let bound = || {
        let RootPlan(compiled) = RootPlan::compile(root, document, fields)?;
        let bound = compiled.fill(&access, document.given)?;
        Ok((compiled.plan, bound))
    };
    bound().map_err(|fault: Fault| match fault {
        Fault::Service(error, _) => error.into(),
        Fault::Request(detail, at) => Door::document("graphql.invalid", &detail, Some(at)).into(),
    })
}
