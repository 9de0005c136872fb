//! Every address that leaves the process is made here.
//!
//! People reach us under `PUBLIC_URL`. Without one, a developer's machine takes the request's own
//! word for it; elsewhere nobody knows, and addresses go out as paths: a `Host` header is the
//! caller's to choose, and must not end up in a link that somebody else follows.

mod forwarded;
pub mod path;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{HOST, LINK, LOCATION};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{Extensions, HeaderMap, HeaderValue, Uri};
use service::error::Error;
use service::settings::{Environment, Settings};
use url::Url;

use self::forwarded::Passed;
use crate::error::ApiError;

/// Where a request came from, and under which address it found us.
#[derive(Clone, Debug)]
pub struct Urls(Arc<Found>);

#[derive(Debug)]
struct Found {
    client: Option<IpAddr>,
    /// What the request says of itself, where its word is taken.
    asked: Option<Asked>,
    /// Our address; few answers need to know it.
    base: OnceLock<Option<Url>>,
}

/// The address that a request was sent to, as it says itself.
#[derive(Debug)]
struct Asked {
    scheme: Option<String>,
    host: HeaderValue,
}

impl Urls {
    /// What the head of a request and the settings say.
    pub fn of(
        settings: &Settings,
        uri: &Uri,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Self {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|peer| peer.0.ip().to_canonical());
        let passed = match peer {
            Some(peer) => Passed::by(&settings.trusted_proxies, peer, headers),
            None => Passed::default(),
        };
        let here = matches!(
            settings.environment,
            Environment::Development | Environment::Test
        );
        let client = passed.client.or(peer);
        let found = match &settings.public_url {
            None if here => Found {
                client,
                asked: Asked::of(uri, headers, passed),
                base: OnceLock::new(),
            },
            set => Found {
                client,
                asked: None,
                base: set.clone().into(),
            },
        };
        Self(Arc::new(found))
    }

    fn base(&self) -> Option<&Url> {
        let asked = || self.0.asked.as_ref().and_then(Asked::url);
        self.0.base.get_or_init(asked).as_ref()
    }

    /// The caller's address.
    pub fn client(&self) -> Option<IpAddr> {
        self.0.client
    }

    /// The origin that our own pages have, where it is known.
    pub fn origin(&self) -> Option<String> {
        Some(self.base()?.origin().ascii_serialization())
    }

    /// Whether people reach us over TLS.
    pub fn is_tls(&self) -> bool {
        self.base().is_some_and(|base| base.scheme() == "https")
    }

    /// As the machine itself reaches a door at `address`.
    pub fn local(address: SocketAddr) -> Self {
        Self(Arc::new(Found {
            client: None,
            asked: None,
            base: Url::parse(&format!("http://{address}")).ok().into(),
        }))
    }

    /// The address of `path`, which begins with a slash; the path alone where ours is not known.
    pub fn at(&self, path: &str) -> String {
        let base = self.base().map_or("", Url::as_str);
        format!("{}{path}", base.trim_end_matches('/'))
    }
}

impl Urls {
    /// `path` as people reach it: below the path of `PUBLIC_URL`, where that has one.
    pub fn outside(&self, path: &str) -> String {
        let base = self.base().map_or("", Url::path);
        format!("{}{path}", base.trim_end_matches('/'))
    }

    /// Let the places that an answer names be those that people reach.
    pub(crate) fn dress(&self, headers: &mut HeaderMap) {
        let ours = |text: &str| text.starts_with('/') && !text.starts_with("//");
        let place = headers.get(LOCATION).and_then(|value| value.to_str().ok());
        let place = place.filter(|place| ours(place));
        let place = place.map(|place| self.outside(place));
        let link = headers.get(LINK).and_then(|value| value.to_str().ok());
        let link = link.and_then(|link| link.strip_prefix('<'));
        let link = link.filter(|link| ours(link));
        let link = link.map(|link| format!("<{}", self.outside(link)));
        for (name, text) in [(LOCATION, place), (LINK, link)] {
            if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
                headers.insert(name, value);
            }
        }
    }
}

impl Asked {
    fn of(uri: &Uri, headers: &HeaderMap, passed: Passed) -> Option<Self> {
        let named = |host: &str| HeaderValue::from_str(host).ok();
        let host = match passed.host {
            Some(host) => named(&host),
            None => match headers.get(HOST) {
                Some(host) => Some(host.clone()),
                None => uri.authority().map(Authority::as_str).and_then(named),
            },
        };
        Some(Self {
            scheme: passed.scheme,
            host: host?,
        })
    }

    fn url(&self) -> Option<Url> {
        let scheme = self.scheme.as_deref().unwrap_or("http");
        let host = self.host.to_str().ok()?;
        let url = Url::parse(&format!("{scheme}://{host}")).ok()?;
        let plain = url.path() == "/" && url.username().is_empty() && url.query().is_none();
        plain.then_some(url)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Urls {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let urls = parts.extensions.get::<Self>().cloned();
        urls.ok_or_else(|| Error::internal("a route outside the frame").into())
    }
}

/// An origin that a setting names: scheme, host and perhaps a port, and nothing else.
pub fn origin(text: &str) -> Result<String, String> {
    let sentence = "write an origin such as https://app.example.com, without a path";
    let url = Url::parse(text.trim_end_matches('/')).map_err(|_| sentence.to_owned())?;
    let serialised = url.origin().ascii_serialization();
    let bare = matches!(url.scheme(), "http" | "https")
        && !serialised.contains('*')
        && url.as_str().trim_end_matches('/') == serialised;
    if bare {
        Ok(serialised)
    } else {
        Err(sentence.to_owned())
    }
}

/// An address that people reach us under: no credentials, no query.
pub fn public(text: &str) -> Result<Url, String> {
    let sentence = "write an address such as https://chancery.example.com";
    let url = Url::parse(text).map_err(|_| sentence.to_owned())?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if plain {
        Ok(url)
    } else {
        Err(sentence.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(settings: &Settings, peer: &str, headers: &[(&'static str, &str)]) -> Urls {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        Urls::of(settings, &Uri::from_static("/"), &map, &extensions)
    }

    fn trusting() -> Settings {
        Settings {
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            ..Settings::default()
        }
    }

    #[test]
    fn the_public_address_is_the_set_one_whatever_the_request_says() {
        let mut settings = trusting();
        settings.public_url = Some(public("https://chancery.example/base/").unwrap());
        let lies = [
            ("host", "evil.example"),
            ("x-forwarded-host", "evil.example"),
        ];
        for peer in ["10.1.1.1", "192.0.2.1"] {
            let urls = urls(&settings, peer, &lies);
            assert_eq!(urls.at("/api/v1"), "https://chancery.example/base/api/v1");
            assert_eq!(urls.origin().unwrap(), "https://chancery.example");
            assert!(urls.is_tls());
        }
    }

    #[test]
    fn the_requests_own_host_counts_on_a_developers_machine_only() {
        let mut settings = trusting();
        let asked = [("host", "localhost:8080")];
        let here = urls(&settings, "127.0.0.1", &asked);
        assert_eq!(here.at("/graphql"), "http://localhost:8080/graphql");
        for environment in [Environment::Staging, Environment::Production] {
            settings.environment = environment;
            let there = urls(&settings, "127.0.0.1", &asked);
            assert_eq!(there.at("/graphql"), "/graphql");
            assert_eq!(there.origin(), None);
        }
        settings.environment = Environment::Test;
        let odd = urls(&settings, "127.0.0.1", &[("host", "a@evil.example/x")]);
        assert_eq!(odd.at("/x"), "/x");
    }

    #[test]
    fn only_a_trusted_proxy_says_how_it_was_reached() {
        let settings = trusting();
        let said = [
            ("host", "inside:1"),
            ("x-forwarded-host", "outside.example"),
            ("x-forwarded-proto", "https"),
        ];
        let trusted = urls(&settings, "10.0.0.1", &said);
        assert_eq!(trusted.origin().unwrap(), "https://outside.example");
        let stranger = urls(&settings, "192.0.2.9", &said);
        assert_eq!(stranger.origin().unwrap(), "http://inside:1");
        let said = [
            ("host", "inside:1"),
            (
                "forwarded",
                "for=192.0.2.7;proto=https;host=\"outside.example:8443\"",
            ),
        ];
        let trusted = urls(&settings, "10.0.0.1", &said);
        assert_eq!(trusted.origin().unwrap(), "https://outside.example:8443");
        assert_eq!(trusted.client().unwrap().to_string(), "192.0.2.7");
    }

    #[test]
    fn origins_are_exact() {
        for good in ["https://app.example.com", "http://localhost:5173/"] {
            assert_eq!(origin(good).unwrap(), good.trim_end_matches('/'));
        }
        for bad in [
            "*",
            "null",
            "app.example.com",
            "https://*/",
            "https://app.example.com/path",
            "https://user@app.example.com",
            "ftp://app.example.com",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
        assert!(public("https://user:secret@x.example").is_err());
        assert!(public("https://x.example/?a").is_err());
    }
}
