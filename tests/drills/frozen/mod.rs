//! A process that stands still for longer than its claims last, with jobs in its hands, and then goes on
//! as if nothing had been: a machine that was suspended, a container that was paused.
//!
//! The jobs ask a chain who holds an NFT. What the frozen process is told is out of date, and reaches it
//! while it stands still: somebody else holds it. Whoever asks again hears that the claimant does. So
//! whose word was written down can be seen, and how often by the row's version. When the first goes on,
//! it wants to renew its claims and to write what it heard; whichever it tries first is refused. That the
//! write is, by itself, `tests/it/job/claims.rs` shows.
//!
//! On `PostgreSQL` the processes are two `chancery worker`s. An `SQLite` file belongs to one process, and
//! the lock of one that stands still holds: a second `serve` is refused. So the other worker is the
//! drill's own there, which goes past that lock: the fence must hold without it. What can happen to that
//! one process is the second story, on both engines: nobody takes its jobs, and it finds its claims run
//! out when it goes on. It may renew them, or take its own jobs anew; either is one effect.

mod scene;

use std::sync::Arc;
use std::time::Instant;

use chrono::Utc;
use entity::platform::job::JobState;
use service::clock::SystemClock;
use service::configuration::Given;
use service::ctx::Services;
use service::job::Worker;
use service::settings::{Environment, Settings};

use self::scene::{Held, Scene, TOKENS, start, until};
use crate::database::Database;
use crate::server::{Server, command};

/// Who else works only at what people wait for.
const QUEUE: &str = "default";

/// Who takes what the frozen one had.
enum Other {
    Process(Server),
    /// The drill's own.
    Own(Arc<Services>),
}

impl Other {
    async fn start(scene: &Scene) -> Self {
        let (database, settings) = (&scene.database, scene.chain.settings());
        if !database.is_file() {
            let worker = start(Server::worker, database, "drill-other", &settings);
            return Self::Process(worker);
        }
        let given = settings
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        let settings = Settings {
            environment: Environment::Test,
            given: Given::default().environment(given),
            ..Settings::default()
        };
        let services = database.services(settings, Arc::new(SystemClock)).await;
        let worker = Worker::new(Arc::clone(&services), vec![QUEUE.to_owned()]);
        services.jobs.at_work.spawn(worker.attend());
        Self::Own(services)
    }

    async fn stop(self) {
        match self {
            Self::Process(worker) => assert!(worker.stop(), "it ends well"),
            Self::Own(services) => {
                services.stop.cancel();
                services.jobs.at_work.close();
                services.jobs.at_work.wait().await;
                services.db.disconnect().await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a drill of half a minute: .ci/run drill"]
async fn what_a_frozen_process_held_has_one_effect() {
    service::tls::install();
    for database in Database::each() {
        taken_over(database).await;
    }
}

async fn taken_over(database: Database) {
    let scene = Scene::open(database, 2).await;
    let engine = scene.database.engine;
    scene.claim_all().await;
    let leases = scene.freeze().await;
    let frozen = Instant::now();
    if scene.database.is_file() {
        let mut second = command(&scene.database.url, scene.database.data());
        let second = second.arg("serve").output().unwrap();
        assert_eq!(second.status.code(), Some(1), "{second:?}");
    }
    // It has them before it knows, and before anybody else asks.
    for token in TOKENS {
        scene.chain.answer(token, 0);
    }
    let other = Other::start(&scene).await;
    scene.until_asked(2).await;
    for token in TOKENS {
        let asked = scene.chain.asked(token)[1];
        assert!(asked > leases[&token], "{engine}: it was held until then");
    }
    // Some are done when the first goes on, some the other holds still.
    let (done, held) = TOKENS.split_at(2);
    for token in done {
        scene.chain.answer(*token, 1);
    }
    scene.until_done(done).await;
    scene.holder().thaw();
    let frozen = frozen.elapsed();
    let refused = async || scene.tries("lost").await == TOKENS.len();
    until("the refusal of what the first says", refused).await;
    assert_eq!(scene.tries("done").await, 0, "{engine}");
    let all = scene.look().await;
    for token in done {
        once(engine, &all[token]);
    }
    for token in held {
        let (row, job) = &all[token];
        assert_eq!(
            (row.version, row.checked_at),
            (1, None),
            "{engine}: {row:?}"
        );
        assert_ne!(job.state, JobState::Succeeded, "{engine}: {job:?}");
    }
    for token in held {
        scene.chain.answer(*token, 1);
    }
    scene.until_done(&TOKENS).await;
    let all = scene.look().await;
    for token in TOKENS {
        once(engine, &all[&token]);
        let (asked, (_, job)) = (scene.chain.asked(token).len(), &all[&token]);
        let asked = i64::try_from(asked).unwrap();
        assert_eq!(
            (i64::from(job.attempt), job.fence),
            (asked, asked),
            "{engine}"
        );
    }
    assert_eq!(scene.told().await, TOKENS.len(), "{engine}: once of each");
    // The first works on, as one among others.
    other.stop().await;
    scene.claim(5).await;
    let asked = async || scene.chain.asked(5).len() == 1;
    until("a question of the first's", asked).await;
    scene.chain.answer(5, 0);
    until("its end", async || scene.tries("done").await == 1).await;
    println!(
        "{engine}: {} jobs of a process that stood still for {frozen:.1?}: each had one effect, the \
         other's; all {} tries of the first's were refused",
        TOKENS.len(),
        scene.tries("lost").await
    );
    scene.close().await;
}

/// It was done, once, by whoever heard what is so.
fn once(engine: &str, (row, job): &Held) {
    assert_eq!(job.state, JobState::Succeeded, "{engine}: {job:?}");
    // 1 was the claim itself.
    assert_eq!((row.version, row.verified), (2, true), "{engine}: {row:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a drill of half a minute: .ci/run drill"]
async fn a_frozen_process_that_is_alone_does_its_jobs_once() {
    service::tls::install();
    for database in Database::each() {
        alone(database).await;
    }
}

async fn alone(database: Database) {
    let scene = Scene::open(database, 1).await;
    let engine = scene.database.engine;
    scene.claim_all().await;
    let leases = scene.freeze().await;
    for token in TOKENS {
        scene.chain.answer(token, 0);
    }
    let over = async || leases.values().all(|until| *until < Utc::now());
    until("the end of the claims", over).await;
    scene.holder().thaw();
    scene.until_done(&TOKENS).await;
    let mut again = 0;
    let mut verified = 0;
    for (token, (row, job)) in scene.look().await {
        let asked = scene.chain.asked(token).len();
        let count = i64::try_from(asked).unwrap();
        assert_eq!(
            (i64::from(job.attempt), job.fence),
            (count, count),
            "{engine}: {job:?}"
        );
        // The word of the try that is in force, and of no other.
        assert_eq!(
            (row.version, row.verified),
            (2, asked > 1),
            "{engine}: {row:?}"
        );
        again += asked - 1;
        verified += usize::from(row.verified);
    }
    assert_eq!(scene.told().await, verified, "{engine}");
    let ended = async || {
        let (done, lost) = (scene.tries("done").await, scene.tries("lost").await);
        (done, lost) == (TOKENS.len(), again)
    };
    until("an end of each try", ended).await;
    println!(
        "{engine}: {} jobs of a process that stood still, alone: one effect each, {again} taken anew",
        TOKENS.len()
    );
    scene.close().await;
}
