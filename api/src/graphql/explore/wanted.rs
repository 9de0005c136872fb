//! A list that somebody else answers: the root's field is compiled and bound, and handed over
//! instead of being asked.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::Positioned;
use async_graphql::parser::types::Field;
use service::Ctx;
use service::error::Common;
use service::explore::Access;
use service::explore::plan::{Bound, Plan};

use super::answer::Question;
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

fn list(
    ctx: &Ctx,
    root: Root,
    document: &Document<'_>,
    fields: &[&Positioned<Field>],
) -> Result<List, ApiError> {
    let alone = document.roots().len() == 1;
    if !alone || !matches!(root, Root::List(_)) {
        let detail = "must ask for one list, and nothing else";
        return Err(Common::invalid("document", detail).into());
    }
    let access = Access::of(&ctx.actor)?;
    let bound = || {
        let Question(compiled) = Question::compile(root, document, fields)?;
        let bound = compiled.fill(&access, document.given)?;
        Ok((compiled.plan, bound))
    };
    bound().map_err(|fault: Fault| match fault {
        Fault::Service(error, _) => error.into(),
        Fault::Request(detail, at) => Door::document("graphql.invalid", &detail, Some(at)).into(),
    })
}
