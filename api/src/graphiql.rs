//! The page at `/graphiql`, where people try GraphQL: not in production.
//!
//! Everything that it loads comes with the binary (`api/assets/graphiql/`, made by `make.sh` there),
//! and its policy lets it load nothing else. The files are kept as they are sent, compressed.

use std::io::Read as _;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::read::GzDecoder;
use service::secret::{fingerprint, token};
use service::settings::{Environment, Settings};

use crate::caller::Visitor;
use crate::error::{ApiError, Door};
use crate::urls::path;

/// What the page needs: its own script and styles, the style that a dialog adds, images within its
/// styles, our own doors.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-NONCE'; \
                      img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";
/// What it loads stands below it, under whatever path people reach us.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="nonce" content="NONCE">
<title>GraphiQL</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="graphiql/graphiql.css">
<link rel="stylesheet" href="graphiql/page.css">
</head>
<body>
<div id="graphiql"></div>
<noscript>This page needs JavaScript.</noscript>
<script src="graphiql/graphiql.js"></script>
</body>
</html>
"#;
const STYLE: &str = "html, body, #graphiql { height: 100%; margin: 0; overflow: hidden; }\n";

/// A file as it is sent.
struct File {
    kind: &'static str,
    bytes: &'static [u8],
    zipped: bool,
    tag: String,
}

impl File {
    fn new(kind: &'static str, bytes: &'static [u8], zipped: bool) -> Self {
        let tag = format!("\"{}\"", &fingerprint(bytes)[..16]);
        Self {
            kind,
            bytes,
            zipped,
            tag,
        }
    }
}

static FILES: LazyLock<[(&str, File); 3]> = LazyLock::new(|| {
    let script = include_bytes!("../assets/graphiql/graphiql.js.gz");
    let style = include_bytes!("../assets/graphiql/graphiql.css.gz");
    [
        (
            "page.css",
            File::new("text/css; charset=utf-8", STYLE.as_bytes(), false),
        ),
        (
            "graphiql.css",
            File::new("text/css; charset=utf-8", style, true),
        ),
        (
            "graphiql.js",
            File::new("text/javascript; charset=utf-8", script, true),
        ),
    ]
});

/// The page and what it loads; nothing in production.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(settings: &Settings) -> Router<S> {
    if settings.environment == Environment::Production {
        return Router::new();
    }
    let file = async |Path(name): Path<String>, headers: HeaderMap| send(&name, &headers);
    Router::new()
        .route(path::GRAPHIQL, get(page))
        .route(&format!("{}/{{file}}", path::GRAPHIQL), get(file))
}

/// The page, with a word of its own each time: it is the only one that is not the same for all.
async fn page(Visitor(ctx): Visitor) -> Response {
    let nonce = token(&*ctx.services.chance);
    let html = PAGE.replace("NONCE", &nonce);
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    let mut response = ([(CONTENT_TYPE, kind)], html).into_response();
    if let Ok(policy) = HeaderValue::from_str(&POLICY.replace("NONCE", &nonce)) {
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn send(name: &str, headers: &HeaderMap) -> Response {
    let Some((_, file)) = FILES.iter().find(|(known, _)| *known == name) else {
        return ApiError::from(Door::NoRoute).into_response();
    };
    let header = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let known = header(IF_NONE_MATCH).unwrap_or_default().split(',');
    let known = known.map(|tag| tag.trim().trim_start_matches("W/"));
    let mut response = if known.into_iter().any(|tag| tag == file.tag || tag == "*") {
        StatusCode::NOT_MODIFIED.into_response()
    } else if !file.zipped {
        file.bytes.into_response()
    } else if takes_gzip(header(ACCEPT_ENCODING).unwrap_or_default()) {
        ([(CONTENT_ENCODING, "gzip")], file.bytes).into_response()
    } else {
        let mut plain = Vec::new();
        if let Err(error) = GzDecoder::new(file.bytes).read_to_end(&mut plain) {
            return ApiError::from(service::Error::internal(error)).into_response();
        }
        plain.into_response()
    };
    let sent = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, file.kind),
        // Another binary has another page under the same names.
        (CACHE_CONTROL, "public, no-cache"),
        (VARY, "Accept-Encoding"),
    ] {
        sent.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(tag) = HeaderValue::from_str(&file.tag) {
        sent.insert(ETAG, tag);
    }
    response
}

fn takes_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|part| {
        let (coding, weight) = part.split_once(';').unwrap_or((part, ""));
        let refused = matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
        matches!(coding.trim(), "gzip" | "*") && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_unpacked_for_those_who_cannot() {
        for (accepted, gzip) in [
            ("gzip", true),
            ("br, gzip;q=0.5", true),
            ("*", true),
            ("", false),
            ("br", false),
            ("gzip;q=0, br", false),
        ] {
            assert_eq!(takes_gzip(accepted), gzip, "{accepted}");
        }
        for (name, file) in FILES.iter().filter(|(_, file)| file.zipped) {
            let response = send(name, &HeaderMap::new());
            assert_eq!(response.status(), 200);
            assert!(!response.headers().contains_key(CONTENT_ENCODING));
            assert!(file.bytes.starts_with(&[0x1f, 0x8b]), "{name}");
        }
    }
}
