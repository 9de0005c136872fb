//! The engine's part of the query's root.
//!
//! A root field is compiled with all that is selected below it, and answered by one call; there are
//! no resolvers below. What is read here of a running operation (`query_env`, `item`) is public in
//! the library and hidden from its documentation: it is read in this file and nowhere else.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use async_graphql::parser::types::Field;
use async_graphql::registry::{MetaTypeId, Registry};
use async_graphql::resolver_utils::{ContainerType, resolve_container};
use async_graphql::{
    Context, ContextBase, ContextSelectionSet, ObjectType, OutputType, Positioned, ServerResult,
    Value,
};
use service::Ctx;
use service::explore::bind::Args;
use service::explore::catalog::{Entity, catalog};
use service::explore::change::row_version;

use super::answer::{Mode, RootPlan, ask};
use super::arguments::{Given, Template};
use super::collect::Document;
use super::fault::Fault;
use super::wanted::Wanted;
use super::{meta, node, register};
use crate::graphql::caller;

/// What a root field answers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Root {
    /// A list.
    List(&'static Entity),
    /// A row by its key.
    Row(&'static Entity),
    /// A row of any type.
    Node,
    /// The version of a row of any type.
    Version,
}

impl Root {
    /// The root field called `name`, if it is the engine's.
    pub(super) fn named(name: &str) -> Option<Self> {
        static ROOTS: LazyLock<HashMap<&str, Root>> = LazyLock::new(|| {
            let entities = catalog().entities().iter();
            let roots = entities.flat_map(|entity| {
                [
                    (entity.plural.as_str(), Root::List(entity)),
                    (entity.single.as_str(), Root::Row(entity)),
                ]
            });
            roots
                .chain([("node", Root::Node), ("rowVersion", Root::Version)])
                .collect()
        });
        ROOTS.get(name).copied()
    }
}

/// Every entity, as lists and rows.
#[derive(Debug, Default)]
pub(in crate::graphql) struct Explore;

impl OutputType for Explore {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed("Explore")
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Object, |registry| {
            register::all(registry);
            let rust = std::any::type_name::<Self>();
            meta::object_type("Explore", "", register::roots(), Some(rust))
        })
    }

    async fn resolve(
        &self,
        context: &ContextSelectionSet<'_>,
        _field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        resolve_container(context, self).await
    }
}

impl ObjectType for Explore {}

impl ContainerType for Explore {
    async fn resolve_field(&self, context: &Context<'_>) -> ServerResult<Option<Value>> {
        let field = context.item;
        let Some(root) = Root::named(&field.node.name.node) else {
            return Ok(None);
        };
        let document = document(context);
        // There is no other of its name in the answer: bytes could not be merged.
        let fields = [field];
        let mode = context.data_opt::<Mode>().copied().unwrap_or_default();
        if let Some(wanted) = context.data_opt::<Wanted>() {
            wanted.give(caller(context), root, &document, &fields);
            return Ok(Some(Value::Null));
        }
        // On the heap: every merged part of the root holds the future of each.
        let answered = Box::pin(async {
            let ctx = caller(context).map_err(|error| Fault::Service(error.0, field.pos))?;
            if let Root::Version = root {
                let args = Template::of(field).fill(document.given)?;
                let version = version(ctx, &args).await;
                return version.map_err(|error| Fault::Service(error, field.pos));
            }
            let plan = RootPlan::compile(root, &document, &fields)?;
            ask(ctx, &plan, document.given, mode).await
        });
        Ok(Some(answered.await.unwrap_or_else(|fault| {
            // A field of the root may be null, so that it does not take the others along.
            let error = fault.into_server_error();
            context.add_error(context.set_error_path(error));
            Value::Null
        })))
    }
}

/// The operation that `context` is part of.
pub(super) fn document<'a, T>(context: &ContextBase<'a, T>) -> Document<'a> {
    let running = context.query_env;
    Document {
        operation: &running.operation.node,
        fragments: &running.fragments,
        given: Given {
            definitions: &running.operation.node.variable_definitions,
            values: &running.variables,
        },
    }
}

/// Who asks.
pub(super) fn caller_of<'a>(context: &ContextSelectionSet<'a>) -> Option<&'a Ctx> {
    context.data_opt::<Ctx>()
}

/// The version of the row that `id` means.
async fn version(ctx: &Ctx, args: &Args) -> service::Result<Value> {
    let meant = node::read(args.get("id"))?;
    row_version(ctx, meant.entity, &meant.text)
        .await
        .map(Value::String)
}
