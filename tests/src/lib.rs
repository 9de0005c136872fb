//! The harness: a whole Chancery behind a real socket, once on each engine.
//!
//! `PostgreSQL` is the server of `TEST_DATABASE_URL`, else a throw-away one where a server is
//! installed, else it is left out, said aloud. With `CHANCERY_TEST_POSTGRES=required` that fails.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::disallowed_methods,
    reason = "a harness: what it cannot do fails the test, and it starts what it tests"
)]

mod backend;
mod body;
mod client;
mod clock;
#[path = "../../service/tests/support/cluster.rs"]
pub mod cluster;
#[path = "../../migration/tests/it/dump.rs"]
mod dump;
mod ledger;
mod peer;
mod provider;
mod receiver;
mod rows;
mod store;
mod stream;
mod studio;
mod wallet;

use std::sync::Arc;

use api::server::Timeouts;
use entity::id::UserId;
use entity::identity::user::UserRole;
use sea_orm::{ConnectionTrait, EntityTrait, QuerySelect, sqlx};
use serde_json::json;
use service::Ctx;
use service::chance::SystemChance;
use service::ctx::Services;
use service::db::{DatabaseUrl, DbSettings, Engine};
use service::identity::{EmailAddress, NewUser, Password};
use service::job::{Kinds, Worker};
use service::secret::Keyring;
use service::settings::{Environment, Settings, Storage};
use service::write::Write;

pub use crate::backend::OtherBackend;
pub use crate::body::{run_body, stage_body};
pub use crate::client::{Answer, Client};
use crate::clock::TestClock;
pub use crate::ledger::Ledger;
pub use crate::peer::{Heard, Peer};
pub use crate::provider::{Mood, StandIn};
pub use crate::receiver::{Letter, Receiver, Reply};
use crate::store::Keep;
pub use crate::stream::EventStream;
pub use crate::studio::Studio;
pub use crate::wallet::Wallet;

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery";

/// How an application differs from the usual one.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its settings.
    pub settings: Settings,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// From what time on a statement is slow.
    pub slow_statement: std::time::Duration,
    /// How long `PostgreSQL` works at a statement.
    pub statement_timeout: std::time::Duration,
    /// Whether the database is migrated before it starts.
    pub migrated: bool,
    /// Whether it has a replica that is behind, and does not know it: one without a row. Only
    /// `PostgreSQL` has replicas.
    pub behind: bool,
    /// Whether it hears nothing of what other processes say; only on `PostgreSQL` it could.
    pub deaf: bool,
    /// What its jobs do.
    pub kinds: Kinds,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            settings: Settings {
                environment: Environment::Test,
                steps: migration::steps(),
                // What is answered must not hang on how fast the machine is.
                operation_deadline: std::time::Duration::from_secs(50),
                unserved_deadline: std::time::Duration::from_secs(30),
                ..Settings::default()
            },
            timeouts: Timeouts {
                drain_delay: std::time::Duration::ZERO,
                ..Timeouts::default()
            },
            slow_statement: std::time::Duration::from_secs(1),
            statement_timeout: std::time::Duration::from_secs(13),
            migrated: true,
            behind: false,
            deaf: false,
            kinds: service::job::ours(),
        }
    }
}

/// A running Chancery with a database of its own.
pub struct TestApp {
    /// Its address.
    pub base: String,
    /// The engine's name, for messages.
    pub engine: &'static str,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// Where its database is.
    pub url: String,
    plan: Plan,
    services: Arc<Services>,
    files: Arc<tempfile::TempDir>,
    server: tokio::task::JoinHandle<()>,
    // Dropped last: the database must outlive the server.
    _keep: Keep,
}

impl TestApp {
    /// One application for each engine that is here.
    pub async fn each() -> Vec<Self> {
        Self::each_with(&Plan::default()).await
    }

    /// One application for each engine that is here, made to `plan`.
    pub async fn each_with(plan: &Plan) -> Vec<Self> {
        let mut apps = vec![Self::sqlite(plan).await];
        match Self::postgres(plan).await {
            Some(app) => apps.push(app),
            None => assert!(
                std::env::var_os("CHANCERY_TEST_POSTGRES").is_none_or(|word| word != "required"),
                "the PostgreSQL half did not run"
            ),
        }
        apps
    }

    /// An application on a database that another backend filled: the packed dump at `path`, taken over.
    /// Such were always `PostgreSQL`.
    pub async fn taken_over(path: &str) -> Option<Self> {
        let (url, keep) = store::postgres(false).await?;
        dump::load(path, &url).await;
        store::take_over(&url).await;
        let plan = Plan::default();
        Some(Self::start("PostgreSQL", &url, &plan, Arc::default(), keep, directory()).await)
    }

    async fn sqlite(plan: &Plan) -> Self {
        let (url, keep) = store::sqlite(plan.migrated).await;
        Self::start("SQLite", &url, plan, Arc::default(), keep, directory()).await
    }

    async fn postgres(plan: &Plan) -> Option<Self> {
        let (url, keep) = store::postgres(plan.migrated).await?;
        Some(Self::start("PostgreSQL", &url, plan, Arc::default(), keep, directory()).await)
    }

    async fn start(
        engine: &'static str,
        url: &str,
        plan: &Plan,
        clock: Arc<TestClock>,
        keep: Keep,
        files: Arc<tempfile::TempDir>,
    ) -> Self {
        let read_url = match (engine, plan.behind) {
            ("PostgreSQL", true) => {
                let empty = store::beside(url, true).await;
                Some(DatabaseUrl::parse(&empty).unwrap())
            }
            _ => None,
        };
        let behind = read_url.is_some();
        let services = api::config::assemble_with(
            DbSettings {
                slow_statement: plan.slow_statement,
                read_url,
                statement_timeout: plan.statement_timeout,
                // Many write at once here, on machines that may be slow: nobody gives up.
                lock_timeout: std::time::Duration::from_secs(12),
                sqlite_writer_timeout: std::time::Duration::from_secs(30),
                ..DbSettings::new(DatabaseUrl::parse(url).unwrap())
            },
            Settings {
                listen_url: (engine == "PostgreSQL" && !plan.deaf).then(|| url.into()),
                storage: Storage {
                    url: url::Url::from_directory_path(files.path()).unwrap(),
                    ..plan.settings.storage.clone()
                },
                ..plan.settings.clone()
            },
            Keyring::new([7; 32]),
            Arc::<TestClock>::clone(&clock),
            Arc::new(SystemChance),
            plan.kinds.clone(),
        )
        .unwrap();
        assert!(services.db.connect().await.success);
        if behind {
            let usable = || {
                services
                    .db
                    .replica_status()
                    .is_some_and(|replica| replica.usable)
            };
            eventually(async || usable().then_some(())).await;
        }
        service::signal::attend(&services);
        if plan.migrated {
            service::configuration::load(&services).await.unwrap();
        }
        service::configuration::attend(&services);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = api::router(Arc::clone(&services));
        let server = tokio::spawn(api::server::serve(
            listener,
            router,
            Arc::clone(&services),
            plan.timeouts,
        ));
        Self {
            base,
            engine,
            clock,
            plan: plan.clone(),
            url: url.to_owned(),
            services,
            files,
            server,
            _keep: keep,
        }
    }

    /// Apply every migration.
    pub async fn migrate(&self) {
        store::migrate(&self.url).await;
    }

    /// The directory of its files.
    pub fn files(&self) -> &std::path::Path {
        self.files.path()
    }

    /// What is in the store of files: paths below its directory, sorted.
    pub fn stored(&self) -> Vec<String> {
        let mut found = Vec::new();
        walk(self.files(), &mut found);
        let root = format!("{}/", self.files().display());
        let mut found: Vec<String> = found
            .iter()
            .map(|path| path.replacen(&root, "", 1))
            .collect();
        found.sort();
        found
    }

    /// What the application is made of, for a look behind the doors.
    pub fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// A second server on the same database, by the same clock: a replica.
    pub async fn beside(&self) -> Self {
        self.beside_with(&self.plan).await
    }

    /// The same, made to another plan.
    pub async fn beside_with(&self, plan: &Plan) -> Self {
        Self::start(
            self.engine,
            &self.url,
            plan,
            Arc::clone(&self.clock),
            Keep::Nothing,
            Arc::clone(&self.files),
        )
        .await
    }

    /// The same caller, at this server.
    pub fn seen(&self, client: &Client) -> Client {
        let mut client = client.clone();
        client.base.clone_from(&self.base);
        client.header("origin", &self.base);
        client
    }

    /// An open write that holds the row of a person, so that who writes for them waits until it is
    /// dropped.
    pub async fn hold(&self, person: UserId) -> Write {
        use entity::identity::user;
        let tx = self.system().write().await.unwrap();
        let row = user::Entity::find_by_id(person).lock_exclusive();
        assert!(row.one(&tx).await.unwrap().is_some());
        tx
    }

    /// End the application in order.
    pub async fn stop(self) {
        self.services.stop.cancel();
        self.server.await.unwrap();
    }

    /// The process itself, acting.
    pub fn system(&self) -> Ctx {
        Ctx::system(Arc::clone(&self.services), "test")
    }

    /// Give the tables of conversations the keys of a database that was another backend's first:
    /// without a delete rule. Those were always `PostgreSQL`.
    pub async fn adopted(&self) {
        if self.services.db.engine() == Engine::Sqlite {
            return;
        }
        let tx = self.system().write().await.unwrap();
        for (table, column, parent) in [
            ("messages", "thread_id", "threads"),
            ("tool_calls", "message_id", "messages"),
            ("tool_selection", "message_id", "messages"),
            ("complexity_estimation", "message_id", "messages"),
            ("token_consumption", "message_id", "messages"),
        ] {
            let key = format!("{table}_{column}_fkey");
            let sql = format!(
                "ALTER TABLE {table} DROP CONSTRAINT {key}, ADD CONSTRAINT {key} \
                 FOREIGN KEY ({column}) REFERENCES {parent} ({column})"
            );
            tx.execute_unprepared(&sql).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// The number that a query answers.
    pub async fn number(&self, sql: &str) -> i64 {
        let tx = self.system().write().await.unwrap();
        let statement = sea_orm::Statement::from_string(tx.get_database_backend(), sql);
        let row = tx.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    /// A worker of this process, whose jobs a test does by hand.
    pub fn worker(&self) -> Arc<Worker> {
        Worker::new(Arc::clone(&self.services), Vec::new())
    }

    /// A caller without credentials.
    pub fn anonymous(&self) -> Client {
        Client::at(&self.base)
    }

    /// The same, who follows no redirect.
    pub fn unfollowed(&self) -> Client {
        let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        Client {
            http: builder.build().unwrap(),
            ..self.anonymous()
        }
    }

    /// A person who has signed in.
    pub async fn user(&self, name: &str, role: UserRole) -> Client {
        let email = self.user_row(name, role).await;
        self.sign_in(&email).await
    }

    /// A person, as their e-mail address.
    pub async fn user_row(&self, name: &str, role: UserRole) -> String {
        let email = format!("{name}@example.test");
        let new = NewUser {
            email: EmailAddress::new(&email).unwrap(),
            name: Some(name.to_owned()),
            password: Some(Password::new(PASSWORD).unwrap()),
            role,
        };
        let made = service::identity::create_user(&self.system(), new).await;
        made.unwrap();
        email
    }

    /// Sign in.
    pub async fn sign_in(&self, email: &str) -> Client {
        let mut client = self.anonymous();
        let body = json!({ "email": email, "password": PASSWORD });
        let answer = client.post("/api/v1/session", body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        client.header("cookie", &cookie);
        client.header("origin", &self.base);
        client.header("x-requested-with", "tests");
        client
    }

    /// A program with a key of a fresh admin's.
    pub async fn key(&self, name: &str, scopes: &[&str]) -> Client {
        let owner = self.user(name, UserRole::Admin).await;
        let answer = owner
            .post("/api/v1/me/keys", json!({ "name": name, "scopes": scopes }))
            .await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let mut client = self.anonymous();
        client.header("x-api-key", answer.body["key"].as_str().unwrap());
        client
    }
}

fn directory() -> Arc<tempfile::TempDir> {
    Arc::new(tempfile::tempdir().unwrap())
}

fn walk(directory: &std::path::Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push(path.display().to_string());
        }
    }
}

/// What `look` sees, as soon as it sees something.
pub async fn eventually<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let seen = async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let patience = std::time::Duration::from_secs(30);
    tokio::time::timeout(patience, seen).await.unwrap()
}
