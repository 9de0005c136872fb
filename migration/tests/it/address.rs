//! Addresses that are none, servers that are not there, and readers who have read enough.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;

use migration::engine::Engine;
use sea_orm_migration::sea_orm::ConnectionTrait;
use serde_json::Value;

use crate::binary::migrate_at;
use crate::database::{self, Scratch};
use crate::rights::address;

#[tokio::test]
async fn what_is_said_of_an_address_holds_no_password() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    let here = scratch.url.as_str();
    let (broken, foreign) = ("postgres://u:hunter2@[x/d", "mysql://u:hunter2@host/d?a=@");
    let (short, bare) = (
        "postgres:me:hunter2@localhost/db",
        "me:hunter2@localhost/db",
    );
    for (url, arguments, said) in [
        (here, vec!["diff", "--to", broken], "no common terms"),
        (here, vec!["diff", "--to", foreign], "mysql:… is no schema"),
        (here, vec!["verify", "--data", broken], "postgres:… is not"),
        (here, vec!["verify", "--data", foreign], "mysql:… is not"),
        (
            here,
            vec!["import", "prisma", "--url", broken],
            "postgres:… is not",
        ),
        (
            here,
            vec!["import", "prisma", "--url", foreign],
            "or file:… for SQLite",
        ),
        (broken, vec!["status"], "postgres:… is not"),
        (foreign, vec!["status"], "mysql:… is not"),
        (here, vec!["diff", "--from", short], "no common terms"),
        (here, vec!["diff", "--from", bare], "… is no schema"),
        (
            here,
            vec!["diff", "--to", "nothing"],
            "nothing is no schema",
        ),
        (here, vec!["verify", "--data", bare], "… is not"),
        (
            here,
            vec!["import", "prisma", "--url", bare],
            "or file:… for SQLite",
        ),
        (short, vec!["status"], "postgres:… is not"),
        (bare, vec!["up"], "… is not"),
    ] {
        for json in [false, true] {
            let mut arguments = arguments.clone();
            arguments.extend(json.then_some("--json"));
            let told = migrate_at(url, &arguments);
            let out = String::from_utf8_lossy(&told.stdout);
            let text = format!("{out}{}", String::from_utf8_lossy(&told.stderr));
            // What is no source of a schema at all is a wrong argument.
            let code = if said.ends_with("is no schema") {
                64
            } else {
                1
            };
            assert_eq!(told.status.code(), Some(code), "{arguments:?}: {text}");
            assert!(!text.contains("hunter2"), "{arguments:?}: {text}");
            assert!(text.contains(said), "{arguments:?}: {text}");
            if json {
                let told: Value = serde_json::from_str(&out).expect("one object");
                assert_eq!(told["exit"], code, "{told}");
                assert_eq!(told["command"], arguments[0], "{told}");
            }
        }
    }
}

#[tokio::test]
async fn a_difference_is_told_without_the_password_of_either_side() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let (scratch, other) = (
        Scratch::new(Engine::Postgres).await,
        Scratch::new(Engine::Postgres).await,
    );
    let role = format!("compared_{}", std::process::id());
    let make = format!("CREATE ROLE {role} LOGIN PASSWORD '{role}'");
    scratch.db.execute_unprepared(&make).await.expect("a role");
    // Its name is its password.
    let secret = address(&other.url, &role);
    let told = migrate_at(&scratch.url, &["diff", "--from", &secret]);
    let text = [&told.stdout[..], &told.stderr[..]].concat();
    let text = String::from_utf8_lossy(&text);
    assert_eq!(told.status.code(), Some(2), "{text}");
    assert!(text.contains("-- from postgres:… to entities"), "{text}");
    assert!(!text.contains(&role), "{text}");
    let gone = format!("DROP ROLE {role}");
    scratch.db.execute_unprepared(&gone).await.expect("no role");
}

#[test]
fn what_makes_a_file_makes_it_unless_its_address_says_otherwise() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = |name: &str| dir.path().join(name);
    for (at, arguments) in [&["up"][..], &["fresh"], &["reset"], &["seed"]]
        .into_iter()
        .enumerate()
    {
        let name = format!("{at}.db");
        let url = format!("sqlite://{}", file(&name).display());
        let told = migrate_at(&url, arguments);
        let text = String::from_utf8_lossy(&told.stderr);
        assert_eq!(told.status.code(), Some(0), "{arguments:?}: {text}");
        assert!(file(&name).exists(), "{arguments:?}");
    }
    let backups = file("backups");
    let made = migrate_at(
        &format!("sqlite://{}", file("0.db").display()),
        &["backup", backups.to_str().expect("a path")],
    );
    assert_eq!(made.status.code(), Some(0));
    let backup = crate::backup::only(&backups);
    let url = format!("sqlite:{}", file("restored.db").display());
    let told = migrate_at(&url, &["restore", backup.to_str().expect("a path")]);
    let text = String::from_utf8_lossy(&told.stderr);
    assert_eq!(told.status.code(), Some(0), "{text}");
    for (query, arguments) in [("", "status"), ("?mode=rw", "up"), ("?mode=ro", "up")] {
        let url = format!("sqlite://{}{query}", file("none.db").display());
        assert_ne!(migrate_at(&url, &[arguments]).status.code(), Some(0));
        assert!(!file("none.db").exists(), "{query} {arguments}");
    }
}

#[test]
fn a_server_that_is_not_there_is_named_with_the_cause() {
    // A place that nobody listens at once the listener is gone.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a place");
    let place = listener.local_addr().expect("its address");
    drop(listener);
    let told = migrate_at(&format!("postgres://u:hunter2@{place}/d"), &["status"]);
    let text = String::from_utf8_lossy(&told.stderr);
    assert_eq!(told.status.code(), Some(1), "{text}");
    assert!(
        text.contains(&format!("no connection to {place}: ")),
        "{text}"
    );
    assert!(
        text.contains("refused") && !text.contains("hunter2"),
        "{text}"
    );
}

#[tokio::test]
async fn a_reader_may_have_read_enough() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    for arguments in [["status", "--lock-wait=1"], ["status", "--json"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let told = Command::new(env!("CARGO_BIN_EXE_migration"))
            .args(arguments)
            .env("DATABASE_URL", &scratch.url)
            .stdout(writer)
            .output()
            .expect("the binary");
        let text = String::from_utf8_lossy(&told.stderr);
        assert_eq!(told.status.code(), Some(2), "{text}");
        assert!(text.is_empty(), "{text}");
    }
}
