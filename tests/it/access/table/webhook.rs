//! The doors of webhooks, out and in.

use serde_json::json;

use super::{Door, For, Rows};

pub(super) fn endpoints(rows: &Rows) -> Vec<Door> {
    let door = Door::new;
    let one: &[&str] = &[&rows.endpoint];
    let delivery: &[&str] = &[&rows.delivery];
    vec![
        door("GET /api/v1/webhook-event-types", For::All, &[]),
        door("GET /api/v1/webhook-endpoints", For::Readers, &[]),
        door("POST /api/v1/webhook-endpoints", For::Writers, &[]).takes(
            json!({ "url": "https://8.8.8.8/", "event_types": ["run.created"] }),
            json!({ "url": "http://127.0.0.1/", "event_types": ["run.created"] }),
            "/url",
        ),
        door("GET /api/v1/webhook-endpoints/{id}", For::Readers, one),
        door("PATCH /api/v1/webhook-endpoints/{id}", For::Writers, one)
            .takes(
                json!({ "status": "disabled" }),
                json!({ "event_types": ["run.exploded"] }),
                "/event_types/0",
            )
            .conflict_if(
                Some("\"99\""),
                json!({ "status": "disabled" }),
                "412 version.conflict",
            ),
        door("DELETE /api/v1/webhook-endpoints/{id}", For::Writers, one),
        door(
            "POST /api/v1/webhook-endpoints/{id}/secret",
            For::Writers,
            one,
        ),
        door(
            "POST /api/v1/webhook-endpoints/{id}/test",
            For::Writers,
            one,
        ),
        door(
            "GET /api/v1/webhook-endpoints/{id}/deliveries",
            For::Readers,
            one,
        ),
        door(
            "POST /api/v1/webhook-endpoints/{id}/replay",
            For::Writers,
            one,
        )
        .takes(
            json!({ "what": "failed", "since": "2026-01-01T00:00:00Z" }),
            json!({ "what": "all", "since": "2026-01-01T00:00:00Z" }),
            "/what",
        ),
        door(
            "GET /api/v1/webhook-deliveries/{id}",
            For::Readers,
            delivery,
        ),
        door(
            "GET /api/v1/webhook-deliveries/{id}/attempts",
            For::Readers,
            delivery,
        ),
        door(
            "POST /api/v1/webhook-deliveries/{id}/replay",
            For::Writers,
            delivery,
        )
        .conflict(json!({}), "409 webhook_delivery.pending"),
    ]
}

pub(super) fn sources(rows: &Rows) -> Vec<Door> {
    let door = Door::new;
    let one: &[&str] = &[&rows.source];
    vec![
        door("POST /api/v1/webhooks/{source}", For::All, &["nowhere"]),
        door("GET /api/v1/webhook-sources", For::Staff, &[]),
        door("POST /api/v1/webhook-sources", For::Admins, &[])
            .takes(
                json!({ "name": "other", "scheme": "github" }),
                json!({ "name": "Other One", "scheme": "github" }),
                "/name",
            )
            .conflict(
                json!({ "name": "generator", "scheme": "github" }),
                "409 unique_violation",
            ),
        door("GET /api/v1/webhook-sources/{id}", For::Staff, one),
        door("PATCH /api/v1/webhook-sources/{id}", For::Admins, one)
            .takes(
                json!({ "is_active": false }),
                json!({ "is_active": "no" }),
                "/is_active",
            )
            .conflict_if(
                Some("\"99\""),
                json!({ "is_active": false }),
                "412 version.conflict",
            ),
        door("DELETE /api/v1/webhook-sources/{id}", For::Admins, one),
        door("POST /api/v1/webhook-sources/{id}/secret", For::Admins, one).takes(
            json!({}),
            json!({ "secret": 7 }),
            "/secret",
        ),
    ]
}
