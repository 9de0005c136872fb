//! Who calls: from a request's headers to the context that every operation takes.

use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::header::{AUTHORIZATION, COOKIE, ORIGIN};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method};
use secrecy::SecretString;
use service::Ctx;
use service::actor::Actor;
use service::ctx::{RequestInfo, Services};
use service::error::Error;
use service::identity::{Credential, authenticate};

use crate::error::{ApiError, Door};
use crate::middleware::RequestId;
use crate::urls::Urls;

/// The session cookie's name over TLS, and over plain HTTP on loopback.
pub const COOKIES: [&str; 2] = ["__Host-chancery", "chancery"];

/// The header that names a key and nothing else.
pub const KEY_HEADER: &str = "x-api-key";

/// The context of a caller who is known. A route that takes it before the body reads no body of
/// somebody else's.
#[derive(Clone, Debug)]
pub struct Caller(pub Ctx);

/// The context of whoever calls, which may be nobody in particular; a stale credential is refused.
#[derive(Clone, Debug)]
pub struct Anyone(pub Ctx);

/// The same request, asked by nobody in particular: for routes that need no credential, and so must
/// not stumble over one that is stale.
#[derive(Clone, Debug)]
pub struct Visitor(pub Ctx);

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let visitor = parts.extensions.get::<Self>().cloned();
        visitor.ok_or_else(|| Error::internal("a route outside the caller's layer").into())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Anyone {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        match parts.extensions.get::<Result<Ctx, Refused>>() {
            Some(Ok(ctx)) => Ok(Self(ctx.clone())),
            Some(Err(refused)) => Err(refused
                .0
                .lock()
                .ok()
                .and_then(|mut error| error.take())
                .unwrap_or_else(crate::error::unauthenticated)),
            None => Err(Error::internal("a route outside the caller's layer").into()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Anyone(ctx) = Anyone::from_request_parts(parts, state).await?;
        if matches!(ctx.actor, Actor::Anonymous) {
            return Err(crate::error::unauthenticated());
        }
        Ok(Self(ctx))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, ApiError> {
        let ctx = parts.extensions.get::<Result<Ctx, Refused>>();
        let ctx = ctx.and_then(|ctx| ctx.as_ref().ok());
        let known = ctx.filter(|ctx| !matches!(ctx.actor, Actor::Anonymous));
        Ok(known.cloned().map(Self))
    }
}

/// A refusal that waits in the request until a route asks who calls.
#[derive(Clone, Debug)]
pub struct Refused(Arc<std::sync::Mutex<Option<ApiError>>>);

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self(Arc::new(std::sync::Mutex::new(Some(error))))
    }
}

impl Visitor {
    /// What is known of a request whatever it shows of its sender.
    pub fn of(services: &Arc<Services>, extensions: &Extensions) -> Self {
        let request = RequestInfo {
            id: extensions
                .get::<RequestId>()
                .map(|id| id.0.clone())
                .unwrap_or_default(),
            address: extensions.get::<Urls>().and_then(Urls::client),
            claim: None,
        };
        Self(Ctx::new(Arc::clone(services), Actor::Anonymous, request))
    }

    /// The context of whom the request's credential names, or why there is none.
    pub async fn identify(
        &self,
        method: &Method,
        urls: &Urls,
        headers: &HeaderMap,
    ) -> Result<Ctx, ApiError> {
        let services = &self.0.services;
        let Some(credential) = credential(headers, urls) else {
            return Ok(self.0.clone());
        };
        if matches!(credential, Credential::Session(_)) && !method.is_safe() {
            same_origin(services, urls, headers)?;
        }
        let actor = authenticate(services, &credential).await?;
        Ok(self.0.acting_as(actor))
    }
}

pub(crate) fn credential(headers: &HeaderMap, urls: &Urls) -> Option<Credential> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = header(AUTHORIZATION.as_str())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    if let Some(key) = bearer.or_else(|| header(KEY_HEADER)) {
        return Some(Credential::Key(SecretString::from(key)));
    }
    // Under TLS only the name that no other host can set.
    let ours = COOKIES[usize::from(!urls.is_tls())];
    let cookies = headers.get_all(COOKIE).iter();
    // Others may be of any letters.
    let cookies = cookies.map(|value| String::from_utf8_lossy(value.as_bytes()));
    cookies
        .flat_map(|list| list.split(';').map(str::to_owned).collect::<Vec<_>>())
        .find_map(|cookie| {
            let (name, token) = cookie.trim().split_once('=')?;
            (name == ours).then(|| Credential::Session(SecretString::from(token)))
        })
}

/// As for a write, without the header that a browser cannot add to this: a page of another origin
/// must not listen in with the cookie of whoever looks at it.
pub(crate) fn may_listen(
    services: &Services,
    urls: &Urls,
    headers: &HeaderMap,
) -> Result<(), ApiError> {
    if is_known_origin(services, urls, headers) {
        return Ok(());
    }
    Err(Error::from(Door::Origin).into())
}

fn is_known_origin(services: &Services, urls: &Urls, headers: &HeaderMap) -> bool {
    let origin = headers.get(ORIGIN).and_then(|value| value.to_str().ok());
    let ours = urls.origin();
    let guests = &services.settings.cors_origins;
    let known = |origin| ours.as_deref() == Some(origin) || guests.iter().any(|one| one == origin);
    origin.is_some_and(known)
}

/// A browser sends its cookie wherever a page tells it to; only our own pages, and those of the
/// origins that are set, can add both their origin and a header of their own.
fn same_origin(services: &Services, urls: &Urls, headers: &HeaderMap) -> Result<(), ApiError> {
    if is_known_origin(services, urls, headers) && headers.contains_key("x-requested-with") {
        Ok(())
    } else {
        Err(Error::from(Door::Origin).into())
    }
}
