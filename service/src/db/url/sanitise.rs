//! Database URLs without their secrets.
//!
//! Works on any text, well formed or not, and rather hides too much: a password with a `/` or a `?`
//! that nobody encoded must not come out just because the URL cannot be parsed.

/// Parameters whose values say nothing secret.
const OPEN: [&str; 19] = [
    "connection_limit",
    "pool_timeout",
    "connect_timeout",
    "socket_timeout",
    "schema",
    "pgbouncer",
    "statement_cache_size",
    "statement-cache-capacity",
    "sslmode",
    "ssl-mode",
    "sslaccept",
    "application_name",
    "mode",
    "cache",
    "immutable",
    "port",
    "dbname",
    "host",
    "hostaddr",
];
const MASK: &str = "***";
/// Longer than any sensible URL; a log line ends somewhere.
const LONGEST: usize = 512;

/// `raw` with the password, and every parameter that might be one, replaced by `***`.
///
/// What is not a database URL at all comes out as `***`: it may be a bare password.
pub fn sanitise(raw: &str) -> String {
    let raw = raw.trim().trim_matches(['"', '\'']);
    let shown = match raw.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => {
            format!("{}://{}", scheme.to_ascii_lowercase(), after_scheme(rest))
        }
        _ => match raw.split_once(':') {
            Some((scheme, path))
                if scheme.eq_ignore_ascii_case("sqlite") || scheme.eq_ignore_ascii_case("file") =>
            {
                format!("{}:{}", scheme.to_ascii_lowercase(), tail(path))
            }
            _ if raw.is_empty() => String::new(),
            _ => MASK.to_owned(),
        },
    };
    // A control character in a log line forges the next one.
    shown
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .take(LONGEST)
        .collect()
}

/// `text` with every URL in it sanitised.
pub fn sanitise_text(text: &str) -> String {
    if !text.contains("://") {
        return text.to_owned();
    }
    let url = |word: &str| match word.find("://") {
        Some(at) => {
            let start = word[..at]
                .rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')))
                .map_or(0, |i| {
                    i + word[i..].chars().next().map_or(1, char::len_utf8)
                });
            let (before, url) = word.split_at(start);
            let cut = url
                .trim_end_matches(['"', '\'', '`', ')', ']', '}', ',', ';', '.'])
                .len();
            let (url, after) = url.split_at(cut);
            format!("{before}{}{after}", sanitise(url))
        }
        None => word.to_owned(),
    };
    text.split(' ').map(url).collect::<Vec<_>>().join(" ")
}

fn is_scheme(scheme: &str) -> bool {
    !scheme.is_empty()
        && scheme.len() <= 32
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn after_scheme(rest: &str) -> String {
    let Some((login, place)) = rest.rsplit_once('@') else {
        return tail(rest);
    };
    // The last @ ends the login, unless it stands in a parameter; then nothing is certain.
    if login.contains(['/', '?', '#']) {
        return MASK.to_owned();
    }
    match login.split_once(':') {
        Some((user, _)) => format!("{user}:{MASK}@{}", tail(place)),
        None => format!("{login}@{}", tail(place)),
    }
}

/// Host, port and path with the parameters masked.
fn tail(place: &str) -> String {
    let (place, fragment) = match place.split_once('#') {
        Some((place, _)) => (place, format!("#{MASK}")),
        None => (place, String::new()),
    };
    let Some((place, query)) = place.split_once('?') else {
        return format!("{place}{fragment}");
    };
    let pairs: Vec<String> = query.split('&').map(pair).collect();
    format!("{place}?{}{fragment}", pairs.join("&"))
}

fn pair(pair: &str) -> String {
    match pair.split_once('=') {
        Some((key, _)) if OPEN.contains(&key) => pair.to_owned(),
        Some((key, _))
            if key.len() <= 40
                && key
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')) =>
        {
            format!("{key}={MASK}")
        }
        _ => MASK.to_owned(),
    }
}
