//! The worker protocol: in order, once, and by one worker at a time.

use std::time::Duration;

use entity::identity::user::UserRole;
use serde_json::json;
use tests::{Plan, TestApp, run_body, stage_body};

#[tokio::test]
async fn a_worker_takes_a_run_through_its_stages_once_and_in_order() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let worker = app.key("worker", &["worker"]).await;
        let run = ann.post("/api/v1/runs", run_body("report.pdf")).await;
        assert_eq!(run.status, 201, "{} {}", app.engine, run.body);
        let path = format!("/api/v1/runs/{}", run.body["id"].as_str().unwrap());

        let claim = worker
            .post("/api/v1/runs/claim", json!({ "worker": "w1" }))
            .await;
        assert_eq!(claim.body["run"]["id"], run.body["id"], "{}", claim.body);
        let none = worker
            .post("/api/v1/runs/claim", json!({ "worker": "w2" }))
            .await;
        assert_eq!(none.status, 204);
        let token = &claim.body["lease_token"];
        let stage = |stage: i64| format!("{path}/stages/{stage}");

        let early = worker.put(&stage(2), stage_body(2, token)).await;
        assert_eq!(early.verdict(), "409 run.stage_out_of_order");
        let ghost = json!("00000000-0000-4000-8000-000000000000");
        let foreign = worker.put(&stage(1), stage_body(1, &ghost)).await;
        assert_eq!(foreign.verdict(), "409 run.stale_lease");
        for number in 1..=5 {
            let answer = worker.put(&stage(number), stage_body(number, token)).await;
            assert_eq!(answer.status, 200, "{} {}", app.engine, answer.body);
            let again = worker.put(&stage(number), stage_body(number, token)).await;
            assert_eq!(
                again.status, 200,
                "a repetition is no error: {}",
                again.body
            );
            let mut other = stage_body(number, token);
            other["markdown_output"] = json!("something else");
            let other = worker.put(&stage(number), other).await;
            assert_eq!(other.verdict(), "409 run.stage_conflict");
        }

        let shown = ann.get(&path).await;
        assert_eq!(shown.body["status"], "COMPLETED");
        assert_eq!(shown.body["cards"].as_array().unwrap().len(), 5);
        assert_eq!(shown.body["outputs"].as_array().unwrap().len(), 5);
        assert_eq!(shown.body["report"]["inspiration1_elements"], json!(["x"]));

        let card = format!(
            "/api/v1/cards/{}",
            shown.body["cards"][0]["id"].as_str().unwrap()
        );
        let starred = ann.patch(&card, json!({ "starred": true })).await;
        assert_eq!(starred.body["starred"], true);
        let read = shown.headers["etag"].to_str().unwrap();
        let again = ann.with("if-none-match", read).get(&path).await;
        assert_eq!(again.body["cards"][0]["starred"], true, "not 304");
        let gone = ann.with("if-match", read).delete(&path).await;
        assert_eq!(gone.verdict(), "412 version.conflict");
        let outdated = ann
            .with("if-match", "\"1\"")
            .patch(&card, json!({ "starred": false }))
            .await;
        assert_eq!(outdated.verdict(), "412 version.conflict");
        assert_eq!(
            ann.get("/api/v1/cards/starred/count").await.body["count"],
            1
        );

        assert_eq!(ann.delete(&path).await.status, 204);
        assert_eq!(ann.get(&path).await.verdict(), "404 run.not_found");
        assert_eq!(ann.get("/api/v1/cards").await.body["items"], json!([]));
        app.stop().await;
    }
}

#[tokio::test]
async fn a_failed_run_goes_on_after_its_last_stage() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let worker = app.key("worker", &["worker"]).await;
        let run = ann.post("/api/v1/runs", run_body("report.pdf")).await;
        let path = format!("/api/v1/runs/{}", run.body["id"].as_str().unwrap());
        let claim = worker
            .post("/api/v1/runs/claim", json!({ "worker": "w1" }))
            .await;
        let token = &claim.body["lease_token"];
        worker
            .put(&format!("{path}/stages/1"), stage_body(1, token))
            .await;

        let early = ann.post(&format!("{path}/retry"), json!({})).await;
        assert_eq!(early.verdict(), "409 run.invalid_transition");
        let failed = json!({ "lease_token": token, "message": "no text" });
        let failed = worker.post(&format!("{path}/fail"), failed).await;
        assert_eq!(failed.body["status"], "FAILED", "{}", failed.body);
        let retried = ann.post(&format!("{path}/retry"), json!({})).await;
        assert_eq!(retried.body["status"], "PENDING");
        assert_eq!(retried.body["current_stage"], 1);

        let claim = worker
            .post("/api/v1/runs/claim", json!({ "worker": "w2" }))
            .await;
        let known = claim.body["outputs"].as_array().unwrap();
        assert_eq!(known.len(), 1, "what stage 1 brought");
        assert_eq!(known[0]["stage_number"], 1);
        let ghost = worker
            .put(&format!("{path}/stages/2"), stage_body(2, token))
            .await;
        assert_eq!(ghost.verdict(), "409 run.stale_lease");
        let token = &claim.body["lease_token"];
        let second = worker
            .put(&format!("{path}/stages/2"), stage_body(2, token))
            .await;
        assert_eq!(second.body["current_stage"], 2, "{}", second.body);
        app.stop().await;
    }
}

#[tokio::test]
async fn parallel_claims_and_submissions_never_double() {
    // No claim runs out because a machine is slow.
    let mut plan = Plan::default();
    plan.settings.run_lease = Duration::from_hours(1);
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        let worker = app.key("worker", &["worker"]).await;
        for at in 0..40 {
            ann.post("/api/v1/runs", run_body(&format!("{at}.pdf")))
                .await;
        }
        let claims = (0..200).map(|at| {
            let worker = worker.clone();
            async move {
                worker
                    .post("/api/v1/runs/claim", json!({ "worker": format!("w{at}") }))
                    .await
            }
        });
        let claims = futures::future::join_all(claims).await;
        let mut claimed = Vec::new();
        for claim in claims {
            // A claim that meets another's lock may be told to come again; none may be told wrong.
            assert!(
                [200, 204, 503].contains(&claim.status.as_u16()),
                "{}",
                claim.body
            );
            if claim.status == 200 {
                claimed.push(claim.body);
            }
        }
        let mut ids: Vec<_> = claimed.iter().map(|c| c["run"]["id"].to_string()).collect();
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(
            ids.len(),
            count,
            "{}: a run went to two workers",
            app.engine
        );
        assert!(count > 0);

        let path = format!(
            "/api/v1/runs/{}/stages/1",
            claimed[0]["run"]["id"].as_str().unwrap()
        );
        let submissions = (0..50).map(|at| {
            let (worker, path) = (worker.clone(), path.clone());
            let mut body = stage_body(1, &claimed[0]["lease_token"]);
            body["markdown_output"] = json!(format!("take {at}"));
            async move { worker.put(&path, body).await.verdict() }
        });
        let verdicts = futures::future::join_all(submissions).await;
        let won = verdicts.iter().filter(|verdict| *verdict == "200").count();
        assert_eq!(won, 1, "{}: {verdicts:?}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_claim_takes_one_run_and_leaves_the_others() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        let worker = app.key("worker", &["worker"]).await;
        let mut asked = Vec::new();
        for at in 0..7 {
            let run = ann
                .post("/api/v1/runs", run_body(&format!("{at}.pdf")))
                .await;
            asked.push(run.body["id"].clone());
        }
        for (at, id) in asked.iter().enumerate() {
            let claim = worker
                .post("/api/v1/runs/claim", json!({ "worker": "w" }))
                .await;
            assert_eq!(claim.body["run"]["id"], *id, "{}: {claim:?}", app.engine);
            let waiting = ann.get("/api/v1/runs?status=PENDING").await.body;
            let waiting = waiting["items"].as_array().unwrap().len();
            assert_eq!(waiting, asked.len() - at - 1, "{}", app.engine);
        }
        app.stop().await;
    }
}
