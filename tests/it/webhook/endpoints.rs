//! Endpoints as their owners make and change them.

use entity::identity::user::UserRole;
use serde_json::json;
use service::webhook::{EVENTS, MOST_ENDPOINTS};
use tests::{Receiver, Reply, TestApp, run_body};

use super::{apps, deliver, endpoint, path, plan, text, told, try_endpoint};

#[tokio::test]
async fn an_endpoint_is_its_owners_and_its_secret_is_told_once() {
    for app in apps().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let operator = app.user("operator", UserRole::Operator).await;
        let admin = app.user("admin", UserRole::Admin).await;
        let receiver = Receiver::good().await;
        let made = endpoint(&ann, &receiver, &["run.created"]).await;
        let secret = text(&made["secret"]);
        assert!(secret.starts_with("whsec_") && secret.len() == 50);
        let place = path(&made);

        let shown = ann.get(&place).await;
        assert_eq!(shown.status, 200);
        let tag = shown.headers["etag"].to_str().unwrap();
        assert!(tag.starts_with("\"1."), "{tag}");
        assert!(!shown.text.contains("whsec_") && !shown.text.contains("v1."));
        let known = ann.with("if-none-match", tag).get(&place).await;
        assert_eq!(known.status, 304);
        for stranger in [&bob, &operator] {
            let change = stranger
                .patch(&place, json!({ "description": "mine" }))
                .await;
            assert_eq!(change.verdict(), "404 webhook_endpoint.not_found");
            let rotated = stranger.post(&format!("{place}/secret"), json!({})).await;
            assert_eq!(rotated.verdict(), "404 webhook_endpoint.not_found");
        }
        assert_eq!(bob.get(&place).await.status, 404);
        assert_eq!(operator.get(&place).await.status, 200);

        let stale = ann.with("if-match", "\"7\"");
        let stale = stale.patch(&place, json!({ "description": "x" })).await;
        assert_eq!(stale.verdict(), "412 version.conflict");
        let change = json!({ "description": "My board", "event_types": ["run.failed"] });
        let changed = ann.with("if-match", "\"1\"").patch(&place, change).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        assert_eq!(changed.body["version"], 2);
        assert_eq!(changed.body["description"], "My board");
        assert_eq!(changed.body["url"], made["url"]);
        let plain = ann.patch(&place, json!({ "description": null })).await;
        assert_eq!(plain.body["description"], json!(null));
        assert_eq!(plain.body["event_types"], json!(["run.failed"]));

        let audited = "SELECT count(*) FROM audit_log WHERE resource_type = 'webhook_endpoint'";
        assert_eq!(
            app.number(audited).await,
            0,
            "one's own is one's own business"
        );
        let off = admin.patch(&place, json!({ "status": "disabled" })).await;
        assert_eq!(off.body["disabled_reason"], "disabled by hand");
        assert_eq!(app.number(audited).await, 1);
        let test = ann.post(&format!("{place}/test"), json!({})).await;
        assert_eq!(test.verdict(), "409 webhook_endpoint.disabled");

        assert_eq!(ann.delete(&place).await.status, 204);
        assert_eq!(
            ann.get(&place).await.verdict(),
            "404 webhook_endpoint.not_found"
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn an_endpoints_tag_moves_when_it_begins_to_fail_and_its_version_does_not() {
    for app in apps().await {
        let ann = app.user("ann", UserRole::User).await;
        let receiver = Receiver::start(|_, _| Reply::status(500)).await;
        let place = path(&endpoint(&ann, &receiver, &["run.created"]).await);
        let shown = ann.get(&place).await;
        let tag = shown.headers["etag"].to_str().unwrap();
        let reader = ann.with("if-none-match", tag);
        assert_eq!(reader.get(&place).await.status, 304);
        ann.post("/api/v1/runs", run_body("a.pdf")).await;
        assert_eq!(deliver(&app).await, 1);
        let failing = reader.get(&place).await;
        assert_eq!(failing.status, 200, "{}", app.engine);
        assert!(failing.body["failing_since"].is_string());
        assert_eq!(failing.body["version"], 1);

        // Nobody has changed what its owner means to change.
        let owner = ann.with("if-match", tag);
        let changed = owner.patch(&place, json!({ "description": "x" })).await;
        assert_eq!(changed.body["version"], 2, "{}", changed.body);
        assert_eq!(owner.delete(&place).await.verdict(), "412 version.conflict");
        app.stop().await;
    }
}

#[tokio::test]
async fn an_address_that_is_not_called_is_refused_when_it_is_named() {
    for app in TestApp::each().await {
        let ann = app.user("ann", UserRole::User).await;
        for (url, detail) in [
            (
                "http://127.0.0.1:1/",
                "has a host that is not a public address",
            ),
            (
                "http://localhost/",
                "has a host that is not a public address",
            ),
            (
                "http://[::ffff:10.0.0.1]/",
                "has a host that is not a public address",
            ),
            (
                "http://169.254.169.254/latest",
                "has a host that is not a public address",
            ),
            (
                "https://ann:word@8.8.8.8/",
                "must not contain a user name or password",
            ),
            ("ftp://8.8.8.8/", "is not an absolute http or https URL"),
            ("/hook", "is not an absolute URL"),
        ] {
            let answer = try_endpoint(&ann, url, &["run.created"]).await;
            assert_eq!(answer.verdict(), "422 invalid", "{url}: {}", answer.body);
            let wrong = &answer.body["errors"][0];
            assert_eq!(wrong["pointer"], "/url", "{url}");
            assert_eq!(wrong["detail"], detail, "{url}");
        }
        let good = try_endpoint(&ann, "https://8.8.8.8/hook", &["run.created"]).await;
        assert_eq!(good.status, 201, "{}", good.body);
        let moved = json!({ "url": "http://10.0.0.1/" });
        let moved = ann.patch(&path(&good.body), moved).await;
        assert_eq!(moved.verdict(), "422 invalid");
        for events in [&["run.exploded"][..], &[]] {
            let answer = try_endpoint(&ann, "https://8.8.8.8/", events).await;
            assert_eq!(answer.verdict(), "422 invalid");
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn there_are_only_so_many_endpoints_however_fast_they_are_made() {
    let mut plan = plan();
    let given = std::mem::take(&mut plan.settings.given);
    plan.settings.given = given.with(&MOST_ENDPOINTS, &3);
    for app in TestApp::each_with(&plan).await {
        let ann = app.user("ann", UserRole::User).await;
        let tries = (0..8).map(|_| try_endpoint(&ann, "https://8.8.8.8/", &["run.created"]));
        let answers = futures::future::join_all(tries).await;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        assert!(made <= 3, "{}: {made}", app.engine);
        for _ in made..3 {
            let answer = try_endpoint(&ann, "https://8.8.8.8/", &["run.created"]).await;
            assert_eq!(answer.status, 201);
        }
        let more = try_endpoint(&ann, "https://8.8.8.8/", &["run.created"]).await;
        assert_eq!(more.verdict(), "409 webhook_endpoint.limit_exceeded");
        app.stop().await;
    }
}

#[tokio::test]
async fn the_house_hears_of_everything_and_people_of_what_is_theirs() {
    for app in apps().await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let admin = app.user("admin", UserRole::Admin).await;
        let (anns, house) = (Receiver::good().await, Receiver::good().await);
        endpoint(&ann, &anns, &["run.created", "thread.appended"]).await;
        let body = json!({
            "url": house.url, "event_types": ["run.created", "thread.appended"], "for_everyone": true,
        });
        let mine = ann.post("/api/v1/webhook-endpoints", body.clone()).await;
        assert_eq!(mine.verdict(), "403 forbidden");
        let made = admin.post("/api/v1/webhook-endpoints", body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert_eq!(made.body["user_id"], json!(null));

        ann.post("/api/v1/runs", run_body("a.pdf")).await;
        bob.post("/api/v1/runs", run_body("b.pdf")).await;
        let thread = ann
            .post("/api/v1/threads", json!({ "title": "t" }))
            .await
            .body;
        let said = json!({ "entity": "USER", "content": { "content": "walrus" } });
        let messages = format!("/api/v1/threads/{}/messages", text(&thread["id"]));
        ann.post(&messages, said).await;
        assert_eq!(deliver(&app).await, 5, "{}", app.engine);
        let mut heard = anns.types();
        heard.sort();
        assert_eq!(heard, ["run.created", "thread.appended"]);
        assert_eq!(house.heard().len(), 3);
        let all = anns
            .heard()
            .iter()
            .map(|one| one.body.clone())
            .collect::<Vec<_>>();
        let all = String::from_utf8(all.concat()).unwrap();
        assert!(!all.contains("walrus"), "what somebody wrote is not told");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_catalogue_tells_what_is_sent() {
    for app in apps().await {
        let ann = app.user("ann", UserRole::User).await;
        let worker = app.key("worker", &["worker"]).await;
        let receiver = Receiver::good().await;
        let list = app.anonymous().get("/api/v1/webhook-event-types").await;
        let list = list.body.as_array().unwrap().clone();
        assert_eq!(list.len(), EVENTS.len());
        let names: Vec<&str> = EVENTS.iter().map(|event| event.name()).collect();
        let made = endpoint(&ann, &receiver, &names).await;
        let run = ann.post("/api/v1/runs", run_body("a.pdf")).await.body;
        let claim = worker
            .post("/api/v1/runs/claim", json!({ "worker": "w" }))
            .await;
        let token = &claim.body["lease_token"];
        let run = format!("/api/v1/runs/{}", text(&run["id"]));
        worker
            .put(&format!("{run}/stages/1"), tests::stage_body(1, token))
            .await;
        let failed = json!({ "lease_token": token, "message": "no text" });
        worker.post(&format!("{run}/fail"), failed).await;
        ann.post(&format!("{run}/retry"), json!({})).await;
        let claim = worker
            .post("/api/v1/runs/claim", json!({ "worker": "w" }))
            .await;
        for stage in 2..=5 {
            let body = tests::stage_body(stage, &claim.body["lease_token"]);
            worker.put(&format!("{run}/stages/{stage}"), body).await;
        }
        ann.delete(&run).await;
        ann.post(&format!("{}/test", path(&made)), json!({})).await;
        deliver(&app).await;

        let mut names = receiver.types();
        names.sort();
        assert_eq!(
            names,
            [
                "run.completed",
                "run.created",
                "run.deleted",
                "run.failed",
                "run.retried",
                "run.stage_completed",
                "run.stage_completed",
                "run.stage_completed",
                "run.stage_completed",
                "run.started",
                "run.started",
                "webhook.test",
            ]
        );
        for letter in receiver.heard() {
            let body = letter.json();
            let told = list.iter().find(|one| one["name"] == body["type"]).unwrap();
            let keys = |value: &serde_json::Value| -> Vec<String> {
                value.as_object().unwrap().keys().cloned().collect()
            };
            assert_eq!(keys(&body), keys(&told["example"]), "{body}");
            assert_eq!(
                keys(&body["data"]),
                keys(&told["example"]["data"]),
                "{body}"
            );
        }
        assert_eq!(told(&ann, &made).await.len(), 12);
        app.stop().await;
    }
}
