//! Contracts of Ethereum and its like: `ownerOf` (ERC-721) and `balanceOf` (ERC-1155).

use entity::media::nft_ownership::{Model, NftStandard};
use serde_json::{Value, json};

use super::Finding;
use super::rpc::{Answer, puzzled};

/// `ownerOf(uint256)`.
const OWNER_OF: &str = "6352211e";
/// `balanceOf(address,uint256)`.
const BALANCE_OF: &str = "00fdd58e";

/// What is asked of the row's contract.
pub(super) fn question(
    standard: NftStandard,
    row: &Model,
) -> Result<(&'static str, Value), String> {
    let token = number(&row.token_id).ok_or("the token's id is no number")?;
    let token = hex::encode(token);
    let data = if standard == NftStandard::Erc1155 {
        let wallet = row.wallet_address.trim_start_matches("0x");
        format!("0x{BALANCE_OF}{wallet:0>64}{token}")
    } else {
        format!("0x{OWNER_OF}{token}")
    };
    let call = json!({ "to": row.contract_address, "data": data });
    Ok(("eth_call", json!([call, "latest"])))
}

/// What `ownerOf` says about the wallet.
pub(super) fn owner(answer: Answer, wallet: &str) -> Result<Finding, String> {
    let Some(word) = word(answer)? else {
        return Ok(Finding::Nowhere);
    };
    let (padding, owner) = word.split_at(12);
    if padding.iter().any(|byte| *byte != 0) {
        return Err("its answer is no address".to_owned());
    }
    if owner.iter().all(|byte| *byte == 0) {
        return Ok(Finding::Nowhere);
    }
    let owner = format!("0x{}", hex::encode(owner));
    Ok(if owner == wallet {
        Finding::Holds
    } else {
        Finding::Elsewhere
    })
}

/// What `balanceOf` says.
pub(super) fn balance(answer: Answer) -> Result<Finding, String> {
    Ok(match word(answer)? {
        None => Finding::Nowhere,
        Some(word) if word.iter().all(|byte| *byte == 0) => Finding::Elsewhere,
        Some(_) => Finding::Holds,
    })
}

/// The 32 bytes of a result; nothing where the contract, or the token, is not there.
fn word(answer: Answer) -> Result<Option<[u8; 32]>, String> {
    let result = match answer {
        Answer::Result(result) => result,
        // The contract itself said no: it has no such token.
        Answer::Complaint { code, message } if code == 3 || message.contains("revert") => {
            return Ok(None);
        }
        Answer::Complaint { code, .. } => return Err(puzzled(code)),
    };
    let wrong = || "its answer is no word of 32 bytes".to_owned();
    let digits = result.as_str().and_then(|text| text.strip_prefix("0x"));
    match digits.ok_or_else(wrong)? {
        // No contract at the address.
        "" => Ok(None),
        digits => {
            let bytes = hex::decode(digits).map_err(|_| wrong())?;
            bytes.try_into().map(Some).map_err(|_| wrong())
        }
    }
}

/// `text` without leading zeros.
pub(super) fn plain(text: &str) -> &str {
    let plain = text.trim_start_matches('0');
    if plain.is_empty() { "0" } else { plain }
}

/// The number of at most 256 bits that `text` is in decimal digits, its first byte the highest.
pub(super) fn number(text: &str) -> Option<[u8; 32]> {
    if text.is_empty() || text.len() > 255 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut bytes = [0_u8; 32];
    for digit in text.bytes() {
        let mut carry = u16::from(digit - b'0');
        for byte in bytes.iter_mut().rev() {
            let [high, low] = (u16::from(*byte) * 10 + carry).to_be_bytes();
            *byte = low;
            carry = u16::from(high);
        }
        if carry != 0 {
            return None;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALLET: &str = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";

    #[test]
    fn numbers_have_256_bits() {
        let most = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
        assert_eq!(number(most), Some([255; 32]));
        assert_eq!(number(&most.replace("935", "936")), None);
        let mut small = [0; 32];
        small[30..].copy_from_slice(&[1, 2]);
        assert_eq!(number("258"), Some(small));
        assert_eq!((number("000258"), plain("000258")), (Some(small), "258"));
        assert_eq!(plain("000"), "0");
        for none in ["", "-1", "0x1", "1.0", " 1", "1e3", "\u{661}"] {
            assert_eq!(number(none), None, "{none}");
        }
    }

    #[test]
    fn an_owner_is_a_whole_word() {
        let said = |text: &str| owner(Answer::Result(json!(text)), WALLET);
        let padded = |digits: &str| format!("0x{digits:0>64}");
        assert_eq!(said(&padded(&WALLET[2..])), Ok(Finding::Holds));
        let capital = padded(&WALLET[2..].to_uppercase());
        assert_eq!(
            said(&capital),
            Ok(Finding::Holds),
            "hexadecimal is hexadecimal"
        );
        assert_eq!(said(&padded("1")), Ok(Finding::Elsewhere));
        assert_eq!(said(&padded("")), Ok(Finding::Nowhere), "burnt");
        assert_eq!(said("0x"), Ok(Finding::Nowhere), "no contract");
        for odd in [
            WALLET.to_owned(),
            padded(&WALLET[2..]).replace("0x", ""),
            format!("{}00", padded(&WALLET[2..])),
            padded(&format!("1{}", &WALLET[2..])),
            padded("g"),
            String::new(),
        ] {
            assert!(said(&odd).is_err(), "{odd}");
        }
        assert!(owner(Answer::Result(Value::Null), WALLET).is_err());
        let complaint = |code, message: &str| {
            let message = message.to_owned();
            owner(Answer::Complaint { code, message }, WALLET)
        };
        assert_eq!(complaint(3, "x"), Ok(Finding::Nowhere));
        assert_eq!(
            complaint(-32000, "execution reverted"),
            Ok(Finding::Nowhere)
        );
        assert!(complaint(-32005, "limit exceeded").is_err());
    }

    #[test]
    fn a_balance_is_a_number() {
        let said = |digits: &str| balance(Answer::Result(json!(format!("0x{digits:0>64}"))));
        assert_eq!(said("0"), Ok(Finding::Elsewhere));
        assert_eq!(said("2"), Ok(Finding::Holds));
        assert_eq!(said(&"f".repeat(64)), Ok(Finding::Holds));
    }
}
