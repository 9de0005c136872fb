//! What is not taken over, and why: nothing is written then.

use migration::engine::Engine;

use super::{alembic, data, done, execute, schema, told};
use crate::database::{self, Scratch};

/// Adopting is refused with `code`, in words that have `words`, and leaves nothing behind.
async fn refused(scratch: &Scratch, from: &str, code: i32, words: &str) {
    let before = schema(scratch).await;
    let (told, json) = told(scratch, &["adopt", "--from", from]);
    assert_eq!(told, code, "{json:#}");
    let said = json["error"]
        .as_str()
        .map_or_else(|| json.to_string(), str::to_owned);
    assert!(said.contains(words), "{said}");
    assert_eq!(before, schema(scratch).await, "something was left behind");
}

#[tokio::test]
async fn a_state_of_alembic_that_is_not_ours_is_refused() {
    let Some(scratch) = alembic::sample().await else {
        return;
    };
    for (versions, words) in [
        ("('cd5a73ea91db')", "older than 6d8986f38d7b"),
        ("('02aab0a6eef4')", "older than 6d8986f38d7b"),
        ("('25cefa8449c6')", "newer than 6d8986f38d7b"),
        ("('0123456789ab')", "does not know"),
        ("('6d8986f38d7b'), ('0123456789ab')", "2 heads"),
    ] {
        let stamp =
            format!("DELETE FROM alembic_version; INSERT INTO alembic_version VALUES {versions}");
        execute(&scratch, &stamp).await;
        refused(&scratch, "alembic", 4, words).await;
    }
    execute(&scratch, "DELETE FROM alembic_version").await;
    refused(&scratch, "alembic", 4, "has no row").await;
    refused(&scratch, "none", 4, "--from alembic").await;
    refused(&scratch, "prisma", 4, "there is no _prisma_migrations").await;
    refused(
        &scratch,
        "drizzle",
        4,
        "there is no drizzle.__drizzle_migrations",
    )
    .await;
    refused(&scratch, "seaorm", 4, "there is no seaql_migrations").await;
}

#[tokio::test]
async fn tables_that_the_program_cannot_work_on_are_refused_one_by_one() {
    let Some(scratch) = alembic::sample().await else {
        return;
    };
    for (change, undo, words) in [
        (
            "ALTER TABLE threads RENAME COLUMN title TO name",
            "ALTER TABLE threads RENAME COLUMN name TO title",
            "column threads.title",
        ),
        (
            "ALTER TABLE threads ALTER COLUMN creation_date TYPE timestamp",
            "ALTER TABLE threads ALTER COLUMN creation_date TYPE timestamptz",
            "cannot read it",
        ),
        (
            "ALTER TABLE messages ALTER COLUMN is_complete DROP NOT NULL",
            "ALTER TABLE messages ALTER COLUMN is_complete SET NOT NULL",
            "may be null",
        ),
        (
            "ALTER TYPE task ADD VALUE 'SUMMARY'",
            "SELECT 1",
            "should be CHAT_COMPLETION, TOOL_SELECTION, CALL_WITHIN_TOOL",
        ),
        (
            "DROP TABLE tool_selection",
            "SELECT 1",
            "table tool_selection",
        ),
    ] {
        execute(&scratch, change).await;
        refused(&scratch, "alembic", 3, words).await;
        execute(&scratch, undo).await;
    }
}

#[tokio::test]
async fn a_session_that_may_only_read_is_refused_and_hears_what_is_needed() {
    let Some(scratch) = alembic::sample().await else {
        return;
    };
    let name = scratch
        .url
        .split('?')
        .next()
        .and_then(|url| url.rsplit('/').next());
    let name = name.expect("a database");
    let set = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    execute(&scratch, &set).await;
    let words = "the session is read-only, and an adoption is written down in tables of our own: connect to where";
    refused(&scratch, "alembic", 4, words).await;
    // Looking needs a place to compare with.
    let (code, json) = told(&scratch, &["adopt", "--from", "alembic", "--check"]);
    let words = json["error"].as_str().unwrap_or_default();
    assert_eq!(code, 1, "{json:#}");
    assert!(
        words.contains("the session is read-only: connect to where"),
        "{words}"
    );
}

#[tokio::test]
async fn a_file_that_may_only_be_read_is_refused_and_may_be_looked_at() {
    let mut scratch = Scratch::new(Engine::Sqlite).await;
    load(&scratch, Engine::Sqlite, "prisma").await;
    scratch.url = scratch.url.replace("mode=rwc", "mode=ro");
    refused(&scratch, "prisma", 4, "read-only").await;
    done(&scratch, &["adopt", "--from", "prisma", "--check"]);
}

#[tokio::test]
async fn looking_writes_nothing() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        load(&scratch, engine, "prisma").await;
        let before = schema(&scratch).await;
        let json = done(&scratch, &["adopt", "--from", "prisma", "--check"]);
        assert_eq!(json["adopted"], false);
        assert_eq!(before, schema(&scratch).await);
    }
}

#[tokio::test]
async fn a_history_of_our_own_or_nothing_at_all_is_not_taken_over() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        refused(&scratch, "none", 4, "no table of ours").await;
        done(&scratch, &["up"]);
        refused(&scratch, "seaorm", 4, "nothing to take over").await;
        let scratch = Scratch::new(engine).await;
        load(&scratch, engine, "prisma").await;
        done(&scratch, &["adopt", "--from", "prisma"]);
        refused(&scratch, "prisma", 4, "taken over already, from prisma").await;
    }
}

#[tokio::test]
async fn migrations_of_prisma_that_failed_or_are_not_finished_refuse() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        load(&scratch, engine, "prisma").await;
        let insert = "INSERT INTO _prisma_migrations (id, checksum, migration_name)
            VALUES ('x', 'y', '20250202000000_more')";
        execute(&scratch, insert).await;
        refused(&scratch, "prisma", 4, "20250202000000_more").await;
        let resolved = "UPDATE _prisma_migrations SET rolled_back_at = '2025-02-02 00:00:00+00'
            WHERE id = 'x'";
        execute(&scratch, resolved).await;
        done(&scratch, &["adopt", "--from", "prisma"]);
    }
}

#[tokio::test]
async fn a_file_of_sqlite_with_values_that_are_not_ours_is_refused() {
    let scratch = Scratch::new(Engine::Sqlite).await;
    load(&scratch, Engine::Sqlite, "prisma").await;
    let insert = "INSERT INTO threads SELECT 'a2a2a2a2-0000-4000-8000-000000000001', vlab_id,
        project_id, title, creation_date, 1740819600000, user_id FROM threads";
    execute(&scratch, insert).await;
    refused(&scratch, "prisma", 3, "UUIDs of 16 bytes").await;
    refused(&scratch, "prisma", 3, "times as in").await;
    execute(
        &scratch,
        "DELETE FROM threads WHERE typeof(thread_id) = 'text'",
    )
    .await;
    done(&scratch, &["adopt", "--from", "prisma"]);
}

/// What a tool leaves.
pub(crate) async fn load(scratch: &Scratch, engine: Engine, tool: &str) {
    let kind = match engine {
        Engine::Sqlite => "sqlite",
        Engine::Postgres => "postgres",
    };
    let script = std::fs::read_to_string(data(&format!("{tool}.{kind}.sql"))).expect("a file");
    execute(scratch, &script).await;
}
