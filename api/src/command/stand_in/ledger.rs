//! A chain that says who holds which NFT, over JSON-RPC as a node of Ethereum does (`eth_call` of
//! `ownerOf` and `balanceOf`): those that the demo shows as verified, and no others.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Call;
use super::visit::Visit;
use crate::command::Failure;

/// Who holds which token of which contract, in the words of a call.
type Books = HashMap<(String, String), String>;

/// Answer who holds what.
pub(super) async fn serve(call: Call, listener: TcpListener) -> Result<(), Failure> {
    let books = Arc::new(read(&call).await?);
    let router = Router::new().route("/", post(answer)).with_state(books);
    Ok(axum::serve(listener, router).await?)
}

/// What is on the chain: it was there before, so it is what the server was told once.
async fn read(call: &Call) -> Result<Books, Failure> {
    let visit = Visit::begin(call).await?;
    let mut books = Books::new();
    let mut path = "/nfts?verified=true&limit=100".to_owned();
    loop {
        let page = visit.ask(Method::GET, &path, &Value::Null).await?;
        let page = page.unwrap_or_default();
        // The newest come first: what was sold is its last holder's.
        for nft in page["items"].as_array().into_iter().flatten() {
            let word = |name: &str| nft[name].as_str().unwrap_or_default().to_lowercase();
            let Ok(token) = word("token_id").parse::<u128>() else {
                continue;
            };
            let key = (word("contract_address"), format!("{token:064x}"));
            let wallet = word("wallet_address").trim_start_matches("0x").to_owned();
            books.entry(key).or_insert(wallet);
        }
        let Some(next) = page["next"].as_str() else {
            break;
        };
        path = format!("/nfts?verified=true&limit=100&after={next}");
    }
    visit.end().await?;
    Ok(books)
}

async fn answer(State(books): State<Arc<Books>>, Json(asked): Json<Value>) -> Json<Value> {
    let mut said = json!({ "jsonrpc": "2.0", "id": asked["id"] });
    let found = match asked["method"].as_str() {
        Some("eth_call") => call(&books, &asked["params"][0]),
        _ => Err(json!({ "code": -32601, "message": "no such method" })),
    };
    match found {
        Ok(result) => said["result"] = json!(result),
        Err(error) => said["error"] = error,
    }
    Json(said)
}

fn call(books: &Books, call: &Value) -> Result<String, Value> {
    let contract = call["to"].as_str().unwrap_or_default().to_lowercase();
    let data = call["data"].as_str().unwrap_or_default();
    let (selector, words) = data.split_at_checked(10).unwrap_or_default();
    let holder = |token: &str| books.get(&(contract.clone(), token.to_owned()));
    match selector {
        "0x6352211e" => match holder(words) {
            Some(wallet) => Ok(format!("0x{wallet:0>64}")),
            None => Err(json!({
                "code": 3, "message": "execution reverted: ERC721: invalid token ID", "data": "0x",
            })),
        },
        "0x00fdd58e" => {
            let (wallet, token) = words.split_at_checked(64).unwrap_or_default();
            let holds = holder(token).is_some_and(|one| wallet.ends_with(one.as_str()));
            Ok(format!("0x{:064x}", u8::from(holds)))
        }
        _ => Ok("0x".to_owned()),
    }
}
