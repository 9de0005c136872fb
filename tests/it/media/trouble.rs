//! Videos whose generator fails, hangs, speaks too early, twice, or not at all.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use entity::identity::user::UserRole;
use serde_json::{Value, json};
use service::job::{NewJob, Nothing, enqueue};
use service::outbound;
use service::video::{Expire, TIMEOUT};
use tests::{Ledger, Plan, Reply, Studio, TestApp, eventually};
use tokio::sync::Notify;

use super::video::{ask, status};
use super::{heed, holder, plan, text, told, work};

#[tokio::test]
async fn a_generator_that_speaks_before_we_have_noted_that_it_has_it_is_heard() {
    let (ledger, studio) = (Ledger::start().await, Studio::start().await);
    let mut hasty = plan(&ledger, Some(&studio));
    let given = std::mem::take(&mut hasty.settings.given);
    hasty.settings.given = given.with(&outbound::TIMEOUT, &Duration::from_millis(1_500));
    for app in TestApp::each_with(&plan(&ledger, Some(&studio))).await {
        // A job that failed comes again when the test says so.
        app.clock.stop_at(app.system().now());
        let admin = app.user("admin", UserRole::Admin).await;
        let secret = Studio::known(&admin).await;
        let (ann, nft) = holder(&app, &ledger, "ann", 1).await;
        let (path, job) = ask(&ann, &nft).await;
        // It takes the job on, but its answer is under way for a while.
        let go = Arc::new(Notify::new());
        let taken = Box::new(Studio::takes(&job));
        studio.say(Some(Reply::Once(Arc::clone(&go), taken)));
        let before = studio.jobs().len();
        let worker = app.worker();
        let working = tokio::spawn(async move { worker.drain().await.unwrap() });
        eventually(async || (studio.jobs().len() > before).then_some(())).await;
        assert_eq!(status(&ann, &path).await, "PENDING", "{}", app.engine);
        Studio::tell(&app, &secret, "msg_1", &Studio::done(&job)).await;
        assert_eq!(heed(&app).await, 1);
        assert_eq!(status(&ann, &path).await, "COMPLETED");
        go.notify_one();
        assert_eq!(working.await.unwrap(), 1);
        let video = ann.get(&path).await.body;
        assert_eq!(video["status"], "COMPLETED", "{}: {video}", app.engine);
        assert_eq!(video["provider_job_id"], Studio::name(&job));
        assert_eq!(told(&ann).await, ["VIDEO_COMPLETED", "NFT_VERIFIED"]);

        // It hangs up, and yet says that it is done: the job is not sent again.
        let (path, job) = ask(&ann, &nft).await;
        studio.say(Some(Reply::Hang));
        let hasty = app.beside_with(&hasty).await;
        work(&hasty).await;
        hasty.stop().await;
        assert_eq!(status(&ann, &path).await, "PENDING", "{}", app.engine);
        Studio::tell(&app, &secret, "msg_2", &Studio::done(&job)).await;
        heed(&app).await;
        studio.say(None);
        let sent = studio.jobs().len();
        app.clock.advance(TimeDelta::seconds(3));
        assert_eq!(work(&app).await, 1);
        assert_eq!(studio.jobs().len(), sent, "{}", app.engine);
        assert_eq!(status(&ann, &path).await, "COMPLETED");
        app.stop().await;
    }
}

#[tokio::test]
async fn an_answer_that_was_lost_is_asked_for_again_under_the_same_name() {
    let (ledger, studio) = (Ledger::start().await, Studio::start().await);
    for app in TestApp::each_with(&plan(&ledger, Some(&studio))).await {
        app.clock.stop_at(app.system().now());
        let (ann, nft) = holder(&app, &ledger, "ann", 1).await;
        let (path, job) = ask(&ann, &nft).await;
        let before = studio.jobs().len();
        for lost in [
            Reply::status(500),
            Reply::status(429),
            Reply::json(202, &json!({ "id": "" })),
            Reply::Say(202, "content-length: 99\r\n".to_owned(), Vec::new()),
        ] {
            studio.say(Some(lost));
            work(&app).await;
            assert_eq!(status(&ann, &path).await, "PENDING", "{}", app.engine);
            app.clock.advance(TimeDelta::seconds(3));
        }
        studio.say(None);
        work(&app).await;
        assert_eq!(status(&ann, &path).await, "PROCESSING", "{}", app.engine);
        let sent = &studio.jobs()[before..];
        assert_eq!(sent.len(), 5);
        assert!(sent.iter().all(|one| one.header("idempotency-key") == job));
        app.stop().await;
    }
}

#[tokio::test]
async fn a_video_that_cannot_be_made_fails_and_is_tried_again_under_another_name() {
    let (ledger, studio) = (Ledger::start().await, Studio::start().await);
    for app in TestApp::each_with(&plan(&ledger, Some(&studio))).await {
        let admin = app.user("admin", UserRole::Admin).await;
        let secret = Studio::known(&admin).await;
        let (ann, nft) = holder(&app, &ledger, "ann", 1).await;
        let (path, first) = ask(&ann, &nft).await;
        studio.say(Some(Reply::json(
            422,
            &json!({ "error": "the picture is too small" }),
        )));
        work(&app).await;
        let video = ann.get(&path).await.body;
        assert_eq!(video["status"], "FAILED", "{}: {video}", app.engine);
        assert_eq!(video["error_message"], "the picture is too small");

        studio.say(Some(Reply::status(503)));
        let again = ann.post(&format!("{path}/retry"), json!({})).await;
        assert_eq!(again.status, 200, "{}", again.body);
        assert_eq!(again.body["status"], "PENDING");
        let second = text(&again.body["job_id"]).to_owned();
        assert_ne!(first, second);
        for _ in 0..8 {
            work(&app).await;
            app.clock.advance(TimeDelta::seconds(3));
        }
        assert_eq!(status(&ann, &path).await, "FAILED", "{}", app.engine);
        let dead = "SELECT count(*) FROM jobs WHERE state = 'dead' AND kind = 'video.generate'";
        assert_eq!(app.number(dead).await, 1, "the staff sees it");

        studio.say(None);
        let third = ann.post(&format!("{path}/retry"), json!({})).await;
        let third = text(&third.body["job_id"]).to_owned();
        work(&app).await;
        assert_eq!(status(&ann, &path).await, "PROCESSING");
        // What the generator says of the one before is of nobody's concern.
        Studio::tell(&app, &secret, "msg_1", &Studio::done(&second)).await;
        assert_eq!(heed(&app).await, 1);
        assert_eq!(status(&ann, &path).await, "PROCESSING", "{}", app.engine);
        let failed = "SELECT count(*) FROM inbound_events WHERE state = 'failed'";
        assert_eq!(app.number(failed).await, 1);
        let wrong = Studio::gone_wrong(&third, "no light.");
        Studio::tell(&app, &secret, "msg_2", &wrong).await;
        heed(&app).await;
        let video = ann.get(&path).await.body;
        assert_eq!(video["status"], "FAILED", "{video}");
        assert_eq!(video["error_message"], "no light");
        let expected = [
            "VIDEO_FAILED",
            "VIDEO_FAILED",
            "VIDEO_FAILED",
            "NFT_VERIFIED",
        ];
        assert_eq!(told(&ann).await, expected, "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn what_a_generator_tells_must_make_sense() {
    let (ledger, studio) = (Ledger::start().await, Studio::start().await);
    for app in TestApp::each_with(&plan(&ledger, Some(&studio))).await {
        let admin = app.user("admin", UserRole::Admin).await;
        let secret = Studio::known(&admin).await;
        let (ann, nft) = holder(&app, &ledger, "ann", 1).await;
        let (path, job) = ask(&ann, &nft).await;
        work(&app).await;
        let with = |name: &str, value: Value| {
            let mut told = Studio::done(&job);
            told["data"][name] = value;
            told
        };
        let mut bare = Studio::done(&job);
        bare["data"] = Value::Null;
        let other = json!({ "type": "video.progress", "data": { "job_id": job } });
        for (at, (told, state)) in [
            (with("video_url", Value::Null), "failed"),
            (with("video_url", json!("javascript:alert(1)")), "failed"),
            (with("thumbnail_url", json!("/a.webp")), "failed"),
            (with("job_id", json!("video-of-nobody")), "failed"),
            (with("id", json!("gen-of-another")), "failed"),
            (json!([]), "failed"),
            (bare, "failed"),
            (other, "ignored"),
        ]
        .into_iter()
        .enumerate()
        {
            let id = format!("msg_{at}");
            let kept = Studio::tell(&app, &secret, &id, &told).await;
            assert_eq!(kept.status, 202, "{}", kept.body);
            heed(&app).await;
            let found = format!(
                "SELECT count(*) FROM inbound_events WHERE external_id = '{id}' AND state = '{state}'"
            );
            assert_eq!(app.number(&found).await, 1, "{}: {told}", app.engine);
            assert_eq!(status(&ann, &path).await, "PROCESSING");
        }
        // By the generator's name alone.
        let mut done = with("job_id", Value::Null);
        done["data"]["id"] = json!(Studio::name(&job));
        Studio::tell(&app, &secret, "msg_last", &done).await;
        heed(&app).await;
        assert_eq!(status(&ann, &path).await, "COMPLETED", "{}", app.engine);
        app.stop().await;
    }
}

fn patient(ledger: &Ledger, studio: &Studio) -> Plan {
    let mut plan = plan(ledger, Some(studio));
    let given = std::mem::take(&mut plan.settings.given);
    plan.settings.given = given.with(&TIMEOUT, &Duration::from_mins(10));
    plan
}

#[tokio::test]
async fn a_video_of_which_nothing_is_heard_fails_in_its_time() {
    let (ledger, studio) = (Ledger::start().await, Studio::start().await);
    for app in TestApp::each_with(&patient(&ledger, &studio)).await {
        let admin = app.user("admin", UserRole::Admin).await;
        let secret = Studio::known(&admin).await;
        let (ann, nft) = holder(&app, &ledger, "ann", 1).await;
        let (taken, job) = ask(&ann, &nft).await;
        work(&app).await;
        let (waiting, _) = ask(&ann, &nft).await;
        let called_off = "UPDATE jobs SET state = 'cancelled' WHERE state = 'queued'";
        let tx = app.system().write().await.unwrap();
        sea_orm::ConnectionTrait::execute_unprepared(&tx, called_off)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let expire = async || {
            let tx = app.system().write().await.unwrap();
            let job = NewJob::of::<Expire>(&Nothing {}).unwrap();
            enqueue(&tx, job).await.unwrap();
            tx.commit().await.unwrap();
            work(&app).await;
        };
        app.clock.advance(TimeDelta::minutes(9));
        // A new title is no word of the generator's.
        ann.patch(&taken, json!({ "title": "Soon" })).await;
        expire().await;
        assert_eq!(status(&ann, &taken).await, "PROCESSING", "{}", app.engine);
        app.clock.advance(TimeDelta::minutes(2));
        expire().await;
        for path in [&taken, &waiting] {
            let video = ann.get(path).await.body;
            assert_eq!(video["status"], "FAILED", "{}: {video}", app.engine);
            assert_eq!(
                video["error_message"],
                "the generator did not answer in time"
            );
        }
        // Too late: the owner was told otherwise, and may have asked anew.
        Studio::tell(&app, &secret, "msg_1", &Studio::done(&job)).await;
        heed(&app).await;
        assert_eq!(status(&ann, &taken).await, "FAILED");
        expire().await;
        let expected = ["VIDEO_FAILED", "VIDEO_FAILED", "NFT_VERIFIED"];
        assert_eq!(told(&ann).await, expected, "{}", app.engine);
        app.stop().await;
    }
}
