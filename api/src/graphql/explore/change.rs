//! The engine's part of the mutation's root: rows written by their metadata.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use async_graphql::parser::types::Field;
use async_graphql::registry::{MetaTypeId, Registry};
use async_graphql::resolver_utils::{ContainerType, resolve_container};
use async_graphql::{
    Context, ContextSelectionSet, ObjectType, OutputType, Positioned, ServerResult, Value,
};
use serde_json::Value as Json;
use service::Ctx;
use service::error::{Common, Error};
use service::explore::bind::{Args, Scalar};
use service::explore::catalog::{Entity, catalog};
use service::explore::change;

use super::answer::{Mode, RootPlan, ask};
use super::arguments::Template;
use super::collect::Document;
use super::fault::Fault;
use super::root::document;
use super::{compile, meta, node, register};
use crate::graphql::caller;

/// What a field of the root does.
#[derive(Clone, Copy, Debug)]
enum Verb {
    Create,
    Update,
    Delete,
    UpdateAll,
    DeleteAll,
    Restore,
}

fn named(name: &str) -> Option<(Verb, &'static Entity)> {
    static VERBS: LazyLock<HashMap<String, (Verb, &'static Entity)>> = LazyLock::new(|| {
        let entities = catalog().entities().iter();
        let verbs = entities.flat_map(|entity| {
            let plural = register::capital(&entity.plural);
            [
                (format!("create{}", entity.name), (Verb::Create, entity)),
                (format!("update{}", entity.name), (Verb::Update, entity)),
                (format!("delete{}", entity.name), (Verb::Delete, entity)),
                (format!("restore{}", entity.name), (Verb::Restore, entity)),
                (format!("update{plural}"), (Verb::UpdateAll, entity)),
                (format!("delete{plural}"), (Verb::DeleteAll, entity)),
            ]
        });
        verbs.collect()
    });
    VERBS.get(name).copied()
}

/// Every entity that staff may write.
#[derive(Debug, Default)]
pub(in crate::graphql) struct Change;

impl OutputType for Change {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed("Change")
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Object, |registry| {
            register::all(registry);
            let rust = std::any::type_name::<Self>();
            meta::object_type("Change", "", register::changes(), Some(rust))
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

impl ObjectType for Change {}

impl ContainerType for Change {
    async fn resolve_field(&self, context: &Context<'_>) -> ServerResult<Option<Value>> {
        let field = context.item;
        let Some((verb, entity)) = named(&field.node.name.node) else {
            return Ok(None);
        };
        let document = document(context);
        let done = Box::pin(async {
            let ctx = caller(context).map_err(|error| Fault::Service(error.0, field.pos))?;
            let args = Template::of(field).fill(document.given)?;
            write(ctx, verb, entity, &args, &document, field).await
        });
        Ok(Some(done.await.unwrap_or_else(|fault| {
            let error = fault.into_server_error();
            context.add_error(context.set_error_path(error));
            Value::Null
        })))
    }
}

async fn write(
    ctx: &Ctx,
    verb: Verb,
    entity: &'static Entity,
    args: &Args,
    document: &Document<'_>,
    field: &Positioned<Field>,
) -> Result<Value, Fault> {
    let refused = |error: Error| Fault::Service(error, field.pos);
    let arguments = Arguments { args, entity };
    let key = match verb {
        Verb::Create => {
            let input = arguments.object("input").map_err(refused)?;
            change::create(ctx, entity, input).await.map_err(refused)?
        }
        Verb::Update => {
            let (key, version) = arguments.row().map_err(refused)?;
            let patch = arguments.object("patch").map_err(refused)?;
            change::update(ctx, entity, key, version, patch)
                .await
                .map_err(refused)?;
            key.to_owned()
        }
        Verb::Restore => {
            let key = arguments.key().map_err(refused)?;
            change::restore(ctx, entity, key).await.map_err(refused)?
        }
        Verb::Delete => {
            let (key, version) = arguments.row().map_err(refused)?;
            let key = change::delete(ctx, entity, key, version)
                .await
                .map_err(refused)?;
            return Ok(Value::String(node::write(entity, &key)));
        }
        Verb::UpdateAll => {
            let (filter, count) = arguments.rows().map_err(refused)?;
            let patch = arguments.object("patch").map_err(refused)?;
            let done = change::update_all(ctx, entity, filter, count, patch).await;
            return Ok(Value::Number(done.map_err(refused)?.into()));
        }
        Verb::DeleteAll => {
            let (filter, count) = arguments.rows().map_err(refused)?;
            let done = change::delete_all(ctx, entity, filter, count).await;
            return Ok(Value::Number(done.map_err(refused)?.into()));
        }
    };
    let key = Scalar::read(entity.key_column(), &Json::String(key), "id").map_err(refused)?;
    let row = compile::row(document, entity, Some(key), &[field])?;
    ask(ctx, &RootPlan(row), document.given, Mode::Value).await
}

/// The arguments of a write, which the schema has let through.
struct Arguments<'a> {
    args: &'a Args,
    entity: &'static Entity,
}

impl<'a> Arguments<'a> {
    fn member(&self, name: &str) -> Result<&'a Json, Error> {
        self.args
            .get(name)
            .ok_or_else(|| Common::invalid(name, "is missing").into())
    }

    fn object(&self, name: &str) -> Result<&'a Args, Error> {
        let object = self.member(name)?.as_object();
        object.ok_or_else(|| Common::invalid(name, "must be an object").into())
    }

    fn text(&self, name: &str) -> Result<&'a str, Error> {
        let text = self.member(name)?.as_str();
        text.ok_or_else(|| Common::invalid(name, "must be a String").into())
    }

    fn key(&self) -> Result<&'a str, Error> {
        self.text(&register::key_argument(self.entity))
    }

    fn row(&self) -> Result<(&'a str, &'a str), Error> {
        Ok((self.key()?, self.text("rowVersion")?))
    }

    fn rows(&self) -> Result<(&'a Json, u64), Error> {
        let count = self.member("count")?.as_u64();
        let count = count.ok_or_else(|| Common::invalid("count", "must not be negative"))?;
        Ok((self.member("filter")?, count))
    }
}
