//! A row that a verb returns: what is selected of it is asked of the engine.

use std::borrow::Cow;
use std::marker::PhantomData;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};
use entity::scope::Scoped;
use service::error::Error;
use service::explore::bind::Scalar;
use service::explore::catalog::{Entity, catalog};
use uuid::Uuid;

use super::answer::{Mode, RootPlan, ask};
use super::compile;
use super::fault::Fault;
use super::register;
use super::root::{caller_of, document};

/// The row of `E` with a key.
#[derive(Clone, Copy, Debug)]
pub(in crate::graphql) struct Record<E> {
    key: Uuid,
    entity: PhantomData<fn() -> E>,
}

impl<E: Scoped> Record<E> {
    /// The row whose key is `key`.
    pub(in crate::graphql) fn new(key: Uuid) -> Self {
        Self {
            key,
            entity: PhantomData,
        }
    }

    fn catalogued() -> &'static Entity {
        let table = E::default();
        let found = catalog().of_table(table.table_name());
        found.expect("the catalogue has every entity that has a scope")
    }

    async fn read(
        &self,
        context: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> Result<Value, Fault> {
        let missing = |what: &str| Fault::Service(Error::internal(what), field.pos);
        let ctx = caller_of(context).ok_or_else(|| missing("a record without a caller"))?;
        let document = document(context);
        let key = Scalar::Uuid(self.key);
        let row = compile::row(&document, Self::catalogued(), Some(key), &[field])?;
        match ask(ctx, &RootPlan(row), document.given, Mode::Value).await? {
            Value::Null => Err(missing("a record that the caller does not see")),
            value => Ok(value),
        }
    }
}

impl<E: Scoped> OutputType for Record<E> {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed(&Self::catalogued().name)
    }

    fn create_type_info(registry: &mut Registry) -> String {
        register::all(registry);
        Self::qualified_type_name()
    }

    async fn resolve(
        &self,
        context: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        let read = Box::pin(self.read(context, field)).await;
        read.map_err(|fault| context.set_error_path(fault.into_server_error()))
    }
}
