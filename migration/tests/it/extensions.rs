//! What extensions bring, where they stand in the schema that is worked in, as they do by default.

use std::path::Path;

use migration::engine::Engine;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::binary::{answer, code, json, migrate, migrate_at, text};
use crate::database::{self, Scratch, one};
use crate::rights::address;

/// A use of each kind of thing that an extension has, and the extensions that it is of.
const USES: &[(&[&str], &str)] = &[
    (
        &["uuid-ossp", "pgcrypto"],
        "CREATE TABLE a (id uuid PRIMARY KEY DEFAULT uuid_generate_v4(), k bytea DEFAULT gen_random_bytes(8))",
    ),
    (
        &["citext", "hstore", "ltree", "cube", "earthdistance"],
        "CREATE TABLE b (id integer PRIMARY KEY, c citext, h hstore, l ltree, u cube, e earth);
         CREATE DOMAIN email AS citext CHECK (VALUE ~ '@');
         CREATE TABLE c (id integer PRIMARY KEY, e email, m citext[])",
    ),
    (
        &["unaccent", "pg_trgm"],
        "CREATE FUNCTION bare(t text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT unaccent('unaccent', t) $$;
         CREATE TABLE d (id integer PRIMARY KEY, t text, s text GENERATED ALWAYS AS (bare(t)) STORED);
         CREATE INDEX d_t ON d USING gin (t gin_trgm_ops);
         CREATE VIEW e AS SELECT id FROM d WHERE t % 'a'",
    ),
];

/// A schema, as files say it.
const FILES: [&str; 4] = [
    "CREATE EXTENSION IF NOT EXISTS citext; CREATE TABLE a (id integer PRIMARY KEY, h citext)",
    "CREATE EXTENSION citext; CREATE TABLE a (id integer PRIMARY KEY, h citext)",
    "CREATE EXTENSION citext; CREATE TABLE public.a (id integer PRIMARY KEY, h public.citext)",
    "CREATE TABLE a (id integer PRIMARY KEY, h citext)",
];

/// Whether the server has all of them.
async fn has(scratch: &Scratch, names: &[&str]) -> bool {
    let list = names.join("', '");
    let ask =
        format!("SELECT count(*)::text FROM pg_available_extensions WHERE name IN ('{list}')");
    let all = one(&scratch.db, &ask).await == names.len().to_string();
    if !all {
        eprintln!("skipped: the server has not all of {list}");
    }
    all
}

async fn with(extensions: &[&str], schema: &str) -> Option<Scratch> {
    if !database::engines().contains(&Engine::Postgres) {
        return None;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    if !has(&scratch, extensions).await {
        return None;
    }
    for name in extensions {
        let make = format!("CREATE EXTENSION \"{name}\" SCHEMA {schema}");
        scratch.run(&make).await;
    }
    Some(scratch)
}

fn assert_pulled_whole(url: &str, out: &Path, what: &str) {
    let out = out.to_str().expect("a path");
    let told = migrate_at(url, &["pull", "--out", out]);
    assert_eq!(code(&told), Some(0), "{what}: {}", text(&told));
    let told = migrate_at(url, &["diff", "--from", out, "--to", "database"]);
    assert_eq!(code(&told), Some(0), "{what}: {}", text(&told));
}

#[tokio::test]
async fn what_extensions_bring_is_pulled_and_compared() {
    for (extensions, make) in USES {
        let Some(scratch) = with(extensions, "public").await else {
            continue;
        };
        scratch.run(make).await;
        let dir = tempfile::tempdir().expect("a directory");
        assert_pulled_whole(&scratch.url, dir.path(), make);
        let left = "SELECT count(*)::text FROM pg_namespace WHERE nspname LIKE 'chancery%'";
        assert_eq!(one(&scratch.db, left).await, "0");
        scratch
            .run("CREATE TABLE more (id integer PRIMARY KEY)")
            .await;
        let out = dir.path().to_str().expect("a path");
        let told = migrate(
            &scratch,
            &["diff", "--from", out, "--to", "database", "--json"],
        );
        let found = json(&told);
        let found = found["differences"].as_array().map(Vec::len);
        assert_eq!((code(&told), found), (Some(2), Some(1)), "{}", text(&told));
    }
}

#[tokio::test]
async fn an_extension_on_the_way_to_the_schema_is_found() {
    let Some(scratch) = with(&["citext"], "public").await else {
        return;
    };
    scratch.run("CREATE SCHEMA app").await;
    let url = format!("{}&options=-csearch_path%3Dapp,public", scratch.url);
    let app = database::connect_once(&url).await;
    let make = "CREATE TABLE a (id integer PRIMARY KEY, h citext)";
    app.execute_unprepared(make).await.expect("a table");
    let dir = tempfile::tempdir().expect("a directory");
    assert_pulled_whole(&url, dir.path(), "app, public");
}

#[tokio::test]
async fn a_file_speaks_of_an_extension_that_is_there() {
    let Some(scratch) = with(&["citext"], "public").await else {
        return;
    };
    scratch
        .run("CREATE TABLE a (id integer PRIMARY KEY, h citext)")
        .await;
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("schema.sql");
    let path = file.to_str().expect("a path");
    for sql in FILES {
        std::fs::write(&file, sql).expect("a file");
        let told = migrate(&scratch, &["diff", "--from", path, "--to", "database"]);
        assert_eq!(code(&told), Some(0), "{sql}: {}", text(&told));
    }
    // What is nowhere is told as before, and what only another schema has with the way out.
    scratch
        .run("CREATE SCHEMA s; CREATE TYPE s.t AS ENUM ('a')")
        .await;
    for (sql, said) in [
        (
            "CREATE TABLE a (id citexxt)",
            "\"citexxt\" does not exist\n",
        ),
        (
            "CREATE TABLE a (h citext, t s.t)",
            "SET SCHEMA to one that is not on the search_path",
        ),
    ] {
        std::fs::write(&file, sql).expect("a file");
        let told = migrate(&scratch, &["diff", "--from", path, "--to", "database"]);
        assert_eq!(code(&told), Some(1), "{sql}: {}", text(&told));
        assert!(text(&told).contains(said), "{sql}: {}", text(&told));
    }

    let role = format!("user_of_extensions_{}", std::process::id());
    let name = one(&scratch.db, "SELECT current_database()::text").await;
    scratch
        .run(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD '{role}'; GRANT CREATE ON DATABASE {name} TO {role}"
        ))
        .await;
    std::fs::write(&file, FILES[0]).expect("a file");
    let theirs = address(&scratch.url, &role);
    let told = migrate_at(
        &theirs,
        &["diff", "--from", path, "--to", "database", "--json"],
    );
    assert_eq!(code(&told), Some(1), "{}", text(&told));
    for said in ["citext", "CREATEDB", "SET SCHEMA"] {
        assert!(text(&told).contains(said), "{}", text(&told));
    }
    scratch
        .run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
        .await;
}

#[tokio::test]
async fn a_script_says_where_an_extension_stands_and_what_must_be_there_first() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let (empty, scratch) = (
        Scratch::new(Engine::Postgres).await,
        Scratch::new(Engine::Postgres).await,
    );
    if !has(&scratch, &["citext"]).await {
        return;
    }
    let there = "CREATE SCHEMA ext; CREATE SCHEMA s2; CREATE TYPE s2.mood AS ENUM ('a');
        CREATE FUNCTION s2.one() RETURNS integer LANGUAGE sql AS 'SELECT 1'";
    scratch.run(there).await;
    scratch
        .run(
            "CREATE EXTENSION citext SCHEMA ext;
             CREATE TABLE a (id integer PRIMARY KEY DEFAULT s2.one(), m s2.mood, h ext.citext)",
        )
        .await;
    let arguments = ["diff", "--to", &scratch.url, "--sql", "up"];
    let told = migrate(&empty, &arguments);
    assert_eq!(code(&told), Some(2), "{}", text(&told));
    let script = answer(&told);
    let first =
        "-- Make first what stands in other schemas: schema ext, function s2.one(), type s2.mood\n";
    assert!(script.contains(first), "{script}");
    let told = json(&migrate(&empty, &["diff", "--to", &scratch.url, "--json"]));
    assert_eq!(
        told["needed"],
        serde_json::json!({ "up": ["schema ext", "function s2.one()", "type s2.mood"], "down": [] })
    );
    empty.run(there).await;
    empty.run(&script).await;
    // What both have is needed of nobody.
    let told = migrate(&empty, &["diff", "--to", &scratch.url]);
    assert_eq!(code(&told), Some(0), "{}", text(&told));
    empty.run("ALTER TABLE a ADD COLUMN n integer").await;
    let told = json(&migrate(&empty, &["diff", "--to", &scratch.url, "--json"]));
    assert_eq!(told["needed"], serde_json::json!({ "up": [], "down": [] }));
    let dir = tempfile::tempdir().expect("a directory");
    assert_pulled_whole(&scratch.url, dir.path(), "ext");
    let extra = std::fs::read_to_string(dir.path().join("extra.sql")).expect("a file");
    let made = "CREATE EXTENSION IF NOT EXISTS citext SCHEMA ext;";
    assert!(extra.contains(made), "{extra}");
}
