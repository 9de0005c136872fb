//! Every operation of the REST door: who may, who may not, and what a wrong request hears.

mod webhook;

use serde_json::{Value, json};
use tests::{run_body, stage_body};

use super::rows::Rows;

mod agent;
mod configuration;
mod media;

/// 1 MiB: the most that a body is, unless its route takes whole texts.
const JSON: usize = 1024 * 1024;
/// 32 MiB.
const BULK: usize = 32 * JSON;

/// Whose business an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// Everybody's.
    All,
    /// People's, and programs' with a key of scope `read`.
    Readers,
    /// People's, and programs' with a key of scope `write`.
    Writers,
    /// People's who have signed in, whatever keys there are.
    People,
    /// That of those who came with the session's cookie: to all others it is as if nobody asked.
    Session,
    /// Programs' with a key of scope `worker`.
    Workers,
    /// That of those who keep the process running.
    Staff,
    /// That of the first among them.
    Admins,
}

/// An operation.
pub(super) struct Door {
    /// As the `OpenAPI` document names it.
    pub(super) name: &'static str,
    /// The path, with rows that are there.
    pub(super) path: String,
    pub(super) whose: For,
    pub(super) body: Option<Body>,
    pub(super) conflicts: Vec<Conflict>,
    /// What it is asked with beside the caller's own.
    pub(super) headers: Vec<(&'static str, &'static str)>,
    /// What it takes that is no JSON.
    pub(super) raw: Option<Vec<u8>>,
}

/// What an operation takes.
pub(super) struct Body {
    pub(super) good: Value,
    /// Wrong in one place.
    pub(super) bad: Value,
    /// That place.
    pub(super) pointer: &'static str,
    /// The most that is taken, in bytes.
    pub(super) most: usize,
    /// Whether it takes members of any name.
    pub(super) open: bool,
}

/// A request that is right in itself, against a row in another state.
pub(super) struct Conflict {
    pub(super) if_match: Option<&'static str>,
    pub(super) body: Value,
    pub(super) verdict: &'static str,
}

impl Door {
    fn new(name: &'static str, whose: For, rows: &[&str]) -> Self {
        let (_, template) = name.split_once(' ').unwrap();
        let mut rows = rows.iter();
        let parts = template.split('/').map(|part| match part.as_bytes() {
            [b'{', ..] => rows.next().unwrap(),
            _ => part,
        });
        let path = parts.collect::<Vec<_>>().join("/");
        assert_eq!(rows.next(), None, "{name}");
        Self {
            name,
            path,
            whose,
            body: None,
            conflicts: Vec::new(),
            headers: Vec::new(),
            raw: None,
        }
    }

    fn query(mut self, query: &str) -> Self {
        self.path = format!("{}?{query}", self.path);
        self
    }

    fn takes(mut self, good: Value, bad: Value, pointer: &'static str) -> Self {
        self.body = Some(Body {
            good,
            bad,
            pointer,
            most: JSON,
            open: false,
        });
        self
    }

    fn sends(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    fn form(mut self, name: &str) -> Self {
        let form = format!(
            "--frontier\r\nContent-Disposition: form-data; name=\"file\"; \
             filename=\"{name}\"\r\n\r\ntext\r\n--frontier--\r\n"
        );
        self.raw = Some(form.into_bytes());
        self.sends("content-type", "multipart/form-data; boundary=frontier")
    }

    fn tus(self) -> Self {
        self.sends("tus-resumable", "1.0.0")
    }

    fn open(mut self) -> Self {
        self.body.as_mut().unwrap().open = true;
        self
    }

    fn bulk(mut self) -> Self {
        self.body.as_mut().unwrap().most = BULK;
        self
    }

    fn conflict(self, body: Value, verdict: &'static str) -> Self {
        self.conflict_if(None, body, verdict)
    }

    fn conflict_if(
        mut self,
        if_match: Option<&'static str>,
        body: Value,
        verdict: &'static str,
    ) -> Self {
        self.conflicts.push(Conflict {
            if_match,
            body,
            verdict,
        });
        self
    }
}

pub(super) fn table(rows: &Rows) -> Vec<Door> {
    let doors = [
        session(rows),
        runs(rows),
        worker(rows),
        agent::doors(rows),
        integrations(rows),
        media::doors(rows),
        threads(rows),
        exports(),
        uploads(rows),
        webhook::endpoints(rows),
        webhook::sources(rows),
        configuration::doors(),
    ];
    doors.into_iter().flatten().collect()
}

fn session(rows: &Rows) -> Vec<Door> {
    let door = Door::new;
    vec![
        door("POST /api/v1/session", For::All, &[]).takes(
            json!({ "email": "nobody@example.test", "password": "wrong password" }),
            json!({ "email": 7, "password": "wrong password" }),
            "/email",
        ),
        door("DELETE /api/v1/session", For::Session, &[]),
        door("POST /api/v1/auth/wallet/nonce", For::All, &[]).takes(
            json!({}),
            json!({ "purpose": "other" }),
            "/purpose",
        ),
        door("POST /api/v1/auth/wallet/verify", For::All, &[]).takes(
            json!({ "message": "m", "signature": "s" }),
            json!({ "message": 7, "signature": "s" }),
            "/message",
        ),
        door("GET /api/v1/me/identities", For::Readers, &[]),
        door("POST /api/v1/me/identities/wallet", For::Writers, &[]).takes(
            json!({ "message": "m", "signature": "s" }),
            json!({ "message": "m", "signature": 7 }),
            "/signature",
        ),
        door(
            "DELETE /api/v1/me/identities/{id}",
            For::Writers,
            &[&rows.identity],
        ),
        door("GET /api/v1/config/public", For::All, &[]),
        door("GET /api/v1/system/database", For::Staff, &[]),
        door("POST /api/v1/system/database/reconnect", For::Admins, &[]),
        door("GET /api/v1/me", For::Readers, &[]),
        door("GET /api/v1/me/export", For::Readers, &[]),
        door("GET /api/v1/me/preferences", For::Readers, &[]),
        door("PATCH /api/v1/me/preferences", For::Writers, &[])
            .takes(json!({ "theme": "dark" }), json!([]), "")
            .open(),
        door("GET /api/v1/me/sessions", For::Readers, &[]),
        door(
            "DELETE /api/v1/me/sessions/{id}",
            For::Writers,
            &[&rows.session],
        ),
        door("GET /api/v1/me/keys", For::Readers, &[]),
        door("POST /api/v1/me/keys", For::People, &[]).takes(
            json!({ "name": "k", "scopes": ["read"] }),
            json!({ "name": "", "scopes": ["read"] }),
            "/name",
        ),
        door("DELETE /api/v1/me/keys/{id}", For::Writers, &[&rows.key]),
    ]
}

fn runs(rows: &Rows) -> Vec<Door> {
    let door = Door::new;
    let mut nameless = run_body("a.pdf");
    nameless["company_id"] = json!("");
    vec![
        door("GET /api/v1/runs", For::Readers, &[]),
        door("POST /api/v1/runs", For::Writers, &[]).takes(
            run_body("a.pdf"),
            nameless,
            "/company_id",
        ),
        door("GET /api/v1/runs/{id}", For::Readers, &[&rows.waiting]),
        door("DELETE /api/v1/runs/{id}", For::Writers, &[&rows.waiting]),
        door(
            "POST /api/v1/runs/{id}/retry",
            For::Writers,
            &[&rows.waiting],
        )
        .conflict(json!({}), "409 run.invalid_transition"),
        door("GET /api/v1/cards", For::Readers, &[]),
        door("GET /api/v1/cards/starred/count", For::Readers, &[]),
        door("PATCH /api/v1/cards/{id}", For::Writers, &[&rows.card])
            .takes(
                json!({ "starred": true }),
                json!({ "starred": "yes" }),
                "/starred",
            )
            .conflict_if(
                Some("\"99\""),
                json!({ "starred": true }),
                "412 version.conflict",
            ),
    ]
}

fn worker(rows: &Rows) -> Vec<Door> {
    let door = Door::new;
    let held = json!({ "lease_token": rows.lease });
    let ghost = json!("00000000-0000-4000-8000-000000000000");
    let wrong = json!({ "lease_token": "x" });
    let fail = |token: &Value| json!({ "lease_token": token, "message": "no text" });
    let stage = |token: &Value| stage_body(2, token);
    let empty = json!({ "lease_token": rows.lease, "markdown_output": "" });
    let mut early = fail(&rows.lease);
    early["message"] = json!("");
    vec![
        door("POST /api/v1/runs/claim", For::Workers, &[]).takes(
            json!({ "worker": "w" }),
            json!({ "worker": "" }),
            "/worker",
        ),
        door(
            "POST /api/v1/runs/{id}/heartbeat",
            For::Workers,
            &[&rows.held],
        )
        .takes(held, wrong, "/lease_token")
        .conflict(json!({ "lease_token": ghost }), "409 run.stale_lease"),
        door(
            "PUT /api/v1/runs/{id}/stages/{stage}",
            For::Workers,
            &[&rows.held, "2"],
        )
        .takes(stage(&rows.lease), empty, "/markdown_output")
        .bulk()
        .conflict(stage(&ghost), "409 run.stale_lease")
        .conflict(stage(&rows.lease), "409 run.stage_out_of_order"),
        door("POST /api/v1/runs/{id}/fail", For::Workers, &[&rows.held])
            .takes(fail(&rows.lease), early, "/message")
            .conflict(fail(&ghost), "409 run.stale_lease"),
    ]
}

fn threads(rows: &Rows) -> Vec<Door> {
    let door = Door::new;
    let thread = rows.thread.as_str();
    let said = json!({ "entity": "USER", "content": { "content": "walrus" } });
    let odd = json!({ "entity": "NOBODY", "content": {} });
    let mut taken = said.clone();
    taken["id"] = json!(rows.message);
    vec![
        door("GET /api/v1/threads", For::Readers, &[]),
        door("POST /api/v1/threads", For::Writers, &[])
            .takes(json!({ "title": "t" }), json!({ "title": 7 }), "/title")
            .conflict(
                json!({ "title": "t", "id": thread }),
                "409 unique_violation",
            ),
        door("GET /api/v1/threads/{id}", For::Readers, &[thread]),
        door("PATCH /api/v1/threads/{id}", For::Writers, &[thread])
            .takes(json!({ "title": "t" }), json!({ "title": 7 }), "/title")
            .conflict_if(
                Some("\"other\""),
                json!({ "title": "t" }),
                "412 version.conflict",
            ),
        door("DELETE /api/v1/threads/{id}", For::Writers, &[thread]),
        door("GET /api/v1/threads/{id}/messages", For::Readers, &[thread]),
        door("GET /api/v1/threads/{id}/events", For::Readers, &[thread]),
        door(
            "POST /api/v1/threads/{id}/messages",
            For::Writers,
            &[thread],
        )
        .takes(said.clone(), odd.clone(), "/entity")
        .conflict(taken.clone(), "409 unique_violation"),
        door(
            "POST /api/v1/threads/{id}/messages/bulk",
            For::Writers,
            &[thread],
        )
        .takes(
            json!({ "messages": [said] }),
            json!({ "messages": [said, odd] }),
            "/messages/1/entity",
        )
        .bulk()
        .conflict(json!({ "messages": [said, taken] }), "409 unique_violation"),
        door(
            "GET /api/v1/threads/{id}/messages/{message_id}",
            For::Readers,
            &[thread, &rows.message],
        ),
        door(
            "DELETE /api/v1/threads/{id}/messages/{message_id}",
            For::Writers,
            &[thread, &rows.message],
        ),
        door("GET /api/v1/search", For::Readers, &[]).query("q=walrus"),
    ]
}

fn integrations(rows: &Rows) -> Vec<Door> {
    let door = Door::new;
    let provider = rows.provider.as_str();
    vec![
        door("GET /api/v1/integrations", For::Readers, &[]),
        door("GET /api/v1/integrations/providers", For::Readers, &[]),
        door(
            "DELETE /api/v1/integrations/{provider}",
            For::Writers,
            &[provider],
        ),
        door(
            "POST /api/v1/integrations/{provider}/start",
            For::Writers,
            &[provider],
        )
        .takes(json!({}), json!({ "redirect_to": 7 }), "/redirect_to"),
        door(
            "GET /api/v1/integrations/{provider}/callback",
            For::Writers,
            &[provider],
        )
        .query("state=s"),
    ]
}

fn exports() -> Vec<Door> {
    let door = Door::new;
    let document = "{ threads { nodes { id messages { nodes { id } } } } }";
    let escaped = document.replace(' ', "%20").replace('{', "%7B");
    vec![
        door("GET /api/v1/export", For::Readers, &[]).query(&format!(
            "format=jsonl&document={}",
            escaped.replace('}', "%7D")
        )),
        door("POST /api/v1/export/links", For::Readers, &[]).takes(
            json!({ "document": document }),
            json!({ "document": 7 }),
            "/document",
        ),
    ]
}

fn uploads(rows: &Rows) -> Vec<Door> {
    let door = Door::new;
    let (upload, begun) = (rows.upload.as_str(), rows.begun.as_str());
    vec![
        door("GET /api/v1/uploads", For::Readers, &[]),
        door("POST /api/v1/uploads/avatar", For::Writers, &[]).form("a.png"),
        door("POST /api/v1/uploads/document", For::Writers, &[]).form("a.txt"),
        door("GET /api/v1/uploads/{id}", For::Readers, &[upload]),
        door("DELETE /api/v1/uploads/{id}", For::Writers, &[upload]),
        door("GET /api/v1/uploads/{id}/content", For::Readers, &[upload]),
        door("POST /api/v1/uploads/tus", For::Writers, &[])
            .tus()
            .sends("upload-length", "4")
            .sends("upload-metadata", "filename YS50eHQ="),
        door("PATCH /api/v1/uploads/tus/{id}", For::Writers, &[begun])
            .tus()
            .sends("content-type", "application/offset+octet-stream")
            .sends("upload-offset", "0"),
        door("DELETE /api/v1/uploads/tus/{id}", For::Writers, &[begun]).tus(),
    ]
}
