//! The Python backend's database: nothing of it changes, and ours comes to stand beside it.

use migration::engine::Engine;
use sea_orm_migration::sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;

use super::{CONVERSATION, done, execute, list, number, rows, tables};
use crate::binary::migrate;
use crate::database::{self, Scratch};
use crate::dump;

/// Refuses, by the server itself, whatever is done to an object of theirs.
const WATCH: &str = "CREATE SCHEMA watch;
    CREATE FUNCTION watch.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$
    DECLARE
        it record;
    BEGIN
        IF TG_EVENT = 'sql_drop' THEN
            FOR it IN SELECT object_identity FROM pg_event_trigger_dropped_objects() LOOP
                IF it.object_identity ~ watch.theirs() THEN
                    RAISE EXCEPTION 'dropped %', it.object_identity;
                END IF;
            END LOOP;
        ELSE
            FOR it IN SELECT object_identity, command_tag FROM pg_event_trigger_ddl_commands() LOOP
                IF it.object_identity ~ watch.theirs() THEN
                    RAISE EXCEPTION '% %', it.command_tag, it.object_identity;
                END IF;
            END LOOP;
        END IF;
    END $$;
    CREATE FUNCTION watch.theirs() RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT '^public\\.((ix_)?(threads|messages|tool_calls|tool_selection|complexity_estimation|token_consumption|alembic_version)(\\M|_)|update_messages_search_vector|(entity|task|tokentype|reasoninglevels)$)|_trigger on public\\.messages$'
    $$;
    CREATE EVENT TRIGGER watch_made ON ddl_command_end EXECUTE FUNCTION watch.refuse();
    CREATE EVENT TRIGGER watch_dropped ON sql_drop EXECUTE FUNCTION watch.refuse();";

const SEARCHES: &[(&str, i64)] = &[("hippocampus", 219), ("thalamus & morphologies", 173)];

/// The sample, loaded; `None` where there is no server.
pub(crate) async fn sample() -> Option<Scratch> {
    if !database::engines().contains(&Engine::Postgres) {
        return None;
    }
    let scratch = Scratch::new(Engine::Postgres).await;
    dump::load(&sample_file("sql.gz"), &scratch.url).await;
    Some(scratch)
}

/// The sample is that of the tests at the front door.
fn sample_file(kind: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    format!("{root}/../tests/data/neuroagent_sample.{kind}")
}

/// The checksums that the sample says it has.
async fn is_whole(scratch: &Scratch) {
    let expected = std::fs::read(sample_file("expected.json")).expect("a file");
    let expected: Value = serde_json::from_slice(&expected).expect("JSON");
    let session = database::connect_once(&scratch.url).await;
    let settings = expected["settings"].as_str().expect("settings");
    session
        .execute_unprepared(settings)
        .await
        .expect("settings");
    for (table, wanted) in expected["tables"].as_object().expect("tables") {
        let sql = wanted["sql"].as_str().expect("SQL");
        let statement = Statement::from_string(session.get_database_backend(), sql);
        let row = session.query_one_raw(statement).await.expect(table);
        let row = row.expect("a row");
        let (count, sum): (i64, String) = (
            row.try_get_by_index(0).expect("a count"),
            row.try_get_by_index(1).expect("a checksum"),
        );
        assert_eq!(wanted["rows"], count, "{table}");
        assert_eq!(wanted["md5"], sum, "{table}");
    }
    for (words, hits) in SEARCHES {
        let sql = format!(
            "SELECT count(*) FROM messages WHERE search_vector @@ to_tsquery('english', '{words}')"
        );
        assert_eq!(number(scratch, &sql).await, *hits, "{words}");
    }
    session.close().await.expect("the end");
}

/// How many rows were ever written, and how much of the schema ever changed, as the server counts.
async fn written(scratch: &Scratch) -> i64 {
    let sql = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint FROM pg_stat_user_tables
        WHERE schemaname = 'public' AND relname IN ('threads', 'messages', 'tool_calls',
        'tool_selection', 'complexity_estimation', 'token_consumption', 'alembic_version')";
    number(scratch, sql).await
}

#[tokio::test]
async fn the_python_backends_database_is_taken_over_and_nothing_of_it_is_touched() {
    let Some(scratch) = sample().await else {
        return;
    };
    is_whole(&scratch).await;
    execute(&scratch, WATCH).await;
    let names: Vec<&str> = [CONVERSATION, &["alembic_version"]].concat();
    let before = (
        tables(&scratch, &names).await,
        rows(&scratch, Engine::Postgres, &names).await,
        written(&scratch).await,
    );
    assert_eq!(before.0.len(), 7);
    assert!(before.2 >= 4145, "the server counts: {}", before.2);

    let json = done(&scratch, &["adopt", "--from", "alembic"]);
    assert_eq!(json["revision"], "6d8986f38d7b");
    assert_eq!(json["refuse"], 0);
    let warned = json["findings"].as_array().expect("findings").iter();
    let warned: Vec<&str> = warned
        .filter(|one| one["verdict"] == "warn")
        .filter_map(|one| one["object"].as_str())
        .collect();
    let keys = warned.iter().filter(|one| one.starts_with("constraint"));
    assert_eq!(keys.count(), 5, "{warned:#?}");
    let indexes = warned.iter().filter(|one| one.starts_with("index"));
    assert_eq!(indexes.count(), 8, "{warned:#?}");
    assert_eq!(warned.len(), 13, "{warned:#?}");
    let adopted = [
        "000005_conversation",
        "000006_conversation_indexes",
        "000013_message_times",
    ];
    let adopted = adopted.map(|name| format!("m20261121_{name}"));
    assert_eq!(list(&json, "steps"), adopted);
    let after_adopting = tables(&scratch, &names).await;
    assert_eq!(before.0, after_adopting);
    let ours = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace
        AND relkind = 'r' AND relname NOT LIKE 'chancery%' AND relname <> 'seaql_migrations'";
    assert_eq!(number(&scratch, ours).await, 7, "nothing else was made");
    let state = "SELECT count(*) FROM chancery_migrations WHERE state = 'adopted'";
    assert_eq!(number(&scratch, state).await, 3);
    done(&scratch, &["drift"]);
    let status = migrate(&scratch, &["status", "--check-drift"]);
    assert_eq!(status.status.code(), Some(2), "the others are pending");
    is_whole(&scratch).await;

    let json = done(&scratch, &["up"]);
    assert_eq!(list(&json, "applied").len(), migration::steps().len() - 3);
    assert_eq!(before.0, tables(&scratch, &names).await);
    assert_eq!(before.1, rows(&scratch, Engine::Postgres, &names).await);
    assert_eq!(before.2, written(&scratch).await);
    is_whole(&scratch).await;
    let keys = "SELECT count(*) FROM pg_constraint k WHERE k.contype = 'f'
        AND k.confrelid IN ('threads'::regclass, 'messages'::regclass)";
    assert_eq!(
        number(&scratch, keys).await,
        5,
        "nobody else refers to them"
    );

    let json = done(&scratch, &["status", "--check-drift"]);
    assert_eq!(list(&json, "adopted"), adopted);
    assert_eq!(list(&json, "left_out").len(), 8);
    let json = done(&scratch, &["drift"]);
    assert_eq!(list(&json, "drift"), Vec::<String>::new());
    assert_eq!(list(&json, "accepted"), Vec::<String>::new());
    assert_eq!(list(&json, "undo"), Vec::<String>::new());
    let recommended = list(&json, "recommended");
    assert_eq!(recommended.len(), 13, "{recommended:#?}");
    done(&scratch, &["plan"]);

    // The old backend goes on: a new message is found at once.
    execute(
        &scratch,
        "INSERT INTO messages (message_id, creation_date, content, thread_id, entity, is_complete)
         SELECT gen_random_uuid(), now(), '{\"content\": \"hippocampus again\"}', thread_id, 'USER', true
         FROM threads LIMIT 1",
    )
    .await;
    let sql =
        "SELECT count(*) FROM messages WHERE search_vector @@ to_tsquery('english', 'hippocampus')";
    assert_eq!(number(&scratch, sql).await, 220);
    let version = "SELECT count(*) FROM alembic_version WHERE version_num = '6d8986f38d7b'";
    assert_eq!(number(&scratch, version).await, 1);
}

#[tokio::test]
async fn what_was_left_out_is_made_when_somebody_asks_for_it() {
    let Some(scratch) = sample().await else {
        return;
    };
    done(&scratch, &["adopt", "--from", "alembic"]);
    done(&scratch, &["up"]);
    // One that an earlier try left half-made is made anew.
    let json = done(&scratch, &["up", "--with", "indexes"]);
    assert_eq!(list(&json, "made").len(), 8);
    let json = done(&scratch, &["status", "--check-drift"]);
    assert_eq!(list(&json, "left_out"), Vec::<String>::new());
    let json = done(&scratch, &["drift"]);
    assert_eq!(list(&json, "recommended").len(), 5, "{json:#}");
    let noted = "SELECT count(*) FROM chancery_migration_log WHERE action = 'with indexes'";
    assert_eq!(number(&scratch, noted).await, 8);
    let json = done(&scratch, &["up", "--with", "indexes,triggers"]);
    assert_eq!(list(&json, "made"), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_changed_by_hand_afterwards_is_drift() {
    let Some(scratch) = sample().await else {
        return;
    };
    done(&scratch, &["adopt", "--from", "alembic"]);
    done(&scratch, &["up"]);
    execute(
        &scratch,
        "ALTER TABLE messages DISABLE TRIGGER messages_search_vector_trigger;
         ALTER TABLE threads ADD COLUMN extra text",
    )
    .await;
    let (code, json) = super::told(&scratch, &["drift"]);
    assert_eq!(code, 3);
    assert_eq!(
        list(&json, "drift"),
        [
            "trigger messages.messages_search_vector_trigger",
            "column threads.extra"
        ]
    );
    assert_eq!(
        migrate(&scratch, &["status", "--check-drift"])
            .status
            .code(),
        Some(3)
    );
}

#[tokio::test]
async fn going_down_takes_away_ours_alone_and_fresh_nothing() {
    let Some(scratch) = sample().await else {
        return;
    };
    done(&scratch, &["adopt", "--from", "alembic"]);
    done(&scratch, &["up"]);
    let (code, json) = super::told(&scratch, &["fresh"]);
    assert_eq!(code, 1, "{json}");
    execute(&scratch, WATCH).await;
    done(&scratch, &["down", "-n", "99"]);
    is_whole(&scratch).await;
    let left = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace
        AND relkind = 'r' AND relname NOT LIKE 'chancery%' AND relname <> 'seaql_migrations'";
    assert_eq!(number(&scratch, left).await, 7);
    done(&scratch, &["up"]);
    done(&scratch, &["drift"]);
    is_whole(&scratch).await;
}
