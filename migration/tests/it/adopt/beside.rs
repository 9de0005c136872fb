//! What stands beside the tables that are taken over: another program's list of steps, search that does
//! nothing, things that have our names.

use migration::engine::Engine;

use super::refused::load;
use super::{alembic, done, execute, list, number, schema, told};
use crate::database::{self, Scratch};

#[tokio::test]
async fn a_list_of_steps_stays_its_programs_whoever_built_the_tables() {
    for engine in database::engines() {
        for (tool, listed) in [("prisma", 1), ("drizzle", 0)] {
            let scratch = Scratch::new(engine).await;
            load(&scratch, engine, tool).await;
            let foreign = "CREATE TABLE seaql_migrations (version varchar NOT NULL PRIMARY KEY, applied_at bigint NOT NULL)";
            execute(&scratch, foreign).await;
            if listed > 0 {
                execute(
                    &scratch,
                    "INSERT INTO seaql_migrations VALUES ('m2020_x', 1)",
                )
                .await;
            }
            done(&scratch, &["adopt", "--from", tool]);
            let theirs = "SELECT count(*) FROM seaql_migrations";
            assert_eq!(number(&scratch, theirs).await, listed);
            done(&scratch, &["up"]);
            let json = done(&scratch, &["status", "--check-drift"]);
            assert_eq!(list(&json, "unknown"), Vec::<String>::new(), "{tool}");
            assert_eq!(list(&json, "applied").len(), migration::steps().len());
            done(&scratch, &["down", "-n", "1"]);
            assert_eq!(number(&scratch, theirs).await, listed);
        }
    }
}

/// Search that stands and does nothing, on either engine.
async fn without_search(engine: Engine) -> Vec<(Scratch, &'static str, &'static str)> {
    let mut found = Vec::new();
    for (words, dead) in [
        (
            "disabled",
            "ALTER TABLE messages DISABLE TRIGGER messages_search_vector_trigger",
        ),
        (
            "another body",
            "CREATE OR REPLACE FUNCTION update_messages_search_vector() RETURNS trigger
             LANGUAGE plpgsql AS 'begin return new; end'",
        ),
    ] {
        if engine == Engine::Postgres {
            let scratch = alembic::sample().await.expect("a server");
            execute(&scratch, dead).await;
            found.push((scratch, "alembic", words));
        }
    }
    if engine == Engine::Sqlite {
        let scratch = Scratch::new(engine).await;
        load(&scratch, engine, "drizzle").await;
        let dead =
            "CREATE TRIGGER messages_fts_insert AFTER INSERT ON messages BEGIN SELECT 1; END";
        execute(&scratch, dead).await;
        found.push((scratch, "drizzle", "should be"));
    }
    found
}

#[tokio::test]
async fn search_that_stands_and_does_nothing_is_told_and_made_to_work() {
    for engine in database::engines() {
        for (scratch, tool, words) in without_search(engine).await {
            let json = done(&scratch, &["adopt", "--from", tool]);
            let findings = json["findings"].as_array().expect("findings").iter();
            let notes = findings.filter_map(|one| one["note"].as_str());
            let notes: Vec<&str> = notes.filter(|note| note.contains("search")).collect();
            assert_eq!(notes.len(), 1, "{tool}: {notes:?}");
            assert!(notes[0].contains(words), "{notes:?}");
            assert!(notes[0].contains("`up --with triggers`"), "{notes:?}");

            done(&scratch, &["up"]);
            let json = done(&scratch, &["status", "--check-drift"]);
            let left = list(&json, "left_out");
            let is_trigger =
                |one: &&String| one.starts_with("messages.messages_") && !one.ends_with("_idx");
            assert!(left.iter().any(|one| is_trigger(&one)), "{left:?}");
            done(&scratch, &["up", "--with", "triggers"]);
            let (hits, message) = match engine {
                Engine::Sqlite => (
                    "SELECT count(*) FROM messages_fts WHERE messages_fts MATCH 'chancery'",
                    "X'0c00000000004000800000000000000f'",
                ),
                Engine::Postgres => (
                    "SELECT count(*) FROM messages WHERE search_vector @@ to_tsquery('english', 'chancery')",
                    "gen_random_uuid()",
                ),
            };
            let before = number(&scratch, hits).await;
            let insert = format!(
                "INSERT INTO messages (message_id, creation_date, content, thread_id, entity, is_complete)
                 SELECT {message}, creation_date, '{{\"content\": \"chancery\"}}', thread_id, 'USER', is_complete
                 FROM messages LIMIT 1"
            );
            execute(&scratch, &insert).await;
            assert_eq!(number(&scratch, hits).await, before + 1, "{tool}: {words}");

            let json = done(&scratch, &["status", "--check-drift"]);
            let left = list(&json, "left_out");
            assert!(!left.iter().any(|one| is_trigger(&one)), "{left:?}");
            let json = done(&scratch, &["drift"]);
            let accepted = list(&json, "accepted");
            let settled = |one: &String| one.starts_with("trigger") || one.starts_with("function");
            assert!(!accepted.iter().any(settled), "{accepted:?}");
        }
    }
}

#[tokio::test]
async fn what_has_one_of_our_names_is_refused_before_anything_is_put_down() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        load(&scratch, engine, "drizzle").await;
        let in_the_way: &[(&str, &str, &str, &str)] = match engine {
            Engine::Sqlite => &[
                (
                    "CREATE VIEW jobs AS SELECT 1 AS a",
                    "DROP VIEW jobs",
                    "table jobs",
                    "a view",
                ),
                (
                    "CREATE TABLE Jobs_Again (a); CREATE INDEX JOBS ON Jobs_Again (a)",
                    "DROP TABLE Jobs_Again",
                    "table jobs",
                    "an index",
                ),
                (
                    "CREATE INDEX runs_created_at_id_idx ON threads (title)",
                    "DROP INDEX runs_created_at_id_idx",
                    "index runs.runs_created_at_id_idx",
                    "an index",
                ),
                (
                    "CREATE TRIGGER audit_log_no_update AFTER UPDATE ON threads BEGIN SELECT 1; END",
                    "DROP TRIGGER audit_log_no_update",
                    "trigger audit_log.audit_log_no_update",
                    "a trigger",
                ),
            ],
            Engine::Postgres => &[
                (
                    "CREATE SEQUENCE jobs",
                    "DROP SEQUENCE jobs",
                    "table jobs",
                    "a sequence",
                ),
                (
                    "CREATE VIEW jobs AS SELECT 1 AS a",
                    "DROP VIEW jobs",
                    "table jobs",
                    "a view",
                ),
                (
                    "CREATE DOMAIN jobs AS text",
                    "DROP DOMAIN jobs",
                    "table jobs",
                    "a domain",
                ),
                (
                    "CREATE SEQUENCE jobs_pkey",
                    "DROP SEQUENCE jobs_pkey",
                    "constraint jobs.jobs_pkey",
                    "a sequence",
                ),
                (
                    "CREATE DOMAIN nft_standard AS text",
                    "DROP DOMAIN nft_standard",
                    "type nft_standard",
                    "a domain",
                ),
                (
                    "CREATE INDEX runs_created_at_id_idx ON threads (title)",
                    "DROP INDEX runs_created_at_id_idx",
                    "index runs.runs_created_at_id_idx",
                    "an index",
                ),
                (
                    "CREATE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'",
                    "DROP FUNCTION audit_log_refuse()",
                    "function audit_log_refuse()",
                    "triggers of audit_log would call it",
                ),
            ],
        };
        for (make, undo, object, words) in in_the_way {
            execute(&scratch, make).await;
            for check in [&["--check"][..], &[]] {
                let (code, json) =
                    told(&scratch, &[&["adopt", "--from", "drizzle"], check].concat());
                assert_eq!(code, 3, "{make}: {json:#}");
                let findings = json["findings"].as_array().expect("findings").iter();
                let refused = findings.filter(|one| one["verdict"] == "refuse");
                let refused: Vec<_> = refused.collect();
                assert_eq!(refused.len(), 1, "{make}: {refused:#?}");
                assert_eq!(refused[0]["object"], *object);
                let note = refused[0]["note"].as_str().expect("words");
                assert!(note.contains(words), "{make}: {note}");
            }
            execute(&scratch, undo).await;
        }
        done(&scratch, &["adopt", "--from", "drizzle"]);
        done(&scratch, &["up"]);
    }
}

/// What is left out of a kind, by its name.
fn left(scratch: &Scratch, kind: &str) -> Vec<String> {
    let json = done(scratch, &["status"]);
    let left = json["left_out"].as_array().expect("a list").iter();
    let left = left.filter(|one| one["kind"] == kind);
    left.map(|one| one["name"].as_str().expect("a name").to_owned())
        .collect()
}

#[tokio::test]
async fn what_was_left_out_takes_no_name_of_something_else() {
    for engine in database::engines() {
        let names = {
            let scratch = Scratch::new(engine).await;
            load(&scratch, engine, "drizzle").await;
            done(&scratch, &["adopt", "--from", "drizzle"]);
            done(&scratch, &["up"]);
            ["indexes", "triggers"].map(|kind| left(&scratch, kind).swap_remove(0))
        };
        let [index, trigger] = names;
        let mut taken = vec![("indexes", format!("CREATE INDEX {index} ON beside (a)"))];
        if engine == Engine::Sqlite {
            // Elsewhere a trigger's name is its table's own.
            let make =
                format!("CREATE TRIGGER {trigger} AFTER INSERT ON beside BEGIN SELECT 1; END");
            taken.push(("triggers", make));
        }
        for (kind, make) in taken {
            let scratch = Scratch::new(engine).await;
            load(&scratch, engine, "drizzle").await;
            execute(
                &scratch,
                &format!("CREATE TABLE beside (a integer); {make}"),
            )
            .await;
            done(&scratch, &["adopt", "--from", "drizzle"]);
            done(&scratch, &["up"]);
            let before = (left(&scratch, kind), schema(&scratch).await);
            let (code, json) = told(&scratch, &["up", "--with", kind]);
            assert_eq!(code, 1, "{make}: {json:#}");
            let said = json["error"].as_str().expect("words");
            assert!(said.contains("has the name of"), "{make}: {said}");
            assert_eq!(before, (left(&scratch, kind), schema(&scratch).await));
            let gone = "DROP TABLE beside";
            execute(&scratch, gone).await;
            done(&scratch, &["up", "--with", kind, "--accept-drift"]);
            assert_eq!(left(&scratch, kind), Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn nothing_that_was_left_out_is_made_on_what_was_changed_by_hand() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        load(&scratch, engine, "drizzle").await;
        done(&scratch, &["adopt", "--from", "drizzle"]);
        done(&scratch, &["up"]);
        let all = left(&scratch, "indexes");
        execute(&scratch, "CREATE INDEX stray ON threads (title)").await;
        let (code, json) = told(&scratch, &["up", "--with", "indexes"]);
        assert_eq!(code, 3, "{json:#}");
        let said = json["error"].as_str().expect("words");
        assert!(said.contains("threads.stray"), "{said}");
        assert_eq!(left(&scratch, "indexes"), all);
        execute(&scratch, "DROP INDEX stray").await;
        if engine == Engine::Postgres {
            // As a run leaves one that is broken off: that is none.
            let half = format!(
                "CREATE INDEX {name} ON messages (thread_id);
                 UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{name}'::regclass",
                name = all
                    .iter()
                    .find(|name| name.starts_with("messages_"))
                    .expect("one")
            );
            execute(&scratch, &half).await;
        }
        done(&scratch, &["up", "--with", "indexes"]);
        assert_eq!(left(&scratch, "indexes"), Vec::<String>::new());
        done(&scratch, &["status", "--check-drift"]);
    }
}

#[tokio::test]
async fn a_key_that_rows_broke_is_gone_on_with_once_they_are_gone() {
    if !database::engines().contains(&Engine::Postgres) {
        return;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    load(&scratch, Engine::Postgres, "prisma").await;
    done(&scratch, &["adopt", "--from", "prisma"]);
    done(&scratch, &["up"]);
    let stray =
        "INSERT INTO saved_views (id, user_id, name, resource, version, created_at, updated_at)
        VALUES (gen_random_uuid(), gen_random_uuid(), 'a', 'runs', 1, now(), now())";
    execute(&scratch, stray).await;
    let (code, json) = told(&scratch, &["up", "--with", "keys"]);
    assert_eq!(code, 1, "{json:#}");
    let said = json["error"].as_str().expect("words");
    assert!(said.contains("saved_views"), "{said}");
    execute(&scratch, "DELETE FROM saved_views").await;
    done(&scratch, &["up", "--with", "keys"]);
    assert_eq!(left(&scratch, "keys"), Vec::<String>::new());
    done(&scratch, &["status", "--check-drift"]);
}
