//! Prices: set from a date on by admins, and what costs then is another.

use entity::identity::user::UserRole;
use serde_json::{Value, json};
use tests::{Answer, Client, TestApp};

async fn ask(client: &Client, query: &str, variables: Value) -> Answer {
    let body = json!({ "query": query, "variables": variables });
    client.post("/graphql", body).await
}

fn code(answer: &Answer) -> &str {
    let code = &answer.body["errors"][0]["extensions"]["code"];
    code.as_str().unwrap_or_else(|| panic!("{}", answer.body))
}

const SET: &str = "mutation($price: PriceInput!) {
    setModelPrice(price: $price) { id model type microDollarsPerMillion validFrom }
}";
const REMOVE: &str = "mutation($id: UUID!) { removeModelPrice(id: $id) { id } }";
const LIST: &str = "{ analytics { modelPrices(model: \"heron\") { microDollarsPerMillion } } }";

fn price(from: &str, price: i64) -> Value {
    json!({ "price": {
        "model": "heron", "type": "COMPLETION", "microDollarsPerMillion": price, "validFrom": from,
    } })
}

#[tokio::test]
async fn a_price_holds_from_a_date_on() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let op = app.user("op", UserRole::Operator).await;
        let admin = app.user("admin", UserRole::Admin).await;
        let thread = ann.post("/api/v1/threads", json!({ "title": "" })).await;
        let path = format!(
            "/api/v1/threads/{}/messages",
            thread.body["id"].as_str().unwrap()
        );
        for time in ["2026-03-01T10:14:59.9Z", "2026-03-01T10:15:00Z"] {
            let body = json!({
                "entity": "TOOL", "content": "{}", "creation_date": time,
                "tokens": [{
                    "type": "COMPLETION", "task": "CHAT_COMPLETION", "count": 1_000, "model": "heron",
                }],
            });
            assert_eq!(ann.post(&path, body).await.status, 201);
        }
        let cost = async || {
            let query = "{ analytics { tokenUsage(
                range: { from: \"2026-03-01T00:00:00Z\", to: \"2026-03-02T00:00:00Z\" }, bucket: DAY
            ) { asOf total costMicros unpriced } } }";
            let answer = ask(&ann, query, json!({})).await;
            answer.body["data"]["analytics"]["tokenUsage"].clone()
        };
        let spent = |cost: Value, unpriced: i64| json!({ "asOf": null, "total": 2_000, "costMicros": cost, "unpriced": unpriced });
        assert_eq!(
            cost().await,
            spent(Value::Null, 2_000),
            "unpriced, not free"
        );

        for client in [&ann, &op] {
            let denied = ask(client, SET, price("2026-03-01T10:15:00Z", 1)).await;
            assert_eq!(code(&denied), "forbidden");
        }
        assert_eq!(code(&ask(&ann, LIST, json!({})).await), "forbidden");
        let odd = ask(&admin, SET, price("2026-03-01T10:15:01Z", 1)).await;
        assert_eq!(code(&odd), "price.off_edge");
        let negative = ask(&admin, SET, price("2026-03-01T10:15:00Z", -1)).await;
        assert_eq!(code(&negative), "invalid");

        let set = ask(&admin, SET, price("2026-03-01T10:15:00Z", 3_000_000)).await;
        let id = set.body["data"]["setModelPrice"]["id"].clone();
        assert_eq!(cost().await, spent(json!(3_000), 1_000), "{}", app.engine);
        ask(&admin, SET, price("2026-02-01T00:00:00Z", 1_500)).await;
        assert_eq!(cost().await, spent(json!(3_002), 0), "1.5 is 2, once");
        let again = ask(&admin, SET, price("2026-03-01T10:15:00Z", 2_000_000)).await;
        assert_eq!(again.body["data"]["setModelPrice"]["id"], id, "changed");
        assert_eq!(cost().await, spent(json!(2_002), 0), "{}", app.engine);

        let later = ask(&admin, SET, price("2126-03-01T00:00:00Z", 9)).await;
        let later = later.body["data"]["setModelPrice"]["id"].clone();
        let listed = ask(&op, LIST, json!({})).await;
        let prices = [9, 2_000_000, 1_500].map(|price| json!({ "microDollarsPerMillion": price }));
        assert_eq!(
            listed.body["data"]["analytics"]["modelPrices"],
            json!(prices)
        );
        let kept = ask(&admin, REMOVE, json!({ "id": id })).await;
        assert_eq!(code(&kept), "price.in_force");
        let denied = ask(&op, REMOVE, json!({ "id": later })).await;
        assert_eq!(code(&denied), "forbidden");
        let gone = ask(&admin, REMOVE, json!({ "id": later })).await;
        assert_eq!(gone.body["data"]["removeModelPrice"]["id"], later);
        let nothing = ask(&admin, REMOVE, json!({ "id": later })).await;
        assert_eq!(code(&nothing), "price.not_found");

        let audited = "SELECT count(*) FROM audit_log WHERE resource_type = 'model_price'";
        assert_eq!(app.number(audited).await, 5, "{}", app.engine);
        app.stop().await;
    }
}
