//! The commands as an operator calls them: the binary, its exit codes, its JSON.

use std::process::{Command, Stdio};

use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::binary::{code, json, migrate};
use crate::database::{self, Scratch};

#[tokio::test]
async fn status_tells_by_its_exit_code_whether_something_is_pending() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        assert_eq!(code(&migrate(&scratch, &["status"])), Some(2));
        assert_eq!(code(&migrate(&scratch, &["up"])), Some(0));
        let told = migrate(&scratch, &["status", "--json"]);
        assert_eq!(code(&told), Some(0));
        let told = json(&told);
        assert_eq!(told["version"], 1);
        assert_eq!(told["command"], "status");
        assert_eq!(told["pending"].as_array().map(Vec::len), Some(0));

        let unknown = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m2999', 0)";
        scratch.db.execute_unprepared(unknown).await.expect("a row");
        for command in ["status", "up", "plan", "lint", "drift"] {
            assert_eq!(code(&migrate(&scratch, &[command])), Some(4), "{command}");
        }
    }
}

#[test]
fn status_of_a_file_that_is_not_there_does_not_make_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("none.db");
    let told = Command::new(env!("CARGO_BIN_EXE_migration"))
        .args(["status", "--database-url"])
        .arg(format!("sqlite://{}?mode=rwc", file.display()))
        .output()
        .expect("the binary");
    assert_eq!(code(&told), Some(2));
    let said = String::from_utf8_lossy(&told.stderr).into_owned();
    let named = format!("{}: there is no such file", file.display());
    assert!(said.contains(&named), "{said}");
    // What is asked of the rows or the schema of a file cannot be answered of none.
    for arguments in [
        &["drift"][..],
        &["backup", "backups"],
        &["pull"],
        &["adopt", "--from", "none"],
        &["down"],
        &["backfill"],
        &["import", "mongo", "dump"],
        &["resolve", "000001", "--applied", "--reason", "a test"],
    ] {
        let told = Command::new(env!("CARGO_BIN_EXE_migration"))
            .args(arguments)
            .current_dir(dir.path())
            .env(
                "DATABASE_URL",
                format!("sqlite://{}?mode=rwc", file.display()),
            )
            .output()
            .expect("the binary");
        assert_eq!(code(&told), Some(1), "{arguments:?}");
        let said = String::from_utf8_lossy(&told.stderr).into_owned();
        assert!(said.contains(&named), "{arguments:?}: {said}");
        assert!(!file.exists(), "{arguments:?}");
    }
}

#[tokio::test]
async fn none_is_no_number_of_steps_or_of_rows() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        for arguments in [
            &["up", "-n", "0"][..],
            &["down", "-n", "0"],
            &["backfill", "--batches", "0"],
            &["backfill", "--batch", "0"],
        ] {
            assert_eq!(
                code(&migrate(&scratch, arguments)),
                Some(64),
                "{arguments:?}"
            );
        }
        assert_eq!(code(&migrate(&scratch, &["status"])), Some(2));
    }
}

#[tokio::test]
async fn up_and_down_go_as_far_as_they_are_told() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let told = json(&migrate(&scratch, &["up", "--to", "000003", "--json"]));
        assert_eq!(told["applied"].as_array().map(Vec::len), Some(3));
        let told = json(&migrate(&scratch, &["up", "-n", "2", "--json"]));
        assert_eq!(told["applied"][1], "m20261121_000005_conversation");
        let told = json(&migrate(&scratch, &["down", "--json"]));
        assert_eq!(told["undone"][0], "m20261121_000005_conversation");
        let told = json(&migrate(&scratch, &["down", "--to", "identity", "--json"]));
        assert_eq!(told["undone"].as_array().map(Vec::len), Some(3));
        let none = migrate(&scratch, &["down", "-n", "0"]);
        assert_eq!(code(&none), Some(64), "none is no number of steps");
        let refused = migrate(&scratch, &["up", "--to", "nothing", "--json"]);
        assert_eq!(code(&refused), Some(64));
        assert_eq!(json(&refused)["exit"], 64);
    }
}

#[tokio::test]
async fn down_loses_no_row_without_consent() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        assert_eq!(code(&migrate(&scratch, &["up"])), Some(0));
        let insert = "INSERT INTO login_failures
            (id, account_hash, address, window_start, count, created_at, updated_at)
            VALUES ('00000000-0000-0000-0000-000000000001', 'a', 'b', '2025-01-01 00:00:00+00:00',
            1, '2025-01-01 00:00:00+00:00', '2025-01-01 00:00:00+00:00')";
        scratch.db.execute_unprepared(insert).await.expect("a row");
        let refused = migrate(&scratch, &["down", "-n", "99"]);
        assert_eq!(code(&refused), Some(5));
        let words = String::from_utf8_lossy(&refused.stderr);
        assert!(words.contains("login_failures: 1"), "{words}");
        assert_eq!(
            code(&migrate(&scratch, &["status"])),
            Some(0),
            "nothing was undone"
        );
        assert_eq!(
            code(&migrate(&scratch, &["down", "-n", "99", "--accept-loss"])),
            Some(0)
        );
        assert_eq!(code(&migrate(&scratch, &["status"])), Some(2));
    }
}

#[tokio::test]
async fn fresh_begins_again_but_never_in_production() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        assert_eq!(code(&migrate(&scratch, &["up"])), Some(0));
        scratch
            .db
            .execute_unprepared("CREATE TABLE stray (a integer)")
            .await
            .expect("a table");
        let refused = migrate(&scratch, &["fresh", "--environment", "production"]);
        assert_eq!(code(&refused), Some(5));
        scratch
            .db
            .execute_unprepared("SELECT a FROM stray")
            .await
            .expect("it is still there");
        let done = migrate(&scratch, &["fresh"]);
        assert_eq!(
            code(&done),
            Some(0),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        scratch
            .db
            .execute_unprepared("SELECT a FROM stray")
            .await
            .expect_err("it is gone");
        assert_eq!(code(&migrate(&scratch, &["status"])), Some(0));
    }
}

#[tokio::test]
async fn what_no_database_could_mean_is_a_wrong_argument() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        for line in [
            &["up", "--to", "nosuch"][..],
            &["up", "--allow-loss", "nosuch"],
            &["up", "--lock-timeout=-1"],
            &["up", "--statement-timeout=long"],
            &["down", "--to", "nosuch"],
            &["lint", "--allow", "nosuch"],
            &["verify", "--step", "nosuch"],
            &["diff", "--from", "nosuch"],
            &["diff", "--rename", "x"],
            &["seed", "nosuch"],
            &["backfill", "nosuch"],
            &["backfill", "nosuch", "--forget"],
            &["resolve", "nosuch", "--applied", "--reason", "a test"],
        ] {
            let told = migrate(&scratch, line);
            let said = String::from_utf8_lossy(&told.stderr).into_owned();
            assert_eq!(code(&told), Some(64), "{line:?}: {said}");
        }
        assert_eq!(
            code(&migrate(&scratch, &["status"])),
            Some(2),
            "nothing was done"
        );
    }
}

#[tokio::test]
async fn a_wrong_line_is_told_to_machines_as_everything_else_is() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        for line in [
            &["up", "--nonsense", "--json"][..],
            &["--json", "resolve"],
            &["nonsense", "--json"],
            &["--json"],
        ] {
            let told = migrate(&scratch, line);
            assert_eq!(code(&told), Some(64), "{line:?}");
            let object = json(&told);
            assert_eq!(
                (&object["version"], &object["exit"]),
                (&1.into(), &64.into())
            );
            assert!(object["command"].is_null(), "{object}");
            let why = object["error"].as_str().expect("why");
            assert!(!why.is_empty() && !why.starts_with("error:"), "{why}");
        }
        let help = migrate(&scratch, &["up", "--help", "--json"]);
        assert_eq!(code(&help), Some(0));
        assert!(!String::from_utf8_lossy(&help.stdout).contains("\"exit\""));
    }
}

#[tokio::test]
async fn who_hears_how_it_goes_may_go_away() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        let mut going = Command::new(env!("CARGO_BIN_EXE_migration"))
            .arg("up")
            .env("DATABASE_URL", &scratch.url)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary");
        drop((going.stdout.take(), going.stderr.take()));
        let ended = going.wait().expect("an end");
        assert_eq!(ended.code(), Some(0), "{engine:?}");
        assert_eq!(code(&migrate(&scratch, &["status"])), Some(0));
    }
}
