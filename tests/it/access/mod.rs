//! Who may, who may not, and what bad requests hear: every operation of the `OpenAPI` document has a
//! line in the table, and every line is tried.

mod lists;
mod rows;
mod stories;
mod table;

use std::collections::BTreeSet;

use entity::identity::user::UserRole;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Client, TestApp};

use rows::Rows;
use table::{Body, Door, For, table};

const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];
const NO_ROW: &str = "00000000-0000-7000-8000-000000000000";

/// Who asks.
struct Callers {
    nobody: Client,
    ann: Client,
    bob: Client,
    worker: Client,
    operator: Client,
    admin: Client,
    /// A program of Ann's that may read.
    reader: Client,
}

impl Callers {
    async fn make(app: &TestApp) -> Self {
        let ann = app.user("ann", UserRole::User).await;
        let key = json!({ "name": "reader", "scopes": ["read"] });
        let key = ann.post("/api/v1/me/keys", key).await.body;
        let nobody = app.anonymous();
        Self {
            reader: nobody.with("x-api-key", key["key"].as_str().unwrap()),
            nobody,
            ann,
            bob: app.user("bob", UserRole::User).await,
            operator: app.user("operator", UserRole::Operator).await,
            admin: app.user("admin", UserRole::Admin).await,
            worker: app.key("worker", &["worker"]).await,
        }
    }

    /// The one whose business the operation is.
    fn right(&self, door: &Door) -> &Client {
        match door.whose {
            For::All => &self.nobody,
            For::Readers | For::Writers | For::People | For::Session => &self.ann,
            For::Workers => &self.worker,
            For::Staff => &self.operator,
            For::Admins => &self.admin,
        }
    }
}

impl Door {
    fn method(&self) -> Method {
        self.name.split_once(' ').unwrap().0.parse().unwrap()
    }

    fn template(&self) -> &str {
        self.name.split_once(' ').unwrap().1
    }

    fn good(&self) -> Option<Value> {
        self.body.as_ref().map(|body| body.good.clone())
    }

    async fn ask(&self, who: &Client, body: Option<Value>) -> Answer {
        self.ask_at(&self.path, who, body).await
    }

    async fn ask_at(&self, path: &str, who: &Client, body: Option<Value>) -> Answer {
        self.send(path, who, body.map(|body| body.to_string().into_bytes()))
            .await
    }

    async fn send(&self, path: &str, who: &Client, body: Option<Vec<u8>>) -> Answer {
        let mut who = who.clone();
        for (name, value) in &self.headers {
            who.header(name, value);
        }
        let body = body.or_else(|| self.raw.clone());
        let answer = who.ask(self.method(), path, body).await;
        let status = answer.status.as_u16();
        assert!(status < 500, "{}: {} {}", self.name, status, answer.body);
        if status >= 400 {
            assert_eq!(answer.headers["content-type"], "application/problem+json");
            assert!(answer.body["request_id"].is_string(), "{}", self.name);
        }
        answer
    }
}

/// What the document says of an operation.
fn operation<'a>(document: &'a Value, door: &Door) -> &'a Value {
    let method = door.method().as_str().to_lowercase();
    &document["paths"][door.template()][method]
}

fn operations() -> BTreeSet<String> {
    let document = serde_json::to_value(api::openapi()).unwrap();
    let mut found = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            if item.get(method.as_str().to_lowercase()).is_some() {
                found.insert(format!("{method} {path}"));
            }
        }
    }
    found
}

#[tokio::test]
async fn every_operation_keeps_its_door() {
    for app in TestApp::each().await {
        let callers = Callers::make(&app).await;
        let Callers {
            ann, worker, admin, ..
        } = &callers;
        let rows = Rows::make(&app, ann, worker, admin).await;
        let table = table(&rows);
        let told: BTreeSet<_> = table.iter().map(|door| door.name.to_owned()).collect();
        let known = operations();
        assert_eq!(told, known, "an operation has no line in the table");

        let before = app.row_counts().await;
        for door in &table {
            strangers_hear_nothing(door, &callers, &rows).await;
            the_wrong_callers_are_refused(door, &callers).await;
            if let Some(body) = &door.body {
                wrong_bodies_are_refused(door, body, callers.right(door)).await;
            }
            for conflict in &door.conflicts {
                let mut who = callers.right(door).clone();
                if let Some(tag) = conflict.if_match {
                    who.header("if-match", tag);
                }
                let answer = door.ask(&who, Some(conflict.body.clone())).await;
                assert_eq!(answer.verdict(), conflict.verdict, "{}", door.name);
            }
            other_methods_are_refused(door, &known, &callers.ann).await;
            let counts = app.row_counts().await;
            assert_eq!(
                counts, before,
                "{}: {} left something",
                app.engine, door.name
            );
        }
        app.stop().await;
    }
}

async fn strangers_hear_nothing(door: &Door, callers: &Callers, rows: &Rows) {
    if door.whose != For::All {
        let answer = door.ask(&callers.nobody, door.good()).await;
        assert_eq!(answer.verdict(), "401 unauthenticated", "{}", door.name);
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        nobodys_body_is_looked_at(door, &callers.nobody).await;
    }
    // A row of somebody else, a row that nobody has, and what is no id at all are one to the caller.
    if door.template().contains('{') {
        let stranger = match door.whose {
            For::Workers => &callers.worker,
            For::Staff => &callers.operator,
            For::Admins => &callers.admin,
            _ => &callers.bob,
        };
        let mut paths = vec![door.path.clone()];
        let known = [&rows.ids()[..], &[&rows.template]].concat();
        for id in known.iter().filter(|id| door.path.contains(**id)) {
            paths.push(door.path.replace(id, NO_ROW));
            paths.push(door.path.replace(id, "not-an-id"));
        }
        // Every worker may work on every run; what is the staff's, and a template, is nobody's own.
        let shared = [For::All, For::Workers, For::Staff, For::Admins];
        let foreign = usize::from(shared.contains(&door.whose));
        for path in &paths[foreign..] {
            let answer = door.ask_at(path, stranger, door.good()).await;
            assert_eq!(answer.status, 404, "{path}: {}: {}", door.name, answer.body);
        }
    } else if door.method() == Method::GET {
        let mine = door.ask(callers.right(door), None).await;
        assert_eq!(mine.status, 200, "{}: {}", door.name, mine.body);
        let answer = door.ask(&callers.bob, None).await;
        let text = answer.body.to_string();
        let heard = rows.ids().iter().any(|id| text.contains(id));
        assert!(!heard, "{}: {text}", door.name);
    }
}

/// Whatever a stranger sends, they hear that they are one.
async fn nobodys_body_is_looked_at(door: &Door, nobody: &Client) {
    let Some(body) = &door.body else { return };
    let keyed = nobody.with("idempotency-key", "00000000-0000-4000-8000-00000000000c");
    let plain = nobody.with("content-type", "text/plain");
    for who in [nobody, &keyed, &plain] {
        for text in ["", "{", "{\"no such member\":1}", &body.bad.to_string()] {
            let answer = door.send(&door.path, who, Some(text.as_bytes().to_vec()));
            let verdict = answer.await.verdict();
            assert_eq!(verdict, "401 unauthenticated", "{}: {text:?}", door.name);
        }
    }
}

async fn the_wrong_callers_are_refused(door: &Door, callers: &Callers) {
    let wrong: &[&Client] = match door.whose {
        For::All => &[],
        For::Readers => &[&callers.worker],
        For::Writers | For::People | For::Session => &[&callers.worker, &callers.reader],
        For::Workers => &[&callers.ann, &callers.bob, &callers.reader],
        For::Staff => &[&callers.ann, &callers.worker, &callers.reader],
        For::Admins => &[&callers.ann, &callers.operator, &callers.worker],
    };
    for who in wrong {
        let answer = door.ask(who, door.good()).await;
        let refusal = if door.whose == For::Session { 401 } else { 403 };
        assert_eq!(answer.status, refusal, "{}: {}", door.name, answer.body);
    }
}

async fn wrong_bodies_are_refused(door: &Door, body: &Body, who: &Client) {
    let name = door.name;
    let ask = async |body: &str| {
        let answer = door.send(&door.path, who, Some(body.as_bytes().to_vec()));
        answer.await.verdict()
    };
    for text in ["", "{", "nonsense", "\u{0}"] {
        assert_eq!(ask(text).await, "400 malformed", "{name}: {text:?}");
    }
    let unknown = (!body.open).then_some("{\"no such member\":1}");
    for text in ["[]", "7", "null"].into_iter().chain(unknown) {
        assert_eq!(ask(text).await, "422 invalid", "{name}: {text:?}");
    }
    let answer = door.ask(who, Some(body.bad.clone())).await;
    assert_eq!(answer.verdict(), "422 invalid", "{name}: {}", answer.body);
    assert_eq!(answer.body["errors"][0]["pointer"], body.pointer, "{name}");

    let keyed = who.with("idempotency-key", "00000000-0000-4000-8000-00000000000b");
    let answer = door.ask(&keyed, Some(body.bad.clone())).await;
    assert_eq!(answer.verdict(), "422 invalid", "{name}: {}", answer.body);

    // The largest that is read is read under a key, too.
    let mut largest = body.bad.to_string().into_bytes();
    largest.resize(body.most, b' ');
    let answer = door.send(&door.path, &keyed, Some(largest)).await;
    assert_eq!(answer.verdict(), "422 invalid", "{name}: {}", answer.body);

    let mut large = body.good.to_string().into_bytes();
    large.resize(body.most + 1, b' ');
    let answer = door.send(&door.path, who, Some(large)).await;
    assert_eq!(answer.verdict(), "413 too_large", "{name}");
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        let plain = who.with("content-type", kind);
        let answer = door.ask(&plain, door.good()).await;
        assert_eq!(answer.verdict(), "415 unsupported_media_type", "{name}");
    }
}

async fn other_methods_are_refused(door: &Door, known: &BTreeSet<String>, who: &Client) {
    for method in METHODS {
        if known.contains(&format!("{method} {}", door.template())) {
            continue;
        }
        let answer = who.ask(method.clone(), &door.path, None).await;
        let name = format!("{method} {}", door.path);
        assert_eq!(answer.verdict(), "405 method_not_allowed", "{name}");
        let allowed = answer.headers["allow"].to_str().unwrap();
        assert!(
            allowed.contains(door.method().as_str()),
            "{name}: {allowed}"
        );
    }
}
