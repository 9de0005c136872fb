//! What proxies say of the requests that they pass on: `Forwarded` (RFC 7239) and its elders
//! `X-Forwarded-For`, `-Proto` and `-Host`.
//!
//! Each proxy appends what it saw, so the list is read from its end, for as long as the one who
//! wrote the entry is trusted. A proxy sets one of the two kinds and passes the other on as the
//! caller sent it: where both are there and tell different stories, neither is believed.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// What can be believed of what a proxy says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Passed {
    /// The first one on the way who is not trusted, or the farthest who is.
    pub(super) client: Option<IpAddr>,
    /// `http` or `https`.
    pub(super) scheme: Option<String>,
    /// The host, and perhaps a port, that the caller asked for.
    pub(super) host: Option<String>,
}

impl Passed {
    /// What `peer` says in `headers`; nothing unless it is trusted.
    pub(super) fn by(trusted: &[IpNet], peer: IpAddr, headers: &HeaderMap) -> Self {
        let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
        if !is_trusted(peer) {
            return Self::default();
        }
        let elements = elements(headers);
        let standard = (!elements.is_empty()).then(|| walk(&elements, is_trusted));
        let elders = elders(headers, is_trusted);
        match (standard, elders) {
            (Some(standard), Some(elders)) if !standard.agrees(&elders) => Self::default(),
            (Some(standard), Some(elders)) => Self {
                client: standard.client.or(elders.client),
                scheme: standard.scheme.or(elders.scheme),
                host: standard.host.or(elders.host),
            },
            (one, other) => one.or(other).unwrap_or_default(),
        }
    }

    fn agrees(&self, other: &Self) -> bool {
        fn same<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
            one.is_none() || other.is_none() || one == other
        }
        same(self.client.as_ref(), other.client.as_ref())
            && same(self.scheme.as_ref(), other.scheme.as_ref())
            && same(self.host.as_ref(), other.host.as_ref())
    }
}

/// One entry of `Forwarded`.
#[derive(Debug, Default)]
struct Element {
    whom: Option<IpAddr>,
    scheme: Option<String>,
    host: Option<String>,
}

/// From the end to the first entry about somebody who is not trusted.
fn walk(elements: &[Element], is_trusted: impl Fn(IpAddr) -> bool) -> Passed {
    let mut passed = Passed::default();
    for element in elements.iter().rev() {
        let Some(address) = element.whom else {
            break;
        };
        passed = Passed {
            client: Some(address),
            scheme: element.scheme.clone(),
            host: element.host.clone(),
        };
        if !is_trusted(address) {
            break;
        }
    }
    passed
}

/// What the headers of before the standard say, if any of them is there.
fn elders(headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> Option<Passed> {
    let list = |name: &str| -> Vec<String> {
        let values = headers.get_all(name).iter();
        let texts = values.filter_map(|value| value.to_str().ok());
        let parts = texts.flat_map(|text| text.split(','));
        parts.map(|part| part.trim().to_owned()).collect()
    };
    let hops: Vec<Element> = list("x-forwarded-for")
        .iter()
        .map(|hop| Element {
            whom: address(hop),
            ..Element::default()
        })
        .collect();
    let passed = Passed {
        client: walk(&hops, is_trusted).client,
        scheme: list("x-forwarded-proto")
            .pop()
            .and_then(|word| scheme(&word)),
        host: list("x-forwarded-host")
            .pop()
            .filter(|host| !host.is_empty()),
    };
    (passed != Passed::default()).then_some(passed)
}

/// The entries of `Forwarded`, in order.
fn elements(headers: &HeaderMap) -> Vec<Element> {
    let values = headers.get_all("forwarded").iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts
        .flat_map(|text| split(text, ','))
        .map(|text| {
            let mut element = Element::default();
            for pair in split(&text, ';') {
                let Some((name, value)) = pair.split_once('=') else {
                    continue;
                };
                let value = unquoted(value.trim());
                match name.trim().to_ascii_lowercase().as_str() {
                    "for" => element.whom = address(&value),
                    "proto" => element.scheme = scheme(&value),
                    "host" => element.host = Some(value).filter(|host| !host.is_empty()),
                    _ => {}
                }
            }
            element
        })
        .collect()
}

/// Split at `at`, but not inside quotes.
fn split(text: &str, at: char) -> Vec<String> {
    let (mut parts, mut quoted, mut escaped) = (vec![String::new()], false, false);
    for letter in text.chars() {
        if letter == at && !quoted {
            parts.push(String::new());
            continue;
        }
        quoted ^= letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    parts
}

fn unquoted(text: &str) -> String {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inner.map_or_else(|| text.to_owned(), |inner| inner.replace('\\', ""))
}

fn scheme(word: &str) -> Option<String> {
    let word = word.to_ascii_lowercase();
    matches!(word.as_str(), "http" | "https").then_some(word)
}

/// An address, perhaps in brackets, perhaps with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    let found = bare.parse::<IpAddr>().or_else(|_| with_port()).ok()?;
    Some(found.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &str)]) -> Option<String> {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let passed = Passed::by(&trusted, peer.parse().unwrap(), &map);
        passed.client.map(|address| address.to_string())
    }

    #[test]
    fn the_last_address_that_cannot_be_made_up_is_the_callers() {
        const XFF: &str = "x-forwarded-for";
        for (peer, headers, expected) in [
            ("192.0.2.1", &[(XFF, "203.0.113.5")][..], None),
            ("10.0.0.1", &[(XFF, "203.0.113.5")], Some("203.0.113.5")),
            (
                "10.0.0.1",
                &[(XFF, "6.6.6.6, 203.0.113.5, 10.0.0.2")],
                Some("203.0.113.5"),
            ),
            (
                "10.0.0.1",
                &[(XFF, "6.6.6.6"), (XFF, "203.0.113.5")],
                Some("203.0.113.5"),
            ),
            (
                "10.0.0.1",
                &[(XFF, "6.6.6.6, nonsense, 10.0.0.2")],
                Some("10.0.0.2"),
            ),
            (
                "10.0.0.1",
                &[(XFF, "203.0.113.5:4711")],
                Some("203.0.113.5"),
            ),
            ("10.0.0.1", &[(XFF, "nonsense")], None),
            (
                "10.0.0.1",
                &[("forwarded", "for=203.0.113.5")],
                Some("203.0.113.5"),
            ),
            (
                "10.0.0.1",
                &[("forwarded", "For=\"[2001:db8::17]:4711\"")],
                Some("2001:db8::17"),
            ),
            (
                "10.0.0.1",
                &[(
                    "forwarded",
                    "for=6.6.6.6, for=203.0.113.5;by=10.0.0.3, for=10.0.0.2",
                )],
                Some("203.0.113.5"),
            ),
            (
                "10.0.0.1",
                &[("forwarded", "for=_hidden, for=10.0.0.2")],
                Some("10.0.0.2"),
            ),
            (
                "10.0.0.1",
                &[("forwarded", "for=\"a,b\\\",for=6.6.6.6\"")],
                None,
            ),
            (
                "10.0.0.1",
                &[("forwarded", "for=6.6.6.6"), (XFF, "203.0.113.5")],
                None,
            ),
            (
                "10.0.0.1",
                &[("forwarded", "for=203.0.113.5"), (XFF, "203.0.113.5")],
                Some("203.0.113.5"),
            ),
            (
                "fd00::1",
                &[(XFF, "::ffff:203.0.113.5")],
                Some("203.0.113.5"),
            ),
        ] {
            assert_eq!(
                client(peer, headers).as_deref(),
                expected,
                "{peer} {headers:?}"
            );
        }
    }
}
