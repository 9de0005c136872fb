//! What a role that may not make anything, or a file that may only be read, is told; and that what only
//! looks works there.

use migration::engine::Engine;
use migration::schema::LiveSchema;
use migration::{up, up_by};
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::binary::migrate_at;
use crate::database::{self, Scratch};

/// The exit code, and everything that was said.
fn told(url: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let output = migrate_at(url, arguments);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (output.status.code(), said)
}

/// The same address for somebody else.
pub(crate) fn address(url: &str, role: &str) -> String {
    let (scheme, rest) = url.split_once("://").expect("an address");
    let (_, place) = rest.rsplit_once('@').unwrap_or(("", rest));
    format!("{scheme}://{role}:{role}@{place}")
}

#[tokio::test]
async fn a_role_that_may_make_nothing_looks_and_is_told_what_it_lacks() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    let last = migration::steps().len() - 1;
    let last = u32::try_from(last).expect("a number");
    up_by(&scratch.db, last).await.expect("up");
    let role = format!("reader_{}", std::process::id());
    let make = format!(
        "CREATE ROLE {role} LOGIN PASSWORD '{role}';
         GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
    );
    scratch.db.execute_unprepared(&make).await.expect("a role");
    let theirs = address(&scratch.url, &role);
    for (arguments, code) in [
        (&["status", "--check-drift"][..], 2),
        (&["plan"], 2),
        (&["lint"], 0),
    ] {
        let (found, said) = told(&theirs, arguments);
        assert_eq!(found, Some(code), "{arguments:?}: {said}");
    }
    let dir = tempfile::tempdir().expect("a directory");
    let out = dir.path().to_str().expect("a path");
    for arguments in [
        &["drift"][..],
        &["diff"],
        &["resolve", "000001", "--rolled-back", "--reason", "a test"],
        &["backup", out, "--method", "copy"],
        &["verify", "--step", "000001"],
    ] {
        let (code, said) = told(&theirs, arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {said}");
        assert!(
            said.contains("GRANT CREATE ON DATABASE"),
            "{arguments:?}: {said}"
        );
    }
    for arguments in [&["up"][..], &["down", "--accept-loss"]] {
        let (code, said) = told(&theirs, arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {said}");
        assert!(said.contains("the role lacks this right"), "{said}");
    }
    let (code, said) = told(&scratch.url, &["status", "--check-drift"]);
    assert_eq!(code, Some(2), "nothing was changed: {said}");
    assert_eq!(std::fs::read_dir(out).expect("a directory").count(), 0);
    let gone = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    scratch.db.execute_unprepared(&gone).await.expect("no role");
}

#[tokio::test]
async fn a_file_that_may_only_be_read_is_looked_at_and_never_written() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    up(&scratch.db).await.expect("up");
    let read_only = scratch.url.replace("mode=rwc", "mode=ro");
    let file = read_only.trim_start_matches("sqlite://");
    let file = file.split('?').next().expect("a path");
    for arguments in [
        &["status", "--check-drift"][..],
        &["plan"],
        &["lint"],
        &["drift"],
        &["diff"],
    ] {
        let (code, said) = told(&read_only, arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {said}");
    }
    migration::down(&scratch.db, 1).await.expect("down");
    let before = LiveSchema::read(&scratch.db).await.expect("a schema");
    let bytes = std::fs::read(file).expect("a file");
    for arguments in [
        &["up"][..],
        &["down", "--accept-loss"],
        &["plan", "--rehearse"],
        &["fresh"],
    ] {
        let (code, said) = told(&read_only, arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {said}");
        assert!(said.contains("readonly database"), "{arguments:?}: {said}");
    }
    let after = LiveSchema::read(&scratch.db).await.expect("a schema");
    assert_eq!(before, after);
    assert_eq!(std::fs::read(file).expect("a file"), bytes);
}
