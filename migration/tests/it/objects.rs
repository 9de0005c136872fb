//! What the triggers do: search follows every write, the audit log only grows.

use entity::conversation::message::{self, MessageEntity};
use entity::conversation::thread;
use entity::id::{AuditLogId, MessageId, ThreadId, UserId};
use entity::platform::audit_log::{self, AuditActor};
use migration::engine::Engine;
use migration::up;
use sea_orm_migration::sea_orm::prelude::{DateTimeUtc, Uuid};
use sea_orm_migration::sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel,
    ModelTrait, Statement,
};

use crate::database::{self, Scratch};

fn moment() -> DateTimeUtc {
    DateTimeUtc::from_timestamp_micros(1_750_000_000_123_456).expect("a moment")
}

async fn thread(scratch: &Scratch) -> thread::Model {
    let row = thread::Model {
        id: ThreadId(Uuid::new_v4()),
        vlab_id: None,
        project_id: None,
        title: "A thread".into(),
        creation_date: moment(),
        update_date: moment(),
        user_id: UserId(Uuid::new_v4()),
    };
    row.into_active_model()
        .reset_all()
        .insert(&scratch.db)
        .await
        .expect("a thread")
}

async fn say(
    scratch: &Scratch,
    thread: &thread::Model,
    entity: MessageEntity,
    content: &str,
) -> Result<message::Model, sea_orm_migration::sea_orm::DbErr> {
    let row = message::Model {
        id: MessageId(Uuid::new_v4()),
        creation_date: moment(),
        content: content.into(),
        thread_id: thread.id,
        entity,
        is_complete: true,
    };
    row.into_active_model()
        .reset_all()
        .insert(&scratch.db)
        .await
}

/// How many messages are found by a word.
async fn hits(scratch: &Scratch, engine: Engine, word: &str) -> i64 {
    let statement = match engine {
        Engine::Sqlite => Statement::from_sql_and_values(
            DbBackend::Sqlite,
            "SELECT count(*) FROM messages_fts f JOIN messages m ON m.message_id = f.message_id
             WHERE messages_fts MATCH ?",
            [word.into()],
        ),
        Engine::Postgres => Statement::from_sql_and_values(
            DbBackend::Postgres,
            "SELECT count(*) FROM messages WHERE search_vector @@ plainto_tsquery('english', $1)",
            [word.into()],
        ),
    };
    let row = scratch
        .db
        .query_one_raw(statement)
        .await
        .expect("a search")
        .expect("a count");
    row.try_get_by_index(0).expect("a count")
}

/// How many rows the index keeps beside the messages.
async fn kept(scratch: &Scratch, engine: Engine) -> i64 {
    if engine == Engine::Postgres {
        return 0;
    }
    let sql =
        "SELECT (SELECT count(*) FROM messages_fts) + (SELECT count(*) FROM messages_fts_map)";
    let row = scratch
        .db
        .query_one_raw(Statement::from_string(DbBackend::Sqlite, sql))
        .await;
    row.expect("a count")
        .expect("a count")
        .try_get_by_index(0)
        .expect("a count")
}

#[tokio::test]
async fn search_follows_every_write() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let db = &scratch.db;
        let thread = thread(&scratch).await;

        let user = say(
            &scratch,
            &thread,
            MessageEntity::User,
            r#"{"content": "running neurons"}"#,
        );
        let user = user.await.expect("a message");
        let answer = r#"{"role": "assistant", "content": "A neuron runs"}"#;
        say(&scratch, &thread, MessageEntity::AiMessage, answer)
            .await
            .expect("an answer");
        assert_eq!(
            hits(&scratch, engine, "neuron").await,
            2,
            "{engine:?}: stems are equal"
        );

        // What tools say is neither found nor parsed.
        for entity in [MessageEntity::Tool, MessageEntity::AiTool] {
            say(&scratch, &thread, entity, r#"{"content": "neuron"}"#)
                .await
                .expect("JSON");
            say(&scratch, &thread, entity, "neuron, no JSON")
                .await
                .expect("no JSON");
        }
        assert_eq!(hits(&scratch, engine, "neuron").await, 2);

        let mut changed = user.clone().into_active_model();
        changed.content = Set(r#"{"content": "sleeping axons"}"#.into());
        changed.update(db).await.expect("an update");
        assert_eq!(hits(&scratch, engine, "neuron").await, 1);
        assert_eq!(hits(&scratch, engine, "axon").await, 1);

        let mut changed = user.clone().into_active_model();
        changed.entity = Set(MessageEntity::Tool);
        changed.update(db).await.expect("an update");
        assert_eq!(hits(&scratch, engine, "axon").await, 0);
        let mut changed = user.clone().into_active_model();
        changed.entity = Set(MessageEntity::User);
        changed.update(db).await.expect("an update");
        assert_eq!(hits(&scratch, engine, "axon").await, 1);

        if engine == Engine::Sqlite {
            db.execute_unprepared("VACUUM").await.expect("a vacuum");
            assert_eq!(hits(&scratch, engine, "axon").await, 1);
        }
        user.delete(db).await.expect("a deletion");
        assert_eq!(hits(&scratch, engine, "axon").await, 0);

        thread.delete(db).await.expect("a deletion");
        assert_eq!(
            message::Entity::find()
                .all(db)
                .await
                .expect("messages")
                .len(),
            0
        );
        assert_eq!(hits(&scratch, engine, "neuron").await, 0);
        assert_eq!(
            kept(&scratch, engine).await,
            0,
            "a cascade leaves nothing behind"
        );
    }
}

#[tokio::test]
async fn search_reads_the_content_member_alike_on_both_engines() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let thread = thread(&scratch).await;
        for (content, word, found) in [
            (r#"{"text": "apple"}"#, "apple", 0),
            (r#"{"content": null}"#, "null", 0),
            (r#"{"content": ["pear", {"a": "plum"}]}"#, "plum", 1),
            (r#"{"content": true}"#, "true", 1),
            (r#"{"content": 4711}"#, "4711", 1),
            (r#"["content", "cherry"]"#, "cherry", 0),
            (r#""quince""#, "quince", 0),
            (r#"{"content": {"content": "medlar"}}"#, "medlar", 1),
        ] {
            say(&scratch, &thread, MessageEntity::User, content)
                .await
                .expect(content);
            assert_eq!(
                hits(&scratch, engine, word).await,
                found,
                "{engine:?}: {content}"
            );
        }
        for bad in [
            "no JSON",
            "",
            "{'content': 'single'}",
            r#"{"content": "a",}"#,
        ] {
            let refused = say(&scratch, &thread, MessageEntity::AiMessage, bad).await;
            assert!(refused.is_err(), "{engine:?}: {bad}");
        }
    }
}

#[tokio::test]
async fn the_audit_log_only_grows() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let db = &scratch.db;
        let entry = audit_log::Model {
            id: AuditLogId(Uuid::new_v4()),
            actor_kind: AuditActor::System,
            actor_id: "test".into(),
            action: "create".into(),
            resource_type: "run".into(),
            resource_id: "1".into(),
            before: None,
            after: None,
            request_id: None,
            address: None,
            created_at: moment(),
            updated_at: moment(),
        };
        let entry = entry
            .into_active_model()
            .reset_all()
            .insert(db)
            .await
            .expect("an entry");
        let mut changed = entry.clone().into_active_model();
        changed.action = Set("delete".into());
        let error = changed.update(db).await.expect_err("no update");
        assert!(error.to_string().contains("append-only"), "{error}");
        let error = entry.delete(db).await.expect_err("no deletion");
        assert!(error.to_string().contains("append-only"), "{error}");
        if engine == Engine::Postgres {
            db.execute_unprepared("TRUNCATE audit_log")
                .await
                .expect_err("no truncation");
        }
        assert_eq!(
            audit_log::Entity::find()
                .all(db)
                .await
                .expect("entries")
                .len(),
            1
        );
    }
}

#[tokio::test]
async fn both_engines_refuse_a_text_that_is_too_long_and_a_word_that_is_no_state() {
    for engine in database::engines() {
        let scratch = Scratch::new(engine).await;
        up(&scratch.db).await.expect("up");
        let id = match engine {
            Engine::Sqlite => "x'00000000000000000000000000000001'",
            Engine::Postgres => "'00000000-0000-0000-0000-000000000001'",
        };
        let insert = |name: &str, state: &str| {
            format!(
                "INSERT INTO import_batches (id, source, state, created_at, updated_at) VALUES \
                 ({id}, '{name}', '{state}', '2025-01-01 00:00:00+00:00', '2025-01-01 00:00:00+00:00')"
            )
        };
        let long = "é".repeat(256);
        for (name, state) in [(long.as_str(), "running"), ("a", "walking")] {
            let refused = scratch.db.execute_unprepared(&insert(name, state)).await;
            assert!(refused.is_err(), "{engine:?}");
        }
        let fits = insert(&"é".repeat(255), "running");
        scratch.db.execute_unprepared(&fits).await.expect("it fits");
    }
}
