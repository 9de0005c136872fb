//! What is seen before the history is moved: drift, failures, steps that nobody knows.

use migration::engine::Engine;
use migration::{is_as_left, status, up, up_by};
use serde_json::Value;

use crate::binary::{code, migrate, said};
use crate::database::{self, Scratch};
use crate::history::rows;

#[tokio::test]
async fn a_run_does_not_hide_what_was_changed_by_hand() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up_by(&scratch.db, 19).await.expect("up");
        scratch.run("DROP TABLE webhook_attempts").await;
        assert_eq!(said(&scratch, &["status", "--check-drift"]).0, Some(3));
        let (code, words) = said(&scratch, &["up"]);
        assert_eq!(code, Some(3), "{words}");
        for part in ["webhook_attempts", "migrate drift", "--accept-drift"] {
            assert!(words.contains(part), "{words}");
        }
        assert_eq!(status(&scratch.db).await.expect("status").applied.len(), 19);
        assert_eq!(said(&scratch, &["status", "--check-drift"]).0, Some(3));
        assert_eq!(said(&scratch, &["up", "--accept-drift"]).0, Some(0));
        assert_eq!(said(&scratch, &["drift"]).0, Some(3), "it is missing still");
        // Where nothing is left to apply, it is said and nothing more.
        assert_eq!(said(&scratch, &["up"]).0, Some(0));
        scratch.run("DROP TABLE saved_views").await;
        let (code, words) = said(&scratch, &["up"]);
        assert_eq!(code, Some(0), "{words}");
        assert!(words.contains("migrate drift"), "{words}");
    }
}

#[tokio::test]
async fn what_was_brought_back_is_no_drift_and_a_program_that_starts_goes_on() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up_by(&scratch.db, 19).await.expect("up");
        let index = "uploads_status_expires_at_idx";
        scratch.run(&format!("DROP INDEX {index}")).await;
        assert_eq!(is_as_left(&scratch.db).await.expect("a look"), Some(false));
        // Whoever serves says so in its log.
        up_by(&scratch.db, 1).await.expect("up");
        let again = format!("CREATE INDEX {index} ON uploads (status, expires_at)");
        scratch.run(&again).await;
        assert_eq!(is_as_left(&scratch.db).await.expect("a look"), Some(false));
        let (code, words) = said(&scratch, &["up"]);
        assert_eq!(code, Some(0), "{words}");
        assert_eq!(said(&scratch, &["status", "--check-drift"]).0, Some(0));
    }
}

#[tokio::test]
async fn what_somebody_says_of_a_step_hides_no_drift() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let there = ["resolve", "000021", "--applied", "--reason", "a test"];
        assert_eq!(said(&scratch, &there).0, Some(0));
        assert_eq!(said(&scratch, &["status", "--check-drift"]).0, Some(0));
        scratch.run("DROP TABLE webhook_attempts").await;
        assert_eq!(said(&scratch, &["status", "--check-drift"]).0, Some(3));
        // Nor does a record without a fingerprint, of whoever was broken off.
        let later = "UPDATE chancery_migrations SET fingerprint_after = NULL,
            finished_at = '2999-01-01T00:00:00Z' WHERE id LIKE '%_000007_%'";
        scratch.run(later).await;
        assert_eq!(said(&scratch, &["status", "--check-drift"]).0, Some(3));
    }
}

#[tokio::test]
async fn a_run_down_that_fails_in_its_middle_tells_what_it_left() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        // In the way of the second of three.
        scratch
            .run("ALTER TABLE videos RENAME COLUMN submitted_at TO elsewhere")
            .await;
        let anyhow = ["down", "-n", "3", "--accept-loss", "--accept-drift"];
        let (code, words) = said(&scratch, &anyhow);
        assert_eq!(code, Some(1), "{words}");
        assert_eq!(status(&scratch.db).await.expect("status").applied.len(), 20);
        assert_eq!(is_as_left(&scratch.db).await.expect("a look"), Some(true));
        scratch
            .run("ALTER TABLE videos RENAME COLUMN elsewhere TO submitted_at")
            .await;
        assert_eq!(is_as_left(&scratch.db).await.expect("a look"), Some(false));
        // It is what the steps make, and a step is pending.
        assert_eq!(said(&scratch, &["status", "--check-drift"]).0, Some(2));
        assert_eq!(said(&scratch, &["drift"]).0, Some(0));
        assert_eq!(said(&scratch, &["up"]).0, Some(0));
    }
}

#[tokio::test]
async fn status_tells_by_its_code_what_failed_and_what_is_out_of_order() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up_by(&scratch.db, 9).await.expect("up");
        scratch.run("CREATE TABLE audit_log (a integer)").await;
        let (code, words) = said(&scratch, &["up", "--accept-drift"]);
        assert_eq!(code, Some(1), "{words}");
        let told = migrate(&scratch, &["status", "--json"]);
        assert_eq!(told.status.code(), Some(4));
        let told: Value = serde_json::from_slice(&told.stdout).expect("JSON");
        assert_eq!(told["failed"][0]["step"], "m20261121_000010_platform");
        assert_eq!(told["failed"][0]["half"], false);
        assert!(
            told["failed"][0]["error"]
                .as_str()
                .is_some_and(|why| why.contains("audit_log"))
        );
        let lines = migrate(&scratch, &["status"]).stdout;
        let lines = String::from_utf8_lossy(&lines).into_owned();
        assert!(
            lines.contains("failed       m20261121_000010_platform: "),
            "{lines}"
        );
        // It is tried again, without a word, once nothing is in its way.
        scratch.run("DROP TABLE audit_log").await;
        let (code, words) = said(&scratch, &["up"]);
        assert_eq!(code, Some(0), "{words}");
        assert_eq!(said(&scratch, &["status", "--check-drift"]).0, Some(0));

        let back = [
            "resolve",
            "000021",
            "--rolled-back",
            "--accept-drift",
            "--reason",
            "a test",
        ];
        assert_eq!(said(&scratch, &back).0, Some(0));
        assert_eq!(said(&scratch, &["status"]).0, Some(2), "it is pending");
        let hole = [
            "resolve",
            "000013",
            "--rolled-back",
            "--accept-drift",
            "--reason",
            "a test",
        ];
        assert_eq!(said(&scratch, &hole).0, Some(0));
        assert_eq!(
            said(&scratch, &["status"]).0,
            Some(4),
            "and older than others"
        );
    }
}

#[tokio::test]
async fn a_step_that_failed_is_over_when_somebody_says_how_it_stands() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up_by(&scratch.db, 9).await.expect("up");
        scratch.run("CREATE TABLE audit_log (a integer)").await;
        assert_eq!(said(&scratch, &["up", "--accept-drift"]).0, Some(1));
        // Nothing of it stays, so what is below it may be undone.
        assert_eq!(said(&scratch, &["down", "--accept-loss"]).0, Some(0));
        assert_eq!(said(&scratch, &["status"]).0, Some(4));
        scratch.run("DROP TABLE audit_log").await;
        let back = [
            "resolve",
            "000010",
            "--rolled-back",
            "--reason",
            "nothing of it is there",
        ];
        let (code, words) = said(&scratch, &back);
        assert_eq!(code, Some(0), "{words}");
        assert_eq!(said(&scratch, &["status"]).0, Some(2));
    }
}

#[tokio::test]
async fn a_step_that_only_the_history_has_can_be_taken_off_it() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let unknown = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m2999_x', 0);
            INSERT INTO chancery_migrations (id, checksum, state, statements_done, duration_ms,
                program, actor, started_at, finished_at) VALUES ('m2999_x', 'a', 'applied', 0, 0,
                '9.9', 'ada', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')";
        scratch.run(unknown).await;
        assert_eq!(said(&scratch, &["up"]).0, Some(4));
        let applied = ["resolve", "m2999_x", "--applied", "--reason", "a test"];
        assert_eq!(
            said(&scratch, &applied).0,
            Some(64),
            "nobody knows what it makes"
        );
        let back = [
            "resolve",
            "m2999_x",
            "--rolled-back",
            "--reason",
            "a branch that is gone",
        ];
        // What it made must not stand.
        scratch.run("CREATE TABLE stray (a integer)").await;
        assert_eq!(said(&scratch, &back).0, Some(3));
        scratch.run("DROP TABLE stray").await;
        let (code, words) = said(&scratch, &back);
        assert_eq!(code, Some(0), "{words}");
        assert_eq!(said(&scratch, &["status"]).0, Some(0));
        assert_eq!(said(&scratch, &["up"]).0, Some(0));
        let log = "SELECT reason FROM chancery_migration_log
            WHERE step = 'm2999_x' AND action = 'resolve rolled back'";
        assert_eq!(rows(&scratch.db, log).await, [["a branch that is gone"]]);
        let state = "SELECT state FROM chancery_migrations WHERE id = 'm2999_x'";
        assert_eq!(rows(&scratch.db, state).await, [["rolled_back"]]);
        let nobody = ["resolve", "m2998_y", "--rolled-back", "--reason", "a test"];
        assert_eq!(said(&scratch, &nobody).0, Some(64));
    }
}

/// A step in the form in which `diff` prints it on each engine: `own_views` without its name.
fn unnamed(engine: Engine) -> String {
    match engine {
        Engine::Postgres => "ALTER TABLE own_views DROP COLUMN name;\n".to_owned(),
        Engine::Sqlite => "DROP INDEX views_owner_idx;
            ALTER TABLE \"views\" RENAME TO \"views__before\";
            CREATE TABLE \"views\" (id integer, owner integer NOT NULL);
            INSERT INTO \"views\" (\"id\", \"owner\") SELECT \"id\", \"owner\" FROM \"views__before\";
            DROP TABLE \"views__before\";
            CREATE INDEX views_owner_idx ON views (owner);\n"
            .replace("views", "own_views"),
    }
}

#[tokio::test]
async fn a_table_made_anew_without_a_column_loses_that_on_either_engine() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        scratch
            .run(
                "CREATE TABLE own_views (id integer, owner integer, name text);
             CREATE INDEX own_views_owner_idx ON own_views (owner);
             INSERT INTO own_views VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 1, 'c')",
            )
            .await;
        if engine == Engine::Postgres {
            scratch.run("ANALYZE own_views").await;
        }
        let dir = tempfile::tempdir().expect("a directory");
        let folder = dir.path().join("m20990101_000001_unnamed");
        std::fs::create_dir_all(&folder).expect("a folder");
        let write = |up: &str| {
            for one in ["postgres", "sqlite"] {
                std::fs::write(folder.join(format!("up.{one}.sql")), up).expect("a script");
                let down = folder.join(format!("down.{one}.sql"));
                std::fs::write(down, "SELECT 1;\n").expect("a script");
            }
        };
        let lint = || {
            let told = migrate(
                &scratch,
                &["lint", "--json", "--with", &folder.display().to_string()],
            );
            let object: Value = serde_json::from_slice(&told.stdout).expect("JSON");
            (code(&told), object)
        };
        write(&unnamed(engine));
        let (code, told) = lint();
        assert_eq!(code, Some(5), "{told}");
        let told = told.to_string();
        assert!(
            told.contains("drops-column") && !told.contains("drops-table"),
            "{told}"
        );
        if engine == Engine::Postgres {
            continue;
        }
        // With all its columns it loses nothing.
        let whole = unnamed(engine)
            .replace("(id integer,", "(name text, id integer,")
            .replace("(\"id\"", "(\"name\", \"id\"")
            .replace("SELECT \"id\"", "SELECT \"name\", \"id\"");
        write(&whole);
        let (code, told) = lint();
        assert_eq!(code, Some(0), "{told}");
        // And whoever says why may do without one.
        let drop = "-- chancery-lint: ignore drops-column because nobody names them\nDROP TABLE";
        write(&unnamed(engine).replace("DROP TABLE", drop));
        let (code, told) = lint();
        assert_eq!(code, Some(0), "{told}");
        assert!(told.to_string().contains("nobody names them"), "{told}");
    }
}

#[tokio::test]
async fn the_way_down_hides_nothing_that_was_changed_by_hand_either() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        scratch.run("DROP TABLE saved_views").await;
        let all = status(&scratch.db).await.expect("status").applied.len();
        let (code, words) = said(&scratch, &["down"]);
        assert_eq!(code, Some(3), "{words}");
        assert!(words.contains("saved_views") && words.contains("--accept-drift"));
        let known = status(&scratch.db).await.expect("status");
        assert_eq!(known.applied.len(), all, "nothing was undone");
        assert_eq!(said(&scratch, &["status", "--check-drift"]).0, Some(3));
        assert_eq!(said(&scratch, &["down", "--accept-drift"]).0, Some(0));
    }
}

#[tokio::test]
async fn what_is_said_of_a_step_has_a_reason() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let last = migration::steps().pop().expect("a step");
        for line in [
            &["resolve", &last, "--applied"][..],
            &["resolve", &last, "--applied", "--reason", "  "],
            &["resolve", &last, "--reason", "a test"],
            &["resolve", "--applied", "--reason", "a test"],
            &[
                "resolve",
                &last,
                "--applied",
                "--rolled-back",
                "--reason",
                "a test",
            ],
        ] {
            assert_eq!(said(&scratch, line).0, Some(64), "{line:?}");
        }
        let line = ["resolve", &last, "--applied", "--reason", " a test "];
        assert_eq!(said(&scratch, &line).0, Some(0));
        let kept = "SELECT reason FROM chancery_migration_log WHERE action LIKE 'resolve%'";
        assert_eq!(rows(&scratch.db, kept).await, [["a test"]]);
    }
}
