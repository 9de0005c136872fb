//! The journeys of the specifications, on both engines, through the real binary and nothing else: a
//! wallet to a video that everybody watches, a template to what an agent brought, a document that comes
//! in pieces to a report.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use futures::stream;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Client, EventStream, Ledger, Studio, Wallet, eventually};
use tokio::process::Command;

use crate::database::Database;
use crate::server::Server;
use crate::{EMAIL, PASSWORD};

const CONTRACT: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const SEEDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/seeds");
const DOCUMENT: &str = "integration_plan.txt";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a drill: .ci/run drill"]
async fn each_seed_is_lived_through() {
    service::tls::install();
    for database in Database::each() {
        Server::prepare(&database.url, database.data(), EMAIL, PASSWORD);
        let ledger = Ledger::start().await;
        // Nobody else gets the generator's place until it is there.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let generator = listener.local_addr().unwrap().to_string();
        let server = serve(&database, &ledger, &generator);
        let admin = signed_in(&server.base).await;
        video(&server.base, &admin, &ledger, listener).await;
        agent(&server.base, &admin).await;
        document(&server.base, &admin).await;
        assert!(server.stop(), "it ends well");
        println!(
            "{}: a video, an agent and a document came to their ends",
            database.engine
        );
    }
}

fn serve(database: &Database, ledger: &Ledger, generator: &str) -> Server {
    let (chains, jobs) = (
        ledger.declared().to_string(),
        format!("http://{generator}/jobs"),
    );
    let settings = [
        ("CHANCERY_SETTING_OUTBOUND__ALLOWED_NETWORKS", "127.0.0.0/8"),
        ("CHANCERY_SETTING_FEATURES__MAX_AGENTS_PER_USER", "1"),
        ("CHANCERY_SETTING_NFTS__CHAINS", chains.as_str()),
        ("CHANCERY_SETTING_VIDEOS__GENERATOR", jobs.as_str()),
        ("CHANCERY_SETTING_VIDEOS__GENERATOR_KEY", "the key"),
    ];
    Server::serve(&database.url, database.data(), &settings)
}

async fn signed_in(base: &str) -> Client {
    let nobody = Client::at(base);
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let answer = nobody.post("/api/v1/session", body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    nobody.signed_in(&answer)
}

/// Whoever has the wallet, signed in with it.
pub(crate) async fn with_wallet(base: &str, wallet: &Wallet) -> Client {
    let nobody = Client::at(base);
    let nonce = nobody.post("/api/v1/auth/wallet/nonce", json!({})).await;
    let message = wallet.message(base, text(&nonce.body["nonce"]), Utc::now());
    let answer = nobody
        .post("/api/v1/auth/wallet/verify", wallet.sign(&message))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    nobody.signed_in(&answer)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value}"))
}

fn place(answer: &Answer) -> String {
    assert!(answer.status.is_success(), "{}", answer.body);
    answer.headers["location"].to_str().unwrap().to_owned()
}

/// A key that programs work with.
async fn worker_key(admin: &Client) -> String {
    let key = json!({ "name": "worker", "scopes": ["worker"] });
    text(&admin.post("/api/v1/me/keys", key).await.body["key"]).to_owned()
}

async fn work(base: &str, key: &str, more: &[&str]) {
    let worker = Command::new(env!("CARGO_BIN_EXE_seed_worker"))
        .args(["--server", base, "--once", "--documents", SEEDS])
        .args(more)
        .env("CHANCERY_API_KEY", key)
        .kill_on_drop(true)
        .output();
    let worker = worker.await.unwrap();
    assert!(worker.status.success(), "{worker:?}");
}

/// A wallet signs in, its NFT is verified, a video is asked for, the generator says by a signed webhook
/// that it is done, the notification arrives on the open stream, and anybody may watch.
async fn video(base: &str, admin: &Client, ledger: &Ledger, listener: TcpListener) {
    let secret = Studio::known(admin).await;
    let callback = format!("{base}/api/v1/webhooks/video-generator");
    let generator = listener.local_addr().unwrap().to_string();
    drop(listener);
    let _program = Command::new(env!("CARGO_BIN_EXE_video_generator"))
        .args(["--listen", &generator, "--delay", "0.1", "--twice"])
        .args(["--callback", &callback])
        .env("GENERATOR_KEY", "the key")
        .env("WEBHOOK_SECRET", secret)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();

    let (nobody, wallet) = (Client::at(base), Wallet::evm(7));
    let ann = with_wallet(base, &wallet).await;
    let mut stream = EventStream::open(&ann, "/api/v1/notifications/events", None).await;
    ledger.give(CONTRACT, "42", &wallet.address());
    let claim = json!({
        "chain": "ethereum", "contract_address": CONTRACT, "token_id": "42",
        "wallet_address": wallet.address(),
    });
    let claimed = ann.post("/api/v1/nfts/verify", claim).await;
    assert_eq!(claimed.status, 201, "{}", claimed.body);
    assert_eq!(stream.kinds(1).await, ["NFT_VERIFIED"]);
    let wanted = json!({ "nft_id": claimed.body["nft_id"], "title": "Clouds", "is_public": true });
    let path = place(&ann.post("/api/v1/videos", wanted).await);
    let (_, kind, told) = stream.next().await.unwrap();
    let video = ann.get(&path).await.body;
    assert_eq!(
        (kind.as_str(), &told["data"]["video_id"]),
        ("VIDEO_COMPLETED", &video["id"])
    );
    assert_eq!(video["status"], "COMPLETED", "{video}");
    let shown = nobody.get("/api/v1/videos/public").await.body;
    assert_eq!(shown["items"][0]["id"], video["id"], "{shown}");
}

/// An agent is made under its limit, executed by a program, and counted.
async fn agent(base: &str, admin: &Client) {
    let template = json!({
        "name": "Researcher", "category": "research",
        "default_workflow": { "steps": [{ "id": 1, "name": "Read" }] },
    });
    let template = place(&admin.post("/api/v1/agent-templates", template).await);
    let id = template.rsplit('/').next().unwrap();
    let body = json!({ "name": "Mine", "template_id": id });
    let mine = place(&admin.post("/api/v1/agents", body).await);
    let more = admin
        .post("/api/v1/agents", json!({ "name": "Another" }))
        .await;
    assert_eq!(more.verdict(), "409 agent.limit_exceeded");
    let ask = json!({ "input": { "prompt": "What shipped?" } });
    let asked = place(&admin.post(&format!("{mine}/executions"), ask).await);
    work(base, &worker_key(admin).await, &["--executions"]).await;
    let done = admin.get(&asked).await.body;
    assert_eq!(
        done["output"]["summary"], "What shipped? (1 steps)",
        "{done}"
    );
    assert_eq!(admin.get(&mine).await.body["execution_count"], 1);
    assert_eq!(Client::at(base).get(&template).await.body["usage_count"], 1);
}

/// A document comes by tus over a line that breaks twice, and becomes a run that a program finishes.
async fn document(base: &str, admin: &Client) {
    let content = std::fs::read(Path::new(SEEDS).join(DOCUMENT)).unwrap();
    let name = format!("filename {}", STANDARD.encode(DOCUMENT));
    let tus = admin.with("tus-resumable", "1.0.0");
    let begun = tus
        .with("upload-length", &content.len().to_string())
        .with("upload-metadata", &name)
        .ask(Method::POST, "/api/v1/uploads/tus", None)
        .await;
    assert_eq!(begun.status, 201, "{}", begun.body);
    let id = text(&begun.body["id"]).to_owned();
    let place = format!("/api/v1/uploads/tus/{id}");
    let third = content.len() / 3;
    let mut at = 0;
    for _ in 0..2 {
        break_off(&tus, base, &place, at, content[at..at + third].to_vec()).await;
        at = eventually(async || {
            let head = tus.ask(Method::HEAD, &place, None).await;
            let offset = head
                .headers
                .get("upload-offset")?
                .to_str()
                .ok()?
                .parse()
                .ok()?;
            (offset > at).then_some(offset)
        })
        .await;
    }
    let rest = eventually(async || {
        let rest = tus
            .with("content-type", "application/offset+octet-stream")
            .with("upload-offset", &at.to_string())
            .ask(Method::PATCH, &place, Some(content[at..].to_vec()))
            .await;
        (rest.status != 423).then_some(rest)
    })
    .await;
    assert_eq!(rest.status, 204, "{}", rest.body);
    let kept = admin.get(&format!("/api/v1/uploads/{id}/content")).await;
    assert!(kept.bytes == content, "not a byte is another");

    let run = json!({
        "company_id": "northwind", "company_name": "Northwind", "document_name": DOCUMENT,
        "document_upload_id": id,
    });
    let run = self::place(&admin.post("/api/v1/runs", run).await);
    work(base, &worker_key(admin).await, &[]).await;
    let done = admin.get(&run).await.body;
    assert_eq!(
        (&done["status"], &done["document_upload_id"]),
        (&json!("COMPLETED"), &json!(id))
    );
    assert_eq!(done["cards"].as_array().map(Vec::len), Some(5), "{done}");
}

/// Send a part whose line breaks before it is whole.
async fn break_off(tus: &Client, base: &str, place: &str, at: usize, part: Vec<u8>) {
    let broken = eventually(async || {
        let pieces = stream::unfold(Some(part.clone()), async |part| {
            if let Some(part) = part {
                return Some((Ok(part), None));
            }
            // The part is on its way; the rest of what was announced is not.
            tokio::time::sleep(Duration::from_millis(200)).await;
            Some((Err(std::io::Error::other("the line broke")), None))
        });
        let sent = reqwest::Client::new()
            .patch(format!("{base}{place}"))
            .header("tus-resumable", "1.0.0")
            .header("content-type", "application/offset+octet-stream")
            .header("upload-offset", at)
            .header("cookie", tus.sends("cookie"))
            .header("origin", base)
            .header("x-requested-with", "tests")
            .body(reqwest::Body::wrap_stream(pieces))
            .send()
            .await;
        // The part before is told a moment sooner than its writer lets go.
        let locked = sent.as_ref().is_ok_and(|answer| answer.status() == 423);
        (!locked).then_some(sent)
    })
    .await;
    assert!(broken.is_err(), "{broken:?}");
}
