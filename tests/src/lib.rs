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

#[path = "../../service/tests/support/cluster.rs"]
pub mod cluster;

use std::sync::Arc;

use api::server::Timeouts;
use entity::identity::user::UserRole;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use service::Ctx;
use service::chance::SystemChance;
use service::clock::SystemClock;
use service::ctx::Services;
use service::db::{DatabaseUrl, DbSettings};
use service::identity::{EmailAddress, NewUser, Password};
use service::secret::Keyring;
use service::settings::{Environment, Settings};

use crate::cluster::Cluster;

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery";

/// How an application differs from the usual one.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its settings.
    pub settings: Settings,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// Whether the database is migrated before it starts.
    pub migrated: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            settings: Settings {
                environment: Environment::Test,
                steps: migration::steps(),
                ..Settings::default()
            },
            timeouts: Timeouts {
                drain_delay: std::time::Duration::ZERO,
                ..Timeouts::default()
            },
            migrated: true,
        }
    }
}

/// A running Chancery with a database of its own.
pub struct TestApp {
    /// Its address.
    pub base: String,
    /// The engine's name, for messages.
    pub engine: &'static str,
    url: String,
    services: Arc<Services>,
    server: tokio::task::JoinHandle<()>,
    // Dropped last: the database must outlive the server.
    _keep: Keep,
}

enum Keep {
    Directory(#[expect(dead_code, reason = "held until the test is over")] tempfile::TempDir),
    Cluster(#[expect(dead_code, reason = "held until the test is over")] Cluster),
    Nothing,
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

    async fn sqlite(plan: &Plan) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db?mode=rwc", directory.path().display());
        Self::start("SQLite", &url, plan, Keep::Directory(directory)).await
    }

    async fn postgres(plan: &Plan) -> Option<Self> {
        if let Some(server) = std::env::var_os("TEST_DATABASE_URL") {
            let server = server.into_string().unwrap();
            let name = format!("chancery_test_{}", uuid::Uuid::new_v4().simple());
            let db = migration::connect(&server).await.unwrap();
            let sql = format!("CREATE DATABASE {name}");
            sea_orm::ConnectionTrait::execute_unprepared(&db, &sql)
                .await
                .unwrap();
            let mut url = url::Url::parse(&server).unwrap();
            url.set_path(&name);
            return Some(Self::start("PostgreSQL", url.as_str(), plan, Keep::Nothing).await);
        }
        let cluster = Cluster::start()?;
        let url = cluster.url("postgres");
        Some(Self::start("PostgreSQL", &url, plan, Keep::Cluster(cluster)).await)
    }

    async fn start(engine: &'static str, url: &str, plan: &Plan, keep: Keep) -> Self {
        if plan.migrated {
            migrate(url).await;
        }
        let services = api::config::assemble(
            DbSettings::new(DatabaseUrl::parse(url).unwrap()),
            plan.settings.clone(),
            Keyring::new([7; 32]),
            Arc::new(SystemClock),
            Arc::new(SystemChance),
        )
        .unwrap();
        assert!(services.db.connect().await.success);
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
            url: url.to_owned(),
            services,
            server,
            _keep: keep,
        }
    }

    /// Apply every migration.
    pub async fn migrate(&self) {
        migrate(&self.url).await;
    }

    /// What the application is made of, for a look behind the doors.
    pub fn services(&self) -> &Arc<Services> {
        &self.services
    }

    /// End the application in order.
    pub async fn stop(self) {
        self.services.stop.cancel();
        self.server.await.unwrap();
    }

    /// A caller without credentials.
    pub fn anonymous(&self) -> Client {
        Client {
            base: self.base.clone(),
            http: reqwest::Client::new(),
            headers: HeaderMap::new(),
        }
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
        let ctx = Ctx::system(Arc::clone(&self.services), "test");
        let new = NewUser {
            email: EmailAddress::new(&email).unwrap(),
            name: Some(name.to_owned()),
            password: Some(Password::new(PASSWORD).unwrap()),
            role,
        };
        service::identity::create_user(&ctx, new).await.unwrap();
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

async fn migrate(url: &str) {
    let db = migration::connect(url).await.unwrap();
    migration::up(&db).await.unwrap();
    db.close().await.unwrap();
}

/// Somebody who asks.
#[derive(Clone, Debug)]
pub struct Client {
    base: String,
    http: reqwest::Client,
    headers: HeaderMap,
}

/// What is heard back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body: JSON, or the text as a string.
    pub body: Value,
}

impl Answer {
    /// Status and code, as `409 run.stale_lease`.
    pub fn verdict(&self) -> String {
        let status = self.status.as_u16();
        self.body["code"]
            .as_str()
            .map_or(status.to_string(), |code| format!("{status} {code}"))
    }
}

impl Client {
    /// Send this header with every request.
    pub fn header(&mut self, name: &'static str, value: &str) {
        self.headers
            .insert(name, HeaderValue::from_str(value).unwrap());
    }

    /// The same caller with one more header.
    #[must_use]
    pub fn with(&self, name: &'static str, value: &str) -> Self {
        let mut client = self.clone();
        client.header(name, value);
        client
    }

    /// Ask.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = request.headers(self.headers.clone());
        if let Some(body) = body {
            if !self.headers.contains_key("content-type") {
                request = request.header("content-type", "application/json");
            }
            request = request.body(body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer {
            status,
            headers,
            body,
        }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    /// POST a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body.to_string().into_bytes()))
            .await
    }

    /// PUT a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, Some(body.to_string().into_bytes()))
            .await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PATCH, path, Some(body.to_string().into_bytes()))
            .await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None).await
    }
}

/// The body of a run.
pub fn run_body(name: &str) -> Value {
    json!({
        "company_id": "northwind", "company_name": "Northwind",
        "document_name": name, "document_url": format!("https://files.example.com/{name}"),
    })
}

/// The body of a stage.
pub fn stage_body(stage: i64, token: &Value) -> Value {
    let mut body = json!({ "lease_token": token, "markdown_output": format!("# Stage {stage}") });
    if stage == 1 {
        body["report"] = json!({
            "inspiration1_title": "One", "inspiration1_content": "a", "inspiration1_elements": ["x"],
            "inspiration2_title": "Two", "inspiration2_content": "b", "inspiration2_elements": [],
        });
    }
    if stage == 5 {
        let card = |number: i64| {
            json!({
                "number": number, "title": format!("Card {number}"), "tagline": "t",
                "problem": "p", "solution": "s", "why_now": "w", "target_segment": "g",
                "quick_win": "q",
            })
        };
        body["cards"] = (1..=5).map(card).collect();
    }
    body
}
