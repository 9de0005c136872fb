//! The journey of the specification: a wallet signs in, its NFT is verified, a video is asked for, a
//! generator of its own makes it and says so by a signed webhook, the notification arrives on the
//! stream that is open, and everybody may watch.

use std::process::Stdio;

use entity::identity::user::UserRole;
use serde_json::json;
use service::video::GENERATOR;
use tests::{Client, EventStream, Ledger, Studio, TestApp, Wallet, eventually};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::{CONTRACT, begun, claim, heed, plan, text, told, work};

/// A generator that is a program of its own; gone when it is dropped. Tells where it takes jobs on.
async fn generator(callback: &str, secret: &str) -> (Child, url::Url) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_video_generator"))
        .args(["--listen", "127.0.0.1:0", "--delay", "0.05", "--twice"])
        .args(["--callback", callback])
        .env("GENERATOR_KEY", "the key")
        .env("WEBHOOK_SECRET", secret)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let said = program.stdout.take().unwrap();
    let mut lines = BufReader::new(said).lines();
    let address = lines.next_line().await.unwrap().unwrap();
    (program, format!("http://{address}/jobs").parse().unwrap())
}

/// Sign in with a wallet that nobody has seen before.
async fn sign_in(app: &TestApp, wallet: &Wallet) -> Client {
    let nobody = app.anonymous();
    let nonce = nobody.post("/api/v1/auth/wallet/nonce", json!({})).await;
    let nonce = text(&nonce.body["nonce"]).to_owned();
    let signed = wallet.sign(&wallet.message(&app.base, &nonce, app.system().now()));
    let answer = nobody.post("/api/v1/auth/wallet/verify", signed).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    nobody.signed_in(&answer)
}

#[tokio::test]
async fn from_a_wallet_to_a_video_that_everybody_watches() {
    let ledger = Ledger::start().await;
    for first in TestApp::each_with(&plan(&ledger, None)).await {
        let admin = first.user("admin", UserRole::Admin).await;
        let secret = Studio::known(&admin).await;
        let callback = format!("{}/api/v1/webhooks/video-generator", first.base);
        let (_program, address) = generator(&callback, &secret).await;
        // Another server on the same database knows the generator; the generator tells the first.
        let mut knowing = plan(&ledger, None);
        let given = std::mem::take(&mut knowing.settings.given);
        knowing.settings.given = given.with(&GENERATOR, &Some(address));
        let app = first.beside_with(&knowing).await;

        let wallet = Wallet::evm(21);
        let ann = sign_in(&app, &wallet).await;
        let mut stream = EventStream::open(&ann, "/api/v1/notifications/events", None).await;
        ledger.give(CONTRACT, "42", &wallet.address());
        let claimed = ann.post("/api/v1/nfts/verify", claim(&wallet, "42")).await;
        let nft = text(&claimed.body["nft_id"]).to_owned();
        let body = json!({ "nft_id": nft, "title": "Over the clouds", "is_public": true });
        let early = ann.post("/api/v1/videos", body.clone()).await;
        assert_eq!(early.verdict(), "409 video.nft_not_owned", "{}", app.engine);
        work(&app).await;
        assert_eq!(stream.kinds(1).await, ["NFT_VERIFIED"], "{}", app.engine);

        let path = begun(&ann.post("/api/v1/videos", body).await);
        assert_eq!(
            app.anonymous().get("/api/v1/videos/public").await.body["items"],
            json!([])
        );
        work(&app).await;
        // It says everything twice; both are kept, one counts.
        eventually(async || {
            heed(&app).await;
            let kept =
                "SELECT count(*) FROM inbound_events WHERE state IN ('processed', 'ignored')";
            (app.number(kept).await == 2).then_some(())
        })
        .await;
        let (_, kind, notification) = stream.next().await.unwrap();
        assert_eq!(kind, "VIDEO_COMPLETED", "{}", app.engine);
        let video = ann.get(&path).await.body;
        assert_eq!(notification["data"]["video_id"], video["id"]);
        assert_eq!(video["status"], "COMPLETED", "{video}");
        let listed = app.anonymous().get("/api/v1/videos/public").await.body;
        assert_eq!(listed["items"][0]["id"], video["id"], "{listed}");
        assert_eq!(listed["items"][0]["video_url"], video["video_url"]);
        assert_eq!(told(&ann).await, ["VIDEO_COMPLETED", "NFT_VERIFIED"]);
        let unread = ann.get("/api/v1/notifications/unread-count").await.body;
        assert_eq!(unread["count"], 2);
        app.stop().await;
        first.stop().await;
    }
}
