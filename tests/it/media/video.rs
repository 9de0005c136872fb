//! Videos: asked for, handed to the generator, ended once by its webhook.

use entity::identity::user::UserRole;
use serde_json::{Value, json};
use tests::{Client, Ledger, Receiver, Studio, TestApp, Wallet};

use super::{CONTRACT, begun, claim, heed, holder, link, plan, text, told, work};

/// Ask for a video; tells its path, and its name at the generator.
pub(super) async fn ask(who: &Client, nft: &str) -> (String, String) {
    let body = json!({
        "nft_id": nft, "title": "Over the clouds", "is_public": true,
        "metadata": { "seconds": 6 },
    });
    let asked = who.post("/api/v1/videos", body).await;
    let path = begun(&asked);
    assert_eq!(asked.body["status"], "PENDING", "{}", asked.body);
    (path, text(&asked.body["job_id"]).to_owned())
}

/// Where a video stands.
pub(super) async fn status(who: &Client, path: &str) -> String {
    let video = who.get(path).await;
    assert_eq!(video.status, 200, "{}", video.body);
    text(&video.body["status"]).to_owned()
}

#[tokio::test]
async fn a_video_is_asked_for_made_and_told_of_once() {
    let (ledger, studio) = (Ledger::start().await, Studio::start().await);
    for app in TestApp::each_with(&plan(&ledger, Some(&studio))).await {
        let admin = app.user("admin", UserRole::Admin).await;
        let secret = Studio::known(&admin).await;
        let (ann, nft) = holder(&app, &ledger, "ann", 1).await;
        let listener = Receiver::good().await;
        let endpoint = json!({
            "url": listener.url,
            "event_types": ["video.requested", "video.completed", "video.failed"],
        });
        let endpoint = ann.post("/api/v1/webhook-endpoints", endpoint).await;
        assert_eq!(endpoint.status, 201, "{}", endpoint.body);
        let keyed = ann.with("idempotency-key", "one-video");
        let (path, job) = ask(&keyed, &nft).await;
        assert_eq!(ask(&keyed, &nft).await.0, path, "the same again");

        let before = studio.jobs().len();
        work(&app).await;
        let sent = studio.jobs();
        assert_eq!(sent.len(), before + 1, "{}", app.engine);
        let sent = sent.last().unwrap();
        assert_eq!(sent.header("authorization"), "Bearer the key");
        assert_eq!(sent.header("idempotency-key"), job);
        let body = sent.json();
        assert_eq!(body["job_id"], job.as_str());
        assert_eq!(body["metadata"], json!({ "seconds": 6 }));
        let known = json!({
            "chain": "ethereum", "standard": "erc721", "token_id": "42",
            "contract_address": CONTRACT.to_lowercase(),
        });
        assert_eq!(body["nft"], known);
        let video = ann.get(&path).await.body;
        assert_eq!(video["status"], "PROCESSING", "{}: {video}", app.engine);
        assert_eq!(video["provider"], "video-generator");
        assert_eq!(video["provider_job_id"], Studio::name(&job));
        assert!(video["submitted_at"].is_string());

        let tell = async |id: &str, told: Value| Studio::tell(&app, &secret, id, &told).await;
        let done = tell("msg_1", Studio::done(&job)).await;
        assert_eq!(done.status, 202, "{}", done.body);
        assert_eq!(heed(&app).await, 1);
        let video = ann.get(&path).await.body;
        assert_eq!(video["status"], "COMPLETED", "{}: {video}", app.engine);
        assert_eq!(video["video_url"], "https://media.example.com/a.mp4");
        // The same, the same under another id, and the opposite.
        assert_eq!(tell("msg_1", Studio::done(&job)).await.status, 200);
        tell("msg_2", Studio::done(&job)).await;
        tell("msg_3", Studio::gone_wrong(&job, "late")).await;
        assert_eq!(heed(&app).await, 2);
        assert_eq!(ann.get(&path).await.body, video, "{}", app.engine);
        assert_eq!(told(&ann).await, ["VIDEO_COMPLETED", "NFT_VERIFIED"]);
        while service::webhook::deliver_due(&app.system()).await.unwrap() > 0 {}
        assert_eq!(listener.types(), ["video.requested", "video.completed"]);
        let letters = listener.heard();
        let data = &letters[1].json()["data"];
        assert_eq!(
            (&data["id"], &data["video_url"]),
            (&video["id"], &video["video_url"])
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn only_the_verified_owner_asks_and_only_where_somebody_makes_videos() {
    let (ledger, studio) = (Ledger::start().await, Studio::start().await);
    for app in TestApp::each_with(&plan(&ledger, None)).await {
        let (ann, nft) = holder(&app, &ledger, "ann", 1).await;
        let body = json!({ "nft_id": nft });
        let nobody = ann.post("/api/v1/videos", body).await;
        assert_eq!(nobody.verdict(), "409 video.no_generator", "{}", app.engine);
        app.stop().await;
    }
    for app in TestApp::each_with(&plan(&ledger, Some(&studio))).await {
        let (ann, nft) = holder(&app, &ledger, "ann", 1).await;
        let ask = async |who: &Client, nft: &str| {
            let body = json!({ "nft_id": nft });
            who.post("/api/v1/videos", body).await.verdict()
        };
        let bob = app.user("bob", UserRole::Admin).await;
        assert_eq!(ask(&bob, &nft).await, "409 video.nft_not_owned");
        assert_eq!(ask(&ann, "ethereum:0x0:1").await, "409 video.nft_not_owned");
        // Claimed, and not verified: not to be had by claiming.
        link(&app, &bob, &Wallet::evm(2)).await;
        begun(
            &bob.post("/api/v1/nfts/verify", claim(&Wallet::evm(2), "42"))
                .await,
        );
        assert_eq!(ask(&bob, &nft).await, "409 video.nft_not_owned");
        work(&app).await;
        assert_eq!(
            ask(&bob, &nft).await,
            "409 video.nft_not_owned",
            "{}",
            app.engine
        );
        assert_eq!(ask(&ann, &nft).await, "201");
        // Sold: the latest verified owner is another.
        ledger.give(CONTRACT, "42", &Wallet::evm(2).address());
        begun(
            &bob.post("/api/v1/nfts/verify", claim(&Wallet::evm(2), "42"))
                .await,
        );
        work(&app).await;
        assert_eq!(ask(&bob, &nft).await, "201");
        assert_eq!(
            ask(&ann, &nft).await,
            "409 video.nft_not_owned",
            "{}",
            app.engine
        );
        // Whoever takes the wallet away takes the ownership with it.
        let identities = bob.get("/api/v1/me/identities").await.body;
        let wallet = format!(
            "/api/v1/me/identities/{}",
            text(&identities["items"][0]["id"])
        );
        assert_eq!(bob.delete(&wallet).await.status, 204);
        assert_eq!(
            ask(&bob, &nft).await,
            "409 video.nft_not_owned",
            "{}",
            app.engine
        );

        let many = claim(&Wallet::evm(1), "7");
        let mut many = many;
        many["standard"] = json!("erc1155");
        ledger.give(CONTRACT, "7", &Wallet::evm(1).address());
        let path = begun(&ann.post("/api/v1/nfts/verify", many.clone()).await);
        work(&app).await;
        let held = ann.get(&path).await.body;
        assert_eq!(ask(&ann, text(&held["nft_id"])).await, "201", "{held}");
        // Said to be of another standard, it must be shown anew.
        many["standard"] = json!("erc721");
        let anew = ann.post("/api/v1/nfts/verify", many).await.body;
        assert_eq!(anew["status"], "pending");
        assert_eq!(
            ask(&ann, text(&held["nft_id"])).await,
            "409 video.nft_not_owned"
        );
        app.stop().await;
    }
}

#[tokio::test]
async fn a_video_is_changed_found_and_removed_by_its_owner() {
    let (ledger, studio) = (Ledger::start().await, Studio::start().await);
    for app in TestApp::each_with(&plan(&ledger, Some(&studio))).await {
        let (ann, nft) = holder(&app, &ledger, "ann", 1).await;
        let bob = app.user("bob", UserRole::User).await;
        let operator = app.user("operator", UserRole::Operator).await;
        let (path, _) = ask(&ann, &nft).await;
        let read = ann.get(&path).await;
        let etag = read.headers["etag"].to_str().unwrap().to_owned();
        assert_eq!(
            ann.with("if-none-match", &etag).get(&path).await.status,
            304
        );
        let change = json!({ "title": "Below", "description": null, "is_public": false });
        let mine = ann.with("if-match", &etag);
        let changed = mine.patch(&path, change.clone()).await;
        assert_eq!(changed.status, 200, "{}", changed.body);
        assert_eq!(changed.body["title"], "Below");
        let late = mine.patch(&path, change.clone()).await;
        assert_eq!(late.verdict(), "412 version.conflict", "{}", app.engine);
        let long = ann.patch(&path, json!({ "title": "x".repeat(256) })).await;
        assert_eq!(long.verdict(), "422 invalid");
        for (answer, what) in [
            (bob.get(&path).await, "read"),
            (bob.patch(&path, change).await, "changed"),
            (bob.delete(&path).await, "removed"),
            (
                bob.post(&format!("{path}/retry"), json!({})).await,
                "retried",
            ),
        ] {
            assert_eq!(answer.verdict(), "404 video.not_found", "{what}");
        }
        let early = ann.post(&format!("{path}/retry"), json!({})).await;
        assert_eq!(early.verdict(), "409 video.invalid_transition");

        let count = async |who: &Client, query: &str| {
            let list = who.get(&format!("/api/v1/videos?{query}")).await.body;
            list["items"]
                .as_array()
                .unwrap_or_else(|| panic!("{list}"))
                .len()
        };
        ask(&ann, &nft).await;
        for (query, found) in [
            ("status=PENDING", 2),
            ("status=FAILED", 0),
            (&format!("nft_id={nft}"), 2),
            ("nft_id=other", 0),
            ("limit=1", 1),
        ] {
            assert_eq!(count(&ann, query).await, found, "{}: {query}", app.engine);
        }
        assert_eq!(count(&bob, "").await, 0);
        assert_eq!(count(&operator, "").await, 2);
        let staff = operator.patch(&path, json!({ "title": "Kept" })).await;
        assert_eq!(staff.status, 200, "{}", staff.body);
        let noted = "SELECT count(*) FROM audit_log WHERE action = 'video.update'";
        assert_eq!(app.number(noted).await, 1, "what the staff does is noted");
        assert_eq!(ann.delete(&path).await.status, 204);
        assert_eq!(ann.get(&path).await.verdict(), "404 video.not_found");
        // What is gone is not handed over.
        let before = studio.jobs().len();
        work(&app).await;
        assert_eq!(studio.jobs().len(), before + 1, "the other one only");
        app.stop().await;
    }
}
