//! Database URLs: read once, checked with sentences that say what to do, and never shown whole.
//!
//! Prisma's own parameters (`connection_limit`, `pool_timeout`, `schema`, `pgbouncer`, …) are
//! translated into [`Parameters`] and taken out, so that a URL can be brought along unchanged. A
//! parameter that nobody here knows is left out with a warning that names its key only.

mod parameters;
mod sanitise;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

pub use self::parameters::Parameters;
pub use self::sanitise::{sanitise, sanitise_text};
use super::engine::Engine;

/// Why a URL is refused. Neither variant carries any part of a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Nothing was given.
    #[error("the database URL is empty; set DATABASE_URL to sqlite://… or postgres://…")]
    Empty,
    /// It came with its quotes.
    #[error("the database URL is wrapped in quotes; remove them")]
    Quoted,
    /// A blank or a control character inside.
    #[error("the database URL contains a blank or a control character; percent-encode it")]
    Blank,
    /// No scheme, or one that is spelled wrong.
    #[error(
        "the database URL has no scheme; it starts with sqlite://, postgres:// or postgresql://"
    )]
    NoScheme,
    /// Another database's scheme.
    #[error("the scheme {0}: is not supported; use sqlite://, postgres:// or postgresql://")]
    Scheme(&'static str),
    /// It cannot be split into its parts.
    #[error(
        "the database URL cannot be read ({0}); percent-encode special characters in the user \
         name and the password"
    )]
    Syntax(&'static str),
    /// No host.
    #[error("the database URL names no host")]
    NoHost,
    /// Several hosts.
    #[error("the database URL names several hosts; name one")]
    SeveralHosts,
    /// No database.
    #[error("the database URL names no database; add /name after the host")]
    NoDatabase,
    /// No file.
    #[error("the database URL names no file; write sqlite://path/to/file.db or sqlite::memory:")]
    NoFile,
    /// A parameter with a value that means nothing.
    #[error("the parameter {key} of the database URL is not valid: {expected}")]
    Parameter {
        /// Which.
        key: &'static str,
        /// What it takes.
        expected: &'static str,
    },
}

/// The result of [`DatabaseUrl::check`], in the shape that the doctor and the health report print.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrlCheck {
    /// Whether the URL can be used.
    pub valid: bool,
    /// The URL without its secrets.
    pub url: String,
    /// What is wrong with it.
    pub errors: Vec<String>,
    /// What was left out of it.
    pub warnings: Vec<String>,
}

/// A database URL that was checked. `Display` and `Debug` show it without its secrets.
#[derive(Clone)]
pub struct DatabaseUrl {
    engine: Engine,
    cleaned: SecretString,
    password: Option<SecretString>,
    shown: String,
    parameters: Parameters,
    ignored: Vec<String>,
}

impl DatabaseUrl {
    /// Read `raw`, or say what is wrong with it.
    pub fn parse(raw: &str) -> Result<Self, UrlError> {
        let raw = raw.trim();
        if raw.is_empty() {
            return Err(UrlError::Empty);
        }
        if raw.starts_with(['"', '\'']) || raw.ends_with(['"', '\'']) {
            return Err(UrlError::Quoted);
        }
        match scheme(raw)? {
            Engine::Postgres => Self::postgres(raw),
            Engine::Sqlite => Self::sqlite(raw),
        }
    }

    /// Check `raw` and say all that there is to say about it. Never panics, never shows a secret.
    pub fn check(raw: &str) -> UrlCheck {
        let (errors, warnings) = match Self::parse(raw) {
            Ok(url) => (Vec::new(), url.warnings()),
            Err(error) => (vec![error.to_string()], Vec::new()),
        };
        UrlCheck {
            valid: errors.is_empty(),
            url: sanitise(raw),
            errors,
            warnings,
        }
    }

    /// The engine behind it.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// What Prisma's parameters, and those of libpq that have a setting here, ask for.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The URL as the driver takes it: Prisma's parameters translated or left out, secrets inside.
    pub fn cleaned(&self) -> &SecretString {
        &self.cleaned
    }

    /// Whether it is a database in memory, gone with its last connection.
    pub fn is_in_memory(&self) -> bool {
        self.engine == Engine::Sqlite
            && (self.shown.contains(":memory:") || self.shown.contains("mode=memory"))
    }

    /// The file that it names, if it is one.
    pub fn file(&self) -> Option<PathBuf> {
        if self.engine != Engine::Sqlite || self.is_in_memory() {
            return None;
        }
        let (_, rest) = self.cleaned.expose_secret().split_once("://")?;
        let (path, _) = rest.split_once('?').unwrap_or((rest, ""));
        Some(PathBuf::from(path))
    }

    /// Whether `other` may lead to the same database: a pooler may call it otherwise.
    pub fn may_be(&self, other: &Self) -> bool {
        let is_pooled = self.parameters.pgbouncer || other.parameters.pgbouncer;
        self.engine == other.engine && (is_pooled || self.name() == other.name())
    }

    /// What the database of a server is called there; the path of a file.
    fn name(&self) -> Option<String> {
        if self.engine == Engine::Sqlite {
            return self.file().map(|file| file.display().to_string());
        }
        let url = url::Url::parse(self.cleaned.expose_secret()).ok()?;
        let mut pairs = url.query_pairs();
        let named = pairs.find(|(key, _)| key == "dbname");
        let named = named.map(|(_, name)| name.into_owned());
        named.or_else(|| Some(decoded(url.path().trim_matches('/'))))
    }

    /// One sentence for each parameter that was left out; by key, never by value.
    pub fn warnings(&self) -> Vec<String> {
        self.ignored
            .iter()
            .map(|key| {
                format!("the parameter {key} of the database URL is not known and is ignored")
            })
            .collect()
    }

    /// `text` without this URL's password and without the secrets of any URL in it.
    pub fn scrub(&self, text: &str) -> String {
        let text = sanitise_text(text);
        match &self.password {
            // A password of one or two characters would tear ordinary words apart.
            Some(password) if password.expose_secret().len() > 2 => {
                text.replace(password.expose_secret(), "***")
            }
            _ => text,
        }
    }

    fn postgres(raw: &str) -> Result<Self, UrlError> {
        if raw.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(UrlError::Blank);
        }
        let url = url::Url::parse(raw).map_err(|error| UrlError::Syntax(syntax(error)))?;
        if url.fragment().is_some() {
            return Err(UrlError::Syntax("a # stands in it; write %23"));
        }
        if url.port() == Some(0) {
            return Err(UrlError::Syntax("the port is 0"));
        }
        let (parameters, kept, ignored) = parameters::of_postgres(url.query_pairs())?;
        let named = |key: &str| kept.iter().any(|(k, v)| k == key && !v.is_empty());
        match url.host_str() {
            Some(host) if host.contains(',') => return Err(UrlError::SeveralHosts),
            Some(host) if !host.is_empty() => {}
            _ if named("host") || named("hostaddr") => {}
            _ => return Err(UrlError::NoHost),
        }
        if url.path().trim_matches('/').is_empty() && !named("dbname") {
            return Err(UrlError::NoDatabase);
        }
        let mut kept = kept;
        if let Some(schema) = parameters.schema.as_ref().filter(|_| !parameters.pgbouncer) {
            // A pooler refuses start-up options; behind one, each transaction sets the path.
            kept.push(("options[search_path]".to_owned(), schema.clone()));
        }
        let mut cleaned = url.clone();
        cleaned.set_query(None);
        // Some readers of the URL know only one of the two spellings.
        let _ = cleaned.set_scheme("postgres");
        if !kept.is_empty() {
            cleaned.query_pairs_mut().extend_pairs(&kept);
        }
        let password = url.password().map(decoded).or_else(|| {
            kept.iter()
                .find(|(k, _)| k == "password")
                .map(|(_, v)| v.clone())
        });
        Ok(Self {
            engine: Engine::Postgres,
            shown: sanitise(raw),
            cleaned: cleaned.to_string().into(),
            password: password.map(SecretString::from),
            parameters,
            ignored,
        })
    }

    fn sqlite(raw: &str) -> Result<Self, UrlError> {
        if raw.chars().any(char::is_control) {
            return Err(UrlError::Blank);
        }
        let rest = raw.split_once(':').map_or(raw, |(_, rest)| rest);
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        if path.trim_matches('/').is_empty() {
            return Err(UrlError::NoFile);
        }
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let (parameters, mut kept, ignored) = parameters::of_sqlite(pairs)?;
        let place = match path {
            ":memory:" => "sqlite::memory:".to_owned(),
            _ => format!("sqlite://{path}"),
        };
        let shown = with_query(&place, &kept);
        if path != ":memory:" && !kept.iter().any(|(key, _)| key == "mode") {
            // The driver's own default is to refuse a file that is not there yet.
            kept.push(("mode".to_owned(), "rwc".to_owned()));
        }
        let cleaned = with_query(&place, &kept);
        Ok(Self {
            engine: Engine::Sqlite,
            shown,
            cleaned: cleaned.into(),
            password: None,
            parameters,
            ignored,
        })
    }
}

impl FromStr for DatabaseUrl {
    type Err = UrlError;

    fn from_str(raw: &str) -> Result<Self, UrlError> {
        Self::parse(raw)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({})", self.shown)
    }
}

fn scheme(raw: &str) -> Result<Engine, UrlError> {
    const OTHERS: [&str; 12] = [
        "mysql",
        "mariadb",
        "mongodb",
        "mongodb+srv",
        "sqlserver",
        "mssql",
        "cockroachdb",
        "redis",
        "prisma",
        "prisma+postgres",
        "http",
        "https",
    ];
    let Some((scheme, rest)) = raw.split_once(':') else {
        return Err(UrlError::NoScheme);
    };
    match scheme.to_ascii_lowercase().as_str() {
        "postgres" | "postgresql" if rest.starts_with("//") => Ok(Engine::Postgres),
        "sqlite" | "file" => Ok(Engine::Sqlite),
        other => match OTHERS.iter().find(|known| **known == other) {
            Some(known) => Err(UrlError::Scheme(known)),
            None => Err(UrlError::NoScheme),
        },
    }
}

fn syntax(error: url::ParseError) -> &'static str {
    use url::ParseError as E;
    match error {
        E::EmptyHost => "the host is empty",
        E::InvalidPort => "the port is not a number up to 65535",
        E::InvalidIpv4Address | E::InvalidIpv6Address => "the host is not a valid address",
        E::IdnaError | E::InvalidDomainCharacter => "the host is not a valid name",
        _ => "its parts do not come apart",
    }
}

fn with_query(place: &str, pairs: &[(String, String)]) -> String {
    if pairs.is_empty() {
        return place.to_owned();
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    format!("{place}?{}", query.extend_pairs(pairs).finish())
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests;
