//! Where an application's rows are: a database of its own on a server that the tests of the process
//! share, made as a copy of one that was migrated once.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use sea_orm::ConnectionTrait as _;
use tokio::sync::{Mutex, OnceCell};
use url::Url;

use crate::cluster::Cluster;

/// The migrated database of `PostgreSQL` that the others are copies of.
const TEMPLATE: &str = "chancery_template";

/// What has to outlive the application.
pub(crate) enum Keep {
    Directory(#[expect(dead_code, reason = "held until the test is over")] tempfile::TempDir),
    Database(#[expect(dead_code, reason = "held until the test is over")] Database),
    Nothing,
}

/// A database on the shared server; gone at the end.
pub(crate) struct Database {
    cluster: Arc<Cluster>,
    url: String,
}

impl Drop for Database {
    fn drop(&mut self) {
        let url = Url::parse(&self.url).unwrap();
        self.cluster
            .drop_database(url.path().trim_start_matches('/'));
    }
}

/// A database file of one's own.
pub(crate) async fn sqlite(migrated: bool) -> (String, Keep) {
    static MIGRATED: OnceCell<Vec<u8>> = OnceCell::const_new();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("test.db");
    if migrated {
        let bytes = MIGRATED.get_or_init(async || {
            let directory = tempfile::tempdir().unwrap();
            let file = directory.path().join("template.db");
            migrate(&address(&file)).await;
            std::fs::read(&file).unwrap()
        });
        std::fs::write(&file, bytes.await).unwrap();
    }
    (address(&file), Keep::Directory(directory))
}

fn address(file: &Path) -> String {
    format!("sqlite://{}?mode=rwc", file.display())
}

/// A database of one's own on `PostgreSQL`, where a server is.
pub(crate) async fn postgres(migrated: bool) -> Option<(String, Keep)> {
    if let Some(server) = std::env::var_os("TEST_DATABASE_URL") {
        let url = beside(&server.into_string().unwrap(), migrated).await;
        return Some((url, Keep::Nothing));
    }
    let cluster = Cluster::shared()?;
    let url = beside(&cluster.url("postgres"), migrated).await;
    let keep = Keep::Database(Database {
        cluster,
        url: url.clone(),
    });
    Some((url, keep))
}

/// A database of one's own on the server of the address `server`.
pub(crate) async fn beside(server: &str, migrated: bool) -> String {
    let name = format!("chancery_test_{}", uuid::Uuid::new_v4().simple());
    let from = if migrated {
        template(server).await
    } else {
        "template1".to_owned()
    };
    ask(server, &format!("CREATE DATABASE {name} TEMPLATE {from}")).await;
    named(server, &name)
}

/// The name of the migrated database on `server`, which is made where it is not there.
async fn template(server: &str) -> String {
    // One at a time, and once a server: the shared one may have gone and come back.
    static MADE: LazyLock<Mutex<Option<(String, String)>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().await;
    let place = Url::parse(server).unwrap().authority().to_owned();
    if let Some((at, name)) = &*made
        && *at == place
    {
        return name.clone();
    }
    // Tests of other processes may use the same server.
    let name = format!("{TEMPLATE}_{}", uuid::Uuid::new_v4().simple());
    ask(server, &format!("CREATE DATABASE {name}")).await;
    migrate(&named(server, &name)).await;
    *made = Some((place, name.clone()));
    name
}

async fn ask(server: &str, sql: &str) {
    let db = migration::connect(server).await.unwrap();
    db.execute_unprepared(sql).await.unwrap();
    db.close().await.unwrap();
}

fn named(server: &str, database: &str) -> String {
    let mut url = Url::parse(server).unwrap();
    url.set_path(database);
    url.into()
}

/// Apply every migration.
pub(crate) async fn migrate(url: &str) {
    let db = migration::connect(url).await.unwrap();
    migration::up(&db).await.unwrap();
    db.close().await.unwrap();
}

/// Take over what another backend made, and make the rest.
pub(crate) async fn take_over(url: &str) {
    let db = migration::connect(url).await.unwrap();
    migration::adopt(&db, migration::Tool::Alembic)
        .await
        .unwrap();
    migration::up(&db).await.unwrap();
    db.close().await.unwrap();
}
