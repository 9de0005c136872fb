//! NFTs, the videos that are made for their holders, and what people are told.

mod journey;
mod nft;
mod notification;
mod public;
mod trouble;
mod video;

use std::time::Duration;

use entity::identity::user::UserRole;
use serde_json::{Value, json};
use service::configuration::{Given, SettingValue};
use service::job::setting::{RETRY_BASE, RETRY_CAP};
use service::nft::{CHAINS, NftChain};
use service::outbound::{ALLOWED_NETWORKS, TIMEOUT};
use service::video::{GENERATOR, GENERATOR_KEY};
use service::webhook::inbound::{HANDLERS, handle_due};
use tests::{Answer, Client, Ledger, Plan, Studio, TestApp, Wallet};

/// A contract of NFTs.
const CONTRACT: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

/// Applications that ask these chains, and this generator where there is one.
fn plan(ledger: &Ledger, studio: Option<&Studio>) -> Plan {
    let chains: Vec<NftChain> = Vec::from_json(&ledger.declared()).unwrap();
    let second = Duration::from_secs(1);
    let mut plan = Plan::default();
    plan.settings.given = Given::default()
        .with(&ALLOWED_NETWORKS, &vec!["127.0.0.0/8".parse().unwrap()])
        // Whoever answers does so in time, however slow the machine.
        .with(&TIMEOUT, &Duration::from_secs(10))
        .with(&RETRY_BASE, &second)
        .with(&RETRY_CAP, &second)
        .with(&CHAINS, &chains)
        .with(&GENERATOR, &studio.map(Studio::url))
        .with(&GENERATOR_KEY, &Some("the key".to_owned()));
    plan
}

/// The path of what an answer has begun.
fn begun(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.headers["location"].to_str().unwrap().to_owned()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value}"))
}

/// Link a wallet to a person.
async fn link(app: &TestApp, who: &Client, wallet: &Wallet) {
    let link = json!({ "purpose": "link" });
    let nonce = who.post("/api/v1/auth/wallet/nonce", link).await.body;
    let now = app.system().now();
    let message = wallet.message(&app.base, text(&nonce["nonce"]), now);
    let linked = who
        .post("/api/v1/me/identities/wallet", wallet.sign(&message))
        .await;
    assert!(linked.status.is_success(), "{}", linked.body);
}

/// The claim that `wallet` holds token `token` of [`CONTRACT`].
fn claim(wallet: &Wallet, token: &str) -> Value {
    json!({
        "chain": "ethereum", "contract_address": CONTRACT, "token_id": token,
        "wallet_address": wallet.address(),
    })
}

/// Do every job that is due.
async fn work(app: &TestApp) -> usize {
    app.worker().drain().await.unwrap()
}

/// Heed what came in.
async fn heed(app: &TestApp) -> usize {
    handle_due(&app.system(), HANDLERS).await.unwrap()
}

/// A person whose wallet holds token 42, which was verified; tells what the NFT is called.
async fn holder(app: &TestApp, ledger: &Ledger, name: &str, seed: u8) -> (Client, String) {
    let who = app.user(name, UserRole::User).await;
    let wallet = Wallet::evm(seed);
    link(app, &who, &wallet).await;
    ledger.give(CONTRACT, "42", &wallet.address());
    let claimed = who.post("/api/v1/nfts/verify", claim(&wallet, "42")).await;
    let path = begun(&claimed);
    work(app).await;
    let nft = who.get(&path).await.body;
    assert_eq!(nft["status"], "verified", "{}: {nft}", app.engine);
    let name = text(&nft["nft_id"]).to_owned();
    (who, name)
}

/// The types of what the caller was told, the newest first.
async fn told(who: &Client) -> Vec<String> {
    let list = who.get("/api/v1/notifications").await.body;
    let rows = list["items"].as_array().unwrap().iter();
    rows.map(|row| text(&row["type"]).to_owned()).collect()
}
