//! What a wallet signs: the message of EIP-4361, and that of Sign In With Solana, which is the same
//! with other words. Read strictly: a message that could be written another way is refused.

use chrono::{DateTime, Utc};
use url::Url;

use super::Chain;

/// The most bytes that a message has.
pub(super) const MOST: usize = 8 * 1024;

/// A message, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) chain: Chain,
    pub(super) scheme: Option<String>,
    pub(super) domain: String,
    pub(super) address: String,
    pub(super) statement: Option<String>,
    pub(super) uri: Url,
    pub(super) chain_id: Option<String>,
    pub(super) nonce: String,
    pub(super) issued_at: DateTime<Utc>,
    pub(super) expires_at: Option<DateTime<Utc>>,
    pub(super) not_before: Option<DateTime<Utc>>,
    pub(super) request_id: Option<String>,
    pub(super) resources: Vec<String>,
}

/// What is wrong with a message, for people.
pub(super) type Wrong = &'static str;

/// The lines that are still to be read.
struct Lines<'a>(std::iter::Peekable<std::str::Split<'a, char>>);

impl<'a> Lines<'a> {
    fn next(&mut self, missing: Wrong) -> Result<&'a str, Wrong> {
        self.0.next().ok_or(missing)
    }

    fn blank(&mut self) -> Result<(), Wrong> {
        match self.next("it ends too early")? {
            "" => Ok(()),
            _ => Err("it lacks an empty line"),
        }
    }

    /// The value of the next line, when that begins with `label`.
    fn optional(&mut self, label: &str) -> Option<&'a str> {
        let value = self.0.peek()?.strip_prefix(label)?;
        self.0.next();
        Some(value)
    }

    fn field(&mut self, label: &str, missing: Wrong) -> Result<&'a str, Wrong> {
        self.optional(label).ok_or(missing)
    }
}

impl Message {
    /// Read `text`.
    pub(super) fn read(text: &str) -> Result<Self, Wrong> {
        if text.len() > MOST {
            return Err("it is too long");
        }
        // The grammar has nothing but these: a carriage return or a letter beyond ASCII is none.
        if !text
            .bytes()
            .all(|byte| byte == b'\n' || (32..127).contains(&byte))
        {
            return Err("it has a character that no such message has");
        }
        let mut lines = Lines(text.split('\n').peekable());
        let head = lines.next("it is empty")?;
        let (chain, head) = [Chain::Evm, Chain::Solana]
            .into_iter()
            .find_map(|chain| Some((chain, head.strip_suffix(chain.invitation())?)))
            .ok_or("its first line is not that of a sign-in")?;
        let (scheme, domain) = match head.split_once("://") {
            Some((scheme, domain)) => (Some(scheme), domain),
            None => (None, head),
        };
        if !scheme.is_none_or(is_scheme) || !is_authority(domain) {
            return Err("its domain is none");
        }
        let address = lines.next("it has no address")?;
        if !chain.is_address(address) {
            return Err("its address is none, or has a wrong checksum");
        }
        let statement = statement(chain, &mut lines)?;
        let uri = uri(lines.field("URI: ", "it has no URI, or not in its place")?)?;
        let version = lines.field("Version: ", "it has no version, or not in its place")?;
        if version != "1" {
            return Err("its version is not 1");
        }
        let chain_id = lines.optional("Chain ID: ");
        let good = match (chain, chain_id) {
            (Chain::Evm, Some(id)) => {
                !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())
            }
            (Chain::Evm, None) => false,
            (Chain::Solana, id) => id.is_none_or(|id| !id.is_empty()),
        };
        if !good {
            return Err("its chain id is none, or not in its place");
        }
        let nonce = lines.field("Nonce: ", "it has no nonce, or not in its place")?;
        if nonce.len() < 8 || !nonce.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err("its nonce is none");
        }
        let issued_at = time(lines.field("Issued At: ", "it does not say when it was issued")?)?;
        let expires_at = lines.optional("Expiration Time: ").map(time).transpose()?;
        let not_before = lines.optional("Not Before: ").map(time).transpose()?;
        let request_id = lines.optional("Request ID: ");
        if !request_id.is_none_or(|id| id.bytes().all(is_path)) {
            return Err("its request id is none");
        }
        let mut resources = Vec::new();
        if lines
            .optional("Resources:")
            .is_some_and(|rest| !rest.is_empty())
        {
            return Err("its resources are not a list");
        } else if text.contains("\nResources:\n") {
            while let Some(resource) = lines.optional("- ") {
                self::uri(resource)?;
                resources.push(resource.to_owned());
            }
        }
        if lines.0.next().is_some() {
            return Err("it has a line that is not in its place");
        }
        Ok(Self {
            chain,
            scheme: scheme.map(str::to_owned),
            domain: domain.to_owned(),
            address: address.to_owned(),
            statement,
            uri,
            chain_id: chain_id.map(str::to_owned),
            nonce: nonce.to_owned(),
            issued_at,
            expires_at,
            not_before,
            request_id: request_id.map(str::to_owned),
            resources,
        })
    }
}

/// The statement between the address and the fields. Without one there are two empty lines for
/// Ethereum, and one for Solana.
fn statement(chain: Chain, lines: &mut Lines<'_>) -> Result<Option<String>, Wrong> {
    lines.blank()?;
    if chain == Chain::Solana
        && let Some(line) = lines.0.peek()
        && line.starts_with("URI: ")
    {
        return Ok(None);
    }
    match lines.next("it ends too early")? {
        "" if chain == Chain::Evm => Ok(None),
        "" => Err("it has too many empty lines"),
        statement if statement.bytes().all(is_stated) => {
            lines.blank()?;
            Ok(Some(statement.to_owned()))
        }
        _ => Err("its statement has a character that none has"),
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// A host with perhaps a port: no user, no path.
fn is_authority(text: &str) -> bool {
    let Ok(url) = Url::parse(&format!("dns://{text}")) else {
        return false;
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
    !text.is_empty() && text.bytes().all(plain) && url.host_str().is_some()
}

/// Reserved or unreserved (RFC 3986), or a space.
fn is_stated(byte: u8) -> bool {
    is_unreserved(byte) || b":/?#[]@!$&'()*+,;= ".contains(&byte)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// A character of a path's segment; whether what follows a percent sign is hexadecimal is not asked.
fn is_path(byte: u8) -> bool {
    is_unreserved(byte) || b"!$&'()*+,;=:@%".contains(&byte)
}

/// A URI of RFC 3986. The parser mends what is none, so what it had to mend is refused.
fn uri(text: &str) -> Result<Url, Wrong> {
    let good = |byte: u8| is_unreserved(byte) || b":/?#[]@!$&'()*+,;=%".contains(&byte);
    let url = Url::parse(text).map_err(|_| "a URI is none")?;
    if text.bytes().all(good) && text.contains(':') {
        Ok(url)
    } else {
        Err("a URI is none")
    }
}

/// A time of RFC 3339.
fn time(text: &str) -> Result<DateTime<Utc>, Wrong> {
    let strict = text.as_bytes().get(10).is_some_and(|byte| *byte == b'T');
    match DateTime::parse_from_rfc3339(text) {
        Ok(time) if strict => Ok(time.to_utc()),
        _ => Err("a time is none of RFC 3339"),
    }
}
