//! Signing in with a wallet, and linking one.

use chrono::{TimeDelta, Utc};
use entity::identity::user::{UserRole, UserStatus};
use futures::future::join_all;
use serde_json::{Value, json};
use service::identity::set_status;
use tests::{Answer, Client, TestApp, Wallet};

/// What a forger does to a message.
type Change = Box<dyn Fn(String) -> String>;

async fn nonce(who: &Client, body: Value) -> String {
    let answer = who.post("/api/v1/auth/wallet/nonce", body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["nonce"].as_str().unwrap().to_owned()
}

async fn verify(who: &Client, body: Value) -> Answer {
    who.post("/api/v1/auth/wallet/verify", body).await
}

/// The caller with the cookie that an answer sets.
fn within(app: &TestApp, answer: &Answer) -> Client {
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let client = app.anonymous().with("cookie", cookie);
    client
        .with("origin", &app.base)
        .with("x-requested-with", "tests")
}

#[tokio::test]
async fn a_wallet_signs_in_and_its_address_is_one_person() {
    for app in TestApp::each().await {
        for wallet in [Wallet::evm(7), Wallet::solana(7)] {
            let nobody = app.anonymous();
            let sign = async || {
                let nonce = nonce(&nobody, json!({})).await;
                wallet.sign(&wallet.message(&app.base, &nonce, Utc::now()))
            };
            let body = sign().await;
            let first = verify(&nobody, body.clone()).await;
            assert_eq!(first.status, 200, "{}: {}", app.engine, first.body);
            assert!(first.body["email"].is_null());
            let ann = within(&app, &first);
            assert_eq!(ann.get("/api/v1/me").await.body["id"], first.body["id"]);
            let sessions = ann.get("/api/v1/me/sessions").await.body;
            let method = sessions["items"][0]["method"].as_str().unwrap();
            assert!(method.starts_with("wallet:"), "{method}");

            let replayed = verify(&nobody, body).await;
            assert_eq!(replayed.verdict(), "401 auth.wallet_refused", "once");
            let again = verify(&nobody, sign().await).await;
            assert_eq!(again.body["id"], first.body["id"], "{}", app.engine);

            let user = serde_json::from_value(first.body["id"].clone()).unwrap();
            let suspended = set_status(&app.system(), user, UserStatus::Suspended).await;
            suspended.unwrap();
            let late = verify(&nobody, sign().await).await;
            assert_eq!(late.verdict(), "401 auth.wallet_refused");
        }
        app.stop().await;
    }
}

#[tokio::test]
async fn a_keyed_sign_in_that_is_sent_again_hears_that_it_was_done() {
    for app in TestApp::each().await {
        let (wallet, nobody) = (Wallet::evm(5), app.anonymous());
        let said = nonce(&nobody, json!({})).await;
        let body = wallet.sign(&wallet.message(&app.base, &said, Utc::now()));
        let keyed = nobody.with("idempotency-key", "once");
        assert_eq!(verify(&keyed, body.clone()).await.status, 200);
        let again = verify(&keyed, body).await;
        assert_eq!(again.verdict(), "409 idempotency.secret", "{}", app.engine);
        assert_eq!(app.row_counts().await["sessions"], 1);
        app.stop().await;
    }
}

#[tokio::test]
async fn many_first_sign_ins_at_once_make_one_person() {
    for app in TestApp::each().await {
        let (wallet, nobody) = (Wallet::evm(9), app.anonymous());
        let mut bodies = Vec::new();
        for _ in 0..24 {
            let nonce = nonce(&nobody, json!({})).await;
            bodies.push(wallet.sign(&wallet.message(&app.base, &nonce, Utc::now())));
        }
        // One of them is sent four times: its nonce is good for one.
        bodies.extend(vec![bodies[0].clone(); 3]);
        let answers = join_all(bodies.into_iter().map(|body| verify(&nobody, body))).await;
        let mut ids: Vec<&str> = answers
            .iter()
            .filter_map(|answer| answer.body["id"].as_str())
            .collect();
        assert_eq!(ids.len(), 24, "{}", app.engine);
        ids.dedup();
        assert_eq!(ids.len(), 1, "{}", app.engine);
        let counts = app.row_counts().await;
        assert_eq!((counts["users"], counts["user_identities"]), (1, 1));
        app.stop().await;
    }
}

#[tokio::test]
async fn a_message_for_another_place_or_time_is_refused() {
    for app in TestApp::each().await {
        let (wallet, nobody) = (Wallet::evm(3), app.anonymous());
        let domain = app.base.split_once("://").unwrap().1.to_owned();
        let now = Utc::now();
        let later = |seconds| (now + TimeDelta::seconds(seconds)).to_rfc3339();
        let with = |from: &str, to: String| -> Change {
            let from = from.to_owned();
            Box::new(move |text: String| text.replacen(&from, &to, 1))
        };
        let end = |line: String| -> Change { Box::new(move |text| format!("{text}\n{line}")) };
        let bad: Vec<(&str, Change)> = vec![
            ("another domain", with(&domain, "evil.example".to_owned())),
            ("another port", with(&domain, "127.0.0.1:1".to_owned())),
            (
                "another URI",
                with(
                    &format!("URI: {}", app.base),
                    "URI: https://evil.example".to_owned(),
                ),
            ),
            ("another scheme", Box::new(|text| format!("https://{text}"))),
            (
                "another chain",
                with("Chain ID: 1", "Chain ID: 5".to_owned()),
            ),
            ("over", end(format!("Expiration Time: {}", later(-1)))),
            ("not yet", end(format!("Not Before: {}", later(60)))),
            ("another nonce", with("Nonce: ", "Nonce: a".to_owned())),
        ];
        for (name, change) in &bad {
            let nonce = nonce(&nobody, json!({})).await;
            let text = change(wallet.message(&app.base, &nonce, now));
            let answer = verify(&nobody, wallet.sign(&text)).await;
            assert_eq!(answer.verdict(), "401 auth.wallet_refused", "{name}");
        }
        for issued in [TimeDelta::minutes(-7), TimeDelta::minutes(2)] {
            let nonce = nonce(&nobody, json!({})).await;
            let text = wallet.message(&app.base, &nonce, now + issued);
            let answer = verify(&nobody, wallet.sign(&text)).await;
            assert_eq!(answer.verdict(), "401 auth.wallet_refused", "{issued}");
        }
        let fresh = nonce(&nobody, json!({})).await;
        let text = wallet.message(&app.base, &fresh, now);
        let mut foreign = Wallet::evm(4).sign(&text);
        let answer = verify(&nobody, foreign.clone()).await;
        assert_eq!(answer.verdict(), "401 auth.wallet_refused", "another's");
        foreign["message"] = json!("Hello");
        let answer = verify(&nobody, foreign).await;
        assert_eq!(answer.verdict(), "422 auth.wallet_message");
        assert_eq!(answer.body["errors"][0]["pointer"], "/message");
        app.clock.advance(TimeDelta::seconds(301));
        let text = wallet.message(&app.base, &fresh, now + TimeDelta::seconds(301));
        let answer = verify(&nobody, wallet.sign(&text)).await;
        assert_eq!(answer.verdict(), "401 auth.wallet_refused", "an old nonce");
        assert_eq!(app.row_counts().await["users"], 0, "{}", app.engine);
        app.stop().await;
    }
}

#[tokio::test]
async fn wallets_are_linked_and_unlinked_but_for_the_last_way_in() {
    for app in TestApp::each().await {
        let (wallet, path) = (Wallet::solana(5), "/api/v1/me/identities/wallet");
        let ann = app.user("ann", UserRole::User).await;
        let bob = app.user("bob", UserRole::User).await;
        let link = json!({ "purpose": "link" });
        let refused = app
            .anonymous()
            .post("/api/v1/auth/wallet/nonce", link.clone())
            .await;
        assert_eq!(refused.verdict(), "401 unauthenticated");
        let signed = async |who: &Client, body: Value| {
            let nonce = nonce(who, body).await;
            wallet.sign(&wallet.message(&app.base, &nonce, Utc::now()))
        };

        let stolen = signed(&bob, link.clone()).await;
        let stolen = ann.post(path, stolen).await;
        assert_eq!(stolen.verdict(), "401 auth.wallet_refused", "bob's nonce");
        let plain = signed(&ann, json!({})).await;
        let plain = ann.post(path, plain).await;
        assert_eq!(plain.verdict(), "401 auth.wallet_refused", "to sign in");
        let body = signed(&ann, link.clone()).await;
        let misused = verify(&app.anonymous(), body).await;
        assert_eq!(misused.verdict(), "401 auth.wallet_refused", "to link");

        for _ in 0..2 {
            let body = signed(&ann, link.clone()).await;
            let linked = ann.post(path, body).await;
            assert_eq!(linked.status, 200, "{}: {}", app.engine, linked.body);
            assert_eq!(linked.body["subject"], wallet.address());
        }
        let body = signed(&bob, link).await;
        assert_eq!(bob.post(path, body).await.verdict(), "409 identity.taken");

        let body = signed(&app.anonymous(), json!({})).await;
        let came = verify(&app.anonymous(), body).await;
        assert_eq!(came.body["email"], "ann@example.test");
        let list = ann.get("/api/v1/me/identities").await.body;
        assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
        let own = format!(
            "/api/v1/me/identities/{}",
            list["items"][0]["id"].as_str().unwrap()
        );
        assert_eq!(bob.delete(&own).await.verdict(), "404 identity.not_found");
        assert_eq!(ann.delete(&own).await.status, 204, "she has a password");
        let body = signed(&app.anonymous(), json!({})).await;
        let stranger = verify(&app.anonymous(), body).await;
        assert!(stranger.body["email"].is_null(), "somebody new");
        let stranger = within(&app, &stranger);
        let list = stranger.get("/api/v1/me/identities").await.body;
        let own = format!(
            "/api/v1/me/identities/{}",
            list["items"][0]["id"].as_str().unwrap()
        );
        assert_eq!(
            stranger.delete(&own).await.verdict(),
            "409 identity.last_way_in"
        );
        app.stop().await;
    }
}
