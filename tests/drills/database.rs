//! A database of one's own, on either engine.

use std::path::Path;
use std::sync::Arc;

use sea_orm::{ConnectionTrait, Statement};
use service::chance::SystemChance;
use service::clock::Clock;
use service::ctx::Services;
use service::db::{DatabaseUrl, DbSettings};
use service::secret::Keyring;
use service::settings::Settings;
use tempfile::TempDir;
use tests::cluster::Cluster;
use tests::eventually;

/// A database, and a directory beside it for what a process keeps; gone when it is dropped.
pub(crate) struct Database {
    /// The engine's name, for messages.
    pub(crate) engine: &'static str,
    /// Its address.
    pub(crate) url: String,
    directory: TempDir,
    _cluster: Option<Cluster>,
}

impl Database {
    /// One on each engine, the next when its turn comes; on `PostgreSQL` where that is installed.
    pub(crate) fn each() -> impl Iterator<Item = Self> {
        let makers = [
            (|| Some(Self::file())) as fn() -> Option<Self>,
            Self::server,
        ];
        makers.into_iter().filter_map(|make| make())
    }

    fn file() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            engine: "SQLite",
            url: format!("sqlite://{}/drill.db?mode=rwc", directory.path().display()),
            directory,
            _cluster: None,
        }
    }

    fn server() -> Option<Self> {
        let cluster = Cluster::start()?;
        Some(Self {
            engine: "PostgreSQL",
            url: cluster.url("postgres"),
            directory: tempfile::tempdir().unwrap(),
            _cluster: Some(cluster),
        })
    }

    /// Whether it is a file, which belongs to one process.
    pub(crate) fn is_file(&self) -> bool {
        self.engine == "SQLite"
    }

    /// Where a process keeps its files.
    pub(crate) fn data(&self) -> &Path {
        self.directory.path()
    }

    /// Its address for a process whose sessions are to be told from others' by `name`.
    pub(crate) fn named(&self, name: &str) -> String {
        if self.is_file() {
            return self.url.clone();
        }
        let mut url = url::Url::parse(&self.url).unwrap();
        url.query_pairs_mut().append_pair("application_name", name);
        url.into()
    }

    /// A way to it past every process.
    pub(crate) async fn services(
        &self,
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> Arc<Services> {
        let services = api::config::assemble(
            DbSettings::new(DatabaseUrl::parse(&self.url).unwrap()),
            settings,
            Keyring::new([7; 32]),
            clock,
            Arc::new(SystemChance),
        )
        .unwrap();
        assert!(services.db.connect().await.success);
        services
    }

    /// Wait until nothing that `name` said is on its way any more: its process is dead, but a server
    /// ends its sessions by and by.
    pub(crate) async fn is_left_by(&self, db: &Services, name: &str) {
        let left = async || (self.sessions(db, name, "true").await == 0).then_some(());
        eventually(left).await;
    }

    /// How many sessions of `name` there are of which `that` holds; a file knows of none.
    pub(crate) async fn sessions(&self, db: &Services, name: &str, that: &str) -> i64 {
        if self.is_file() {
            return 0;
        }
        let reader = db.db.read().unwrap();
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}' AND {that}"
        );
        let statement = Statement::from_string(reader.get_database_backend(), sql);
        let row = reader.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }
}
