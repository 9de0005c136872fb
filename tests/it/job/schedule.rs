//! What is queued by the clock.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::identity::user::UserRole;
use serde_json::{Value, json};
use service::configuration::Given;
use service::job::Worker;
use service::job::setting::POLL;
use tests::{Client, TestApp, eventually};

use super::{Bench, good};

const MAKE: &str = "mutation($input: JobScheduleCreate!) {
    createJobSchedule(input: $input) { id cron timeZone nextRunAt }
}";

fn input(cron: &str, zone: &str) -> Value {
    json!({ "input": {
        "name": "a schedule", "kind": "test.act", "cron": cron, "timeZone": zone,
        "payload": { "name": "on time", "what": "Note" },
    } })
}

async fn schedule(admin: &Client) -> Value {
    let query = "{ jobSchedules(filter: { name: { eq: \"a schedule\" } }) {
        nodes { id rowVersion: version isActive nextRunAt lastRunAt }
    } }";
    good(admin, query, json!({})).await["jobSchedules"]["nodes"][0].clone()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_schedule_is_followed_once_over_all_workers() {
    let bench = Bench::default();
    for app in TestApp::each_with(&bench.plan()).await {
        let admin = app.user("admin", UserRole::Admin).await;
        let others = [app.beside().await, app.beside().await];
        let workers = [&app, &others[0], &others[1]].map(TestApp::worker);
        let all = async || {
            let done = futures::future::join_all(workers.iter().map(Worker::drain)).await;
            done.into_iter().map(Result::unwrap).sum::<usize>()
        };
        // Half an hour before the clocks of Berlin go forward; the session outlives the jumps.
        app.clock.stop_at(app.system().now());
        let start = app.system().now();
        good(&admin, MAKE, input("0 * * * *", "Asia/Kolkata")).await;
        assert_eq!(all().await, 0, "{}: not before its time", app.engine);
        let told = schedule(&admin).await;
        let due: DateTime<Utc> = told["nextRunAt"].as_str().unwrap().parse().unwrap();
        assert!(due > start && due - start <= TimeDelta::hours(1), "{told}");
        assert_eq!(due.timestamp() % 3_600, 1_800, "by the clock of its zone");

        for turn in 0..3 {
            app.clock
                .stop_at(due + TimeDelta::hours(turn) - TimeDelta::seconds(1));
            assert_eq!(all().await, 0, "{}", app.engine);
            app.clock.advance(TimeDelta::seconds(1));
            assert_eq!(all().await, 1, "{}: once", app.engine);
        }
        // Missed times are made up for by one.
        app.clock
            .advance(TimeDelta::hours(5) + TimeDelta::minutes(10));
        assert_eq!(all().await, 1, "{}", app.engine);
        let told = schedule(&admin).await;
        let next: DateTime<Utc> = told["nextRunAt"].as_str().unwrap().parse().unwrap();
        assert_eq!(next, due + TimeDelta::hours(8), "{}", app.engine);
        assert_eq!(
            told["lastRunAt"],
            json!(app.system().now()),
            "{}",
            app.engine
        );
        assert_eq!(bench.log(), ["on time"; 4], "{}", app.engine);
        bench.log.lock().unwrap().clear();
        for other in others {
            other.stop().await;
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_schedule_that_cannot_be_followed_is_refused() {
    let bench = Bench::default();
    for app in TestApp::each_with(&bench.plan()).await {
        let admin = app.user("admin", UserRole::Admin).await;
        for (cron, zone, pointer) in [("often", "UTC", "/cron"), ("@daily", "Mars", "/timeZone")] {
            let body = json!({ "query": MAKE, "variables": input(cron, zone) });
            let answer = admin.post("/graphql", body).await;
            let extensions = &answer.body["errors"][0]["extensions"];
            assert_eq!(extensions["code"], "invalid", "{}", answer.body);
            assert_eq!(
                extensions["errors"][0]["pointer"], pointer,
                "{}",
                answer.body
            );
        }
        assert_eq!(app.row_counts().await["job_schedules"], 0, "{}", app.engine);

        // Another time is another next time.
        app.clock.stop_at(at("2030-03-01T12:00:00Z"));
        let admin = app.sign_in("admin@example.test").await;
        let made = good(&admin, MAKE, input("0 3 * * *", "UTC")).await;
        let worker = app.worker();
        worker.drain().await.unwrap();
        assert_eq!(schedule(&admin).await["nextRunAt"], "2030-03-02T03:00:00Z");
        let change = "mutation($id: UUID!, $version: String!, $patch: JobSchedulePatch!) {
            updateJobSchedule(id: $id, rowVersion: $version, patch: $patch) { nextRunAt }
        }";
        let id = &made["createJobSchedule"]["id"];
        let patch = json!({ "id": id, "version": "1", "patch": { "cron": "0 4 * * *" } });
        let changed = good(&admin, change, patch).await;
        assert_eq!(changed["updateJobSchedule"]["nextRunAt"], Value::Null);
        worker.drain().await.unwrap();
        assert_eq!(schedule(&admin).await["nextRunAt"], "2030-03-02T04:00:00Z");
        // What is not followed is not queued.
        let patch = json!({ "id": id, "version": "2", "patch": { "isActive": false } });
        good(&admin, change, patch).await;
        app.clock.stop_at(at("2030-03-03T12:00:00Z"));
        assert_eq!(worker.drain().await.unwrap(), 0, "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn the_house_cleans_on_schedule_and_tells_of_it() {
    let bench = Bench::default();
    let given = Given::default().with(&POLL, &Duration::from_millis(20));
    for app in TestApp::each_with(&bench.plan_with(given)).await {
        let admin = app.user("admin", UserRole::Admin).await;
        app.services().jobs.at_work.spawn(app.worker().attend());
        let planned = "SELECT count(*) FROM job_schedules WHERE next_run_at IS NOT NULL";
        eventually(async || (app.number(planned).await == 6).then_some(())).await;
        app.clock.advance(TimeDelta::minutes(11));
        // Files are swept by the hour only; the first look at the rollups has them built.
        let done = "SELECT count(DISTINCT kind) FROM jobs \
                    WHERE state = 'succeeded' AND kind <> 'upload.sweep'";
        eventually(async || (app.number(done).await == 6).then_some(())).await;
        let kinds = "{ jobSchedules(orderBy: [NAME_ASC]) { nodes { name kind queue cron } } }";
        let told = good(&admin, kinds, json!({})).await;
        let names = told["jobSchedules"]["nodes"].as_array().unwrap().iter();
        let names: Vec<&str> = names.map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(
            names,
            [
                "analytics.reconcile",
                "integration.renew",
                "nft.recheck",
                "upkeep.sweep",
                "upload.sweep",
                "video.expire",
            ],
            "{}",
            app.engine
        );
        let metrics = app.anonymous().get("/metrics").await.text;
        for says in [
            "chancery_jobs{queue=\"maintenance\",state=\"queued\"} ",
            "chancery_jobs_oldest_waiting_seconds ",
            "chancery_jobs_tries_total{kind=\"upkeep.sweep\",outcome=\"done\"} ",
            "chancery_job_duration_seconds_count{kind=\"upkeep.sweep\"} ",
        ] {
            assert!(metrics.contains(says), "{says}: {metrics}");
        }
        app.stop().await;
    }
}
