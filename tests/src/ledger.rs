//! Chains that say who holds what: a small server that speaks JSON-RPC as a node of Ethereum does
//! (`eth_call` of `ownerOf` and `balanceOf`), and as one of Solana with the Digital Asset Standard.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::receiver::{Letter, Receiver, Reply};

type Held = BTreeMap<(String, String), String>;

#[derive(Default)]
struct Books {
    /// Who holds which token of which contract; an asset of Solana is its own contract.
    held: Held,
    instead: Option<Reply>,
    odd: Option<Value>,
}

/// Chains that say who holds what.
pub struct Ledger {
    node: Receiver,
    books: Arc<Mutex<Books>>,
}

impl Ledger {
    /// Chains on which nobody holds anything.
    pub async fn start() -> Self {
        let books: Arc<Mutex<Books>> = Arc::default();
        let kept = Arc::clone(&books);
        let node = Receiver::start(move |_, letter| answer(&kept.lock().unwrap(), letter)).await;
        Self { node, books }
    }

    /// How an operator would declare them: `ethereum` and `solana`.
    pub fn declared(&self) -> Value {
        json!([
            {
                "name": "ethereum", "url": self.node.url, "standards": ["erc721", "erc1155"],
                "authorization": "Bearer of the node",
            },
            { "name": "solana", "url": self.node.url, "standards": ["solana"] },
        ])
    }

    /// From now on `wallet` holds the token; an asset of Solana is its own contract.
    pub fn give(&self, contract: &str, token: &str, wallet: &str) {
        let token = match token.parse::<u128>() {
            Ok(number) => format!("{number:064x}"),
            Err(_) => token.to_owned(),
        };
        let key = (contract.to_lowercase(), token);
        self.books
            .lock()
            .unwrap()
            .held
            .insert(key, wallet.to_owned());
    }

    /// Answer so, whatever is asked.
    pub fn say(&self, reply: Reply) {
        self.books.lock().unwrap().instead = Some(reply);
    }

    /// Answer with these members in place of the right ones.
    pub fn twist(&self, members: Value) {
        self.books.lock().unwrap().odd = Some(members);
    }

    /// Answer as it should again.
    pub fn be_honest(&self) {
        let mut books = self.books.lock().unwrap();
        books.instead = None;
        books.odd = None;
    }

    /// What it was asked.
    pub fn asked(&self) -> Vec<Letter> {
        self.node.heard()
    }
}

fn answer(books: &Books, letter: &Letter) -> Reply {
    if let Some(reply) = &books.instead {
        return reply.clone();
    }
    let asked = letter.json();
    let params = &asked["params"];
    let mut said = json!({ "jsonrpc": "2.0", "id": asked["id"] });
    let found = match asked["method"].as_str().unwrap() {
        "eth_call" => call(&books.held, &params[0]),
        "getAsset" => asset(&books.held, params["id"].as_str().unwrap()),
        other => Err(json!({ "code": -32601, "message": format!("no method {other}") })),
    };
    match found {
        Ok(result) => said["result"] = result,
        Err(error) => said["error"] = error,
    }
    if let Some(odd) = &books.odd {
        for (name, value) in odd.as_object().unwrap() {
            said[name] = value.clone();
        }
    }
    Reply::json(200, &said)
}

fn call(held: &Held, call: &Value) -> Result<Value, Value> {
    let contract = call["to"].as_str().unwrap().to_lowercase();
    let data = call["data"].as_str().unwrap();
    let (selector, words) = data.split_at(10);
    let word = |digits: &str| json!(format!("0x{digits:0>64}"));
    let holder = |token: &str| held.get(&(contract.clone(), token.to_owned()));
    let plain = |wallet: &str| wallet.to_lowercase().trim_start_matches("0x").to_owned();
    match selector {
        "0x6352211e" => match holder(words) {
            Some(wallet) => Ok(word(&plain(wallet))),
            None => Err(json!({
                "code": 3, "message": "execution reverted: ERC721: invalid token ID", "data": "0x",
            })),
        },
        "0x00fdd58e" => {
            let (wallet, token) = words.split_at(64);
            let holds = holder(token).is_some_and(|one| wallet.ends_with(&plain(one)));
            Ok(word(if holds { "2" } else { "0" }))
        }
        _ => Ok(json!("0x")),
    }
}

fn asset(held: &Held, id: &str) -> Result<Value, Value> {
    match held.get(&(id.to_lowercase(), id.to_owned())) {
        Some(wallet) => Ok(json!({
            "id": id, "burnt": false, "interface": "V1_NFT",
            "grouping": [{ "group_key": "collection", "group_value": "11111111111111111111111111111111" }],
            "ownership": { "owner": wallet, "frozen": false, "ownership_model": "single" },
        })),
        None => Err(
            json!({ "code": -32000, "message": "Database Error: RecordNotFound Error: Asset Not Found" }),
        ),
    }
}
