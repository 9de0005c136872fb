//! Whether an address may be called: the one place that decides it, for whoever names one.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures::future::BoxFuture;
use ipnet::IpNet;
use url::{Host, Url};

use super::address::is_global;
use super::setting::{ALLOW_HTTP, ALLOWED_NETWORKS, CONNECT_TIMEOUT};
use crate::configuration::Configuration;
use crate::settings::Environment;

/// The most bytes that an address has.
const LONGEST: usize = 2_048;

/// Why an address is not called. Never tells what a name resolves to: whoever names it would learn
/// of a network that is not theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// Neither http nor https, or without a host.
    #[error("is not an absolute http or https URL")]
    Scheme,
    /// Without TLS, where TLS is needed.
    #[error("must be an https URL")]
    Plain,
    /// A name or password stands in it.
    #[error("must not contain a user name or password")]
    Credentials,
    /// It is too long.
    #[error("must not be longer than {LONGEST} bytes")]
    Length,
    /// The name leads nowhere.
    #[error("has a host that does not resolve")]
    Unresolved,
    /// The name took too long.
    #[error("has a host that does not resolve in time")]
    Slow,
    /// The host, or one of its addresses, is not of the public Internet.
    #[error("has a host that is not a public address")]
    Private,
}

/// Whoever knows the addresses of names.
pub(super) trait Resolve: std::fmt::Debug + Send + Sync {
    /// The addresses of `host`.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// The machine's resolver.
#[derive(Debug)]
pub(super) struct System;

impl Resolve for System {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// What is allowed at the moment.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    pub(super) allowed: Vec<IpNet>,
    pub(super) http: bool,
    pub(super) patience: Duration,
}

impl Guard {
    pub(super) fn of(configuration: &Configuration, environment: Environment) -> Self {
        let http = configuration.get(&ALLOW_HTTP);
        Self {
            allowed: configuration.get(&ALLOWED_NETWORKS),
            http: http.unwrap_or(environment != Environment::Production),
            patience: configuration.get(&CONNECT_TIMEOUT),
        }
    }

    /// What can be said of `url` without asking anybody.
    pub(super) fn look(&self, url: &Url) -> Result<(), Blocked> {
        match url.scheme() {
            "https" => {}
            "http" if self.http => {}
            "http" => return Err(Blocked::Plain),
            _ => return Err(Blocked::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Blocked::Credentials);
        }
        if url.as_str().len() > LONGEST {
            return Err(Blocked::Length);
        }
        match url.host() {
            Some(Host::Ipv4(address)) => self.judge([IpAddr::V4(address)]),
            Some(Host::Ipv6(address)) => self.judge([IpAddr::V6(address)]),
            Some(Host::Domain(_)) => Ok(()),
            None => Err(Blocked::Scheme),
        }
    }

    /// The addresses to connect to for `url`, every one of them allowed.
    pub(super) async fn addresses(
        &self,
        resolver: &dyn Resolve,
        url: &Url,
    ) -> Result<Vec<SocketAddr>, Blocked> {
        self.look(url)?;
        let found = match url.host() {
            Some(Host::Ipv4(address)) => vec![IpAddr::V4(address)],
            Some(Host::Ipv6(address)) => vec![IpAddr::V6(address)],
            Some(Host::Domain(name)) => {
                let found = tokio::time::timeout(self.patience, resolver.resolve(name)).await;
                found
                    .map_err(|_| Blocked::Slow)?
                    .map_err(|_| Blocked::Unresolved)?
            }
            None => Vec::new(),
        };
        if found.is_empty() {
            return Err(Blocked::Unresolved);
        }
        self.judge(found.iter().copied())?;
        let port = url.port_or_known_default().unwrap_or_default();
        let addresses = found.into_iter().map(|ip| SocketAddr::new(ip, port));
        Ok(addresses.collect())
    }

    /// One address that is not allowed makes the host one: which of them is called is chance.
    fn judge(&self, addresses: impl IntoIterator<Item = IpAddr>) -> Result<(), Blocked> {
        let allowed = |address: IpAddr| {
            let plain = address.to_canonical();
            is_global(address) || self.allowed.iter().any(|net| net.contains(&plain))
        };
        if addresses.into_iter().all(allowed) {
            Ok(())
        } else {
            Err(Blocked::Private)
        }
    }
}
