//! Who holds a job: one worker at a time, for as long as it is heard of.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use service::configuration::Given;
use service::job::setting::{CONCURRENCY, HEARTBEAT, LEASE, POLL};
use service::job::{Halt, Worker, enqueue_all};
use tests::{Plan, TestApp, eventually};
use tokio::task::JoinHandle;

use super::{Bench, What, act, heard, job, note, operator, put, stands};

/// Let a worker do its next job meanwhile.
fn begin(worker: &Arc<Worker>) -> JoinHandle<bool> {
    let worker = Arc::clone(worker);
    tokio::spawn(async move { worker.step().await.unwrap() })
}

#[tokio::test]
async fn two_workers_never_hold_one_job() {
    let bench = Bench::default();
    for app in TestApp::each_with(&bench.plan()).await {
        let others = [app.beside().await, app.beside().await];
        let tx = app.system().write().await.unwrap();
        let many = (0..120).map(|number| note(&format!("{number:03}")));
        enqueue_all(&tx, many).await.unwrap();
        tx.commit().await.unwrap();
        let workers = [&app, &others[0], &others[1]].map(TestApp::worker);
        let done = futures::future::join_all(workers.iter().map(Worker::drain)).await;
        let done: Vec<usize> = done.into_iter().map(Result::unwrap).collect();
        assert_eq!(done.iter().sum::<usize>(), 120, "{}: {done:?}", app.engine);
        let mut log = bench.log();
        log.sort();
        let each: Vec<String> = (0..120).map(|number| format!("{number:03}")).collect();
        assert_eq!(log, each, "{}", app.engine);
        bench.log.lock().unwrap().clear();
        for other in others {
            other.stop().await;
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_holder_whose_lease_ran_out_writes_nothing() {
    let bench = Bench::default();
    // It is not even told: it is deaf, and sleeps through its heartbeats.
    let given = Given::default()
        .with(&HEARTBEAT, &Duration::from_mins(10))
        .with(&LEASE, &Duration::from_mins(30));
    let deaf = Plan {
        deaf: true,
        ..bench.plan_with(given)
    };
    for app in TestApp::each_with(&deaf).await {
        let staff = operator(&app).await;
        let other = app.beside().await;
        let id = put(&app, act("a", What::Finish)).await;
        // The first worker pauses for longer than its lease; another takes the job.
        let first = begin(&app.worker());
        bench.begun.acquire().await.unwrap().forget();
        app.clock.advance(TimeDelta::minutes(31));
        let second = begin(&other.worker());
        bench.begun.acquire().await.unwrap().forget();
        stands(&job(&staff, id).await, "running", 2);

        // The first goes on: its effect does not come about, and the second's hold stands.
        bench.go.add_permits(1);
        assert!(first.await.unwrap(), "{}", app.engine);
        assert_eq!(bench.log(), Vec::<String>::new(), "{}", app.engine);
        assert_eq!(app.row_counts().await["jobs"], 1, "{}", app.engine);
        stands(&job(&staff, id).await, "running", 2);

        bench.go.add_permits(1);
        assert!(second.await.unwrap(), "{}", app.engine);
        assert_eq!(bench.log(), ["a"], "{}", app.engine);
        assert_eq!(
            app.row_counts().await["jobs"],
            2,
            "{}: with its effect",
            app.engine
        );
        stands(&job(&staff, id).await, "succeeded", 2);
        bench.log.lock().unwrap().clear();
        other.stop().await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_holder_that_hears_of_its_loss_is_broken_off() {
    let bench = Bench::default();
    for app in TestApp::each_with(&bench.plan()).await {
        if app.engine == "SQLite" {
            app.stop().await;
            continue;
        }
        let staff = operator(&app).await;
        let other = app.beside().await;
        let id = put(&app, act("a", What::Finish)).await;
        let first = begin(&app.worker());
        bench.begun.acquire().await.unwrap().forget();
        app.clock.advance(TimeDelta::seconds(31));
        let second = begin(&other.worker());
        assert!(first.await.unwrap(), "nobody let it go");
        bench.begun.acquire().await.unwrap().forget();
        bench.go.add_permits(1);
        assert!(second.await.unwrap());
        assert_eq!(bench.log(), ["a"]);
        stands(&job(&staff, id).await, "succeeded", 2);
        other.stop().await;
        app.stop().await;
    }
}

#[tokio::test]
async fn a_worker_that_dies_has_used_a_try_up() {
    let bench = Bench::default();
    for app in TestApp::each_with(&bench.plan()).await {
        let staff = operator(&app).await;
        let id = put(&app, act("a", What::Wait)).await;
        for attempt in 1..=3 {
            let dying = begin(&app.worker());
            bench.begun.acquire().await.unwrap().forget();
            dying.abort();
            let _ = dying.await;
            stands(&job(&staff, id).await, "running", attempt);
            assert!(!app.worker().step().await.unwrap(), "its lease stands");
            app.clock.advance(TimeDelta::seconds(31));
        }
        assert!(!app.worker().step().await.unwrap(), "{}", app.engine);
        let dead = job(&staff, id).await;
        stands(&dead, "dead", 3);
        assert_eq!(dead["lastError"], "its worker was not heard of any more");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_claim_is_kept_alive_while_its_job_goes_on() {
    let bench = Bench::default();
    let given = Given::default().with(&HEARTBEAT, &Duration::from_millis(20));
    for app in TestApp::each_with(&bench.plan_with(given)).await {
        let staff = operator(&app).await;
        let id = put(&app, act("a", What::Wait)).await;
        let working = begin(&app.worker());
        bench.begun.acquire().await.unwrap().forget();
        let lease = "query($id: UUID!) { job(id: $id) { leaseUntil } }";
        let until = async || {
            let told = super::good(&staff, lease, json!({ "id": id })).await;
            told["job"]["leaseUntil"].clone()
        };
        for _ in 0..3 {
            app.clock.advance(TimeDelta::seconds(25));
            let before = until().await;
            eventually(async || (until().await != before).then_some(())).await;
            assert!(!app.worker().step().await.unwrap(), "{}", app.engine);
        }
        bench.go.add_permits(1);
        assert!(working.await.unwrap());
        stands(&job(&staff, id).await, "succeeded", 1);
        bench.log.lock().unwrap().clear();
        app.stop().await;
    }
}

#[tokio::test]
async fn a_process_that_stops_gives_back_what_it_holds() {
    let bench = Bench::default();
    for app in TestApp::each_with(&bench.plan()).await {
        // Nothing that is on schedule comes due beside it.
        app.clock.stop_at(app.system().now());
        let staff = operator(&app).await;
        let leaving = app.beside().await;
        leaving
            .services()
            .jobs
            .at_work
            .spawn(leaving.worker().attend());
        let id = put(&leaving, act("a", What::Wait)).await;
        bench.begun.acquire().await.unwrap().forget();
        leaving.stop().await;
        let back = job(&staff, id).await;
        stands(&back, "queued", 0);
        assert_eq!(back["worker"], Value::Null, "{}", app.engine);
        assert_eq!(bench.log(), [heard("a", Halt::Stopping)], "{}", app.engine);

        bench.go.add_permits(1);
        assert!(app.worker().step().await.unwrap());
        bench.begun.acquire().await.unwrap().forget();
        stands(&job(&staff, id).await, "succeeded", 1);
        bench.log.lock().unwrap().clear();
        app.stop().await;
    }
}

#[tokio::test]
async fn a_new_job_wakes_a_worker_as_far_as_there_is_room() {
    let bench = Bench::default();
    // So long that only a signal can be why.
    let given = Given::default()
        .with(&POLL, &Duration::from_mins(1))
        .with(&LEASE, &Duration::from_mins(5))
        .with(&CONCURRENCY, &2);
    for app in TestApp::each_with(&bench.plan_with(given)).await {
        let staff = operator(&app).await;
        // An embedded file has no second process.
        let other = match app.engine {
            "SQLite" => None,
            _ => Some(app.beside().await),
        };
        let works = other.as_ref().unwrap_or(&app);
        works.services().jobs.at_work.spawn(works.worker().attend());
        let schedules = "SELECT count(*) FROM job_schedules WHERE next_run_at IS NOT NULL";
        eventually(async || (app.number(schedules).await == 6).then_some(())).await;

        put(&app, note("a")).await;
        let done = async |names: &[&str]| (bench.log() == names).then_some(());
        eventually(async || done(&["a"]).await).await;
        for name in ["b", "c", "d"] {
            put(&app, act(name, What::Wait)).await;
        }
        let two = bench.begun.acquire_many(2).await.unwrap();
        two.forget();
        let running = "{ jobs(filter: { state: { eq: running } }) { totalCount } }";
        let count = super::good(&staff, running, json!({})).await;
        assert_eq!(count["jobs"]["totalCount"], 2, "{}", app.engine);
        assert_eq!(bench.begun.available_permits(), 0, "{}", app.engine);
        // Where one ends, the next begins.
        bench.go.add_permits(1);
        bench.begun.acquire().await.unwrap().forget();
        bench.go.add_permits(2);
        eventually(async || (bench.log().len() == 4).then_some(())).await;
        bench.log.lock().unwrap().clear();
        if let Some(other) = other {
            other.stop().await;
        }
        app.stop().await;
    }
}
