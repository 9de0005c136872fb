//! Who holds which NFT, as its chain says.
//!
//! A person claims an NFT for one of their wallets; a job asks the chain (`ask`) and writes down
//! what it says: that the wallet holds it, or plainly that it does not. What was verified is asked for
//! anew from time to time. Of standards with one holder the owner is the one who was verified last: a
//! new holder takes the place of the one before.
//!
//! Not here: which wallets are whose. That is [`crate::identity`].

mod ask;
mod chain;
mod error;
mod policy;
mod recheck;
mod setting;
mod store;
mod verify;

use entity::id::{NftOwnershipId, UserId};
use entity::media::nft_ownership::{Model, NftStandard};

pub use chain::NftChain;
pub use error::Error;
pub use recheck::Recheck;
pub use setting::{CHAINS, RECHECK_AFTER, RECHECKS_AT_ONCE};
pub use verify::Verify;

use self::ask::Token;
use self::chain::wallets;
use crate::check::Check;
use crate::ctx::Ctx;
use crate::error::Result;
use crate::identity::has_wallet;
use crate::job::enqueue;
use crate::page::{Page, Request};
use crate::write::Write;

/// What a person says that one of their wallets holds.
#[derive(Clone, Debug)]
pub struct NewClaim {
    /// The chain, by its name in the settings.
    pub chain: String,
    /// How the chain tells the holder; the chain's first where it is not said.
    pub standard: Option<NftStandard>,
    /// The NFT's contract; of Solana its collection, where that is to be looked at, too.
    pub contract_address: Option<String>,
    /// The NFT's number in its contract, in decimal digits; of Solana the asset's address.
    pub token_id: String,
    /// The wallet.
    pub wallet_address: String,
}

/// Claim an NFT for one of the caller's wallets, or have one that was claimed looked at anew: a job
/// will ask the chain.
pub async fn verify(ctx: &Ctx, new: NewClaim) -> Result<Model> {
    let user = policy::claim(&ctx.actor)?;
    let mut check = Check::default();
    check.text("/chain", &new.chain, true, 64);
    check.done()?;
    let chains = ctx.configuration().get(&CHAINS);
    let chain = chains.into_iter().find(|chain| chain.name == new.chain);
    let chain = chain.ok_or(Error::UnknownChain { chain: new.chain })?;

    let mut check = Check::default();
    let standard = new.standard.unwrap_or(chain.standards[0]);
    if !chain.standards.contains(&standard) {
        check.wrong("/standard", "is none of the chain's");
    }
    let contract = new.contract_address.as_deref();
    let token = Token::read(&mut check, standard, contract, &new.token_id);
    let kind = wallets(standard);
    let wallet = kind.read(&new.wallet_address);
    if wallet.is_none() {
        check.wrong("/wallet_address", "is no address of the chain's");
    }
    check.done()?;
    let (Some(token), Some(wallet)) = (token, wallet) else {
        return Err(crate::Error::internal("a claim was not checked"));
    };

    let tx = ctx.write().await?;
    if !has_wallet(&tx, user, kind, &wallet).await? {
        return Err(Error::WalletNotLinked.into());
    }
    let nft = token.name(&chain.name);
    let mut row = store::claimed(&tx, &nft, wallet, |tx, wallet_address| Model {
        id: tx.fresh(),
        nft_id: nft.clone(),
        user_id: Some(user),
        wallet_address,
        contract_address: token.contract.clone(),
        token_id: token.id.clone(),
        chain: Some(chain.name.clone()),
        standard: Some(standard),
        verified: false,
        last_verified: None,
        checked_at: None,
        problem: None,
        version: 0,
        created_at: tx.now,
        updated_at: tx.now,
    })
    .await?;
    // What was verified in another way says nothing about this one.
    row.verified &= row.standard == Some(standard);
    row.standard = Some(standard);
    row.chain = Some(chain.name);
    row.contract_address = token.contract;
    row.user_id = Some(user);
    if !row.verified {
        row.checked_at = None;
        row.problem = None;
    }
    row.version += 1;
    row.updated_at = tx.now;
    store::update(&tx, &row).await?;
    enqueue(&tx, verify::job(row.id, Some(user))?).await?;
    tx.made(format!("/nfts/{}", row.id));
    tx.commit().await?;
    Ok(row)
}

/// Which NFTs a list has.
#[derive(Clone, Debug, Default)]
pub struct NftFilter {
    /// Only those that are verified, or only those that are not.
    pub verified: Option<bool>,
    /// Only this one: who claims it, and with which wallets.
    pub nft_id: Option<String>,
    /// Only those of this person (for staff; others see their own anyway).
    pub user: Option<UserId>,
}

/// One page of the NFTs in the caller's sight, the newest first.
pub async fn nfts(ctx: &Ctx, filter: NftFilter, page: Request) -> Result<Page<Model>> {
    let scope = policy::read(&ctx.actor)?;
    store::nfts(&ctx.read()?, scope, &filter, page).await
}

/// One NFT. Its tag is its version.
pub async fn nft(ctx: &Ctx, id: NftOwnershipId) -> Result<Model> {
    let scope = policy::read(&ctx.actor)?;
    store::nft(&ctx.read()?, scope, id).await
}

/// The chains that can be asked.
pub fn chains(ctx: &Ctx) -> Result<Vec<NftChain>> {
    policy::read(&ctx.actor)?;
    Ok(ctx.configuration().get(&CHAINS))
}

/// The person's ownership of an NFT, when they are its owner: the latest verified row is of a wallet
/// that is linked to them now. Of a standard with many holders, any verified row counts.
pub(crate) async fn owned(tx: &Write, user: UserId, nft_id: &str) -> Result<Option<Model>> {
    let verified = store::verified(tx, nft_id).await?;
    for (at, row) in verified.into_iter().enumerate() {
        if at > 0 && row.standard != Some(NftStandard::Erc1155) {
            break;
        }
        let kind = row.standard.map_or_else(|| kind_of(&row), wallets);
        let wallet = kind.read(&row.wallet_address);
        let wallet = wallet.as_deref().unwrap_or(&row.wallet_address);
        if has_wallet(tx, user, kind, wallet).await? {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// The verified ownership of an NFT that was verified last, whosever it is.
pub(crate) async fn latest(
    conn: &impl sea_orm::ConnectionTrait,
    nft_id: &str,
) -> Result<Option<Model>> {
    Ok(store::verified(conn, nft_id).await?.into_iter().next())
}

/// The kind of wallet of a row that does not say how it was verified: one that was brought along.
fn kind_of(row: &Model) -> crate::identity::Chain {
    if row.wallet_address.starts_with("0x") {
        crate::identity::Chain::Evm
    } else {
        crate::identity::Chain::Solana
    }
}
