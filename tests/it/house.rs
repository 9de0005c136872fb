//! The rules of the house that no lint knows.

use std::collections::BTreeSet;

use crate::sources::{self, read};

fn nothing(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}\n{}", wrong.join("\n"));
}

#[test]
fn every_file_opens_with_what_it_promises() {
    let silent: Vec<String> = sources::all()
        .into_iter()
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| source.path)
        .collect();
    nothing(&silent, "begin with //! and say what the file is for");
}

/// Files that may be longer than [`LONGEST`], and why.
const LONG: [(&str, &str); 3] = [
    (
        "service/src/db/connect.rs",
        "the connection's states and what moves between them, to be read in one go",
    ),
    (
        "service/tests/connection_properties.rs",
        "twelve properties over one scripted database",
    ),
    (
        "service/tests/postgres_connection.rs",
        "one story after the other about one server",
    ),
];
const LONGEST: usize = 450;

#[test]
fn files_are_short() {
    let long: BTreeSet<String> = sources::all()
        .into_iter()
        .filter(|source| source.text.lines().count() > LONGEST)
        .map(|source| source.path)
        .collect();
    let allowed: BTreeSet<String> = LONG.iter().map(|(path, _)| (*path).to_owned()).collect();
    let fresh: Vec<String> = long.difference(&allowed).cloned().collect();
    nothing(&fresh, "split these files, or say here why they are long");
    let stale: Vec<String> = allowed.difference(&long).cloned().collect();
    nothing(&stale, "these are short by now: take them off the list");
}

/// Whether `line` speaks the SQL of one engine.
fn is_dialect(line: &str) -> bool {
    let function = line.match_indices("pg_").any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + 3..].chars().next();
        !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
            && after.is_some_and(|letter| letter.is_ascii_lowercase())
    });
    let words = ["PRAGMA", "SKIP LOCKED", "tsvector", "fts5", "sqlite_master"];
    function && !line.contains("pg_hba.conf") || words.iter().any(|word| line.contains(word))
}

#[test]
fn an_engines_sql_stands_in_its_own_files() {
    let mut wrong = Vec::new();
    for source in sources::all() {
        let code = source.path.starts_with("service/src/") || source.path.starts_with("api/src/");
        let own = ["/sqlite.rs", "/postgres.rs", "/tests.rs"]
            .iter()
            .any(|name| source.path.ends_with(name));
        if code && !own {
            wrong.extend(source.lines_where(is_dialect));
        }
    }
    nothing(
        &wrong,
        "move it to sqlite.rs and postgres.rs beside its mod.rs",
    );
    assert!(is_dialect("SELECT pg_notify($1, $2)"));
    assert!(!is_dialect("let page_size = pg_; // no"));
}

/// The dependencies that `name`'s manifest lists in `section`.
fn dependencies(name: &str, section: &str) -> Vec<String> {
    let manifest = read(&format!("{name}/Cargo.toml"));
    let lines = manifest
        .lines()
        .skip_while(|line| line.trim() != format!("[{section}]"))
        .skip(1)
        .take_while(|line| !line.starts_with('['));
    lines
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_room_depends_on_the_rooms_below_it() {
    let http = "axum async-graphql async-graphql-axum hyper hyper-util tower tower-http utoipa";
    let sql = "sea-orm sea-orm-migration sea-query sea-query-sqlx sqlx";
    let mut wrong = Vec::new();
    for (name, never) in [
        (
            "entity",
            format!("service migration api tests tokio {http}"),
        ),
        ("migration", format!("service api tests {http}")),
        (
            "service",
            format!("migration api tests clap figment {http}"),
        ),
        ("api", format!("tests {sql}")),
    ] {
        let never: Vec<&str> = never.split(' ').collect();
        let has = dependencies(name, "dependencies");
        assert!(has.len() > 3, "{name}'s manifest was not read");
        let found = has.iter().filter(|one| never.contains(&one.as_str()));
        wrong.extend(found.map(|one| format!("{name} depends on {one}")));
    }
    nothing(&wrong, "see ARCHITECTURE.md for who may depend on whom");
}

#[test]
fn only_the_binary_knows_the_migrations_and_only_steps_know_no_entity() {
    let mut wrong = Vec::new();
    for source in sources::all() {
        let binary =
            source.path == "api/src/main.rs" || source.path.starts_with("api/src/command/");
        if source.path.starts_with("api/src/") && !binary {
            wrong.extend(source.lines_where(|line| line.contains("migration::")));
        }
        if source.path.starts_with("migration/src/step/") {
            wrong.extend(source.lines_where(|line| line.contains("entity::")));
        }
        if source.path.starts_with("service/src/") {
            wrong.extend(source.lines_where(|line| line.contains("env::var")));
        }
    }
    nothing(&wrong, "see ARCHITECTURE.md for who may know what");
}

#[test]
fn the_documents_name_nothing_outside_the_project() {
    let mut wrong = Vec::new();
    let adrs = std::fs::read_dir(sources::root().join("docs/adr")).unwrap();
    let adrs = adrs.map(|entry| format!("docs/adr/{}", entry.unwrap().file_name().display()));
    let files = [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
    ];
    let files = files.into_iter().map(str::to_owned).chain(adrs);
    for file in files {
        let text = read(&file);
        let places = [
            "/home/", "/root/", "/work/", "/tmp/", "/mnt/", "/Users/", "~/", "C:\\",
        ];
        for place in places.into_iter().filter(|place| text.contains(place)) {
            wrong.push(format!("{file}: {place}"));
        }
        let folder = std::path::Path::new(&file).parent().unwrap();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let path = link.split('#').next().unwrap_or_default();
            let outside = path.is_empty() || path.contains("://");
            let target = sources::root().join(folder).join(path);
            if !outside && (path.starts_with('/') || !target.exists()) {
                wrong.push(format!("{file}: there is no {path}"));
            }
        }
        // A path in backticks that begins like one of the project's folders is one of its files,
        // unless it is said to be missing.
        let built = text
            .split("\n## What has its place and is not built")
            .next();
        for path in built.unwrap_or_default().split('`').skip(1).step_by(2) {
            let first = path.split('/').next().unwrap_or_default();
            let ours = sources::CRATES.contains(&first) || ["docs", ".ci"].contains(&first);
            let plain = path
                .chars()
                .all(|letter| letter.is_alphanumeric() || "/._-".contains(letter));
            if ours && plain && path.contains('/') && !sources::root().join(path).exists() {
                wrong.push(format!("{file}: there is no {path}"));
            }
        }
    }
    nothing(&wrong, "name what is in the project");
}

#[test]
fn a_domains_queries_stand_in_its_store() {
    let sources = sources::all();
    let stores = sources.iter().filter_map(|source| {
        let domain = source.path.strip_suffix("store.rs")?;
        domain.starts_with("service/src/").then_some(domain)
    });
    let domains: BTreeSet<&str> = stores.collect();
    assert!(domains.len() > 1, "the domains have moved");
    let store = ["store.rs", "sqlite.rs", "postgres.rs"];
    let strays: Vec<String> = sources
        .iter()
        .filter(|source| domains.iter().any(|domain| source.path.starts_with(domain)))
        .filter(|source| !store.iter().any(|name| source.path.ends_with(name)))
        .filter(|source| {
            let words = ["EntityTrait", "ActiveModel", "QueryFilter", "QuerySelect"];
            words.iter().any(|word| source.text.contains(word))
        })
        .map(|source| source.path.clone())
        .collect();
    nothing(&strays, "a domain's queries stand in its store");
}
