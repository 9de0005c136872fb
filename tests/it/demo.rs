//! The demo: a past in every domain, the same for the same moment, written once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser as _;
use entity::conversation::{message, thread};
use entity::pipeline::{opportunity_card, run};
use entity::{Scope, Scoped};
use migration::cli::MigrateArgs;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Statement};
use serde_json::{Value, json};
use tests::{Client, TestApp};

/// The fewest rows that each table has after the demo.
const FEWEST: &[(&str, i64)] = &[
    ("users", 40),
    ("user_identities", 40),
    ("profiles", 40),
    ("sessions", 20),
    ("api_keys", 6),
    ("login_failures", 5),
    ("threads", 300),
    ("messages", 5_000),
    ("tool_calls", 1_000),
    ("tool_selection", 1_000),
    ("complexity_estimation", 1_000),
    ("token_consumption", 8_000),
    ("model_prices", 15),
    ("uploads", 10),
    ("runs", 300),
    ("run_events", 1_500),
    ("inspiration_reports", 250),
    ("stage_outputs", 1_200),
    ("opportunity_cards", 1_000),
    ("agent_templates_v2", 10),
    ("user_agents", 60),
    ("user_workflows", 20),
    ("agent_executions", 800),
    ("execution_events", 4_000),
    ("integrations", 40),
    ("nft_ownership", 40),
    ("videos", 120),
    ("notifications", 250),
    ("configuration_settings", 9),
    ("configuration_history", 14),
    ("configuration_revision", 1),
    ("feature_flags", 6),
    ("feature_flag_history", 13),
    ("segments", 1),
    ("flag_ramps", 1),
    ("scheduled_changes", 1),
    ("flag_evaluations", 500),
    ("flag_contexts", 40),
    ("webhook_endpoints", 3),
    ("webhook_messages", 200),
    ("webhook_deliveries", 200),
    ("webhook_attempts", 250),
    ("webhook_sources", 3),
    ("inbound_events", 150),
    ("jobs", 150),
    ("job_schedules", 4),
    ("saved_views", 3),
    ("saved_reports", 2),
    ("trusted_documents", 1),
    ("audit_log", 30),
    ("token_rollups", 3_000),
    ("token_hour_rollups", 1_000),
    ("token_day_rollups", 500),
    ("token_user_rollups", 3_000),
    ("user_day_rollups", 300),
    ("user_month_rollups", 30),
    ("thread_rollups", 300),
    ("active_rollups", 200),
    ("run_rollups", 500),
    ("stage_rollups", 1_000),
    ("rollup_state", 1),
];

/// Tables that stay empty: requests in flight, others' data, and what the code keeps from others.
const EMPTY: &[&str] = &[
    "auth_challenges",
    "idempotency_keys",
    "import_batches",
    "import_records",
    "token_deltas",
    "run_deltas",
    "user_packs",
    "day_packs",
    "stage_deltas",
];

const STRAY_THREADS: &str =
    "SELECT count(*) FROM threads WHERE user_id NOT IN (SELECT id FROM users)";
const LATE_THREADS: &str = "SELECT count(*) FROM threads WHERE update_date <> \
    (SELECT max(creation_date) FROM messages WHERE messages.thread_id = threads.thread_id)";
const MISCOUNTS: &str = "SELECT count(*) FROM user_agents WHERE execution_count <> \
    (SELECT count(*) FROM agent_executions WHERE agent_id = user_agents.id)";

async fn fill(app: &TestApp) -> bool {
    let filled = service::demo::fill(app.services(), &|_| ()).await;
    filled.unwrap().is_some()
}

async fn sign_in(app: &TestApp, name: &str) -> Client {
    let mut client = app.anonymous();
    let email = format!("{name}@demo.test");
    let body = json!({ "email": email, "password": service::demo::PASSWORD });
    let answer = client.post("/api/v1/session", body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    client.header("cookie", cookie.split(';').next().unwrap());
    client.header("origin", &app.base);
    client.header("x-requested-with", "tests");
    client
}

async fn ask(client: &Client, query: &str, variables: Value) -> Value {
    let body = json!({ "query": query, "variables": variables });
    let answer = client.post("/graphql", body).await;
    assert_eq!(answer.body["errors"], Value::Null, "{}", answer.body);
    answer.body["data"].clone()
}

async fn usage(client: &Client, now: DateTime<Utc>) -> Value {
    let query = "query($from: DateTime!, $to: DateTime!) { analytics {
        tokenUsage(range: { from: $from, to: $to }, bucket: DAY, groupBy: [MODEL], timeZone: \"UTC\") {
            total series { model points { tokens } }
        }
    } }";
    let range = json!({ "from": now - TimeDelta::days(90), "to": now });
    ask(client, query, range).await["analytics"]["tokenUsage"].clone()
}

#[tokio::test]
async fn every_domain_has_a_past_and_it_is_written_once() {
    for app in TestApp::each().await {
        assert!(fill(&app).await);
        let counts = app.row_counts().await;
        for (table, fewest) in FEWEST {
            assert!(counts[table] >= *fewest, "{table}: {}", counts[table]);
        }
        let empty = counts.iter().filter(|(_, count)| **count == 0);
        let empty: BTreeSet<&str> = empty.map(|(table, _)| *table).collect();
        assert_eq!(empty, EMPTY.iter().copied().collect(), "{}", app.engine);
        assert_eq!(
            FEWEST.len() + EMPTY.len(),
            counts.len(),
            "a table has no story"
        );

        // What no foreign key guards, and the counters that the verbs move.
        let db = app.services().db.read().unwrap();
        for (what, sql) in [
            ("nobody's threads", STRAY_THREADS),
            ("threads of later than their last message", LATE_THREADS),
            ("agents that miscount", MISCOUNTS),
        ] {
            let statement = Statement::from_string(db.get_database_backend(), sql);
            let row = db.query_one_raw(statement).await.unwrap().unwrap();
            let count: i64 = row.try_get_by_index(0).unwrap();
            assert_eq!(count, 0, "{what}, {}", app.engine);
        }

        assert!(!fill(&app).await, "a second demo finds the first");
        assert_eq!(app.row_counts().await, counts, "{}", app.engine);

        let now = app.system().now();
        let admin = sign_in(&app, "admin").await;
        let all = usage(&admin, now).await;
        let series = all["series"].as_array().unwrap();
        assert_eq!(series.len(), 4, "{}", app.engine);
        for model in series {
            let days = model["points"].as_array().unwrap();
            let busy = days.iter().filter(|day| day["tokens"].as_i64() > Some(0));
            assert!(busy.count() > 25, "{} is idle", model["model"]);
        }

        for word in ["sourdough", "invoices", "onboarding"] {
            let path = format!("/api/v1/search?q={word}");
            let found = admin.get(&path).await;
            assert_eq!(found.status, 200, "{}", found.body);
            let hits = found.body["hits"]
                .as_array()
                .or(found.body["items"].as_array());
            assert!(
                hits.is_some_and(|hits| !hits.is_empty()),
                "{word}: {}",
                found.body
            );
        }

        let ann = sign_in(&app, "ann").await;
        let me = json!(ann.id().await);
        let hers = usage(&ann, now).await;
        assert!(hers["total"].as_i64() > Some(0));
        assert!(hers["total"].as_i64() < all["total"].as_i64());
        let runs = ask(&ann, "{ runs(first: 100) { nodes { userId } } }", json!({})).await;
        let runs = runs["runs"]["nodes"].as_array().unwrap().clone();
        assert!(runs.len() > 5);
        assert!(runs.iter().all(|run| run["userId"] == me), "{}", app.engine);
        app.stop().await;
    }
}

/// `migrate` as a program of its own would parse it.
#[derive(clap::Parser)]
struct Migrate {
    #[command(flatten)]
    arguments: MigrateArgs,
}

#[tokio::test]
async fn every_step_stands_the_test_on_the_demos_rows() {
    for app in TestApp::each().await {
        assert!(fill(&app).await);
        let line = ["migrate", "--json", "verify", "--data", &app.url];
        let migrate = Migrate::try_parse_from(line).unwrap();
        let db = migration::connect(&app.url).await.unwrap();
        let before = app.row_counts().await;
        let code = migration::cli::run(&migrate.arguments, &db, false).await;
        assert_eq!(code, 0, "{}", app.engine);
        assert_eq!(app.row_counts().await, before, "it is only read");
        app.stop().await;
    }
}

/// What somebody who looks at the demo sees of a table.
async fn content<E>(app: &TestApp, key: E::Column) -> Vec<String>
where
    E: EntityTrait + Scoped,
    E::Model: std::fmt::Debug,
{
    let db = app.services().db.read().unwrap();
    let rows = E::within(Scope::Everyone).order_by_asc(key).all(&db).await;
    rows.unwrap().iter().map(|row| format!("{row:?}")).collect()
}

#[tokio::test]
async fn the_same_moment_gives_the_same_demo() {
    let now = DateTime::from_timestamp(1_790_000_000, 123_000).unwrap();
    let mut seen: Option<BTreeMap<&str, Vec<String>>> = None;
    let mut apps = TestApp::each().await;
    if apps.len() == 1 {
        apps.extend(TestApp::each().await);
    }
    for app in apps {
        app.clock.stop_at(now);
        assert!(fill(&app).await);
        let tables = BTreeMap::from([
            (
                "users",
                content::<entity::identity::user::Entity>(&app, entity::identity::user::Column::Id)
                    .await,
            ),
            (
                "threads",
                content::<thread::Entity>(&app, thread::Column::Id).await,
            ),
            (
                "messages",
                content::<message::Entity>(&app, message::Column::Id).await,
            ),
            ("runs", content::<run::Entity>(&app, run::Column::Id).await),
            (
                "cards",
                content::<opportunity_card::Entity>(&app, opportunity_card::Column::Id).await,
            ),
        ]);
        let db = app.services().db.read().unwrap();
        let late = message::Entity::within(Scope::Everyone)
            .filter(message::Column::CreationDate.gt(now))
            .all(&db);
        assert!(late.await.unwrap().is_empty(), "it runs ahead of the clock");
        match &seen {
            Some(seen) => assert!(*seen == tables, "{}", app.engine),
            None => seen = Some(tables),
        }
        app.stop().await;
    }
}
