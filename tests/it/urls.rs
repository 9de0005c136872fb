//! No address is hard-coded: what the process sends out comes from `api/src/urls`.

use crate::sources;

/// Names that belong to nobody (RFC 2606): they stand in examples.
fn is_reserved(host: &str) -> bool {
    ["example.com", "example.org", "example", "test", "invalid"]
        .iter()
        .any(|name| host == *name || host.ends_with(&format!(".{name}")))
}

/// Where an address may stand in the code, and why.
const ALLOWED: [(&str, &str, &str); 3] = [
    (
        "api/src/command/serve.rs",
        "listening on http://{}",
        "the log says where the process listens",
    ),
    (
        "api/src/command/serve.rs",
        "metrics on http://{}",
        "the log says where the process listens",
    ),
    (
        "service/src/db/url/sanitise.rs",
        "{}://{}",
        "it shows the database's address as it was set",
    ),
];

/// The hosts after `http://` and `https://` in a line; `{` for one that is put together.
fn hosts(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for scheme in ["http://", "https://"] {
        for (at, _) in line.match_indices(scheme) {
            let rest = &line[at + scheme.len()..];
            let is_host = |letter: char| letter.is_alphanumeric() || ".-_*{[".contains(letter);
            let end = rest.find(|letter| !is_host(letter)).unwrap_or(rest.len());
            let host = rest[..end].to_lowercase();
            if !host.is_empty() {
                found.push(host);
            }
        }
    }
    // Addresses that are put together from a scheme and a host.
    if line.contains("{scheme}://") || line.contains("{}://") {
        found.push("{".to_owned());
    }
    found
}

#[test]
fn no_address_stands_in_the_code() {
    let mut wrong = Vec::new();
    for source in sources::all() {
        let (_, inside) = source.path.split_once('/').unwrap();
        let is_code = inside.starts_with("src/") && !source.path.starts_with("tests/");
        if !is_code
            || source.path.ends_with("/tests.rs")
            || source.path.starts_with("api/src/urls/")
        {
            continue;
        }
        wrong.extend(source.lines_where(|line| {
            let allowed =
                |(path, part, _): &(&str, &str, &str)| source.path == *path && line.contains(part);
            hosts(line).iter().any(|host| !is_reserved(host)) && !ALLOWED.iter().any(allowed)
        }));
    }
    assert_eq!(
        wrong,
        Vec::<String>::new(),
        "ask api::urls, or take a setting"
    );
}

#[test]
fn an_address_is_seen() {
    for (line, seen) in [
        ("let a = \"https://api.openai.com/v1\";", true),
        ("format!(\"http://{host}/x\")", true),
        ("format!(\"{scheme}://{host}\")", true),
        ("let a = \"http://localhost:8080\";", true),
        ("\"https://files.example.com/a.pdf\"", false),
        ("matches!(scheme, \"http\" | \"https\")", false),
        ("text.strip_prefix(\"https://\")", false),
    ] {
        let found = hosts(line).iter().any(|host| !is_reserved(host));
        assert_eq!(found, seen, "{line}");
    }
}
