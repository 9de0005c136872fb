//! What four tools leave, taken over on both engines.

use entity::registry::resources;
use migration::engine::Engine;
use migration::schema::ddl;
use sea_orm_migration::sea_orm::ConnectionTrait;

use super::refused::load;
use super::{done, execute, list, number, rows, schema, tables, told};
use crate::database::{self, Scratch};

/// The tables of ours that a tool's file has, and its own.
const TOOLS: &[(&str, &[&str], &str)] = &[
    (
        "prisma",
        &["users", "threads", "messages"],
        "_prisma_migrations",
    ),
    (
        "drizzle",
        &["threads", "messages", "token_consumption"],
        "__drizzle_migrations",
    ),
    ("seaorm", &["threads", "messages"], "seaql_migrations"),
];

/// Where the tool keeps its table.
fn place(tool: &str, engine: Engine, own: &str) -> String {
    match (tool, engine) {
        ("drizzle", Engine::Postgres) => format!("drizzle.{own}"),
        _ => own.to_owned(),
    }
}

#[tokio::test]
async fn what_a_tool_built_is_taken_over_as_it_stands() {
    for engine in database::engines() {
        for (tool, ours, own) in TOOLS {
            let scratch = Scratch::new(engine).await;
            load(&scratch, engine, tool).await;
            let theirs = place(tool, engine, own);
            let all: Vec<&str> = [*ours, &[theirs.as_str()]].concat();
            let before = (
                tables(&scratch, &all).await,
                rows(&scratch, engine, &all).await,
            );

            let json = done(&scratch, &["adopt", "--from", tool]);
            assert!(!json["revision"].is_null(), "{tool}: {json:#}");
            for table in *ours {
                assert!(
                    list(&json, "tables").contains(&(*table).to_owned()),
                    "{tool}: {table}"
                );
            }
            done(&scratch, &["drift"]);
            done(&scratch, &["up"]);
            let json = done(&scratch, &["status", "--check-drift"]);
            assert_eq!(list(&json, "pending"), Vec::<String>::new());
            assert_eq!(list(&json, "unknown"), Vec::<String>::new(), "{tool}");
            let json = done(&scratch, &["drift"]);
            assert_eq!(
                list(&json, "undo"),
                Vec::<String>::new(),
                "{tool} {engine:?}: {json:#}"
            );

            let after = (
                tables(&scratch, &all).await,
                rows(&scratch, engine, &all).await,
            );
            assert_eq!(before, after, "{tool} on {engine:?}");
            assert!(
                schema(&scratch).await.tables.contains_key("jobs"),
                "ours were made"
            );
        }
    }
}

#[tokio::test]
async fn no_table_of_ours_has_a_key_to_one_of_theirs() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        load(&scratch, engine, "prisma").await;
        done(&scratch, &["adopt", "--from", "prisma"]);
        done(&scratch, &["up"]);
        let schema = schema(&scratch).await;
        let theirs = ["users", "threads", "messages"];
        let own = ["users", "threads", "messages", "Feedback"];
        for (name, table) in &schema.tables {
            if own.contains(&name.as_str()) {
                continue;
            }
            for (key, text) in &table.constraints {
                let leads = theirs.iter().any(|table| {
                    text.starts_with(&format!("{table} ("))
                        || text.contains(&format!("REFERENCES {table}"))
                });
                assert!(!leads, "{name}.{key}: {text}");
            }
        }
        let json = done(&scratch, &["status"]);
        let left = list(&json, "left_out");
        assert!(
            left.contains(&"user_identities.user_identities_user_id_fkey".to_owned()),
            "{left:?}"
        );
        let reason = "SELECT count(*) FROM chancery_migrations WHERE reason LIKE
            'left out: %user_identities.user_identities_user_id_fkey%'";
        assert_eq!(number(&scratch, reason).await, 1);
        if engine == Engine::Sqlite {
            assert_eq!(told(&scratch, &["up", "--with", "keys"]).0, 1);
            continue;
        }
        let json = done(&scratch, &["up", "--with", "keys"]);
        assert!(list(&json, "made").len() > 10, "{json:#}");
        done(&scratch, &["drift"]);
        let keys = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated
            AND confrelid = 'users'::regclass";
        assert!(number(&scratch, keys).await > 10);
    }
}

#[tokio::test]
async fn search_comes_with_its_triggers() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        load(&scratch, engine, "drizzle").await;
        let json = done(&scratch, &["adopt", "--from", "drizzle"]);
        let left = list(&json, "left_out");
        assert!(
            left.iter().any(|one| one.starts_with("messages.messages_")),
            "{left:?}"
        );
        // An index of another name that finds the same is enough.
        let double = "messages.messages_thread_id_creation_date_message_id_idx".to_owned();
        assert!(!left.contains(&double), "{left:?}");
        done(&scratch, &["up"]);
        let hits = match engine {
            Engine::Sqlite => {
                "SELECT count(*) FROM messages_fts WHERE messages_fts MATCH 'hippocampus'"
            }
            Engine::Postgres => {
                "SELECT count(*) FROM messages WHERE search_vector @@ to_tsquery('english', 'hippocampus')"
            }
        };
        assert_eq!(number(&scratch, hits).await, 0);
        done(&scratch, &["up", "--with", "triggers,indexes"]);
        assert_eq!(number(&scratch, hits).await, 1, "what stood is found");
        let said = match engine {
            Engine::Sqlite => "X'0c000000000040008000000000000002'",
            Engine::Postgres => "'0c000000-0000-4000-8000-000000000002'",
        };
        let insert = format!(
            "INSERT INTO messages (message_id, creation_date, content, thread_id, entity, is_complete)
             SELECT {said}, creation_date, content, thread_id, entity, is_complete FROM messages"
        );
        execute(&scratch, &insert).await;
        assert_eq!(
            number(&scratch, hits).await,
            2,
            "what is said from now on is found"
        );
        let json = done(&scratch, &["status", "--check-drift"]);
        let left = list(&json, "left_out");
        assert!(left.iter().all(|one| one.ends_with("_fkey")), "{left:?}");
        done(&scratch, &["drift"]);
        let json = done(&scratch, &["up", "--with", "triggers"]);
        assert_eq!(list(&json, "made"), Vec::<String>::new());
    }
}

#[tokio::test]
async fn the_other_programs_list_of_migrations_stays_its_own() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        load(&scratch, engine, "seaorm").await;
        done(&scratch, &["adopt", "--from", "seaorm"]);
        done(&scratch, &["up"]);
        let theirs = "SELECT count(*) FROM seaql_migrations";
        assert_eq!(number(&scratch, theirs).await, 2);
        let ours = "SELECT count(*) FROM chancery_seaql_migrations";
        let steps = i64::try_from(migration::steps().len()).expect("a number");
        assert_eq!(number(&scratch, ours).await, steps);
        done(&scratch, &["down", "-n", "1"]);
        assert_eq!(number(&scratch, ours).await, steps - 1);
        assert_eq!(number(&scratch, theirs).await, 2);
    }
}

#[tokio::test]
async fn a_database_that_has_everything_is_adopted_whole() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        for statement in ddl::create(engine, resources()) {
            execute(&scratch, &statement).await;
        }
        let before = schema(&scratch).await;
        let json = done(&scratch, &["adopt", "--from", "none"]);
        assert_eq!(json["warn"], 0, "{json:#}");
        assert_eq!(list(&json, "steps"), migration::steps());
        let json = done(&scratch, &["up"]);
        assert_eq!(list(&json, "applied"), Vec::<String>::new());
        done(&scratch, &["status", "--check-drift"]);
        done(&scratch, &["drift"]);
        let mut after = schema(&scratch).await;
        after
            .tables
            .retain(|name, _| before.tables.contains_key(name));
        assert_eq!(before.tables, after.tables);
    }
}

#[tokio::test]
async fn two_who_adopt_at_once_do_it_once() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        load(&scratch, engine, "prisma").await;
        let codes = std::thread::scope(|scope| {
            let both =
                [0, 1].map(|_| scope.spawn(|| told(&scratch, &["adopt", "--from", "prisma"]).0));
            both.map(|one| one.join().expect("an end"))
        });
        let mut codes = codes.to_vec();
        codes.sort_unstable();
        assert_eq!(codes, [0, 4]);
        assert_eq!(
            number(&scratch, "SELECT count(*) FROM chancery_adoption").await,
            1
        );
    }
}

#[tokio::test]
async fn a_later_step_changes_one_of_their_tables_where_it_is_allowed_to() {
    const STEP: &str = "m20261121_000020_media_lives";
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        done(&scratch, &["up"]);
        for table in [
            "alembic_version",
            "seaql_migrations",
            "chancery_migrations",
            "chancery_migration_log",
        ] {
            execute(&scratch, &format!("DROP TABLE {table}")).await;
        }
        done(&scratch, &["adopt", "--from", "none"]);
        // As if it had been taken over before this step was written.
        let name = match engine {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        };
        let down = format!(
            "{}/src/step/{STEP}/down.{name}.sql",
            env!("CARGO_MANIFEST_DIR")
        );
        let down = std::fs::read_to_string(down).expect("a script");
        execute(&scratch, &down).await;
        let back = "UPDATE chancery_adoption SET state = replace(state, \
                    'm20261121_000021_day_packs', 'm20261121_000019_user_packs')";
        execute(&scratch, back).await;
        // Nor were the types there that it makes.
        for kind in ["nft_standard", "nft_problem"] {
            let gone = format!(
                "UPDATE chancery_adoption SET state = replace(state, '\"{kind}\"', '\"no_{kind}\"')"
            );
            execute(&scratch, &gone).await;
        }
        let resolve = [
            "resolve",
            STEP,
            "--rolled-back",
            "--reason",
            "a test",
            "--accept-drift",
        ];
        done(&scratch, &resolve);
        let column = "SELECT count(checked_at) FROM nft_ownership";
        let gone = scratch.db.execute_unprepared(column).await;
        assert!(gone.is_err(), "the column is not there yet");

        let up = ["up", "--out-of-order", STEP];
        let (code, json) = told(&scratch, &up);
        assert_eq!(code, 5, "{json:#}");
        let said = json["error"].as_str().expect("words");
        assert!(
            said.contains("--allow-changes") && said.contains(STEP),
            "{said}"
        );
        let gone = scratch.db.execute_unprepared(column).await;
        assert!(gone.is_err(), "nothing was done");
        let other = [&up[..], &["--allow-changes", "000021"]].concat();
        assert_eq!(told(&scratch, &other).0, 5, "another step is allowed");
        let json = done(&scratch, &[&up[..], &["--allow-changes", STEP]].concat());
        assert_eq!(list(&json, "applied"), [STEP]);
        assert_eq!(number(&scratch, column).await, 0);
    }
}

#[tokio::test]
async fn what_ought_to_be_adopted_is_not_migrated_by_mistake() {
    for engine in database::engines() {
        for (tool, _, _) in TOOLS {
            let scratch = Scratch::new(engine).await;
            // An earlier run of ours that was taken back is in nobody's way.
            if *tool != "seaorm" {
                done(&scratch, &["up", "-n", "1"]);
                done(&scratch, &["down"]);
            }
            load(&scratch, engine, tool).await;
            let before = schema(&scratch).await;
            for arguments in [&["up"][..], &["up", "-n", "1"], &["plan", "--rehearse"]] {
                let (code, json) = told(&scratch, arguments);
                assert_eq!(code, 4, "{tool} {arguments:?} on {engine:?}: {json:#}");
                let words = json["error"].as_str().unwrap_or_default();
                let advice = format!("migrate adopt --from {tool}");
                assert!(words.contains(&advice), "{words}");
                assert!(words.contains("threads"), "{words}");
            }
            let hint = crate::binary::text(&crate::binary::migrate(&scratch, &["status"]));
            assert!(hint.contains("migrate adopt --from"), "{hint}");
            assert_eq!(before, schema(&scratch).await, "{tool} on {engine:?}");

            done(&scratch, &["adopt", "--from", tool]);
            done(&scratch, &["up"]);
            done(&scratch, &["status", "--check-drift"]);
        }
        // Tables of other names are in nobody's way.
        let scratch = Scratch::new(engine).await;
        let others = "CREATE TABLE _prisma_migrations (id int); CREATE TABLE stray (id int)";
        execute(&scratch, others).await;
        done(&scratch, &["up", "-n", "1"]);
        done(&scratch, &["down"]);
        // What no tool keeps is adopted from none, though our own empty list stands there.
        execute(&scratch, "DROP TABLE _prisma_migrations").await;
        execute(&scratch, "CREATE TABLE threads (id int)").await;
        let (code, json) = told(&scratch, &["up"]);
        assert_eq!(code, 4, "{json:#}");
        let words = json["error"].as_str().unwrap_or_default();
        assert!(
            words.contains("(threads): `migrate adopt --from none`"),
            "{words}"
        );
        let (code, json) = told(&scratch, &["adopt", "--from", "none"]);
        assert_eq!(code, 3, "{json:#}");
        assert!(json["refuse"].as_i64() > Some(0), "{json:#}");
    }
}
