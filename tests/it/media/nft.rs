//! NFTs: what chains say of them, and what is made of it.

use chrono::TimeDelta;
use entity::identity::user::UserRole;
use serde_json::{Value, json};
use service::job::{NewJob, Nothing, enqueue};
use service::nft::Recheck;
use tests::{Ledger, Reply, TestApp, Wallet};

use super::{CONTRACT, begun, claim, holder, link, plan, text, told, work};

/// The asset of Solana that the tests speak of.
const ASSET: &str = "So11111111111111111111111111111111111111112";

async fn recheck(app: &TestApp) {
    let tx = app.system().write().await.unwrap();
    let job = NewJob::of::<Recheck>(&Nothing {}).unwrap();
    enqueue(&tx, job).await.unwrap();
    tx.commit().await.unwrap();
    work(app).await;
}

#[tokio::test]
async fn a_chain_says_who_holds_what() {
    let ledger = Ledger::start().await;
    for app in TestApp::each_with(&plan(&ledger, None)).await {
        let ann = app.user("ann", UserRole::User).await;
        let (evm, solana) = (Wallet::evm(3), Wallet::solana(3));
        link(&app, &ann, &evm).await;
        link(&app, &ann, &solana).await;
        let chains = ann.get("/api/v1/nfts/chains").await.body;
        let offered = json!([
            { "name": "ethereum", "standards": ["erc721", "erc1155"] },
            { "name": "solana", "standards": ["solana"] },
        ]);
        assert_eq!(chains, offered, "no address, no key");
        for token in ["1", "2", "258"] {
            ledger.give(CONTRACT, token, &evm.address());
        }
        ledger.give(ASSET, ASSET, &solana.address());
        let mut many = claim(&evm, "2");
        many["standard"] = json!("erc1155");
        let mut asset = json!({
            "chain": "solana", "token_id": ASSET, "wallet_address": solana.address(),
        });
        let mut paths = Vec::new();
        for body in [claim(&evm, "000258"), many, asset.clone()] {
            let answer = ann.post("/api/v1/nfts/verify", body).await;
            paths.push(begun(&answer));
            assert_eq!(answer.body["status"], "pending", "{}", answer.body);
            assert_eq!(answer.body["checked_at"], Value::Null);
        }
        assert_eq!(work(&app).await, 3);
        let mut names = Vec::new();
        for path in &paths {
            let nft = ann.get(path).await.body;
            assert_eq!(nft["status"], "verified", "{}: {nft}", app.engine);
            assert_eq!(nft["last_verified"], nft["checked_at"]);
            names.push(text(&nft["nft_id"]).to_owned());
        }
        let contract = CONTRACT.to_lowercase();
        let expected = [
            format!("ethereum:{contract}:258"),
            format!("ethereum:{contract}:2"),
            format!("solana:{ASSET}"),
        ];
        assert_eq!(names, expected);
        assert_eq!(told(&ann).await, ["NFT_VERIFIED"; 3]);
        let asked = ledger.asked();
        let first = asked
            .iter()
            .find(|one| {
                one.json()["params"][0]["data"]
                    .to_string()
                    .contains("6352211e")
            })
            .unwrap();
        let call = &first.json()["params"][0];
        assert_eq!(call["to"], contract.as_str());
        assert_eq!(call["data"], format!("0x6352211e{:064x}", 258));
        assert_eq!(first.header("authorization"), "Bearer of the node");

        // A collection that it is not of; again, and nothing new is told.
        asset["contract_address"] = json!(solana.address());
        let odd = begun(&ann.post("/api/v1/nfts/verify", asset).await);
        begun(&ann.post("/api/v1/nfts/verify", claim(&evm, "258")).await);
        work(&app).await;
        assert_eq!(odd, paths[2], "the same asset");
        assert_eq!(ann.get(&odd).await.body["status"], "no_such_token");
        assert_eq!(told(&ann).await.len(), 3, "{}", app.engine);

        let mine = ann.get("/api/v1/nfts?verified=true").await.body;
        assert_eq!(mine["items"].as_array().unwrap().len(), 2, "{mine}");
        let bob = app.user("bob", UserRole::User).await;
        assert_eq!(bob.get(&odd).await.verdict(), "404 nft.not_found");
        let none = bob.get("/api/v1/nfts").await.body;
        assert_eq!(none["items"], json!([]));
        app.stop().await;
    }
}

#[tokio::test]
async fn who_is_not_the_holder_hears_so() {
    let ledger = Ledger::start().await;
    for app in TestApp::each_with(&plan(&ledger, None)).await {
        let ann = app.user("ann", UserRole::User).await;
        let wallet = Wallet::evm(4);
        link(&app, &ann, &wallet).await;
        ledger.give(CONTRACT, "5", &Wallet::evm(5).address());
        let zero = format!("0x{}", "0".repeat(40));
        ledger.give(CONTRACT, "6", &zero);
        for (token, standard, status) in [
            ("5", "erc721", "not_owner"),
            ("6", "erc721", "no_such_token"),
            ("7", "erc721", "no_such_token"),
            ("8", "erc1155", "not_owner"),
        ] {
            let mut body = claim(&wallet, token);
            body["standard"] = json!(standard);
            let path = begun(&ann.post("/api/v1/nfts/verify", body).await);
            work(&app).await;
            let nft = ann.get(&path).await.body;
            assert_eq!(nft["status"], status, "{}: {token}: {nft}", app.engine);
            assert_eq!(nft["verified"], false);
            assert_eq!(nft["last_verified"], Value::Null);
        }
        assert!(told(&ann).await.is_empty());
        app.stop().await;
    }
}

#[tokio::test]
async fn what_is_no_answer_is_not_believed_and_asked_for_again() {
    let ledger = Ledger::start().await;
    for app in TestApp::each_with(&plan(&ledger, None)).await {
        // However long a try takes, the next one is not before the test lets time pass.
        app.clock.stop_at(app.system().now());
        let ann = app.user("ann", UserRole::User).await;
        let wallet = Wallet::evm(6);
        link(&app, &ann, &wallet).await;
        ledger.give(CONTRACT, "9", &wallet.address());
        let path = begun(&ann.post("/api/v1/nfts/verify", claim(&wallet, "9")).await);
        let word = format!(
            "0x{:0>64}",
            wallet.address().to_lowercase().trim_start_matches("0x")
        );
        let troubles: [&dyn Fn(); 6] = [
            &|| ledger.say(Reply::status(503)),
            &|| ledger.say(Reply::Say(302, "location: /x\r\n".to_owned(), Vec::new())),
            &|| ledger.twist(json!({ "id": "another" })),
            &|| ledger.twist(json!({ "result": word.replace("0x00", "0x01") })),
            &|| ledger.twist(json!({ "error": { "code": 3, "message": "revert" } })),
            &|| ledger.say(Reply::Say(200, String::new(), vec![b'['; 100_000])),
        ];
        for trouble in troubles {
            ledger.be_honest();
            trouble();
            assert!(work(&app).await > 0, "{}", app.engine);
            let nft = ann.get(&path).await.body;
            assert_eq!(nft["status"], "pending", "{}: {nft}", app.engine);
            app.clock.advance(TimeDelta::seconds(3));
        }
        ledger.be_honest();
        work(&app).await;
        assert_eq!(ann.get(&path).await.body["status"], "verified");

        ledger.say(Reply::status(500));
        let lost = begun(&ann.post("/api/v1/nfts/verify", claim(&wallet, "10")).await);
        for _ in 0..8 {
            work(&app).await;
            app.clock.advance(TimeDelta::seconds(3));
        }
        let nft = ann.get(&lost).await.body;
        assert_eq!(nft["status"], "unanswered", "{}: {nft}", app.engine);
        let dead = "SELECT count(*) FROM jobs WHERE state = 'dead' AND kind = 'nft.verify'";
        assert_eq!(app.number(dead).await, 1);
        ledger.be_honest();
        ledger.give(CONTRACT, "10", &wallet.address());
        let again = ann.post("/api/v1/nfts/verify", claim(&wallet, "10")).await;
        assert_eq!(again.body["status"], "pending", "{}", again.body);
        work(&app).await;
        assert_eq!(ann.get(&lost).await.body["status"], "verified");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_new_holder_takes_the_place_of_the_one_before() {
    let ledger = Ledger::start().await;
    for app in TestApp::each_with(&plan(&ledger, None)).await {
        let (ann, nft) = holder(&app, &ledger, "ann", 7).await;
        let (bob, same) = holder(&app, &ledger, "bob", 8).await;
        assert_eq!(nft, same);
        let before = ann.get("/api/v1/nfts").await.body["items"][0].clone();
        assert_eq!(before["status"], "not_owner", "{}: {before}", app.engine);
        assert!(before["last_verified"].is_string(), "it was theirs");
        assert_eq!(told(&bob).await, ["NFT_VERIFIED"]);

        // Nobody asks, and it is sold on: that is found out, in its time.
        ledger.give(CONTRACT, "42", &Wallet::evm(9).address());
        let status = async || {
            let list = bob.get("/api/v1/nfts").await.body;
            text(&list["items"][0]["status"]).to_owned()
        };
        recheck(&app).await;
        assert_eq!(status().await, "verified", "{}: not so soon", app.engine);
        app.clock.advance(TimeDelta::hours(25));
        ledger.say(Reply::status(500));
        recheck(&app).await;
        for _ in 0..8 {
            work(&app).await;
            app.clock.advance(TimeDelta::seconds(3));
        }
        assert_eq!(
            status().await,
            "verified",
            "{}: until it says otherwise",
            app.engine
        );
        ledger.be_honest();
        app.clock.advance(TimeDelta::hours(25));
        recheck(&app).await;
        assert_eq!(status().await, "not_owner", "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_claim_is_for_ones_own_wallet_on_a_chain_that_is_known() {
    let ledger = Ledger::start().await;
    for app in TestApp::each_with(&plan(&ledger, None)).await {
        let ann = app.user("ann", UserRole::User).await;
        let (own, other) = (Wallet::evm(10), Wallet::evm(11));
        link(&app, &ann, &own).await;
        let bob = app.user("bob", UserRole::User).await;
        link(&app, &bob, &other).await;
        let before = app.row_counts().await;
        let with = |name: &str, value: Value| {
            let mut body = claim(&own, "1");
            body[name] = value;
            body
        };
        let most = format!("1{}", "0".repeat(78));
        for (body, verdict, pointer) in [
            (claim(&other, "1"), "409 nft.wallet_not_linked", None),
            (
                with("chain", json!("fantasy")),
                "409 nft.unknown_chain",
                None,
            ),
            (with("chain", json!("")), "422 invalid", Some("/chain")),
            (
                with("standard", json!("solana")),
                "422 invalid",
                Some("/standard"),
            ),
            (
                with("token_id", json!("0x1")),
                "422 invalid",
                Some("/token_id"),
            ),
            (
                with("token_id", json!(most)),
                "422 invalid",
                Some("/token_id"),
            ),
            (
                with("contract_address", Value::Null),
                "422 invalid",
                Some("/contract_address"),
            ),
            (
                with("contract_address", json!("0x12")),
                "422 invalid",
                Some("/contract_address"),
            ),
            (
                with("wallet_address", json!("me")),
                "422 invalid",
                Some("/wallet_address"),
            ),
        ] {
            let answer = ann.post("/api/v1/nfts/verify", body.clone()).await;
            assert_eq!(answer.verdict(), verdict, "{}: {body}", app.engine);
            if let Some(pointer) = pointer {
                assert_eq!(
                    answer.body["errors"][0]["pointer"], pointer,
                    "{}",
                    answer.body
                );
            }
        }
        assert_eq!(app.row_counts().await, before, "{}", app.engine);
        app.stop().await;
    }
}
