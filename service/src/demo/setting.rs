//! The settings of the demo, with what they were and why they changed.

use serde_json::{Value, json};

use super::DAYS;

/// A setting's values in order, with how many days ago each was set, and why.
pub(super) struct Story {
    pub(super) key: &'static str,
    pub(super) environment: &'static str,
    pub(super) description: &'static str,
    pub(super) sensitive: bool,
    pub(super) values: Vec<(i64, Value, &'static str)>,
}

fn story(
    key: &'static str,
    environment: &'static str,
    description: &'static str,
    values: Vec<(i64, Value, &'static str)>,
) -> Story {
    Story {
        key,
        environment,
        description,
        sensitive: false,
        values,
    }
}

/// Every setting's story.
pub(super) fn stories() -> Vec<Story> {
    let mut secret = story(
        "providers.search.token",
        "all",
        "The token for the search provider.",
        vec![
            (80, json!("demo-search-token-one"), "the first token"),
            (
                21,
                json!("demo-search-token-two"),
                "rotated after three months",
            ),
        ],
    );
    secret.sensitive = true;
    vec![
        story(
            "features.max_agents_per_user",
            "all",
            "How many agents a person may have.",
            vec![
                (DAYS, json!(5), "as agreed for the start"),
                (52, json!(20), "the pilot group asked for more"),
                (50, json!(10), "twenty was too many for the workers"),
            ],
        ),
        story(
            "features.max_agents_per_user",
            "staging",
            "How many agents a person may have.",
            vec![(50, json!(100), "load test")],
        ),
        story(
            "agents.default_model",
            "all",
            "The model of a new agent.",
            vec![
                (DAYS, json!("atlas-mini"), "as agreed for the start"),
                (
                    33,
                    json!("heron-2-flash"),
                    "half the price, the same answers",
                ),
            ],
        ),
        story(
            "agents.default_temperature",
            "all",
            "How freely a new agent writes.",
            vec![(DAYS, json!(0.2), "as agreed for the start")],
        ),
        story(
            "retention.notification_days",
            "all",
            "How long notifications are kept.",
            vec![(70, json!(365), "one year, as the policy says")],
        ),
        story(
            "uploads.quota_bytes",
            "all",
            "How much a person may store.",
            vec![
                (64, json!(1_073_741_824), "one gibibyte"),
                (12, json!(5_368_709_120_i64), "documents grew"),
            ],
        ),
        story(
            "support.opening_hours",
            "all",
            "When somebody answers.",
            vec![(
                58,
                json!({ "from": "08:00", "to": "18:00", "zone": "Europe/Berlin" }),
                "",
            )],
        ),
        story(
            "media.allowed_formats",
            "all",
            "The formats in which videos are made.",
            vec![
                (
                    47,
                    json!(["16:9", "1:1"]),
                    "what the first generator can do",
                ),
                (
                    29,
                    json!(["16:9", "1:1", "9:16"]),
                    "the vertical format is here",
                ),
            ],
        ),
        secret,
    ]
}
