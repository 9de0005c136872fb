//! The parameters of a database URL: which are the driver's, which are ours, which are nobody's.

use std::borrow::Cow;
use std::time::Duration;

use super::UrlError;

type Pairs = Vec<(String, String)>;
type Sorted = Result<(Parameters, Pairs, Vec<String>), UrlError>;

/// What the URL asks for beyond what the driver takes. It wins over the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// `connection_limit`: how many connections the pool may open.
    pub pool_size: Option<u32>,
    /// `pool_timeout` or `connect_timeout`: how long to wait for a connection.
    pub connection_timeout: Option<Duration>,
    /// `socket_timeout`: how long one statement may take.
    pub statement_deadline: Option<Duration>,
    /// `schema`: the schema in which tables are looked for.
    pub schema: Option<String>,
    /// `pgbouncer=true`: a pooler in transaction mode stands in between.
    pub pgbouncer: bool,
    /// `statement_cache_size`: how many prepared statements a connection keeps.
    pub statement_cache: Option<usize>,
}

/// Parameters that the `PostgreSQL` driver understands itself.
const POSTGRES: [&str; 16] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
];
const SQLITE: [&str; 4] = ["mode", "cache", "immutable", "vfs"];

pub(super) fn of_postgres<'a>(pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Sorted {
    let (mut found, mut kept, mut ignored) = (Parameters::default(), Vec::new(), Vec::new());
    for (key, value) in pairs {
        if shared(&key, &value, &mut found)? {
            continue;
        }
        match &*key {
            "sslmode" | "ssl-mode" => {
                if ![
                    "disable",
                    "allow",
                    "prefer",
                    "require",
                    "verify-ca",
                    "verify-full",
                ]
                .contains(&&*value)
                {
                    return Err(UrlError::Parameter {
                        key: "sslmode",
                        expected: "disable, allow, prefer, require, verify-ca or verify-full",
                    });
                }
                kept.push(("sslmode".to_owned(), value.into_owned()));
            }
            "sslaccept" => {
                let mode = match &*value {
                    "strict" => "verify-full",
                    "accept_invalid_certs" => "require",
                    _ => {
                        return Err(UrlError::Parameter {
                            key: "sslaccept",
                            expected: "strict or accept_invalid_certs",
                        });
                    }
                };
                kept.push(("sslmode".to_owned(), mode.to_owned()));
            }
            "sslidentity" | "sslpassword" => {
                return Err(UrlError::Parameter {
                    key: "sslidentity",
                    expected: "a PKCS#12 bundle is not read; use sslcert and sslkey in PEM",
                });
            }
            "port" if value.parse::<u16>().is_ok_and(|port| port > 0) => {
                kept.push((key.into_owned(), value.into_owned()));
            }
            "port" => {
                return Err(UrlError::Parameter {
                    key: "port",
                    expected: "1 to 65535",
                });
            }
            "schema" => found.schema = Some(schema(&value)?),
            "pgbouncer" => found.pgbouncer = yes_or_no("pgbouncer", &value)?,
            "statement_cache_size" | "statement-cache-capacity" => {
                let size = number("statement_cache_size", &value)?;
                found.statement_cache = Some(usize::try_from(size).unwrap_or(usize::MAX));
            }
            known if POSTGRES.contains(&known) => {
                kept.push((key.into_owned(), value.into_owned()));
            }
            // Server settings given by the session's own syntax: `options=-c geqo=off`.
            given if given == "options" || given.starts_with("options[") => {
                kept.push((key.into_owned(), value.into_owned()));
            }
            _ => ignored.push(name(&key)),
        }
    }
    Ok((found, kept, ignored))
}

pub(super) fn of_sqlite<'a>(pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Sorted {
    let (mut found, mut kept, mut ignored) = (Parameters::default(), Vec::new(), Vec::new());
    for (key, value) in pairs {
        if shared(&key, &value, &mut found)? {
            continue;
        }
        let expected = match (&*key, &*value) {
            ("mode", "ro" | "rw" | "rwc" | "memory")
            | ("cache", "private" | "shared")
            | ("immutable", "true" | "false" | "1" | "0")
            | ("vfs", _) => None,
            ("mode", _) => Some(("mode", "ro, rw, rwc or memory")),
            ("cache", _) => Some(("cache", "private or shared")),
            ("immutable", _) => Some(("immutable", "true or false")),
            _ => None,
        };
        if let Some((key, expected)) = expected {
            return Err(UrlError::Parameter { key, expected });
        }
        if SQLITE.contains(&&*key) {
            kept.push((key.into_owned(), value.into_owned()));
        } else {
            ignored.push(name(&key));
        }
    }
    Ok((found, kept, ignored))
}

/// The parameters that mean the same on both engines.
fn shared(key: &str, value: &str, found: &mut Parameters) -> Result<bool, UrlError> {
    match key {
        "connection_limit" => {
            let limit = number("connection_limit", value)?;
            if !(1..=10_000).contains(&limit) {
                return Err(UrlError::Parameter {
                    key: "connection_limit",
                    expected: "1 to 10000",
                });
            }
            found.pool_size = u32::try_from(limit).ok();
        }
        // Zero means "wait for ever" to Prisma. Nothing here waits for ever: the setting stands.
        "pool_timeout" => {
            let wait = seconds("pool_timeout", value)?;
            found.connection_timeout = wait.or(found.connection_timeout);
        }
        "connect_timeout" => {
            let wait = seconds("connect_timeout", value)?;
            found.connection_timeout = found.connection_timeout.or(wait);
        }
        "socket_timeout" => found.statement_deadline = seconds("socket_timeout", value)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn seconds(key: &'static str, value: &str) -> Result<Option<Duration>, UrlError> {
    let expected = "a number of seconds, at most 3600";
    match value.parse::<u64>() {
        Ok(0) => Ok(None),
        Ok(seconds @ 1..=3600) => Ok(Some(Duration::from_secs(seconds))),
        _ => Err(UrlError::Parameter { key, expected }),
    }
}

fn number(key: &'static str, value: &str) -> Result<u64, UrlError> {
    value.parse().map_err(|_| UrlError::Parameter {
        key,
        expected: "a whole number",
    })
}

fn yes_or_no(key: &'static str, value: &str) -> Result<bool, UrlError> {
    match value {
        "true" | "1" | "" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(UrlError::Parameter {
            key,
            expected: "true or false",
        }),
    }
}

fn schema(value: &str) -> Result<String, UrlError> {
    let mut letters = value.chars();
    let starts = letters
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if starts && value.len() <= 63 && letters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        Ok(value.to_owned())
    } else {
        Err(UrlError::Parameter {
            key: "schema",
            expected: "up to 63 letters, digits and underscores, not starting with a digit",
        })
    }
}

/// A key as a sentence may show it: a key that is no plain word may be half a password.
fn name(key: &str) -> String {
    let plain = key.len() <= 40
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if plain && !key.is_empty() {
        key.to_owned()
    } else {
        "(unreadable)".to_owned()
    }
}
