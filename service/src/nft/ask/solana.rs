//! Assets of Solana, by the Digital Asset Standard's `getAsset`.

use entity::media::nft_ownership::Model;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Finding;
use super::rpc::{Answer, puzzled};
use crate::identity::Chain;

#[derive(Deserialize)]
struct Asset {
    id: String,
    ownership: Ownership,
    #[serde(default)]
    burnt: bool,
    #[serde(default)]
    grouping: Vec<Group>,
}

#[derive(Deserialize)]
struct Ownership {
    owner: String,
}

#[derive(Deserialize)]
struct Group {
    group_key: String,
    #[serde(default)]
    group_value: Option<String>,
}

/// What is asked about the row's asset.
pub(super) fn question(row: &Model) -> (&'static str, Value) {
    ("getAsset", json!({ "id": row.token_id }))
}

/// What is said about the row's wallet.
pub(super) fn owner(answer: Answer, row: &Model) -> Result<Finding, String> {
    let result = match answer {
        Answer::Result(Value::Null) => return Ok(Finding::Nowhere),
        Answer::Result(result) => result,
        Answer::Complaint { message, .. } if message.contains("not found") => {
            return Ok(Finding::Nowhere);
        }
        Answer::Complaint { code, .. } => return Err(puzzled(code)),
    };
    let asset = Asset::deserialize(result).map_err(|_| "its answer is no asset".to_owned())?;
    if asset.id != row.token_id {
        return Err("its answer is another asset".to_owned());
    }
    let collected = row.contract_address == row.token_id
        || asset.grouping.iter().any(|group| {
            group.group_key == "collection"
                && group.group_value.as_ref() == Some(&row.contract_address)
        });
    if asset.burnt || !collected {
        return Ok(Finding::Nowhere);
    }
    let owner = Chain::Solana.read(&asset.ownership.owner);
    let owner = owner.ok_or("its answer names no wallet")?;
    Ok(if owner == row.wallet_address {
        Finding::Holds
    } else {
        Finding::Elsewhere
    })
}
