//! Statements and operations: counted, kept when slow, seen while they wait.

use std::time::Duration;

use chrono::TimeDelta;
use entity::identity::user::UserRole;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use service::clock::Clock as _;
use tests::{Client, Plan, TestApp, eventually, run_body};

use super::{ask, list, system};

const OPERATIONS: &str = "operations { since operations { kind name calls refusals errors p50Ms
    p95Ms maxMs totalMs statements rows databaseMs } }";

async fn operation(client: &Client, name: &str) -> Value {
    let told = system(client, OPERATIONS).await;
    let all = list(&told["operations"]["operations"]).iter();
    let mut named = all.filter(|one| one["name"] == name);
    named.next().cloned().unwrap_or(Value::Null)
}

#[tokio::test]
async fn every_operation_is_counted_under_its_name() {
    // What an operation costs, without a look-up of its caller now and then.
    let mut plan = Plan::default();
    plan.settings.caller_cache = Duration::from_hours(1);
    for app in TestApp::each_with(&plan).await {
        let admin = app.user("admin", UserRole::Admin).await;
        let op = app.user("op", UserRole::Operator).await;
        let ann = app.user("ann", UserRole::User).await;
        for name in ["a", "b", "c"] {
            ann.post("/api/v1/runs", run_body(name)).await;
        }
        for _ in 0..2 {
            assert_eq!(list(&ann.get("/api/v1/runs").await.body["items"]).len(), 3);
        }
        let nowhere = "/api/v1/runs/00000000-0000-7000-8000-000000000000";
        assert_eq!(ann.get(nowhere).await.status, 404);
        let wanted = json!({ "query": "query Board { runs { nodes { id } } }" });
        ann.post("/graphql", wanted).await;
        let hidden = "query Hidden { auditLogs { nodes { id } } }";
        ask(&ann, hidden).await;
        ask(&ann, "{ me { email } runs { nodes { id } } }").await;
        ask(&app.anonymous(), "query Foreign { me { email } }").await;

        let counts = |one: &Value| {
            ["calls", "refusals", "errors", "rows"].map(|name| one[name].as_i64().unwrap_or(-1))
        };
        let list = operation(&op, "GET /api/v1/runs").await;
        assert_eq!(counts(&list), [2, 0, 0, 6], "{}: {list}", app.engine);
        assert_eq!(
            (&list["kind"], &list["statements"]),
            (&json!("REST"), &json!(2))
        );
        let time = |name: &str| list[name].as_f64().unwrap();
        assert!(time("databaseMs") > 0.0 && time("totalMs") >= time("maxMs"));
        assert!(time("maxMs") * 1.07 >= time("p95Ms") && time("p95Ms") >= time("p50Ms"));
        let one = operation(&op, "GET /api/v1/runs/{id}").await;
        assert_eq!(counts(&one), [1, 1, 0, 0], "{one}");
        let board = operation(&op, "Board").await;
        assert_eq!(counts(&board), [1, 0, 0, 3], "{board}");
        assert_eq!(board["kind"], "GRAPHQL");
        let hidden = operation(&op, "Hidden").await;
        assert_eq!(counts(&hidden), [1, 1, 0, 0], "{hidden}");
        assert_eq!(operation(&op, "{ me runs }").await["calls"], 1);
        let many = format!("{{ {} }}", "me { id } ".repeat(21));
        for refused in ["{ me", "{ nothing }", &many] {
            ask(&app.anonymous(), refused).await;
        }
        let refused = operation(&op, "(refused document)").await;
        assert_eq!(counts(&refused), [3, 3, 0, 0], "{refused}");
        assert_eq!(refused["kind"], "GRAPHQL");
        // Nobody in particular gives no names.
        assert_eq!(operation(&op, "Foreign").await, Value::Null);

        let reset = "mutation { resetStatistics }";
        for (who, code) in [(&ann, "forbidden"), (&op, "forbidden")] {
            let answer = ask(who, reset).await;
            assert_eq!(answer.body["errors"][0]["extensions"]["code"], code);
        }
        assert_eq!(operation(&op, "Board").await["calls"], 1);
        app.clock.stop_at(app.clock.now() + TimeDelta::minutes(1));
        let answer = ask(&admin, reset).await;
        assert_eq!(
            answer.body["data"]["resetStatistics"],
            json!(app.clock.now().to_rfc3339())
        );
        let told = system(&op, OPERATIONS).await;
        assert_eq!(
            told["operations"]["since"],
            json!(app.clock.now().to_rfc3339())
        );
        assert_eq!(operation(&op, "Board").await, Value::Null);
        app.stop().await;
    }
}

const SLOW: &str = "slowQueries { thresholdMs recent { sql at elapsedMs rows requestId failure
    operation { kind name } } server { sql calls rows totalMs } }";

/// Longer than any piece of a request's id, which is told too and may have any digits in it.
const PLANTED: &str = "4711081547110815471";

#[tokio::test]
async fn slow_statements_are_kept_without_their_values() {
    let plan = Plan {
        slow_statement: Duration::ZERO,
        ..Plan::default()
    };
    for app in TestApp::each_with(&plan).await {
        let admin = app.user("admin", UserRole::Admin).await;
        let ann = app.user("ann", UserRole::User).await;
        let postgres = app.engine == "PostgreSQL";
        if postgres {
            let tx = app.system().write().await.unwrap();
            let sql = "CREATE EXTENSION pg_stat_statements; SELECT pg_stat_statements_reset()";
            tx.execute_unprepared(sql).await.unwrap();
            tx.commit().await.unwrap();
        }
        app.clock.stop_at(app.clock.now());
        let made = ann.post("/api/v1/runs", run_body("walrus.pdf")).await;
        let db = app.services().db.read().unwrap();
        let select = format!("SELECT 'walrus', {PLANTED}");
        db.execute_unprepared(&select).await.unwrap();
        let wrong = db.execute_unprepared("SELECT 'walrus' FROM nowhere").await;
        assert!(wrong.is_err());

        let told = system(&admin, SLOW).await["slowQueries"].clone();
        assert_eq!(told["thresholdMs"], 0.0);
        let recent = list(&told["recent"]);
        let found = |part: &str| {
            let mut all = recent
                .iter()
                .filter(|one| one["sql"].as_str().unwrap().contains(part));
            all.next().unwrap_or_else(|| panic!("{part}: {told}"))
        };
        let insert = found("INSERT INTO \"runs\"");
        let whose = json!({ "kind": "REST", "name": "POST /api/v1/runs" });
        assert_eq!((&insert["operation"], &insert["rows"]), (&whose, &json!(1)));
        assert_eq!(
            insert["requestId"],
            made.headers["x-request-id"].to_str().unwrap()
        );
        assert_eq!(insert["at"], json!(app.clock.now().to_rfc3339()));
        assert_eq!(found("SELECT ?, ?")["operation"], Value::Null);
        assert_eq!(found("FROM nowhere")["failure"], "schema_outdated");
        let text = told.to_string();
        assert!(
            !text.contains("walrus") && !text.contains(PLANTED),
            "{text}"
        );

        if postgres {
            let all = list(&told["server"]).iter();
            let insert = all.filter(|one| {
                one["sql"]
                    .as_str()
                    .unwrap()
                    .contains("INSERT INTO \"runs\"")
            });
            assert_eq!(insert.count(), 1, "{}", told["server"]);
        } else {
            assert_eq!(told["server"], Value::Null);
        }
        ask(&admin, "mutation { resetStatistics }").await;
        let told = system(&admin, SLOW).await["slowQueries"].clone();
        assert!(
            list(&told["recent"])
                .iter()
                .all(|one| one["failure"].is_null()),
            "{told}"
        );
        app.stop().await;
    }
}

/// The statement that a request for a run waits with.
fn ours(told: &Value) -> Option<&Value> {
    let mut statements = list(&told["activity"]["statements"]).iter();
    statements.find(|one| one["operation"]["name"] == "POST /api/v1/runs")
}

/// The server's session that waits for another to end its transaction.
fn blocked(told: &Value) -> Option<&Value> {
    let mut sessions = list(&told["activity"]["sessions"]).iter();
    sessions.find(|one| one["waitsFor"] == "Lock transactionid")
}

#[tokio::test]
async fn who_waits_for_whom_is_seen_while_they_wait() {
    for app in TestApp::each().await {
        let op = app.user("op", UserRole::Operator).await;
        let ann = app.user("ann", UserRole::User).await;
        let held = app.hold(ann.id().await).await;
        let run = run_body("walrus.pdf");
        let waiting = tokio::spawn(async move { ann.post("/api/v1/runs", run).await });

        let locks = "locks { writer { heldMs waiting operation { name } } waits { waitingSql
            waitingMs blockingSql blockingState blockingMs lock mode table } }
            activity { statements { sql elapsedMs requestId operation { name } }
                       sessions { sql state client elapsedMs waitsFor } }";
        let postgres = app.engine == "PostgreSQL";
        let insert = "INSERT INTO \"runs\"";
        let told = eventually(async || {
            let told = system(&op, locks).await;
            let sql = ours(&told).and_then(|one| one["sql"].as_str());
            // Each is looked at by itself, one sooner than another: all of them have to see it.
            let waits = if postgres {
                let first = told["locks"]["waits"][0]["waitingSql"].as_str();
                let inserts = |sql: Option<&str>| sql.is_some_and(|sql| sql.starts_with(insert));
                inserts(first) && inserts(sql) && blocked(&told).is_some()
            } else {
                told["locks"]["writer"]["waiting"].as_i64() > Some(0) && sql == Some("BEGIN")
            };
            waits.then_some(told)
        })
        .await;
        let ours = ours(&told).unwrap();
        assert!(ours["requestId"].is_string() && ours["elapsedMs"].as_f64() > Some(0.0));
        if postgres {
            assert_eq!(told["locks"]["writer"], Value::Null);
            let wait = &told["locks"]["waits"][0];
            let blocking = wait["blockingSql"].as_str().unwrap();
            assert!(blocking.contains("FOR UPDATE"), "{wait}");
            assert_eq!(wait["blockingState"], "idle in transaction");
            assert!(
                wait["blockingMs"].is_i64() && wait["lock"].is_string(),
                "{wait}"
            );
            let sql = ours["sql"].as_str().unwrap();
            assert!(sql.starts_with(insert), "{ours}");
            assert_eq!(
                blocked(&told).map(|one| &one["client"]),
                Some(&json!("chancery")),
                "{told}"
            );
        } else {
            let writer = &told["locks"]["writer"];
            assert!(writer["heldMs"].as_f64().is_some() && writer["operation"].is_null());
            assert_eq!(ours["sql"], "BEGIN");
            assert_eq!(told["activity"]["sessions"], json!([]));
        }
        assert!(!told.to_string().contains("walrus"));
        drop(held);
        assert_eq!(waiting.await.unwrap().status, 201);
        eventually(async || {
            let locks = system(&op, locks).await["locks"].clone();
            let free = list(&locks["waits"]).is_empty() && locks["writer"]["heldMs"].is_null();
            (free && locks["writer"]["waiting"] != 1).then_some(())
        })
        .await;
        app.stop().await;
    }
}
