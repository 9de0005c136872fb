//! What has expired goes, in its time and no sooner.

use chrono::TimeDelta;
use entity::identity::login_failure;
use entity::identity::user::UserRole;
use sea_orm::{ConnectionTrait, EntityTrait, Set};
use serde_json::json;
use service::actor::Actor;
use service::job::{NewJob, Nothing, enqueue};
use service::upkeep::{Sweep, Swept, sweep};
use tests::{PASSWORD, TestApp, eventually, run_body};

/// More counts of failed sign-ins than go at once.
async fn failures(app: &TestApp, count: i32) {
    let tx = app.system().write().await.unwrap();
    let rows = (0..count).map(|n| login_failure::ActiveModel {
        id: Set(tx.fresh()),
        account_hash: Set(format!("{n:064}")),
        address: Set("192.0.2.1".to_owned()),
        window_start: Set(tx.now),
        count: Set(1),
        created_at: Set(tx.now),
        updated_at: Set(tx.now),
    });
    let rows: Vec<_> = rows.collect();
    login_failure::Entity::insert_many(rows)
        .exec_without_returning(&tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_has_expired_goes_in_its_time() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let gone = app.sign_in("ann@example.test").await;
        let keyed = ann.with("idempotency-key", "once");
        let run = keyed.post("/api/v1/runs", run_body("a.pdf")).await;
        assert_eq!(run.status, 201, "{}", run.body);
        assert_eq!(gone.delete("/api/v1/session").await.status, 204);
        let wrong = json!({ "email": "ann@example.test", "password": format!("not {PASSWORD}") });
        let wrong = app.anonymous().post("/api/v1/session", wrong).await;
        assert_eq!(wrong.status, 401);

        let asked = app.anonymous();
        let asked = asked.post("/api/v1/auth/wallet/nonce", json!({})).await;
        assert_eq!(asked.status, 200);

        let swept = async || sweep(&app.system()).await.unwrap();
        let none = Swept::default();
        let anybody = app.system().acting_as(Actor::Anonymous);
        assert!(sweep(&anybody).await.is_err(), "only the house sweeps");
        assert_eq!(swept().await, none, "{}", app.engine);
        let replayed = keyed.post("/api/v1/runs", run_body("a.pdf")).await;
        assert_eq!(replayed.body["id"], run.body["id"]);

        // A day after it was ended; the key has only just expired.
        app.clock.advance(TimeDelta::hours(25));
        let ended = Swept {
            sessions: 1,
            ..none
        };
        let first = Swept {
            auth_challenges: 1,
            ..ended
        };
        assert_eq!(swept().await, first, "{}", app.engine);
        app.clock.advance(TimeDelta::hours(24));
        let forgotten = Swept {
            idempotency_keys: 1,
            ..none
        };
        assert_eq!(swept().await, forgotten, "{}", app.engine);
        app.clock.advance(TimeDelta::days(6));
        let old = Swept {
            login_failures: 1,
            ..none
        };
        assert_eq!(swept().await, old, "{}", app.engine);
        assert_eq!(ann.get("/api/v1/me").await.status, 200, "she stays");
        // That is noted beside the answer; a row that somebody holds is not swept.
        let noted = "SELECT count(*) FROM sessions WHERE last_seen_at > created_at";
        eventually(async || (app.number(noted).await == 1).then_some(())).await;
        app.clock.advance(TimeDelta::days(30));
        assert_eq!(swept().await, ended, "{}: by its end, too", app.engine);
        assert_eq!(swept().await, none, "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn replicas_sweep_at_once_and_remove_each_row_once() {
    for app in TestApp::each().await {
        let other = app.beside().await;
        failures(&app, 1_001).await;
        app.clock.advance(TimeDelta::days(8));
        let (here, there) = (app.system(), other.system());
        let (one, two) = tokio::join!(sweep(&here), sweep(&there));
        let swept = one.unwrap().login_failures + two.unwrap().login_failures;
        assert_eq!(swept, 1_001, "{}", app.engine);
        assert_eq!(app.row_counts().await["login_failures"], 0);
        other.stop().await;
        app.stop().await;
    }
}

#[tokio::test]
async fn jobs_that_are_over_go_dead_ones_later() {
    for app in TestApp::each().await {
        let worker = app.worker();
        let tx = app.system().write().await.unwrap();
        let done = NewJob::of::<Sweep>(&Nothing {}).unwrap();
        let waits = done.clone().not_before(tx.now + TimeDelta::days(365));
        let dies = NewJob::of::<Sweep>(&Nothing {}).unwrap().once_as("dies");
        for job in [done, waits, dies] {
            enqueue(&tx, job).await.unwrap();
        }
        let broken = "UPDATE jobs SET payload = '1' WHERE unique_key = 'dies'";
        tx.execute_unprepared(broken).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(worker.drain().await.unwrap(), 2, "{}", app.engine);

        app.clock
            .advance(TimeDelta::days(7) - TimeDelta::minutes(1));
        assert_eq!(sweep(&app.system()).await.unwrap(), Swept::default());
        app.clock.advance(TimeDelta::minutes(2));
        let one = Swept {
            jobs: 1,
            ..Swept::default()
        };
        assert_eq!(sweep(&app.system()).await.unwrap(), one, "{}", app.engine);
        let dead = app
            .number("SELECT count(*) FROM jobs WHERE state = 'dead'")
            .await;
        assert_eq!(dead, 1, "{}", app.engine);
        app.clock.advance(TimeDelta::days(23));
        assert_eq!(sweep(&app.system()).await.unwrap(), one, "{}", app.engine);
        assert_eq!(app.row_counts().await["jobs"], 1, "{}", app.engine);
        app.stop().await;
    }
}
