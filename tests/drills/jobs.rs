//! A thousand jobs whose workers are killed ten times: over two `chancery worker`s on `PostgreSQL`, one
//! of which goes at a time; on `SQLite`, whose file belongs to one process, over a `chancery serve`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::JobId;
use entity::platform::job::{self, JobState};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, Select};
use service::Ctx;
use service::clock::SystemClock;
use service::ctx::Services;
use service::job::{NewJob, Nothing, enqueue_all};
use service::settings::Settings;
use service::upkeep::Sweep;

use crate::database::Database;
use crate::server::{Server, command};

const JOBS: u64 = 1_000;
const KILLS: u64 = 10;
/// What one worker does at once, unless somebody sets it.
const AT_ONCE: usize = 4;
/// A worker's only door, on any port.
const METRICS: (&str, &str) = ("CHANCERY_METRICS_LISTEN", "127.0.0.1:0");
/// What a worker held that died is done this much later, at most.
const RECOVERY: Duration = Duration::from_secs(45);

/// A process that works at jobs, killed when it is dropped.
struct Worker {
    process: Server,
    /// By which the database knows its sessions.
    name: String,
    _data: tempfile::TempDir,
}

impl Worker {
    fn start(database: &Database, number: u64) -> Self {
        let data = tempfile::tempdir().unwrap();
        let name = format!("drill-{number}");
        let url = database.named(&name);
        let process = if database.is_file() {
            Server::serve(&url, data.path(), &[])
        } else {
            Server::worker(&url, data.path(), &[METRICS])
        };
        Self {
            process,
            name,
            _data: data,
        }
    }

    /// SIGKILL: it says nothing any more. What it held.
    async fn kill(self, database: &Database, db: &Arc<Services>) -> Vec<job::Model> {
        let mine = format!("%:{}:%", self.process.id());
        self.process.kill();
        // What it said last may be on its way still.
        database.is_left_by(db, &self.name).await;
        let held = ours()
            .filter(job::Column::State.eq(JobState::Running))
            .filter(job::Column::Worker.like(mine));
        held.all(&db.db.read().unwrap()).await.unwrap()
    }
}

/// The drill's jobs: those on schedule have keys.
fn ours() -> Select<job::Entity> {
    job::Entity::find().filter(job::Column::UniqueKey.is_null())
}

async fn done(db: &Arc<Services>) -> u64 {
    let done = ours().filter(job::Column::State.eq(JobState::Succeeded));
    done.count(&db.db.read().unwrap()).await.unwrap()
}

/// Wait until so many are done.
async fn until(db: &Arc<Services>, many: u64, most: Duration) {
    let began = Instant::now();
    loop {
        let done = done(db).await;
        if done >= many {
            return;
        }
        assert!(
            began.elapsed() < most,
            "{done} of {many} were done in {most:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a drill of some minutes: .ci/run drill"]
async fn no_job_is_lost_with_its_worker() {
    service::tls::install();
    for database in Database::each() {
        drill(&database).await;
    }
}

async fn drill(database: &Database) {
    let patience = crate::patience();
    let migrated = command(&database.url, database.data())
        .args(["migrate", "up"])
        .output()
        .unwrap();
    assert!(migrated.status.success(), "{migrated:?}");
    let db = database
        .services(Settings::default(), Arc::new(SystemClock))
        .await;
    let ctx = Ctx::system(Arc::clone(&db), "drill");
    let tx = ctx.write().await.unwrap();
    let jobs = (0..JOBS).map(|_| NewJob::of::<Sweep>(&Nothing {}).unwrap());
    enqueue_all(&tx, jobs).await.unwrap();
    tx.commit().await.unwrap();

    let count = if database.is_file() { 1 } else { 2 };
    let workers = (0..count).map(|number| Worker::start(database, KILLS + number));
    let mut workers: Vec<Worker> = workers.collect();
    let mut killed: HashMap<JobId, DateTime<Utc>> = HashMap::new();
    let began = Instant::now();
    for kill in 0..KILLS {
        until(
            &db,
            20 + kill * (JOBS / KILLS - 5),
            Duration::from_mins(2) * patience,
        )
        .await;
        let dead = workers.remove(0);
        let moment = db.clock.now();
        let held = dead.kill(database, &db).await;
        assert!(held.len() <= AT_ONCE, "{} were held at once", held.len());
        killed.extend(held.iter().map(|job| (job.id, moment)));
        workers.push(Worker::start(database, kill));
    }
    until(&db, JOBS, Duration::from_mins(3) * patience).await;
    let took = began.elapsed();

    let all = ours().all(&db.db.read().unwrap()).await.unwrap();
    assert_eq!(u64::try_from(all.len()).unwrap(), JOBS);
    let mut worst = TimeDelta::zero();
    let mut again = 0;
    for job in &all {
        assert_eq!(job.state, JobState::Succeeded, "{job:?}");
        again += job.attempt - 1;
        match killed.get(&job.id) {
            None => assert_eq!(job.attempt, 1, "{job:?} was nobody's who died"),
            Some(died) => worst = worst.max(job.finished_at.unwrap() - *died),
        }
    }
    println!(
        "{}: {JOBS} jobs in {took:.1?} over {KILLS} kills: {} were in flight, {again} tries more \
         than jobs, the last was done {:.1} s after its worker died",
        database.engine,
        killed.len(),
        worst.as_seconds_f64()
    );
    assert!(!killed.is_empty(), "nobody held anything when it died");
    assert!(worst < TimeDelta::from_std(RECOVERY * patience).unwrap());
    for worker in workers {
        assert!(worker.process.stop(), "it ends well");
    }
    db.db.disconnect().await;
}
