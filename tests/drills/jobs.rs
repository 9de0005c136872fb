//! A thousand jobs over two workers, one of which is killed ten times.

use std::collections::HashMap;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::JobId;
use entity::platform::job::{self, JobState};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, Select, Statement,
};
use service::Ctx;
use service::chance::SystemChance;
use service::clock::SystemClock;
use service::ctx::Services;
use service::db::{DatabaseUrl, DbSettings};
use service::job::{NewJob, Nothing, enqueue_all};
use service::secret::Keyring;
use service::settings::Settings;
use service::upkeep::Sweep;
use tests::cluster::Cluster;
use tests::eventually;

use crate::server::command;

const JOBS: u64 = 1_000;
const KILLS: u64 = 10;
/// What one worker does at once, unless somebody sets it.
const AT_ONCE: usize = 4;
/// What a worker held that died is done this much later, at most.
const RECOVERY: Duration = Duration::from_secs(45);

/// A `chancery worker`, killed when it is dropped.
struct Worker {
    process: Child,
    /// By which the server knows its sessions.
    name: String,
    _data: tempfile::TempDir,
}

impl Worker {
    fn start(database: &str, number: u64) -> Self {
        let data = tempfile::tempdir().unwrap();
        let name = format!("drill-{number}");
        let mut url = url::Url::parse(database).unwrap();
        url.query_pairs_mut().append_pair("application_name", &name);
        let mut worker = command(url.as_str(), data.path());
        let process = worker.arg("worker").stderr(Stdio::null()).spawn().unwrap();
        Self {
            process,
            name,
            _data: data,
        }
    }

    /// SIGKILL: it says nothing any more. What it held.
    async fn kill(mut self, db: &Arc<Services>) -> Vec<job::Model> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        // What it said last may be on its way still: the server ends its sessions by and by.
        eventually(async || (sessions(db, &self.name).await == 0).then_some(())).await;
        let mine = format!("%:{}:%", self.process.id());
        let held = ours()
            .filter(job::Column::State.eq(JobState::Running))
            .filter(job::Column::Worker.like(mine));
        held.all(&db.db.read().unwrap()).await.unwrap()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The drill's jobs: those on schedule have keys.
fn ours() -> Select<job::Entity> {
    job::Entity::find().filter(job::Column::UniqueKey.is_null())
}

/// How many sessions the server has with a worker.
async fn sessions(db: &Arc<Services>, name: &str) -> i64 {
    let reader = db.db.read().unwrap();
    let sql = format!("SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}'");
    let statement = Statement::from_string(reader.get_database_backend(), sql);
    let row = reader.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
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

async fn services(database: &str) -> Arc<Services> {
    let services = api::config::assemble(
        DbSettings::new(DatabaseUrl::parse(database).unwrap()),
        Settings::default(),
        Keyring::new([7; 32]),
        Arc::new(SystemClock),
        Arc::new(SystemChance),
    )
    .unwrap();
    assert!(services.db.connect().await.success);
    services
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a drill of a minute or two: .ci/run drill"]
async fn no_job_is_lost_with_its_worker() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let patience = crate::patience();
    let database = cluster.url("postgres");
    let data = tempfile::tempdir().unwrap();
    let migrated = command(&database, data.path())
        .args(["migrate", "up"])
        .output()
        .unwrap();
    assert!(migrated.status.success(), "{migrated:?}");
    let db = services(&database).await;
    let ctx = Ctx::system(Arc::clone(&db), "drill");
    let tx = ctx.write().await.unwrap();
    let jobs = (0..JOBS).map(|_| NewJob::of::<Sweep>(&Nothing {}).unwrap());
    enqueue_all(&tx, jobs).await.unwrap();
    tx.commit().await.unwrap();

    let mut workers = [KILLS, KILLS + 1].map(|number| Worker::start(&database, number));
    let mut killed: HashMap<JobId, DateTime<Utc>> = HashMap::new();
    let began = Instant::now();
    for kill in 0..KILLS {
        until(
            &db,
            20 + kill * (JOBS / KILLS - 5),
            Duration::from_mins(2) * patience,
        )
        .await;
        let at = usize::try_from(kill % 2).unwrap();
        let fresh = Worker::start(&database, kill);
        let dead = std::mem::replace(&mut workers[at], fresh);
        let moment = db.clock.now();
        let held = dead.kill(&db).await;
        assert!(held.len() <= AT_ONCE, "{} were held at once", held.len());
        killed.extend(held.iter().map(|job| (job.id, moment)));
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
        "{JOBS} jobs in {took:.1?} over {KILLS} kills: {} were in flight, {again} tries more than \
         jobs, the last was done {:.1} s after its worker died",
        killed.len(),
        worst.as_seconds_f64()
    );
    assert!(!killed.is_empty(), "nobody held anything when it died");
    assert!(worst < TimeDelta::from_std(RECOVERY * patience).unwrap());
    drop(workers);
    db.db.disconnect().await;
}
