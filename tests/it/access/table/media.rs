//! The operations of notifications, NFTs and videos.

use serde_json::json;

use super::{Door, For};
use crate::access::rows::Rows;

pub(super) fn doors(rows: &Rows) -> Vec<Door> {
    [notifications(rows), nfts(rows), videos(rows)]
        .into_iter()
        .flatten()
        .collect()
}

fn notifications(rows: &Rows) -> Vec<Door> {
    let door = Door::new;
    let one: &[&str] = &[&rows.notification];
    vec![
        door("GET /api/v1/notifications", For::Readers, &[]),
        door("GET /api/v1/notifications/unread-count", For::Readers, &[]),
        door("GET /api/v1/notifications/events", For::Readers, &[]),
        door("POST /api/v1/notifications/read-all", For::Writers, &[]),
        door("GET /api/v1/notifications/{id}", For::Readers, one),
        door("POST /api/v1/notifications/{id}/read", For::Writers, one),
    ]
}

fn nfts(rows: &Rows) -> Vec<Door> {
    let door = Door::new;
    let claim = |chain: &str| {
        json!({
            "chain": chain, "contract_address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "token_id": "1", "wallet_address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        })
    };
    vec![
        door("GET /api/v1/nfts", For::Readers, &[]),
        door("GET /api/v1/nfts/chains", For::Readers, &[]),
        door("POST /api/v1/nfts/verify", For::Writers, &[])
            .takes(claim("ethereum"), claim(""), "/chain")
            .conflict(claim("ethereum"), "409 nft.unknown_chain"),
        door("GET /api/v1/nfts/{id}", For::Readers, &[&rows.nft]),
    ]
}

fn videos(rows: &Rows) -> Vec<Door> {
    let door = Door::new;
    let one: &[&str] = &[&rows.video];
    let ask = |nft: &str| json!({ "nft_id": nft });
    let title = || json!({ "title": "t" });
    vec![
        door("GET /api/v1/videos", For::Readers, &[]),
        door("GET /api/v1/videos/public", For::All, &[]),
        door("POST /api/v1/videos", For::Writers, &[])
            .takes(ask("ethereum:0x1:1"), ask(""), "/nft_id")
            .conflict(ask("ethereum:0x1:1"), "409 video.nft_not_owned"),
        door("GET /api/v1/videos/{id}", For::Readers, one),
        door("PATCH /api/v1/videos/{id}", For::Writers, one)
            .takes(title(), json!({ "title": 7 }), "/title")
            .conflict_if(Some("\"99\""), title(), "412 version.conflict"),
        door("DELETE /api/v1/videos/{id}", For::Writers, one),
        door("POST /api/v1/videos/{id}/retry", For::Writers, one)
            .conflict(json!({}), "409 video.invalid_transition"),
    ]
}
