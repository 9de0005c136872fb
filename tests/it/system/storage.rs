//! Tables and jobs.

use chrono::TimeDelta;
use entity::identity::login_failure;
use entity::identity::user::UserRole;
use entity::platform::job::{self, JobState};
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel};
use serde_json::json;
use tests::TestApp;

use super::{list, system};

#[tokio::test]
async fn tables_are_sized_and_only_small_ones_counted() {
    for app in TestApp::each().await {
        let op = app.user("op", UserRole::Operator).await;
        let tx = app.system().write().await.unwrap();
        for part in 0..6 {
            let rows = (0..2_000).map(|number| login_failure::Model {
                id: tx.fresh(),
                account_hash: format!("{part}-{number}"),
                address: "192.0.2.1".to_owned(),
                window_start: tx.now,
                count: 1,
                created_at: tx.now,
                updated_at: tx.now,
            });
            let rows = rows.map(|row| row.into_active_model().reset_all());
            let insert = login_failure::Entity::insert_many(rows);
            insert.exec_without_returning(&tx).await.unwrap();
        }
        tx.commit().await.unwrap();
        if app.engine == "PostgreSQL" {
            let db = app.services().db.read().unwrap();
            db.execute_unprepared("ANALYZE login_failures")
                .await
                .unwrap();
        }
        let told = system(
            &op,
            "storage { bytes tables { name rows rowsExact bytes indexBytes lastAnalyze } }",
        )
        .await;
        let tables = list(&told["storage"]["tables"]);
        let named = |name| tables.iter().find(|table| table["name"] == name).unwrap();
        let users = named("users");
        assert_eq!(
            (&users["rows"], &users["rowsExact"]),
            (&json!(1), &json!(true))
        );
        let large = named("login_failures");
        assert_eq!(
            (&large["rows"], &large["rowsExact"]),
            (&json!(12_000), &json!(false))
        );
        for name in ["bytes", "indexBytes"] {
            assert!(
                large[name].as_i64() > Some(100_000),
                "{}: {large}",
                app.engine
            );
            assert!(users[name].as_i64() < large[name].as_i64());
        }
        assert_eq!(
            tables[0]["name"], "login_failures",
            "the largest comes first"
        );
        assert!(told["storage"]["bytes"].as_i64() > large["bytes"].as_i64());
        assert_eq!(large["lastAnalyze"].is_string(), app.engine == "PostgreSQL");

        let estimates = service::system::estimates(&app.system()).await.unwrap();
        assert_eq!(estimates["login_failures"].rows, 12_000);
        assert_eq!(estimates.len(), entity::registry::resources().len());
        app.stop().await;
    }
}

#[tokio::test]
async fn jobs_are_counted_by_queue_and_state() {
    for app in TestApp::each().await {
        let op = app.user("op", UserRole::Operator).await;
        let tx = app.system().write().await.unwrap();
        let now = tx.now;
        for (queue, state, minutes) in [
            ("default", JobState::Queued, -5),
            ("default", JobState::Queued, -9),
            ("default", JobState::Queued, 60),
            ("mail", JobState::Queued, -1),
            ("mail", JobState::Dead, -30),
            ("mail", JobState::Succeeded, -40),
        ] {
            let row = job::Model {
                id: tx.fresh(),
                kind: "media.generate".to_owned(),
                payload: json!({ "walrus": 1 }),
                queue: queue.to_owned(),
                state,
                priority: 0,
                run_at: now + TimeDelta::minutes(minutes),
                attempt: 3,
                max_attempts: 10,
                unique_key: None,
                owner_id: None,
                worker: None,
                lease_until: None,
                fence: 0,
                progress: 0,
                cancel_requested_at: None,
                last_error: Some("walrus".to_owned()),
                finished_at: (state == JobState::Dead).then_some(now),
                created_at: now,
                updated_at: now,
            };
            let row = row.into_active_model().reset_all();
            job::Entity::insert(row)
                .exec_without_returning(&tx)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        let told = system(
            &op,
            "jobs { counts { queue state count } oldestWaiting
                    dead { kind queue attempt finishedAt } }",
        )
        .await;
        let line = |queue: &str, state: &str, count: i64| json!({ "queue": queue, "state": state, "count": count });
        let counts = list(&told["jobs"]["counts"]);
        assert_eq!(counts.len(), 4, "{counts:?}");
        for line in [
            line("default", "queued", 3),
            line("mail", "queued", 1),
            line("mail", "dead", 1),
            line("mail", "succeeded", 1),
        ] {
            assert!(counts.contains(&line), "{}: {line}", app.engine);
        }
        let oldest = (now - TimeDelta::minutes(9)).to_rfc3339();
        assert_eq!(told["jobs"]["oldestWaiting"], json!(oldest));
        let dead = json!([{
            "kind": "media.generate", "queue": "mail", "attempt": 3,
            "finishedAt": now.to_rfc3339(),
        }]);
        assert_eq!(told["jobs"]["dead"], dead);
        app.stop().await;
    }
}
