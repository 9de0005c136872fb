//! What runs and their stages are sent as.

use serde_json::{Value, json};

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
