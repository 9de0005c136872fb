//! A compiled root field with its arguments, asked; and how an answer is printed.

use async_graphql::parser::types::Field;
use async_graphql::{Positioned, Response, Value};
use axum::body::Bytes;
use serde_json::to_writer;
use service::Ctx;
use service::error::Error;
use service::explore::plan::Bound;
use service::explore::{self, Access};

use super::arguments::{Given, Template};
use super::collect::Document;
use super::compile::{self, Compiled};
use super::fault::Fault;
use super::node;
use super::root::Root;

/// How the engine's part of an answer is returned: part of the request's data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::graphql) enum Mode {
    /// As values, for whoever prints answers with the library.
    #[default]
    Value,
    /// As the bytes of its JSON, for [`print`].
    Bytes,
}

/// A root field, compiled.
#[derive(Debug)]
pub(super) struct RootPlan(pub Compiled);

impl RootPlan {
    /// Compile `fields`, which are one.
    pub(super) fn compile(
        root: Root,
        document: &Document<'_>,
        fields: &[&Positioned<Field>],
    ) -> Result<Self, Fault> {
        match root {
            Root::List(entity) => compile::list(document, entity, fields),
            Root::Row(entity) => compile::row(document, entity, None, fields),
            Root::Version => Err(Fault::Request(
                "a version has no fields".to_owned(),
                fields[0].pos,
            )),
            Root::Node => {
                let template = Template::of(fields[0]);
                let args = template.fill(document.given)?;
                let meant = node::read(args.get("id"))
                    .map_err(|error| Fault::Service(error, template.at))?;
                compile::row(document, meant.entity, Some(meant.key), fields)
            }
        }
        .map(Self)
    }

    /// Its arguments in a request.
    pub(super) fn bind(&self, ctx: &Ctx, given: Given<'_>) -> Result<Vec<Bound>, Fault> {
        let access = Access::of(&ctx.actor).map_err(|error| Fault::Service(error, self.0.at))?;
        self.0.bind(&access, given)
    }

    /// Its answer.
    pub(super) async fn answer(
        &self,
        ctx: &Ctx,
        bound: &[Bound],
        mode: Mode,
    ) -> Result<Value, Fault> {
        let refused = |error| Fault::Service(error, self.0.at);
        let mut out = Vec::with_capacity(1024);
        let run = explore::run(ctx, &self.0.plan, bound, &mut out);
        run.await.map_err(refused)?;
        Ok(match mode {
            Mode::Bytes if out != b"null" => Value::Binary(Bytes::from(out)),
            _ => serde_json::from_slice(&out).map_err(|error| refused(Error::internal(error)))?,
        })
    }
}

/// Ask a compiled root field.
pub(super) async fn ask(
    ctx: &Ctx,
    plan: &RootPlan,
    given: Given<'_>,
    mode: Mode,
) -> Result<Value, Fault> {
    let bound = plan.bind(ctx, given)?;
    plan.answer(ctx, &bound, mode).await
}

/// The JSON of an answer: bytes are the engine's, and are printed as they are.
pub(in crate::graphql) fn print(answer: &Response) -> Vec<u8> {
    let mut out = Vec::with_capacity(4096);
    out.extend_from_slice(b"{\"data\":");
    value(&answer.data, &mut out);
    if !answer.extensions.is_empty() {
        out.extend_from_slice(b",\"extensions\":");
        json(&answer.extensions, &mut out);
    }
    if !answer.errors.is_empty() {
        out.extend_from_slice(b",\"errors\":");
        json(&answer.errors, &mut out);
    }
    out.push(b'}');
    out
}

fn value(data: &Value, out: &mut Vec<u8>) {
    match data {
        Value::Binary(bytes) => out.extend_from_slice(bytes),
        Value::Object(members) => {
            out.push(b'{');
            for (at, (name, member)) in members.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                json(name.as_str(), out);
                out.push(b':');
                value(member, out);
            }
            out.push(b'}');
        }
        other => json(other, out),
    }
}

/// Nothing that an answer is made of fails to be JSON.
fn json<T: serde::Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    let start = out.len();
    if to_writer(&mut *out, value).is_err() {
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}
