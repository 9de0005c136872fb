//! One filled application for each engine, shared by the tests that only read.

use std::sync::{Arc, LazyLock, Weak};
use std::time::Duration;

use entity::identity::user::UserRole;
use entity::registry::resources;
use serde_json::{Value, json};
use tests::{Answer, Client, Plan, TestApp, eventually};
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, RwLock};

use super::fill::Filling;
use super::world::{Viewer, World};

/// A filled application.
pub(super) struct Filled {
    pub(super) app: TestApp,
    /// Who asks: an admin, an operator and a person.
    pub(super) callers: Vec<(Viewer, Client)>,
    pub(super) world: World,
    /// The statements that were asked of the tables.
    pub(super) statements: Arc<std::sync::Mutex<Vec<String>>>,
}

/// The applications outlive the test that made them, so they need a runtime that does, too.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
});

/// Who counts statements must be alone.
static QUIET: RwLock<()> = RwLock::const_new(());

static SHARED: Mutex<Weak<Vec<Filled>>> = Mutex::const_new(Weak::new());

/// Tell a story about each filled application.
pub(super) fn each(story: impl AsyncFn(&Filled)) {
    RUNTIME.block_on(async {
        let all = shared().await;
        let _others = QUIET.read().await;
        for filled in all.iter() {
            story(filled).await;
        }
    });
}

/// The same while nobody else asks.
pub(super) fn each_alone(story: impl AsyncFn(&Filled)) {
    RUNTIME.block_on(async {
        let all = shared().await;
        let _nobody = QUIET.write().await;
        for filled in all.iter() {
            story(filled).await;
        }
    });
}

async fn shared() -> Arc<Vec<Filled>> {
    let mut known = SHARED.lock().await;
    if let Some(all) = known.upgrade() {
        return all;
    }
    let all = Arc::new(fill().await);
    *known = Arc::downgrade(&all);
    all
}

async fn fill() -> Vec<Filled> {
    let mut all = Vec::new();
    let mut filling: Option<Filling> = None;
    // Statements are counted: nobody is looked up again between two answers.
    let mut plan = Plan::default();
    plan.settings.caller_cache = Duration::from_hours(1);
    for app in TestApp::each_with(&plan).await {
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        app.clock.stop_at(now);
        let mut callers = Vec::new();
        let mut people = Vec::new();
        for (name, role) in [
            ("ann", UserRole::User),
            ("bob", UserRole::User),
            ("operator", UserRole::Operator),
            ("admin", UserRole::Admin),
        ] {
            let client = app.user(name, role).await;
            let id = client.id().await.0;
            people.push(id);
            match role {
                UserRole::User if name == "ann" => callers.push((Viewer::Person(id), client)),
                UserRole::User => {}
                UserRole::Operator => callers.push((Viewer::Operator(id), client)),
                UserRole::Admin => callers.push((Viewer::Admin, client)),
            }
        }
        // Sign-ins are noted behind the answer.
        let noted = async || {
            let open = "SELECT count(*) FROM users WHERE last_login IS NULL";
            (app.number(open).await == 0).then_some(())
        };
        eventually(noted).await;
        match &filling {
            None => filling = Some(Filling::thrown(&app, &people).await),
            Some(filling) => filling.copied(&app, &people).await,
        }
        let world = World::read(&app).await;
        let statements: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
        let said = Arc::clone(&statements);
        // Not those by which the pool sees whether the database is there.
        app.services().db.observe(Box::new(move |observation| {
            let sql = observation.sql;
            let mut tables = resources().iter().map(|resource| resource.table);
            if tables.any(|table| sql.contains(table)) {
                said.lock().unwrap().push(sql.to_owned());
            }
        }));
        all.push(Filled {
            app,
            callers,
            world,
            statements,
        });
    }
    all
}

impl Filled {
    pub(super) fn client(&self, viewer: Viewer) -> &Client {
        let mut callers = self.callers.iter();
        &callers.find(|(known, _)| *known == viewer).unwrap().1
    }

    pub(super) fn person(&self) -> Viewer {
        self.callers[0].0
    }
}

/// Ask.
pub(super) async fn ask(client: &Client, query: &str, variables: Value) -> Answer {
    let body = json!({ "query": query, "variables": variables });
    client.post("/graphql", body).await
}

/// Ask, and be answered.
pub(super) async fn data(client: &Client, query: &str) -> Value {
    let answer = ask(client, query, json!({})).await;
    assert_eq!(
        answer.body["errors"],
        Value::Null,
        "{query}: {}",
        answer.body
    );
    answer.body["data"].clone()
}
