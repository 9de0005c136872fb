//! Feature flags as admins make and change them.

use entity::identity::user::UserRole;
use serde_json::{Value, json};
use tests::TestApp;

use super::{at, history};

fn flag(key: &str) -> Value {
    json!({
        "key": key, "kind": "string", "variants": { "brief": "b", "full": "f" },
        "default_variant": "full",
    })
}

#[tokio::test]
async fn a_flag_is_made_changed_put_away_and_removed_and_its_history_goes_on() {
    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        let operator = app.user("operator", UserRole::Operator).await;
        let made = admin.post("/api/v1/flags", flag("answer-style")).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let place = made.headers["location"].to_str().unwrap().to_owned();
        assert_eq!(place, "/api/v1/flags/answer-style?environment=all");
        assert_eq!(made.body["enabled"], false, "nobody said so yet");
        assert_eq!(made.headers["etag"], "\"1\"");
        let twice = admin.post("/api/v1/flags", flag("answer-style")).await;
        assert_eq!(twice.verdict(), "409 flag.exists");
        let mut elsewhere = flag("answer-style");
        elsewhere["environment"] = json!("staging");
        let elsewhere = admin.post("/api/v1/flags", elsewhere).await;
        assert_eq!(elsewhere.status, 201, "another environment, another flag");

        let shown = operator.get(&place).await;
        assert_eq!(shown.body["id"], made.body["id"]);
        let known = operator.with("if-none-match", "\"1\"").get(&place).await;
        assert_eq!(known.status, 304);
        let on = json!({ "enabled": true, "description": "How it writes.", "reason": "ready" });
        assert_eq!(
            at(&operator, 1).patch(&place, on.clone()).await.status,
            403,
            "operators look on"
        );
        assert_eq!(
            admin.patch(&place, on.clone()).await.verdict(),
            "428 version.required"
        );
        let changed = at(&admin, 1).patch(&place, on).await;
        assert_eq!(changed.body["enabled"], true, "{}", changed.body);
        assert_eq!(changed.body["variants"], made.body["variants"]);
        let plain = json!({ "description": null });
        let plain = at(&admin, 2).patch(&place, plain).await;
        assert_eq!(plain.body["description"], json!(null));
        let away = at(&admin, 3)
            .patch(&place, json!({ "archived": true }))
            .await;
        assert!(away.body["archived_at"].is_string(), "{}", away.body);
        let listed = async |filter: &str| {
            let found = operator.get(&format!("/api/v1/flags?{filter}")).await;
            found.body["items"].as_array().unwrap().len()
        };
        assert_eq!(listed("archived=true").await, 1);
        assert_eq!(listed("archived=false").await, 1);
        assert_eq!(listed("environment=all&archived=false").await, 0);
        let back = at(&admin, 4)
            .patch(&place, json!({ "archived": false }))
            .await;
        assert_eq!(back.body["archived_at"], json!(null));

        let why = format!("{place}&reason=nobody%20asks");
        assert_eq!(at(&admin, 5).delete(&why).await.status, 204);
        assert_eq!(operator.get(&place).await.verdict(), "404 flag.not_found");
        let again = admin.post("/api/v1/flags", flag("answer-style")).await;
        assert_eq!(again.body["version"], 7);
        let path = "/api/v1/flags/answer-style/history";
        assert_eq!(
            history(&operator, path, "action").await,
            [
                "create", "delete", "update", "archive", "update", "update", "create"
            ]
        );
        let versions = history(&operator, path, "version").await;
        assert_eq!(versions, [7, 6, 5, 4, 3, 2, 1]);
        let before = history(&operator, path, "before").await;
        assert_eq!(before[5]["enabled"], false);
        assert_eq!(history(&operator, path, "reason").await[1], "nobody asks");
        app.stop().await;
    }
}

#[tokio::test]
async fn what_no_flag_can_be_is_refused_and_leaves_nothing() {
    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        assert_eq!(admin.post("/api/v1/flags", flag("one")).await.status, 201);
        let counts = app.row_counts().await;
        for (member, value, pointer) in [
            ("key", json!("Two Words"), "/key"),
            ("key", json!(""), "/key"),
            ("environment", json!("x y"), "/environment"),
            ("kind", json!("date"), "/kind"),
            ("variants", json!({}), "/variants"),
            ("variants", json!({ "full": 1 }), "/variants/full"),
            (
                "variants",
                json!({ "full": "f", "a/b": 1 }),
                "/variants/a~1b",
            ),
            ("variants", json!({ "full": "\u{0}" }), "/variants"),
            ("default_variant", json!("none"), "/default_variant"),
            (
                "expires_at",
                json!("+012026-01-01T00:00:00Z"),
                "/expires_at",
            ),
            ("rules", json!([]), "/rules"),
        ] {
            let mut body = flag("two");
            body[member] = value.clone();
            let answer = admin.post("/api/v1/flags", body).await;
            assert_eq!(answer.verdict(), "422 invalid", "{member}: {value}");
            let found = &answer.body["errors"][0]["pointer"];
            assert_eq!(found, pointer, "{}", answer.body);
        }
        let mut crowd = flag("two");
        let many = (0..51).map(|n| (n.to_string(), json!("x")));
        crowd["variants"] = many.collect::<serde_json::Map<_, _>>().into();
        crowd["default_variant"] = json!("0");
        let crowd = admin.post("/api/v1/flags", crowd).await;
        assert_eq!(crowd.verdict(), "422 invalid");
        let path = "/api/v1/flags/one";
        let lost = json!({ "variants": { "brief": "b" } });
        let lost = at(&admin, 1).patch(path, lost).await;
        assert_eq!(lost.body["errors"][0]["pointer"], "/default_variant");
        assert_eq!(app.row_counts().await, counts, "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn of_those_who_change_a_flag_at_once_one_is_heard() {
    for app in TestApp::each().await {
        let admin = app.user("admin", UserRole::Admin).await;
        let makers = (0..6).map(|_| admin.post("/api/v1/flags", flag("one")));
        let made = futures::future::join_all(makers).await;
        let made = made.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(made, 1, "{}", app.engine);
        let writer = at(&admin, 1);
        let writers =
            (0..6).map(|n| writer.patch("/api/v1/flags/one", json!({ "owner": n.to_string() })));
        let answers = futures::future::join_all(writers).await;
        let heard: Vec<_> = answers.iter().filter(|one| one.status == 200).collect();
        assert_eq!(heard.len(), 1, "{}", app.engine);
        let now = admin.get("/api/v1/flags/one").await;
        assert_eq!(now.body["owner"], heard[0].body["owner"]);
        let path = "/api/v1/flags/one/history";
        assert_eq!(history(&admin, path, "version").await, [2, 1]);
        app.stop().await;
    }
}
