//! The operations of agents.

use serde_json::{Value, json};

use super::{Door, For};
use crate::access::rows::Rows;

pub(super) fn doors(rows: &Rows) -> Vec<Door> {
    [
        templates(rows),
        agents(rows),
        executions(rows),
        worker(rows),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn templates(rows: &Rows) -> Vec<Door> {
    let door = Door::new;
    let template = rows.template.as_str();
    vec![
        door("GET /api/v1/agent-templates", For::All, &[]),
        door("POST /api/v1/agent-templates", For::Admins, &[]).takes(
            json!({ "name": "t" }),
            json!({ "name": "" }),
            "/name",
        ),
        door("GET /api/v1/agent-templates/{id}", For::All, &[template]),
        door(
            "PATCH /api/v1/agent-templates/{id}",
            For::Admins,
            &[template],
        )
        .takes(json!({ "name": "t" }), json!({ "name": 7 }), "/name")
        .conflict_if(
            Some("\"99.0\""),
            json!({ "name": "t" }),
            "412 version.conflict",
        ),
        door(
            "DELETE /api/v1/agent-templates/{id}",
            For::Admins,
            &[template],
        ),
    ]
}

fn agents(rows: &Rows) -> Vec<Door> {
    let door = Door::new;
    let (agent, workflow) = (rows.agent.as_str(), rows.workflow.as_str());
    let named = || json!({ "name": "a" });
    let flow = || json!({ "name": "w", "definition": {} });
    let other = || (Some("\"99\""), named(), "412 version.conflict");
    let changes = |door: Door| {
        let (tag, body, verdict) = other();
        door.takes(named(), json!({ "name": "" }), "/name")
            .conflict_if(tag, body, verdict)
    };
    vec![
        door("GET /api/v1/agents", For::Readers, &[]),
        door("POST /api/v1/agents", For::Writers, &[])
            .takes(named(), json!({ "name": "" }), "/name")
            .conflict(
                json!({ "name": "a", "required_integrations": ["github"] }),
                "409 agent.integration_required",
            ),
        door("GET /api/v1/agents/{id}", For::Readers, &[agent]),
        changes(door("PATCH /api/v1/agents/{id}", For::Writers, &[agent])),
        door("DELETE /api/v1/agents/{id}", For::Writers, &[agent]),
        door("GET /api/v1/workflows", For::Readers, &[]),
        door("POST /api/v1/workflows", For::Writers, &[]).takes(
            flow(),
            json!({ "name": "w", "definition": [] }),
            "/definition",
        ),
        door("GET /api/v1/workflows/{id}", For::Readers, &[workflow]),
        changes(door(
            "PATCH /api/v1/workflows/{id}",
            For::Writers,
            &[workflow],
        )),
        door("DELETE /api/v1/workflows/{id}", For::Writers, &[workflow]),
    ]
}

fn executions(rows: &Rows) -> Vec<Door> {
    let door = Door::new;
    let (agent, workflow) = (rows.agent.as_str(), rows.workflow.as_str());
    let pending = rows.pending.as_str();
    let starts = |door: Door| {
        let bad = json!({ "input": [] });
        door.takes(json!({ "input": {} }), bad, "/input")
    };
    vec![
        door("GET /api/v1/agents/{id}/executions", For::Readers, &[agent]),
        starts(door(
            "POST /api/v1/agents/{id}/executions",
            For::Writers,
            &[agent],
        )),
        door(
            "GET /api/v1/workflows/{id}/executions",
            For::Readers,
            &[workflow],
        ),
        starts(door(
            "POST /api/v1/workflows/{id}/executions",
            For::Writers,
            &[workflow],
        )),
        door("GET /api/v1/executions", For::Readers, &[]),
        door("GET /api/v1/executions/{id}", For::Readers, &[pending]),
        door(
            "GET /api/v1/executions/{id}/events",
            For::Readers,
            &[pending],
        ),
        door(
            "POST /api/v1/executions/{id}/cancel",
            For::Writers,
            &[pending],
        ),
    ]
}

fn worker(rows: &Rows) -> Vec<Door> {
    let door = Door::new;
    let running = rows.running.as_str();
    let (lease, ghost) = (
        &rows.execution_lease,
        &json!("00000000-0000-4000-8000-000000000000"),
    );
    let with = |token: &Value, name: &str, value: Value| {
        let mut body = json!({ "lease_token": token });
        body[name] = value;
        body
    };
    let events = |token: &Value| with(token, "events", json!([{ "kind": "step" }]));
    let output = |token: &Value| with(token, "output", json!({}));
    let message = |token: &Value| with(token, "message", json!("no"));
    let stale = "409 execution.stale_lease";
    vec![
        door("POST /api/v1/executions/claim", For::Workers, &[]).takes(
            json!({ "worker": "w" }),
            json!({ "worker": "" }),
            "/worker",
        ),
        door(
            "POST /api/v1/executions/{id}/heartbeat",
            For::Workers,
            &[running],
        )
        .takes(
            json!({ "lease_token": lease }),
            json!({ "lease_token": "x" }),
            "/lease_token",
        )
        .conflict(json!({ "lease_token": ghost }), stale),
        door(
            "POST /api/v1/executions/{id}/events",
            For::Workers,
            &[running],
        )
        .takes(
            events(lease),
            with(lease, "events", json!([{ "kind": "failed" }])),
            "/events/0/kind",
        )
        .conflict(events(ghost), stale),
        door(
            "POST /api/v1/executions/{id}/complete",
            For::Workers,
            &[running],
        )
        .takes(output(lease), with(lease, "output", json!([])), "/output")
        .conflict(output(ghost), stale),
        door(
            "POST /api/v1/executions/{id}/fail",
            For::Workers,
            &[running],
        )
        .takes(
            message(lease),
            with(lease, "message", json!("")),
            "/message",
        )
        .conflict(message(ghost), stale),
    ]
}
