//! GraphQL: what an admin reads of what the workers wrote.

mod documents;
mod exact;
mod explore;
mod http;
mod limits;
mod roots;
mod socket;
mod socket_places;

use entity::identity::user::UserRole;
use serde_json::{Value, json};
use tests::{Answer, Client, TestApp, run_body};

async fn ask(client: &Client, query: &str, variables: Value) -> Answer {
    let body = json!({ "query": query, "variables": variables });
    client.post("/graphql", body).await
}

fn code(answer: &Answer) -> &str {
    let code = &answer.body["errors"][0]["extensions"]["code"];
    code.as_str().unwrap_or_else(|| panic!("{}", answer.body))
}

#[tokio::test]
async fn an_admin_reads_everything_and_people_their_own() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let admin = app.user("admin", UserRole::Admin).await;
        let mut runs = Vec::new();
        for name in ["one.pdf", "two.pdf", "three.pdf"] {
            let run = ann.post("/api/v1/runs", run_body(name)).await;
            runs.insert(0, run.body["id"].clone());
        }
        let thread = json!({ "title": "Layer 5" });
        let thread = ann.post("/api/v1/threads", thread).await.body["id"].clone();

        let page = "query($after: String) {
            me { email role }
            runs(first: 2, after: $after, filter: { status: { eq: PENDING } }) {
                nodes { id status currentStage version } pageInfo { hasNextPage endCursor }
            }
            threads { nodes { id title } }
        }";
        for client in [&ann, &admin] {
            let first = ask(client, page, json!({})).await.body["data"].clone();
            assert_eq!(first["runs"]["nodes"][0]["id"], runs[0], "{}", app.engine);
            assert_eq!(first["runs"]["nodes"][1]["id"], runs[1]);
            assert_eq!(first["runs"]["pageInfo"]["hasNextPage"], true);
            assert_eq!(
                first["threads"]["nodes"],
                json!([{ "id": thread, "title": "Layer 5" }])
            );
            let after = json!({ "after": first["runs"]["pageInfo"]["endCursor"] });
            let last = ask(client, page, after).await.body["data"].clone();
            assert_eq!(last["runs"]["nodes"].as_array().map(Vec::len), Some(1));
            assert_eq!(last["runs"]["nodes"][0]["id"], runs[2]);
            assert_eq!(last["runs"]["pageInfo"]["hasNextPage"], false);
        }
        let me = ask(&admin, "{ me { email role } }", json!({})).await;
        assert_eq!(me.body["data"]["me"]["role"], "admin");

        let theirs = ask(&bob, page, json!({})).await.body["data"].clone();
        assert_eq!(theirs["runs"]["nodes"], json!([]));
        assert_eq!(theirs["threads"]["nodes"], json!([]));
        let one = "query($run: UUID!, $thread: UUID!) {
            run(id: $run) { id } thread(id: $thread) { id }
            messages(filter: { threadId: { eq: $thread } }) { totalCount }
            me { role }
        }";
        let ids = json!({ "run": runs[0], "thread": thread });
        let foreign = ask(&bob, one, ids.clone()).await.body;
        let none = json!({ "run": null, "thread": null, "messages": { "totalCount": 0 }, "me": { "role": "user" } });
        assert_eq!(foreign, json!({ "data": none }), "{}", app.engine);
        let hers = ask(&ann, one, ids).await.body["data"].clone();
        assert_eq!(hers["run"]["id"], runs[0]);
        assert_eq!(hers["thread"]["id"], thread);

        let house = ask(&bob, "{ auditLogs { totalCount } me { role } }", json!({})).await;
        assert_eq!(code(&house), "explore.forbidden");
        let extensions = &house.body["errors"][0]["extensions"];
        assert_eq!(extensions["status"], 403);
        assert_eq!(
            extensions["request_id"],
            house.headers["x-request-id"].to_str().unwrap()
        );
        assert_eq!(
            house.body["data"]["me"]["role"], "user",
            "the rest is answered"
        );

        let nobody = ask(&app.anonymous(), page, json!({})).await;
        assert_eq!(code(&nobody), "unauthenticated");
        app.stop().await;
    }
}

async fn spend(client: &Client, thread: &str, time: &str, model: &str, count: u64) {
    let body = json!({
        "entity": "TOOL", "content": "{}", "creation_date": time,
        "tokens": [
            { "type": "COMPLETION", "task": "CHAT_COMPLETION", "count": count, "model": model },
            { "type": "INPUT_CACHED", "task": "CHAT_COMPLETION", "count": 1, "model": model },
        ],
    });
    let path = format!("/api/v1/threads/{thread}/messages");
    let said = client.post(&path, body).await;
    assert_eq!(said.status, 201, "{}", said.body);
}

const USAGE: &str = "query($range: TimeRange!, $bucket: Bucket!, $by: [TokenDimension!], $zone: TimeZone!, $top: Int) {
    analytics { tokenUsage(range: $range, bucket: $bucket, groupBy: $by, timeZone: $zone, top: $top) {
        total series { model type userId others total points { start tokens } }
    } }
}";

#[tokio::test]
async fn tokens_are_told_apart_and_counted_by_the_clocks_of_a_zone() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let admin = app.user("admin", UserRole::Operator).await;
        let begin = async |client: &Client| {
            let thread = client.post("/api/v1/threads", json!({ "title": "" })).await;
            thread.body["id"].as_str().unwrap().to_owned()
        };
        let (hers, his) = (begin(&ann).await, begin(&bob).await);
        // Midnight in Berlin is 22:00 in London's winter; the first is outside of the range.
        spend(
            &ann,
            &hers,
            "2026-03-27T22:59:59.999999Z",
            "gpt-5",
            1_000_000,
        )
        .await;
        spend(&ann, &hers, "2026-03-28T22:59:59.999999Z", "gpt-5", 10).await;
        spend(&ann, &hers, "2026-03-28T23:00:00Z", "gpt-5", 2_000_000_000).await;
        spend(&bob, &his, "2026-03-29T12:00:00Z", "gpt-5", 2_000_000_000).await;
        spend(&bob, &his, "2026-03-29T21:59:00Z", "gpt-5-mini", 30).await;

        let question = |bucket: &str, by: Value, top: i64| {
            json!({
                "range": { "from": "2026-03-27T23:00:00Z", "to": "2026-03-29T22:00:00Z" },
                "bucket": bucket, "by": by, "zone": "Europe/Berlin", "top": top,
            })
        };
        let usage = async |client: &Client, variables: Value| {
            let answer = ask(client, USAGE, variables).await;
            assert_eq!(answer.body["errors"], Value::Null, "{}", app.engine);
            answer.body["data"]["analytics"]["tokenUsage"].clone()
        };
        let models = usage(&admin, question("DAY", json!(["MODEL"]), 20)).await;
        let series = |model: &str, saturday: u64, sunday: u64| {
            json!({
                "model": model, "type": null, "userId": null, "others": false,
                "total": saturday + sunday,
                "points": [
                    { "start": "2026-03-27T23:00:00+00:00", "tokens": saturday },
                    { "start": "2026-03-28T23:00:00+00:00", "tokens": sunday },
                ],
            })
        };
        let expected = [
            series("gpt-5", 11, 4_000_000_002),
            series("gpt-5-mini", 0, 31),
        ];
        assert_eq!(models["series"], json!(expected), "{}", app.engine);
        assert_eq!(models["total"], 4_000_000_044_u64);

        // The day is 23 hours long.
        let hours = usage(&admin, question("HOUR", json!([]), 1)).await;
        let hours = hours["series"][0]["points"].as_array().unwrap();
        assert_eq!(hours.len(), 24 + 23);
        let first = usage(&admin, question("WEEK", json!(["USER", "TYPE"]), 1)).await;
        assert_eq!(first["series"].as_array().map(Vec::len), Some(2));
        assert_eq!(first["series"][0]["type"], "COMPLETION");
        assert_eq!(first["series"][1]["others"], true);
        assert_eq!(first["total"], models["total"]);

        let hers = usage(&ann, question("MONTH", json!(["MODEL"]), 20)).await;
        assert_eq!(hers["total"], 2_000_000_012_u64, "people see their own");

        let mut backwards = question("DAY", json!([]), 20);
        backwards["range"]["to"] = json!("2026-01-01T00:00:00Z");
        let refused = ask(&admin, USAGE, backwards).await;
        assert_eq!(code(&refused), "invalid");
        let fields = &refused.body["errors"][0]["extensions"]["errors"];
        assert_eq!(fields[0]["pointer"], "/range/to");
        let mut nowhere = question("DAY", json!([]), 20);
        nowhere["zone"] = json!("Middle/Earth");
        assert_eq!(code(&ask(&admin, USAGE, nowhere).await), "graphql.invalid");
        app.stop().await;
    }
}

#[tokio::test]
async fn too_many_points_are_refused_and_their_sums_are_not() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let thread = ann.post("/api/v1/threads", json!({ "title": "" })).await;
        let thread = thread.body["id"].as_str().unwrap().to_owned();
        let token = |number: u32| {
            json!({ "type": "COMPLETION", "task": "CHAT_COMPLETION", "count": 1,
                    "model": format!("m{number}") })
        };
        let tokens: Vec<Value> = (0..51).map(token).collect();
        let said = json!({ "entity": "TOOL", "content": "{}", "tokens": tokens,
                           "creation_date": "2026-01-05T10:00:00Z" });
        let path = format!("/api/v1/threads/{thread}/messages");
        assert_eq!(ann.post(&path, said).await.status, 201);
        let variables = |top: u32| {
            json!({
                "range": { "from": "2026-01-01T00:00:00Z", "to": "2026-02-11T00:00:00Z" },
                "bucket": "HOUR", "by": ["MODEL"], "zone": "UTC", "top": top,
            })
        };
        let many = ask(&ann, USAGE, variables(100)).await;
        assert_eq!(code(&many), "analytics.too_many_points", "{}", app.engine);
        assert_eq!(many.body["errors"][0]["extensions"]["status"], 422);
        let sums = USAGE.replace("points { start tokens }", "");
        for (query, top, series) in [(sums.as_str(), 100, 51), (USAGE, 40, 41)] {
            let answer = ask(&ann, query, variables(top)).await;
            let found = &answer.body["data"]["analytics"]["tokenUsage"]["series"];
            assert_eq!(
                found.as_array().map(Vec::len),
                Some(series),
                "{}",
                answer.body["errors"]
            );
        }
        app.stop().await;
    }
}
