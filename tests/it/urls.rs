//! No address, port or path is hard-coded: what the process sends out comes from `api/src/urls`, and
//! what it listens on from the settings.

use crate::sources;

/// Names that belong to nobody (RFC 2606): they stand in examples.
fn is_reserved(host: &str) -> bool {
    ["example.com", "example.org", "example", "test", "invalid"]
        .iter()
        .any(|name| host == *name || host.ends_with(&format!(".{name}")))
}

/// Where an address may stand in the code, and why.
const ALLOWED: [(&str, &str, &str); 5] = [
    (
        "api/src/config/mod.rs",
        "default_value = \"127.0.0.1:8080\"",
        "a setting's default",
    ),
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
        "api/src/command/worker.rs",
        "metrics and health on http://{}",
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

/// Whether a string in `line` names a port.
fn has_port(line: &str) -> bool {
    line.match_indices(':').any(|(at, _)| {
        let digits: String = line[at + 1..]
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        let quoted = line[..at].matches('"').count() % 2 == 1;
        let before = line[..at].chars().next_back();
        let host = before.is_some_and(|letter| letter.is_alphanumeric() || "]}\"".contains(letter));
        let port = digits.len() > 3 || ["80", "443"].contains(&digits.as_str());
        quoted && host && port && digits.len() < 6
    })
}

/// Whether a string in `line` begins with the path of one of our doors, or of a machine's folder.
fn has_path(line: &str) -> bool {
    let doors = ["api", "errors", "graphql", "health", "metrics", "ofrep"];
    let folders = [
        "Users", "etc", "home", "mnt", "opt", "private", "root", "srv", "tmp", "usr", "var", "work",
    ];
    line.match_indices("\"/").any(|(at, _)| {
        let rest = &line[at + 2..];
        let end = rest.find(|letter: char| !letter.is_alphanumeric());
        let word = &rest[..end.unwrap_or(rest.len())];
        doors.contains(&word) || folders.contains(&word)
    })
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
            let address = hosts(line).iter().any(|host| !is_reserved(host));
            (address || has_port(line) || has_path(line)) && !ALLOWED.iter().any(allowed)
        }));
    }
    assert_eq!(
        wrong,
        Vec::<String>::new(),
        "ask api::urls, name a door in api/src/urls/path.rs, or take a setting"
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

#[test]
fn a_port_and_a_path_are_seen() {
    for (line, seen) in [
        ("\"127.0.0.1:8080\"", true),
        ("format!(\"{host}:5432\")", true),
        ("\"[::1]:443\"", true),
        ("let at: u16 = 8080;", false),
        ("\"at 12:30\"", false),
        ("\"urn:chancery:request:{id}\"", false),
        ("SocketAddr::from(([127, 0, 0, 1], 0)), \"x\"", false),
    ] {
        assert_eq!(has_port(line), seen, "{line}");
    }
    for (line, seen) in [
        ("format!(\"/api/v1/runs/{}\", id)", true),
        ("route(\"/metrics\", get(all))", true),
        ("Path::new(\"/etc/chancery.toml\")", true),
        ("path = \"/runs/{id}\"", false),
        ("join(\"etc\")", false),
    ] {
        assert_eq!(has_path(line), seen, "{line}");
    }
}
