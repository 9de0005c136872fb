//! Tables of our names without a history of ours, and what goes after an adoption.

use migration::engine::Engine;
use sea_orm_migration::sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::{done, execute, list, load, told};
use crate::binary::{migrate, text};
use crate::database::{self, Scratch};

/// What looks only ends as `up` does, and says the same.
fn looks_as_up(scratch: &Scratch, engine: Engine, tool: &Value, words: &str) {
    let (code, up) = told(scratch, &["up"]);
    assert_eq!(code, 4, "{up:#}");
    assert_eq!(up["unadopted"]["tool"], *tool, "{up:#}");
    let said = up["error"].as_str().expect("words");
    assert!(said.contains(words), "{said}");
    for command in ["status", "plan", "lint"] {
        let (code, json) = told(scratch, &[command]);
        assert_eq!(code, 4, "{command} on {engine:?}: {json:#}");
        assert_eq!(json["unadopted"], up["unadopted"], "{command}: {json:#}");
        let hint = text(&migrate(scratch, &[command]));
        assert!(hint.contains(said), "{command} on {engine:?}: {hint}");
    }
}

#[tokio::test]
async fn what_up_would_refuse_to_migrate_is_told_by_what_looks() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        for (command, code) in [("status", 2), ("plan", 2), ("lint", 0)] {
            let (ends, json) = told(&scratch, &[command]);
            assert_eq!(
                (ends, &json["unadopted"]),
                (code, &Value::Null),
                "{command}"
            );
            assert!(
                json.as_object()
                    .is_some_and(|json| json.contains_key("unadopted"))
            );
        }
        load(&scratch, engine, "prisma").await;
        let words = "`migrate adopt --from prisma`";
        looks_as_up(&scratch, engine, &json!("prisma"), words);
        let (_, status) = told(&scratch, &["status"]);
        let tables = status["unadopted"]["tables"].as_array().expect("tables");
        assert!(tables.contains(&json!("threads")), "{status:#}");
        done(&scratch, &["adopt", "--from", "prisma"]);
        let (code, status) = told(&scratch, &["status"]);
        assert_eq!((code, &status["unadopted"]), (2, &Value::Null));
    }
}

#[tokio::test]
async fn a_history_that_was_emptied_is_not_taken_for_another_programs() {
    let history = ["seaql_migrations", "chancery_migrations"];
    let with_log = [&history[..], &["chancery_migration_log"]].concat();
    for engine in database::engines() {
        for emptied in [&history[..], &with_log] {
            let scratch = Scratch::new(engine).await;
            done(&scratch, &["up"]);
            for table in emptied {
                execute(&scratch, &format!("DELETE FROM {table}")).await;
            }
            let words = "`migrate resolve STEP... --applied --reason TEXT`";
            looks_as_up(&scratch, engine, &Value::Null, words);
            // What it says to do mends it.
            let steps = migration::steps();
            let mut resolve = vec!["resolve", "--applied", "--reason", "they stand"];
            resolve.extend(steps.iter().map(|step| step.as_ref() as &str));
            done(&scratch, &resolve);
            done(&scratch, &["status", "--check-drift"]);
            done(&scratch, &["up"]);
        }
        // Some of the steps tell by the log that they were done.
        let scratch = Scratch::new(engine).await;
        done(&scratch, &["up", "-n", "6"]);
        done(&scratch, &["down"]);
        for table in history {
            execute(&scratch, &format!("DELETE FROM {table}")).await;
        }
        looks_as_up(&scratch, engine, &Value::Null, "was emptied");
    }
}

#[tokio::test]
async fn an_index_that_goes_after_the_adoption_is_drift_and_comes_back() {
    const STOOD: &str = "threads_update_date_thread_id_idx";
    const MADE: &str = "messages_creation_date_message_id_idx";
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        load(&scratch, engine, "prisma").await;
        execute(
            &scratch,
            "CREATE INDEX threads_update_date_thread_id_idx ON threads (update_date, thread_id)",
        )
        .await;
        done(&scratch, &["adopt", "--from", "prisma"]);
        done(&scratch, &["up"]);
        let gone = async |table: &str, name: &str| {
            let before = list(&done(&scratch, &["drift"]), "recommended");
            let object = format!("index {table}.{name}");
            assert!(!before.contains(&object), "{before:#?}");
            execute(&scratch, &format!("DROP INDEX {name}")).await;
            let (code, json) = told(&scratch, &["drift"]);
            assert_eq!(code, 3, "{engine:?}: {json:#}");
            assert_eq!(list(&json, "drift"), [object]);
            assert_eq!(list(&json, "recommended"), before);
            let looked = migrate(&scratch, &["status", "--check-drift"]);
            assert_eq!(looked.status.code(), Some(3), "{}", text(&looked));
            // What was missing at the adoption does not come with it.
            // A session that saw the index before may hold it for standing.
            let session = database::connect_once(&scratch.url).await;
            for one in json["undo"].as_array().expect("statements") {
                let sql = one["sql"].as_str().expect("SQL");
                session.execute_unprepared(sql).await.expect(sql);
            }
            session.close().await.expect("the end");
            assert_eq!(list(&done(&scratch, &["drift"]), "recommended"), before);
        };
        gone("threads", STOOD).await;
        done(&scratch, &["up", "--with", "indexes"]);
        gone("messages", MADE).await;
    }
}
