//! Empty databases for a test, and no trace of them afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use migration::engine::Engine;
use sea_orm_migration::sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend,
};

use crate::cluster::Cluster;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The engines that can be tried here.
pub(crate) fn engines() -> Vec<Engine> {
    if given().is_some() || Cluster::installed() {
        return vec![Engine::Sqlite, Engine::Postgres];
    }
    vec![Engine::Sqlite]
}

fn given() -> Option<String> {
    std::env::var("TEST_DATABASE_URL")
        .ok()
        .filter(|url| !url.is_empty())
}

/// Where databases may be made.
#[derive(Clone)]
struct Server {
    url: String,
    _cluster: Option<Arc<Cluster>>,
}

impl Server {
    fn here() -> Self {
        if let Some(url) = given() {
            return Self {
                url,
                _cluster: None,
            };
        }
        let cluster = Cluster::shared().expect("a server");
        Self {
            url: cluster.url("postgres"),
            _cluster: Some(cluster),
        }
    }
}

/// An empty database of its own.
pub(crate) struct Scratch {
    /// The way to it.
    pub(crate) db: DatabaseConnection,
    /// How another process would find it.
    pub(crate) url: String,
    made: Option<(Server, String)>,
    _file: Option<tempfile::TempDir>,
}

impl Scratch {
    /// An empty database of `engine`.
    pub(crate) async fn new(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let dir = tempfile::tempdir().expect("a directory");
                let url = format!("sqlite://{}?mode=rwc", dir.path().join("a.db").display());
                let db = connect(&url).await;
                Self {
                    db,
                    url,
                    made: None,
                    _file: Some(dir),
                }
            }
            Engine::Postgres => {
                let server = Server::here();
                let number = NEXT.fetch_add(1, Ordering::Relaxed);
                let name = format!("migration_{}_{number}", std::process::id());
                let admin = connect(&server.url).await;
                let make = format!("CREATE DATABASE {name}");
                admin.execute_unprepared(&make).await.expect("a database");
                let (front, query) = server.url.split_once('?').unwrap_or((&server.url, ""));
                let (front, _) = front.rsplit_once('/').expect("a database in the URL");
                let url = format!("{front}/{name}?{query}");
                Self {
                    db: connect(&url).await,
                    url,
                    made: Some((server, name)),
                    _file: None,
                }
            }
        }
    }
}

impl Scratch {
    /// Run `sql`, which fits the database.
    pub(crate) async fn run(&self, sql: &str) {
        self.db.execute_unprepared(sql).await.expect("it runs");
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let Some((server, name)) = self.made.take() else {
            return;
        };
        // A test's own runtime may not be blocked on.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(async {
                let drop = format!("DROP DATABASE {name} WITH (FORCE)");
                connect(&server.url).await.execute_unprepared(&drop).await
            })
        });
        let _ = dropped.join();
    }
}

/// A way to a database, as another process would have it.
pub(crate) async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(3).sqlx_logging(false);
    Database::connect(options).await.expect("a database")
}

/// A way to a database with one session only.
pub(crate) async fn connect_once(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("a database")
}

/// The first value that `sql` finds, a text.
pub(crate) async fn one(db: &DatabaseConnection, sql: &str) -> String {
    let backend = Engine::of(db).expect("an engine");
    let backend = match backend {
        Engine::Sqlite => DbBackend::Sqlite,
        Engine::Postgres => DbBackend::Postgres,
    };
    let statement = sea_orm_migration::sea_orm::Statement::from_string(backend, sql);
    let row = db
        .query_one_raw(statement)
        .await
        .expect("an answer")
        .expect("a row");
    row.try_get_by_index(0).expect("a text")
}
