//! The one way out: every call that leaves the process, but for the database's.
//!
//! Whoever may name an address (of a webhook, of an identity provider) could have the process call
//! its neighbours, so an address is looked up once, refused when any of what it resolves to is not
//! of the public Internet ([`address::is_global`]; networks may be allowed, [`ALLOWED_NETWORKS`]), and
//! the connection goes to exactly those addresses: a name that resolves to something else a moment
//! later gains nothing. No redirect is followed, no proxy of the environment used, no connection
//! kept; an answer is read as far as [`MOST`].

pub mod address;
mod guard;
mod setting;
#[cfg(test)]
mod tests;

use std::error::Error as _;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub use reqwest::Method;
pub use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt as _;
use url::Url;

pub use self::guard::Blocked;
use self::guard::{Guard, Resolve, System};
pub use self::setting::{ALLOW_HTTP, ALLOWED_NETWORKS, CONNECT_TIMEOUT, TIMEOUT};
use crate::ctx::Services;

/// As many bytes of an answer are read.
pub const MOST: usize = 64 * 1024;

const USER_AGENT: &str = concat!("Chancery/", env!("CARGO_PKG_VERSION"));

/// What calls need beside what can be set.
#[derive(Debug)]
pub struct Outbound {
    resolver: Box<dyn Resolve>,
    tls: ClientConfig,
}

/// A call.
#[derive(Clone, Debug)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Whom.
    pub url: Url,
    /// With which headers.
    pub headers: HeaderMap,
    /// With what.
    pub body: Vec<u8>,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as far as it was read.
    pub body: Vec<u8>,
    /// Whether there was more of it.
    pub cut: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The address is not called.
    #[error("the address {0}")]
    Blocked(#[from] Blocked),
    /// It took too long.
    #[error("no answer within {} seconds", .0.as_secs_f64())]
    Timeout(Duration),
    /// Nobody took the connection up.
    #[error("the connection was refused")]
    Refused,
    /// There is no way there, or it broke off.
    #[error("no connection could be made")]
    Unreachable,
    /// The certificate is not one of the host, or the two do not agree on TLS.
    #[error("the TLS connection could not be made")]
    Tls,
    /// What came was no answer, or not all of it.
    #[error("the answer broke off")]
    Broken,
}

impl Outbound {
    /// A way out by the machine's resolver, trusting whom the machine trusts.
    ///
    /// # Errors
    /// Where TLS cannot be set up at all.
    pub fn new() -> crate::Result<Self> {
        crate::tls::install();
        Ok(Self {
            resolver: Box::new(System),
            tls: tls().map_err(crate::Error::internal)?,
        })
    }
}

/// Trust in what the machine trusts; where it has no list of its own, in the one that browsers have.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = || {
        ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
    };
    if let Ok(builder) = builder()?.with_platform_verifier() {
        return Ok(builder.with_no_client_auth());
    }
    let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned();
    let roots: rustls::RootCertStore = roots.collect();
    Ok(builder()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// Refuse an address that would not be called. What passes may still be refused when it is called:
/// names change their minds.
///
/// # Errors
/// Why it would not be called.
pub async fn check(services: &Services, url: &Url) -> Result<(), Blocked> {
    let guard = Guard::of(&services.configuration, services.settings.environment);
    let resolver = &*services.outbound.resolver;
    guard.addresses(resolver, url).await.map(drop)
}

/// Call, and read the answer.
///
/// # Errors
/// Why there is no answer; a status that is none of success is an answer.
pub async fn call(services: &Services, request: Request) -> Result<Answer, Failure> {
    let guard = Guard::of(&services.configuration, services.settings.environment);
    let limit = services.configuration.get(&TIMEOUT);
    services.outbound.call(&guard, limit, request).await
}

impl Outbound {
    async fn call(
        &self,
        guard: &Guard,
        limit: Duration,
        request: Request,
    ) -> Result<Answer, Failure> {
        let called = async {
            let addresses = guard.addresses(&*self.resolver, &request.url).await?;
            let client = self.client(addresses, guard.patience)?;
            exchange(&client, guard.patience, request).await
        };
        let answered = tokio::time::timeout(limit, called).await;
        answered.unwrap_or(Err(Failure::Timeout(limit)))
    }

    /// A client that can reach nothing but `addresses`.
    fn client(
        &self,
        addresses: Vec<SocketAddr>,
        patience: Duration,
    ) -> Result<reqwest::Client, Failure> {
        reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .dns_resolver(Checked(addresses))
            .connect_timeout(patience)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .http1_only()
            .pool_max_idle_per_host(0)
            .referer(false)
            .user_agent(USER_AGENT)
            .build()
            .map_err(|_| Failure::Unreachable)
    }
}

/// Whatever the name: the addresses that were checked.
struct Checked(Vec<SocketAddr>);

impl reqwest::dns::Resolve for Checked {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let addresses: reqwest::dns::Addrs = Box::new(self.0.clone().into_iter());
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

async fn exchange(
    client: &reqwest::Client,
    patience: Duration,
    request: Request,
) -> Result<Answer, Failure> {
    let Request {
        method,
        url,
        headers,
        body,
    } = request;
    let sent = client.request(method, url).headers(headers).body(body);
    let sent = sent.send().await;
    let mut response = sent.map_err(|error| reason(&error, patience))?;
    let mut answer = Answer {
        status: response.status().as_u16(),
        headers: std::mem::take(response.headers_mut()),
        body: Vec::new(),
        cut: false,
    };
    while let Some(chunk) = response.chunk().await.map_err(|_| Failure::Broken)? {
        let room = MOST - answer.body.len();
        answer.cut = chunk.len() > room;
        answer
            .body
            .extend_from_slice(&chunk[..chunk.len().min(room)]);
        if answer.cut {
            break;
        }
    }
    Ok(answer)
}

/// What lies at the bottom of an error of the client's.
fn reason(error: &reqwest::Error, patience: Duration) -> Failure {
    // The only time that the client keeps is that of connecting.
    if error.is_timeout() {
        return Failure::Timeout(patience);
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            if error.kind() == io::ErrorKind::ConnectionRefused {
                return Failure::Refused;
            }
            let inner = error.get_ref();
            if inner.is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>) {
                return Failure::Tls;
            }
        }
        if error.is::<rustls::Error>() {
            return Failure::Tls;
        }
        cause = error.source();
    }
    if error.is_connect() {
        Failure::Unreachable
    } else {
        Failure::Broken
    }
}
