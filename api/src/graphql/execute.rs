//! The one place where a question becomes an answer, whichever way it came: every limit stands here,
//! and there is no second way to the schema.
//!
//! In order: the text is found by its hash where it is named so; its tokens are counted; it is
//! parsed and measured; only then is it validated and run, with variables that fit.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::registry::{MetaType, Registry};
use async_graphql::{
    OutputType, Pos, Request, Response as Answer, Schema, ServerError, SubscriptionType, Value,
    Variables,
};
use futures::Stream;
use service::Ctx;
use service::error::Common;
use service::settings::{Documents, Environment, Settings};
use tokio::time::Instant;

use super::explore::{Known, KnownDocuments, List, Mode, Order, Wanted};
use super::limits::Rows;
use super::operation::chosen;
use super::persisted::{Found, Sent};
use super::question::Question;
use super::socket::Sockets;
use super::{Mutation, Query, Subscription, explore, limits, tokens, variables};
use crate::error::{ApiError, Door};

/// The schema, and who may look at it.
pub(crate) struct Api {
    schema: Schema<Query, Mutation, Subscription>,
    /// What a variable can be made of.
    inputs: Registry,
    /// The names of the queries.
    queries: HashSet<String>,
    /// Whether everybody may ask what the schema is.
    pub(super) introspection: bool,
    pub(super) documents: Documents,
    /// How long an operation may take.
    deadline: Duration,
    /// Documents that clients sent with their hash.
    pub(super) sent: Sent,
    /// Documents that the engine answered.
    answered: KnownDocuments,
    /// The sockets that are open.
    pub(super) sockets: Sockets,
}

impl Default for Api {
    fn default() -> Self {
        Self::new(&Settings::default())
    }
}

/// Which way a question came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By GET, which must not change anything.
    Get,
    /// By POST.
    Post,
    /// For the rows of a list, to the last.
    Export,
    /// Over a WebSocket.
    Socket,
}

/// An operation that may run.
pub(super) struct Prepared {
    ctx: Ctx,
    text: Arc<str>,
    name: Option<String>,
    variables: Variables,
    document: Source,
    /// Whether root fields of one name were made one.
    collapsed: bool,
    /// How many selections the document unfolds to.
    selections: usize,
    /// How the engine's part of the answer is returned.
    mode: Mode,
    due: Instant,
    /// Whether it goes on answering.
    pub(super) subscribes: bool,
}

impl Prepared {
    /// As the library is asked.
    fn request(self) -> Request {
        let document = match self.document {
            Source::Parsed(document) => document,
            Source::Known(known) => known.document().clone(),
        };
        let mut request = Request::new(&*self.text)
            .variables(self.variables)
            .data(self.ctx)
            .data(self.mode);
        request.operation_name = self.name;
        request.set_parsed_query(document);
        request
    }
}

/// Where a document comes from.
enum Source {
    /// It was parsed now.
    Parsed(ExecutableDocument),
    /// The engine answered it before.
    Known(Arc<Known>),
}

impl Source {
    fn document(&self) -> &ExecutableDocument {
        match self {
            Self::Parsed(document) => document,
            Self::Known(known) => known.document(),
        }
    }
}

/// A question that is not run.
#[derive(Debug)]
pub(super) enum Stop {
    /// It is answered with what is wrong with it.
    Answer(Box<Answer>),
    /// It is refused at the door.
    Door(ApiError),
}

impl<E: Into<ApiError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Door(error.into())
    }
}

impl Stop {
    /// Answer with `why`, at a place in the document.
    pub(super) fn told(why: impl Into<ApiError>, at: Option<Pos>) -> Self {
        let error = async_graphql::Error::from(why.into());
        let mut error = error.into_server_error(at.unwrap_or_default());
        if at.is_none() {
            error.locations.clear();
        }
        Self::Answer(Box::new(Answer::from_errors(vec![error])))
    }

    /// Answer that a limit is reached.
    pub(super) fn limited(message: String) -> Self {
        Self::error(ServerError::new(message, None), "graphql.limit")
    }

    fn error(error: ServerError, code: &str) -> Self {
        let mut answer = Answer::from_errors(vec![error]);
        for error in &mut answer.errors {
            let extensions = error.extensions.get_or_insert_default();
            extensions.set("code", code);
            extensions.set("status", 400);
        }
        Self::Answer(Box::new(answer))
    }
}

impl From<limits::Limit> for Stop {
    fn from(limit: limits::Limit) -> Self {
        Self::error(ServerError::new(limit.message, limit.at), "graphql.limit")
    }
}

impl Api {
    /// In production nobody is told what the schema is, nor what a typing error may have meant.
    pub(super) fn new(settings: &Settings) -> Self {
        let introspection = settings.environment != Environment::Production;
        // The limits are our own: those of the library stop a client that asks what the schema is.
        let mut schema = super::builder();
        if !introspection {
            schema = schema.disable_introspection().disable_suggestions();
        }
        let mut inputs = types();
        let query = inputs.types.get("Query").and_then(MetaType::fields);
        let queries = query.into_iter().flat_map(|fields| fields.keys().cloned());
        let queries = queries.collect();
        // The schema has them all a second time, out of reach.
        inputs.types.retain(|_, kind| kind.is_input());
        Self {
            schema: schema.finish(),
            inputs,
            queries,
            introspection,
            documents: settings.documents,
            deadline: settings.operation_deadline,
            sent: Sent::default(),
            answered: KnownDocuments::default(),
            sockets: Sockets::default(),
        }
    }

    /// schema.graphql.
    pub(super) fn sdl(&self) -> String {
        self.schema.sdl()
    }

    /// Look at a question whose caller is `ctx` until nothing speaks against running it.
    pub(super) async fn prepare(
        &self,
        ctx: &Ctx,
        question: Question,
        way: Way,
    ) -> Result<Prepared, Stop> {
        let due = Instant::now() + self.deadline;
        let Question {
            document,
            operation_name,
            variables,
        } = question;
        let Found {
            text,
            trusted,
            fresh,
        } = self.find(ctx, document).await?;
        let known = self
            .answered
            .find(ctx.actor.role(), &text, operation_name.as_deref());
        let mut source = if let Some(known) = known {
            Source::Known(known)
        } else {
            tokens::check(&text)?;
            if let Some(at) = tokens::wide_number(&text) {
                let message = "a whole number has more than 64 bits: send it as text";
                let error = ServerError::new(message, Some(at));
                return Err(Stop::error(error, "graphql.invalid"));
            }
            let parsed = parse_query(&*text);
            Source::Parsed(parsed.map_err(|error| Stop::error(error.into(), "graphql.syntax"))?)
        };
        let document = source.document();
        if !trusted {
            self.admit(ctx, document)?;
        }
        let mut variables = Variables::from_json(variables.into());
        let rows = match way {
            Way::Export => Rows::Unbounded,
            Way::Get | Way::Post | Way::Socket => Rows::Page,
        };
        let selections = limits::check(document, &variables, self.introspection, rows)?;
        let name = operation_name.as_deref();
        if let Some(operation) = chosen(document, name) {
            explore::complete(&operation.node, &mut variables);
        }
        let mut collapsed = false;
        if let Source::Parsed(document) = &mut source {
            collapsed = explore::collapse(document, name, &variables)
                .map_err(|error| Stop::error(error, "graphql.invalid"))?;
        }
        let document = source.document();
        let (mut ctx, mut subscribes) = (ctx.clone(), false);
        if let Some(operation) = chosen(document, name) {
            match (operation.node.ty, way) {
                (OperationType::Mutation | OperationType::Subscription, Way::Get) => {
                    return Err(Door::Method.into());
                }
                (OperationType::Mutation | OperationType::Subscription, Way::Export) => {
                    return Err(Common::invalid("document", "must be a query").into());
                }
                (OperationType::Subscription, Way::Post) => {
                    return Err(Stop::told(Door::Subscription, Some(operation.pos)));
                }
                _ => {}
            }
            subscribes = operation.node.ty == OperationType::Subscription;
            if operation.node.ty != OperationType::Query {
                ctx = ctx.current();
            }
            variables::check(&self.inputs, &operation.node, &variables)
                .map_err(|error| Stop::error(error, "graphql.invalid"))?;
        }
        if let Some(hash) = fresh {
            self.sent.keep(hash, Arc::clone(&text));
        }
        Ok(Prepared {
            ctx,
            text,
            name: operation_name,
            variables,
            document: source,
            collapsed,
            selections,
            // Over a WebSocket it is the library that prints the answer.
            mode: match way {
                Way::Get | Way::Post | Way::Export => Mode::Bytes,
                Way::Socket => Mode::Value,
            },
            due,
            subscribes,
        })
    }

    /// See a question through to the one list that it asks for, compiled and bound.
    pub(super) async fn list(&self, ctx: &Ctx, question: Question) -> Result<List, Stop> {
        let prepared = self.prepare(ctx, question, Way::Export).await?;
        let nothing = || Common::invalid("document", "must ask for one list, and nothing else");
        if !self.may_be_list(&prepared) {
            return Err(nothing().into());
        }
        let due = prepared.due;
        let wanted = Wanted::default();
        let request = prepared.request().data(wanted.clone());
        let answer = tokio::time::timeout_at(due, self.schema.execute(request)).await;
        let answer = answer.map_err(|_| Door::Overdue)?;
        match wanted.take() {
            Some(list) => list.map_err(Into::into),
            None if answer.errors.is_empty() => Err(nothing().into()),
            None => Err(Stop::Answer(Box::new(answer))),
        }
    }

    /// Whether an operation asks for one list: nothing else runs on this way. An operation or a field
    /// that does not exist is the library's to name.
    fn may_be_list(&self, prepared: &Prepared) -> bool {
        let Prepared {
            document,
            name,
            variables,
            ..
        } = prepared;
        let exists = |name: &str| self.queries.contains(name);
        match explore::roots(document.document(), name.as_deref(), variables).as_deref() {
            Some([name]) => explore::is_list(name) || !exists(name),
            Some(_) => false,
            None => true,
        }
    }

    /// Run what has one answer.
    pub(super) async fn answer(&self, prepared: Prepared) -> Answer {
        let due = prepared.due;
        let answer = tokio::time::timeout_at(due, self.run(prepared)).await;
        answer.unwrap_or_else(|_| {
            let error = async_graphql::Error::from(ApiError::from(Door::Overdue));
            Answer::from_errors(vec![error.into_server_error(Pos::default())])
        })
    }

    async fn run(&self, prepared: Prepared) -> Answer {
        let name = prepared.name.as_deref();
        let fresh = match &prepared.document {
            Source::Known(known) => {
                let answer = known.answer(&prepared.ctx, &prepared.variables, prepared.mode);
                if let Some(answer) = answer.await {
                    return answer;
                }
                None
            }
            Source::Parsed(document) => {
                KnownDocuments::consider(&prepared.text, name, document, prepared.selections)
            }
        };
        let order = Order::of(prepared.document.document(), name, &prepared.variables);
        let (role, text) = (prepared.ctx.actor.role(), Arc::clone(&prepared.text));
        let collapsed = prepared.collapsed;
        let mut answer = self.schema.execute(prepared.request()).await;
        order.apply(&mut answer);
        if collapsed {
            explore::tell_once(&mut answer);
        }
        if let Some(fresh) = fresh
            && answer.errors.is_empty()
        {
            self.answered.keep(role, text, fresh);
        }
        answer
    }

    /// Run what goes on answering.
    pub(super) fn answers(
        &self,
        prepared: Prepared,
    ) -> impl Stream<Item = Answer> + Send + Unpin + use<> {
        self.schema.execute_stream(prepared.request())
    }
}

/// Every type of the schema.
pub(super) fn types() -> Registry {
    let mut types = Registry::default();
    Query::create_type_info(&mut types);
    <Mutation as OutputType>::create_type_info(&mut types);
    <Subscription as SubscriptionType>::create_type_info(&mut types);
    types
}

/// Give every error its code and the request's id; whether the request is refused as a whole.
///
/// An error that none of our verbs gave comes from the document or its variables, also where the
/// library finds it only while it runs: then the request is refused as a whole, and has no `data`.
pub(super) fn finish(answer: &mut Answer, request_id: &str) -> bool {
    let run =
        answer.data != Value::Null || answer.errors.iter().any(|error| !error.path.is_empty());
    let mut refused = !run && !answer.errors.is_empty();
    for error in &mut answer.errors {
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", "graphql.invalid");
            extensions.set("status", 400);
            refused = true;
        }
        extensions.set("request_id", request_id);
    }
    refused
}
