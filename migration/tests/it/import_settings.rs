//! Settings that an import writes have their history, and raise the revision, as if somebody had set them.

use migration::engine::Engine;
use migration::import::{Mode, Turn, undo};
use migration::up;
use sea_orm_migration::sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::database::{self, Scratch};
use crate::import_prisma::{AGENTS, Turned, with_vault};
use crate::importing::{number, text};
use crate::prisma_database;

const LIMIT: &str = "features.max_agents_per_user";
const SECRET: &str = "mail.smtp.password";

/// The versions, revisions and actions of a setting, oldest first.
async fn history(scratch: &Scratch, key: &str) -> Vec<String> {
    let sql = format!(
        "SELECT CAST(version AS text) || ' at ' || CAST(revision AS text) || ' ' || CAST(action AS text) AS line
         FROM configuration_history WHERE key = '{key}' ORDER BY version"
    );
    let asked = Statement::from_string(scratch.db.get_database_backend(), sql);
    let rows = scratch.db.query_all_raw(asked).await.expect("rows");
    let lines = rows.iter().map(|row| row.try_get_by_index(0));
    lines.map(|line| line.expect("a line")).collect()
}

/// The entries of a setting in the audit log, in the order of its versions.
async fn audited(scratch: &Scratch, key: &str) -> Vec<Value> {
    let sql = "SELECT CAST(actor_kind AS text) AS kind, actor_id, action, resource_type,
        CAST(before AS text) AS was, CAST(after AS text) AS stands FROM audit_log ORDER BY created_at, id";
    let asked = Statement::from_string(scratch.db.get_database_backend(), sql);
    let rows = scratch.db.query_all_raw(asked).await.expect("rows");
    let side =
        |text: Option<String>| text.map(|text| serde_json::from_str::<Value>(&text).expect("JSON"));
    let entries = rows.iter().map(|row| {
        let text = |name: &str| row.try_get::<String>("", name).expect("a text");
        let side = |name: &str| side(row.try_get("", name).expect("a side"));
        json!({
            "kind": text("kind"), "actor": text("actor_id"), "action": text("action"),
            "type": text("resource_type"), "before": side("was"), "after": side("stands"),
        })
    });
    let of = |entry: &Value| {
        [&entry["before"], &entry["after"]]
            .iter()
            .any(|one| one["key"] == key)
    };
    entries.filter(of).collect()
}

async fn version(scratch: &Scratch, key: &str) -> i64 {
    let sql = format!("SELECT version FROM configuration_settings WHERE key = '{key}'");
    number(&scratch.db, &sql).await
}

/// Every secret is sealed for its setting's place, or for its entry's.
async fn secrets_stand_in_their_places(scratch: &Scratch, engine: Engine) {
    let id = match engine {
        Engine::Sqlite => {
            "lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' || substr(hex(id), 13, 4)
             || '-' || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21))"
        }
        Engine::Postgres => "id::text",
    };
    let place = |table: &str| {
        format!("'{table}/' || {id} || '/' || environment || '/' || key || '/' || version || '.%'")
    };
    for (table, column, place) in [
        (
            "configuration_settings",
            "ciphertext",
            place("configuration_settings"),
        ),
        (
            "configuration_history",
            "old_ciphertext",
            place("configuration_history/old"),
        ),
        (
            "configuration_history",
            "new_ciphertext",
            place("configuration_history/new"),
        ),
    ] {
        let astray = format!("SELECT count(*) FROM {table} WHERE {column} NOT LIKE {place}");
        assert_eq!(number(&scratch.db, &astray).await, 0, "{table}.{column}");
    }
}

/// Made, updated, taken back and gone: each time the log has what stood there, and never a secret.
async fn is_audited(scratch: &Scratch) {
    let batches = "SELECT CAST(count(DISTINCT actor_id) AS text) FROM audit_log
        WHERE actor_id LIKE 'import ________-____-____-____-____________'";
    assert_eq!(text(&scratch.db, batches).await.as_deref(), Some("2"));
    let entries = audited(scratch, LIMIT).await;
    let told: Vec<String> = entries
        .iter()
        .map(|entry| {
            let side =
                |side: &str| format!("{} at {}", entry[side]["value"], entry[side]["version"]);
            assert_eq!(
                (&entry["kind"], &entry["type"]),
                (&json!("system"), &json!("setting"))
            );
            format!(
                "{}: {} -> {}",
                entry["action"],
                side("before"),
                side("after")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "\"setting.create\": null at null -> 20 at 1",
            "\"setting.update\": 20 at 1 -> 21 at 2",
            "\"setting.update\": 21 at 2 -> 20 at 3",
            "\"setting.delete\": 20 at 3 -> null at null",
        ]
    );
    let secret = audited(scratch, SECRET).await;
    assert_eq!(secret.len(), 4);
    for entry in &secret {
        for side in ["before", "after"] {
            assert!(entry[side]["value"].is_null(), "{entry}");
        }
    }
}

#[tokio::test]
async fn what_an_import_sets_changes_and_takes_back_is_in_the_history() {
    for engine in database::engines() {
        let there = prisma_database::made(engine, AGENTS).await;
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        with_vault(&scratch, &there, Mode::DryRun).await;
        let rows = "SELECT count(*) FROM configuration_history";
        assert_eq!(number(&scratch.db, rows).await, 0);

        with_vault(&scratch, &there, Mode::Apply).await;
        assert_eq!(number(&scratch.db, rows).await, 25);
        assert_eq!(history(&scratch, LIMIT).await, ["1 at 1 create"]);
        let revision = "SELECT revision FROM configuration_revision";
        assert_eq!(number(&scratch.db, revision).await, 1, "one transaction");
        secrets_stand_in_their_places(&scratch, engine).await;
        let reason = "SELECT max(reason) FROM configuration_history";
        let batch = match engine {
            Engine::Sqlite => "SELECT lower(substr(hex(id), 21)) FROM import_batches",
            Engine::Postgres => "SELECT substr(id::text, 25) FROM import_batches",
        };
        let batch = text(&scratch.db, batch).await.expect("a batch");
        let reason = text(&scratch.db, reason).await.expect("a reason");
        assert!(
            reason.starts_with("import of prisma, batch ") && reason.ends_with(&batch),
            "{reason}"
        );
        with_vault(&scratch, &there, Mode::Apply).await;
        assert_eq!(number(&scratch.db, rows).await, 25, "nothing was new");

        let change = format!(
            "UPDATE configuration_settings SET value = '21' WHERE key = '{LIMIT}';
             UPDATE configuration_settings SET value = '\"other\"' WHERE key = '{SECRET}'"
        );
        there.db.execute_unprepared(&change).await.expect("changes");
        with_vault(&scratch, &there, Mode::Apply).await;
        let changed = ["1 at 1 create", "2 at 2 update"];
        assert_eq!(history(&scratch, LIMIT).await, changed);
        assert_eq!(history(&scratch, SECRET).await, changed);
        assert_eq!(version(&scratch, LIMIT).await, 2);
        secrets_stand_in_their_places(&scratch, engine).await;
        let values = format!(
            "SELECT CAST(old_value AS text) || ' ' || CAST(new_value AS text) FROM configuration_history
             WHERE key = '{LIMIT}' AND version = 2"
        );
        assert_eq!(text(&scratch.db, &values).await.as_deref(), Some("20 21"));
        let both = format!(
            "SELECT count(*) FROM configuration_history WHERE key = '{SECRET}' AND version = 2
             AND old_ciphertext IS NOT NULL AND new_ciphertext IS NOT NULL AND new_value IS NULL"
        );
        assert_eq!(number(&scratch.db, &both).await, 1);

        // Without its key a secret cannot be sealed for the version in which it comes back.
        let taken = undo(&scratch.db, "prisma", false, Turn::default(), None);
        let taken = taken.await.expect("an answer");
        assert_eq!((taken.done, taken.kept), (false, 1), "{taken:?}");
        let taken = undo(&scratch.db, "prisma", false, Turn::default(), Some(&Turned));
        let taken = taken.await.expect("an answer");
        assert_eq!((taken.done, taken.restored), (true, 2), "{taken:?}");
        let back = ["1 at 1 create", "2 at 2 update", "3 at 3 rollback"];
        assert_eq!(history(&scratch, LIMIT).await, back);
        assert_eq!(history(&scratch, SECRET).await, back);
        assert_eq!(version(&scratch, SECRET).await, 3);
        secrets_stand_in_their_places(&scratch, engine).await;

        let taken = undo(&scratch.db, "prisma", false, Turn::default(), Some(&Turned));
        let taken = taken.await.expect("an answer");
        assert!(taken.done, "{taken:?}");
        let gone = [&back[..], &["4 at 4 delete"]].concat();
        assert_eq!(history(&scratch, LIMIT).await, gone);
        assert_eq!(number(&scratch.db, revision).await, 4);
        let settings = "SELECT count(*) FROM configuration_settings";
        assert_eq!(number(&scratch.db, settings).await, 0);
        is_audited(&scratch).await;

        // What comes again goes on behind what it had.
        with_vault(&scratch, &there, Mode::Apply).await;
        let again = [&gone[..], &["5 at 5 create"]].concat();
        assert_eq!(history(&scratch, LIMIT).await, again);
        assert_eq!(version(&scratch, LIMIT).await, 5);
        secrets_stand_in_their_places(&scratch, engine).await;
    }
}
