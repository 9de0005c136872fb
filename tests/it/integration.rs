//! Accounts at other services: connected, renewed, disconnected.

use std::time::Duration;

use chrono::TimeDelta;
use entity::agent::integration::{Entity, Model};
use entity::identity::user::UserRole;
use futures::future::join_all;
use sea_orm::{ConnectionTrait, EntityTrait};
use serde_json::{Value, json};
use service::configuration::{Given, SettingValue};
use service::integration::{self, PROVIDERS, Provider, Renew};
use service::job::setting::POLL;
use service::job::{NewJob, Nothing, enqueue};
use service::outbound::ALLOWED_NETWORKS;
use tests::{Answer, Client, Mood, Plan, StandIn, TestApp, eventually};

fn plan(stand_in: &StandIn, allowed: bool) -> Plan {
    let declared = [
        stand_in.declared("github", "basic"),
        stand_in.declared("slack", "body"),
    ];
    let providers = declared.map(|one| Provider::from_json(&one).unwrap());
    let networks = if allowed {
        vec!["127.0.0.0/8".parse().unwrap()]
    } else {
        Vec::new()
    };
    let mut plan = Plan::default();
    plan.settings.given = Given::default()
        .with(&PROVIDERS, &providers.to_vec())
        .with(&ALLOWED_NETWORKS, &networks);
    plan
}

async fn start(who: &Client, provider: &str, body: Value) -> String {
    let path = format!("/api/v1/integrations/{provider}/start");
    let answer = who.post(&path, body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["authorize_url"].as_str().unwrap().to_owned()
}

async fn back(who: &Client, provider: &str, (code, state): &(String, String)) -> Answer {
    let path = format!("/api/v1/integrations/{provider}/callback?code={code}&state={state}");
    who.get(&path).await
}

async fn row(app: &TestApp) -> Model {
    let reader = app.services().db.read().unwrap();
    Entity::find().one(&reader).await.unwrap().unwrap()
}

/// What opens the account.
fn opened(app: &TestApp, row: &Model) -> Value {
    let place = format!("integrations/{}/credentials", row.id);
    let sealed = row.credentials.as_ref().unwrap();
    let plain = app.services().keyring.open(&place, sealed).unwrap();
    serde_json::from_slice(&plain).unwrap()
}

#[tokio::test]
async fn an_account_is_connected_and_an_agent_that_needs_it_made() {
    let stand_in = StandIn::start().await;
    for app in TestApp::each_with(&plan(&stand_in, true)).await {
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let needy = json!({ "name": "a", "required_integrations": ["github", "slack"] });
        let refused = ann.post("/api/v1/agents", needy.clone()).await;
        assert_eq!(refused.verdict(), "409 agent.integration_required");
        let known = ann.get("/api/v1/integrations/providers").await.body;
        assert_eq!(
            known[0],
            json!({ "name": "github", "scopes": ["read", "write"] })
        );

        let agreed = stand_in.agree(&start(&ann, "github", json!({})).await);
        let foreign = back(&bob, "github", &agreed).await;
        assert_eq!(
            foreign.verdict(),
            "403 integration.bad_state",
            "bob's browser"
        );
        let other = back(&ann, "slack", &agreed).await;
        assert_eq!(
            other.verdict(),
            "403 integration.bad_state",
            "another provider's"
        );
        let connected = back(&ann, "github", &agreed).await;
        assert_eq!(connected.body["status"], "connected", "{}", connected.body);
        assert_eq!(
            connected.body["scopes"],
            json!(["read"]),
            "what was agreed to"
        );
        assert!(!connected.text.contains("access-"), "{}", connected.text);
        let again = back(&ann, "github", &agreed).await;
        assert_eq!(again.verdict(), "403 integration.bad_state", "once");
        let credentials = opened(&app, &row(&app).await);
        assert!(
            credentials["access_token"]
                .as_str()
                .unwrap()
                .starts_with("access-")
        );

        let home = json!({ "redirect_to": "/settings?tab=1" });
        let agreed = stand_in.agree(&start(&ann, "slack", home).await);
        let mut browser = app.unfollowed();
        for name in ["cookie", "origin", "x-requested-with"] {
            browser.header(name, ann.sends(name));
        }
        let sent = back(&browser, "slack", &agreed).await;
        assert_eq!(sent.status, 303, "{}", sent.body);
        assert_eq!(sent.headers["location"], "/settings?tab=1");
        let agent = ann.post("/api/v1/agents", needy).await;
        assert_eq!(agent.status, 201, "{}: {}", app.engine, agent.body);
        assert_eq!(
            ann.get("/api/v1/integrations").await.body["items"][1]["provider"],
            "github"
        );

        for path in [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "x",
            "/a b",
        ] {
            let body = json!({ "redirect_to": path });
            let refused = ann.post("/api/v1/integrations/slack/start", body).await;
            assert_eq!(refused.verdict(), "422 invalid", "{path}");
        }
        let unknown = ann
            .post("/api/v1/integrations/other/start", json!({}))
            .await;
        assert_eq!(unknown.verdict(), "404 integration.unknown_provider");

        let gone = ann.delete("/api/v1/integrations/github").await;
        assert_eq!(gone.body["status"], "revoked", "{}", gone.body);
        let left = "SELECT count(*) FROM integrations WHERE credentials IS NOT NULL";
        assert_eq!(app.number(left).await, 1);
        let none = bob.delete("/api/v1/integrations/github").await;
        assert_eq!(none.verdict(), "404 integration.not_found");
        let agreed = stand_in.agree(&start(&ann, "github", json!({})).await);
        let anew = back(&ann, "github", &agreed).await;
        assert_eq!(anew.body["id"], gone.body["id"], "the same row");
        let paths: Vec<Value> = stand_in
            .asked()
            .into_iter()
            .map(|one| one["path"].clone())
            .collect();
        assert!(paths.iter().all(|path| path == "/token"), "{paths:?}");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_provider_that_says_no_or_nonsense_connects_nothing() {
    let stand_in = StandIn::start().await;
    for app in TestApp::each_with(&plan(&stand_in, true)).await {
        let ann = app.user("ann", UserRole::User).await;
        for (mood, verdict) in [
            (Mood::Denying, "409 integration.refused"),
            (Mood::Nonsense, "503 integration.unreachable"),
            (Mood::Endless, "503 integration.unreachable"),
            (Mood::Elsewhere, "503 integration.unreachable"),
        ] {
            let agreed = stand_in.agree(&start(&ann, "github", json!({})).await);
            stand_in.be(mood);
            let answer = back(&ann, "github", &agreed).await;
            assert_eq!(answer.verdict(), verdict, "{} {mood:?}", app.engine);
            stand_in.be(Mood::Good);
            let again = back(&ann, "github", &agreed).await;
            assert_eq!(again.verdict(), "403 integration.bad_state", "used up");
        }
        let (_, state) = stand_in.agree(&start(&ann, "github", json!({})).await);
        let path =
            format!("/api/v1/integrations/github/callback?error=access_denied&state={state}");
        let denied = ann.get(&path).await;
        assert_eq!(denied.verdict(), "409 integration.refused");
        let agreed = stand_in.agree(&start(&ann, "github", json!({})).await);
        app.clock.advance(TimeDelta::seconds(601));
        let late = back(&ann, "github", &agreed).await;
        assert_eq!(late.verdict(), "403 integration.bad_state");
        assert_eq!(app.row_counts().await["integrations"], 0);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_provider_on_this_machine_is_not_asked_unless_its_network_is_allowed() {
    let stand_in = StandIn::start().await;
    for app in TestApp::each_with(&plan(&stand_in, false)).await {
        let ann = app.user("ann", UserRole::User).await;
        let agreed = stand_in.agree(&start(&ann, "github", json!({})).await);
        let answer = back(&ann, "github", &agreed).await;
        assert_eq!(
            answer.verdict(),
            "503 integration.unreachable",
            "{}",
            app.engine
        );
        app.stop().await;
    }
    assert_eq!(stand_in.asked(), Vec::<Value>::new(), "nobody asked it");
}

#[tokio::test]
async fn an_account_is_renewed_once_before_it_runs_out() {
    let stand_in = StandIn::start().await;
    for app in TestApp::each_with(&plan(&stand_in, true)).await {
        let ann = app.user("ann", UserRole::User).await;
        let agreed = stand_in.agree(&start(&ann, "github", json!({})).await);
        back(&ann, "github", &agreed).await;
        let (system, before) = (app.system(), row(&app).await);
        let id = before.id;
        let due = async |margin| integration::due(&system, margin, 10).await.unwrap();
        assert!(due(TimeDelta::minutes(5)).await.is_empty());
        assert_eq!(due(TimeDelta::hours(2)).await, [id]);

        let asked = stand_in.asked().len();
        let refreshed = join_all((0..6).map(|_| integration::refresh(&system, id))).await;
        for outcome in refreshed {
            outcome.unwrap();
        }
        assert_eq!(
            stand_in.asked().len(),
            asked + 1,
            "{}: one asks",
            app.engine
        );
        let after = row(&app).await;
        let (old, new) = (opened(&app, &before), opened(&app, &after));
        assert_ne!(old["access_token"], new["access_token"]);
        assert_ne!(old["refresh_token"], new["refresh_token"]);

        stand_in.be(Mood::Nonsense);
        let away = integration::refresh(&system, id).await.unwrap_err();
        assert_eq!(away.code(), "integration.unreachable");
        assert_eq!(opened(&app, &row(&app).await), new, "as it was");
        stand_in.be(Mood::Denying);
        let refused = integration::refresh(&system, id).await.unwrap_err();
        assert_eq!(refused.code(), "integration.refused");
        stand_in.be(Mood::Good);
        let shown = ann.get("/api/v1/integrations").await.body;
        assert_eq!(shown["items"][0]["status"], "expired", "{}", app.engine);
        let over = integration::refresh(&system, id).await.unwrap_err();
        assert_eq!(over.code(), "integration.not_renewable");
        app.stop().await;
    }
}

#[tokio::test]
async fn an_account_is_renewed_by_the_clock_whatever_becomes_of_another() {
    let stand_in = StandIn::start().await;
    let mut plan = plan(&stand_in, true);
    let given = std::mem::take(&mut plan.settings.given);
    plan.settings.given = given.with(&POLL, &Duration::from_millis(50));
    for app in TestApp::each_with(&plan).await {
        stand_in.be(Mood::Good);
        let ann = app.user("ann", UserRole::User).await;
        let agreed = stand_in.agree(&start(&ann, "github", json!({})).await);
        back(&ann, "github", &agreed).await;
        let before = opened(&app, &row(&app).await);
        // No other time of the schedule comes than those that the test lets come.
        app.clock.stop_at(app.system().now());
        app.services().jobs.at_work.spawn(app.worker().attend());
        let planned = "SELECT count(*) FROM job_schedules \
                       WHERE name = 'integration.renew' AND next_run_at IS NOT NULL";
        eventually(async || (app.number(planned).await == 1).then_some(())).await;
        // The provider is away for a while: the next time is soon enough.
        let asked = stand_in.asked().len();
        stand_in.be(Mood::Nonsense);
        app.clock.advance(TimeDelta::minutes(50));
        eventually(async || (stand_in.asked().len() > asked).then_some(())).await;
        let done =
            "SELECT count(*) FROM jobs WHERE kind = 'integration.renew' AND state = 'succeeded'";
        eventually(async || (app.number(done).await == 1).then_some(())).await;
        assert_eq!(opened(&app, &row(&app).await), before, "{}", app.engine);
        stand_in.be(Mood::Good);
        app.clock.advance(TimeDelta::minutes(5));
        let renewed = async || {
            let row = row(&app).await;
            let now = opened(&app, &row);
            (now["access_token"] != before["access_token"]).then_some(row)
        };
        let row = eventually(renewed).await;
        let left = row.expires_at.unwrap() - app.system().now();
        assert!(left > TimeDelta::minutes(50), "{}: {left}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn an_account_that_cannot_be_read_holds_up_no_other() {
    let stand_in = StandIn::start().await;
    for app in TestApp::each_with(&plan(&stand_in, true)).await {
        let connect = async |name: &str| {
            let who = app.user(name, UserRole::User).await;
            let agreed = stand_in.agree(&start(&who, "github", json!({})).await);
            back(&who, "github", &agreed).await;
            who
        };
        let shown = async |who: &Client| {
            let list = who.get("/api/v1/integrations").await.body;
            list["items"][0].clone()
        };
        // The first to run out, sealed with a key that nobody has any more.
        let ann = connect("ann").await;
        let tx = app.system().write().await.unwrap();
        let lost = "UPDATE integrations SET credentials = 'lost'";
        tx.execute_unprepared(lost).await.unwrap();
        enqueue(&tx, NewJob::of::<Renew>(&Nothing {}).unwrap())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let bob = connect("bob").await;
        let before = shown(&bob).await;
        app.clock.advance(TimeDelta::minutes(50));
        app.worker().drain().await.unwrap();
        assert_eq!(shown(&ann).await["status"], "error", "{}", app.engine);
        let after = shown(&bob).await;
        assert_eq!(after["status"], "connected", "{after}");
        assert_ne!(after["expires_at"], before["expires_at"], "{}", app.engine);
        app.stop().await;
    }
}
