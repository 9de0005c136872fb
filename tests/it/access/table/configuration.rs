//! The doors of settings and flags.

use serde_json::json;

use super::{Door, For};

pub(super) fn doors() -> Vec<Door> {
    let door = Door::new;
    let setting: &[&str] = &["features.max_agents_per_user"];
    let flag: &[&str] = &["new-board"];
    vec![
        door("GET /api/v1/settings", For::Staff, &[]),
        door("GET /api/v1/settings/{key}", For::Staff, setting),
        door("PUT /api/v1/settings/{key}", For::Staff, setting)
            .takes(
                json!({ "value": 8 }),
                json!({ "value": 8, "reason": 7 }),
                "/reason",
            )
            .conflict(json!({ "value": 8 }), "428 version.required")
            .conflict_if(
                Some("\"99\""),
                json!({ "value": 8 }),
                "412 version.conflict",
            ),
        door("DELETE /api/v1/settings/{key}", For::Staff, setting),
        door("GET /api/v1/settings/{key}/history", For::Staff, setting),
        door("GET /api/v1/flags", For::Staff, &[]),
        door("POST /api/v1/flags", For::Admins, &[])
            .takes(
                json!({
                    "key": "other", "kind": "number", "variants": { "one": 1 },
                    "default_variant": "one",
                }),
                json!({
                    "key": "other", "kind": "number", "variants": { "one": "1" },
                    "default_variant": "one",
                }),
                "/variants/one",
            )
            .conflict(
                json!({
                    "key": "new-board", "kind": "number", "variants": { "one": 1 },
                    "default_variant": "one",
                }),
                "409 flag.exists",
            ),
        door("GET /api/v1/flags/{key}", For::Staff, flag),
        door("PATCH /api/v1/flags/{key}", For::Admins, flag)
            .takes(
                json!({ "enabled": true }),
                json!({ "enabled": "yes" }),
                "/enabled",
            )
            .conflict(json!({ "enabled": true }), "428 version.required")
            .conflict_if(
                Some("\"99\""),
                json!({ "enabled": true }),
                "412 version.conflict",
            ),
        door("DELETE /api/v1/flags/{key}", For::Admins, flag),
        door("GET /api/v1/flags/{key}/history", For::Staff, flag),
    ]
}
