//! A socket, from its first message to its last.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Response as Answer;
use axum::extract::ws::{Message, WebSocket};
use futures::stream::{AbortHandle, BoxStream, SelectAll, abortable};
use futures::{StreamExt as _, stream};
use secrecy::SecretString;
use serde_json::Value;
use service::Ctx;
use service::actor::Actor;
use service::db::Engine;
use service::error::Kind;
use service::identity::{Credential, authenticate, still};
use service::settings::Socket;
use service::signal::Signal;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, interval, sleep_until, timeout};

use super::super::execute::{Api, Stop, Way, finish};
use super::super::question::Params;
use super::MESSAGE;
use super::count::Place;
use super::message::{Close, Said, ack, beat, complete, error, next, pong};
use crate::error::Door;
use crate::exact;
use crate::metrics::sockets::{closed, refused as refused_place};

/// How long a socket that has no place of its own may take to hear why.
const FAREWELL: Duration = Duration::from_secs(1);

/// What comes of an operation.
enum Event {
    Next(Box<Answer>),
    /// Why it is not run, and its request's id.
    Refused(Stop, String),
    End,
}

/// A socket, and what runs on it.
pub(super) struct Line {
    api: Arc<Api>,
    ctx: Ctx,
    credential: Option<Credential>,
    limits: Socket,
    socket: WebSocket,
    place: Place,
    /// Whether the first message was taken.
    ready: bool,
    running: HashMap<String, AbortHandle>,
    events: SelectAll<BoxStream<'static, (String, Event)>>,
}

/// How a socket ends: with a word, or without one where nobody would hear it.
enum End {
    Close(Close),
    Gone(Gone),
}

/// Why nobody would hear a word.
#[derive(Clone, Copy)]
enum Gone {
    /// The other side has left.
    Left,
    /// Nothing came from it for too long.
    Silent,
    /// It took too long to take a message.
    Slow,
}

impl End {
    /// Its name where sockets are counted.
    const fn name(&self) -> &'static str {
        match self {
            Self::Close(close) => close.name(),
            Self::Gone(Gone::Left) => "left",
            Self::Gone(Gone::Silent) => "silent",
            Self::Gone(Gone::Slow) => "slow",
        }
    }
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

impl Line {
    pub(super) async fn serve(
        api: Arc<Api>,
        ctx: Ctx,
        credential: Option<Credential>,
        mut socket: WebSocket,
    ) {
        let limits = ctx.settings().socket;
        let person = ctx.actor.user();
        let place = match api.sockets.enter(person, ctx.request.address, &limits) {
            Ok(place) => place,
            Err(why) => {
                refused_place(why);
                let said = timeout(limits.patience, socket.send(Close::TooMany.frame())).await;
                if let (Ok(Ok(())), Some(_)) = (said, person) {
                    hear_out(&mut socket, limits.patience.min(FAREWELL)).await;
                }
                return;
            }
        };
        let mut line = Self {
            api,
            ctx,
            credential,
            limits,
            socket,
            place,
            ready: false,
            running: HashMap::new(),
            events: SelectAll::new(),
        };
        let Err(end) = line.run().await;
        // Nothing runs on while the other side says good-bye.
        line.events.clear();
        closed(end.name());
        if let End::Close(close) = end
            && line.send(close.frame()).await.is_ok()
        {
            // Who never said who they are keeps a place that others wait for.
            let patience = if line.place.is_known() {
                limits.patience
            } else {
                limits.patience.min(FAREWELL)
            };
            hear_out(&mut line.socket, patience).await;
        }
    }

    async fn run(&mut self) -> Result<std::convert::Infallible, End> {
        let services = Arc::clone(&self.ctx.services);
        let mut signals = services.signals.listen();
        let mut hello = pin!(sleep_until(Instant::now() + self.limits.hello));
        let mut beats = interval(self.limits.ping);
        let mut rechecks = interval(self.recheck_every());
        let mut heard = Instant::now();
        loop {
            tokio::select! {
                () = services.stop.cancelled() => return Err(Close::Stop.into()),
                () = &mut hello, if !self.ready => return Err(Close::Late.into()),
                message = self.socket.recv() => {
                    heard = Instant::now();
                    match message {
                        Some(Ok(message)) if length(&message) > MESSAGE => {
                            return Err(Close::TooLarge.into());
                        }
                        Some(Ok(message)) => self.take(&message).await?,
                        Some(Err(_)) | None => return Err(End::Gone(Gone::Left)),
                    }
                }
                Some((id, event)) = self.events.next() => self.tell(&id, event).await?,
                signal = signals.recv() => match signal {
                    Ok(signal) if !self.is_about_caller(&signal) => {}
                    Ok(signal) => {
                        services.callers.hear(&signal);
                        self.recheck().await?;
                    }
                    Err(RecvError::Lagged(_)) => {
                        services.callers.hear(&Signal::Missed);
                        self.recheck().await?;
                    }
                    Err(RecvError::Closed) => return Err(Close::Stop.into()),
                },
                _ = rechecks.tick() => self.recheck().await?,
                _ = beats.tick() => {
                    if heard.elapsed() > self.limits.ping * 3 {
                        return Err(End::Gone(Gone::Silent));
                    }
                    self.send(beat()).await?;
                }
            }
        }
    }

    /// Where no signal of other replicas arrives, the caller is looked at as often as requests do.
    fn recheck_every(&self) -> Duration {
        let settings = self.ctx.settings();
        let deaf =
            self.ctx.services.db.engine() == Engine::Postgres && settings.listen_url.is_none();
        if deaf {
            self.limits.recheck.min(settings.caller_cache)
        } else {
            self.limits.recheck
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        let sent = timeout(self.limits.patience, self.socket.send(message)).await;
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone(Gone::Left)),
            Err(_) => Err(End::Gone(Gone::Slow)),
        }
    }

    async fn take(&mut self, message: &Message) -> Result<(), End> {
        match Said::read(message)? {
            None | Some(Said::Pong) => Ok(()),
            Some(Said::Ping) => self.send(pong()).await,
            Some(Said::ConnectionInit { payload }) => self.begin(payload).await,
            Some(_) if !self.ready => Err(Close::Unknown.into()),
            Some(Said::Complete { id }) => {
                if let Some(running) = self.running.remove(&id) {
                    running.abort();
                }
                Ok(())
            }
            Some(Said::Subscribe { id, .. }) if self.running.contains_key(&id) => {
                Err(Close::Taken(id).into())
            }
            Some(Said::Subscribe { id, payload }) => {
                let text = message.to_text().unwrap_or_default();
                match exact::check(text.as_bytes()) {
                    Ok(()) => self.subscribe(id, payload).await,
                    Err(wrong) => {
                        let told = Stop::told(wrong, None);
                        self.tell(&id, Event::Refused(told, self.ctx.request.id.clone()))
                            .await
                    }
                }
            }
        }
    }

    /// Find out who it is. A program in a browser, which cannot set headers, names its key here.
    async fn begin(&mut self, payload: Option<Value>) -> Result<(), End> {
        if self.ready {
            return Err(Close::Twice.into());
        }
        let shown = payload
            .as_ref()
            .and_then(|payload| payload.get("authorization"))
            .and_then(Value::as_str)
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        if self.credential.is_none()
            && let Some((_, key)) = shown
        {
            let key = Credential::Key(SecretString::from(key.trim()));
            let actor = authenticate(&self.ctx.services, &key).await;
            self.ctx.actor = actor.map_err(|_| Close::Unknown)?;
            self.credential = Some(key);
        }
        let person = self.ctx.actor.user().ok_or(Close::Unknown)?;
        if let Err(why) = self.place.belong(person, &self.limits) {
            refused_place(why);
            return Err(Close::TooMany.into());
        }
        self.ready = true;
        self.send(ack()).await
    }

    async fn subscribe(&mut self, id: String, payload: Value) -> Result<(), End> {
        let mut ctx = self.ctx.clone();
        let services = &self.ctx.services;
        ctx.request.id = services.ids.fresh(services.clock.now()).to_string();
        let request_id = ctx.request.id.clone();
        if self.running.len() >= self.limits.operations {
            let most = self.limits.operations;
            let told = Stop::limited(format!("a socket runs {most} operations at once"));
            return self.tell(&id, Event::Refused(told, request_id)).await;
        }
        let name = id.clone();
        let events = events(Arc::clone(&self.api), ctx, payload).map(move |mut event| {
            if let Event::Next(answer) = &mut event {
                finish(answer, &request_id);
            }
            (name.clone(), event)
        });
        let (events, running) = abortable(events);
        self.running.insert(id, running);
        self.events.push(events.boxed());
        Ok(())
    }

    async fn tell(&mut self, id: &str, event: Event) -> Result<(), End> {
        let message = match event {
            Event::Next(answer)
                if answer.data == async_graphql::Value::Null && refused(&answer) =>
            {
                self.forget(id);
                error(id, &answer)
            }
            Event::Next(answer) => next(id, &answer),
            Event::End => {
                self.forget(id);
                complete(id)
            }
            Event::Refused(stop, request_id) => {
                self.forget(id);
                let mut answer = stop.into_answer();
                finish(&mut answer, &request_id);
                error(id, &answer)
            }
        };
        self.send(message).await
    }

    fn forget(&mut self, id: &str) {
        if let Some(running) = self.running.remove(id) {
            running.abort();
        }
    }

    fn is_about_caller(&self, signal: &Signal) -> bool {
        match (signal, &self.ctx.actor) {
            (Signal::Missed, _) => true,
            (Signal::UserChanged(id), actor) => actor.user() == Some(*id),
            (Signal::SessionRevoked(id), Actor::User { session, .. }) => session == id,
            (Signal::KeyRevoked(id), Actor::ApiKey { id: key, .. }) => key == id,
            _ => false,
        }
    }

    /// Whether the caller still is who they were. While the database is away, they are.
    async fn recheck(&mut self) -> Result<(), End> {
        let Some(credential) = &self.credential else {
            return Ok(());
        };
        match still(&self.ctx.services, credential).await {
            Ok(actor) if is_same(&actor, &self.ctx.actor) => Ok(()),
            Ok(_) => Err(Close::Changed.into()),
            Err(error) if error.kind() == Kind::Unauthenticated => Err(Close::Unknown.into()),
            Err(_) => Ok(()),
        }
    }
}

/// Listen until the other side has read the last word: what is thrown away unread would tear the
/// word away with it.
async fn hear_out(socket: &mut WebSocket, patience: Duration) {
    let rest = async { while let Some(Ok(_)) = socket.recv().await {} };
    let _ = timeout(patience, rest).await;
}

/// What comes of the operation that `payload` names.
fn events(api: Arc<Api>, ctx: Ctx, payload: Value) -> BoxStream<'static, Event> {
    let end = || stream::iter([Event::End]);
    let request_id = ctx.request.id.clone();
    let begun = async move {
        let prepared = async {
            let params: Params = serde_json::from_value(payload)
                .map_err(|error| Door::Malformed(error.to_string()))?;
            api.prepare(&ctx, params.question()?, Way::Socket).await
        };
        match prepared.await {
            Err(stop) => stream::iter([Event::Refused(stop, request_id)]).boxed(),
            Ok(prepared) if prepared.subscribes => {
                let answers = api.answers(prepared);
                answers
                    .map(|answer| Event::Next(Box::new(answer)))
                    .chain(end())
                    .boxed()
            }
            Ok(prepared) => {
                let answer = async move { Event::Next(Box::new(api.answer(prepared).await)) };
                stream::once(answer).chain(end()).boxed()
            }
        }
    };
    stream::once(begun).flatten().boxed()
}

/// Whether an answer says that the operation was not run.
fn refused(answer: &Answer) -> bool {
    let at_all = answer.errors.iter().any(|error| !error.path.is_empty());
    !answer.errors.is_empty() && !at_all
}

fn is_same(one: &Actor, other: &Actor) -> bool {
    let scopes = |actor: &Actor| match actor {
        Actor::ApiKey { scopes, .. } => Some(scopes.clone()),
        _ => None,
    };
    one.signature() == other.signature()
        && one.role() == other.role()
        && scopes(one) == scopes(other)
}

fn length(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(_) => 0,
    }
}

impl Stop {
    /// What it says, as an answer.
    fn into_answer(self) -> Answer {
        match self {
            Self::Answer(answer) => *answer,
            Self::Door(error) => {
                let error = async_graphql::Error::from(error);
                let mut error = error.into_server_error(async_graphql::Pos::default());
                error.locations.clear();
                Answer::from_errors(vec![error])
            }
        }
    }
}
