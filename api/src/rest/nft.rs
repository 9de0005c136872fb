//! NFTs: which of them the caller's wallets hold, as their chains say.

use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use entity::id::{NftOwnershipId, UserId};
use entity::media::nft_ownership::{self as row, NftProblem, NftStandard};
use serde::{Deserialize, Serialize};
use service::nft::{self, NewClaim, NftChain, NftFilter};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::list::{List, Listing};
use super::{App, created, tag};
use crate::caller::Caller;
use crate::error::{ApiError, Problem};
use crate::extract::{Json, Path};
use crate::urls::path::API;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_nfts))
        .routes(routes!(list_chains))
        .routes(routes!(verify))
        .routes(routes!(show_nft))
}

/// Whether a wallet holds an NFT.
#[expect(clippy::struct_field_names, reason = "the names are the columns'")]
#[derive(Debug, Serialize, ToSchema)]
pub struct Nft {
    id: Uuid,
    user_id: Option<Uuid>,
    /// The NFT, as videos name it.
    #[schema(example = "ethereum:0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed:42")]
    nft_id: String,
    #[schema(example = "ethereum")]
    chain: Option<String>,
    /// `erc721`, `erc1155` or `solana`.
    #[schema(value_type = Option<String>, example = "erc721")]
    standard: Option<NftStandard>,
    #[schema(example = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")]
    contract_address: String,
    #[schema(example = "42")]
    token_id: String,
    #[schema(example = "0x27b1fdb04752bbc536007a920d24acb045561c26")]
    wallet_address: String,
    /// `pending` while the chain is asked for the first time, `verified`, `not_owner`,
    /// `no_such_token`, or `unanswered` where the chain could not be asked.
    #[schema(value_type = String, example = "verified")]
    status: Standing,
    verified: bool,
    /// When the chain last said that the wallet holds it.
    last_verified: Option<DateTime<Utc>>,
    /// When the chain was last asked.
    checked_at: Option<DateTime<Utc>>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What is known of an ownership.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    Pending,
    Verified,
    NotOwner,
    NoSuchToken,
    Unanswered,
}

impl Standing {
    fn of(row: &row::Model) -> Self {
        match (row.verified, row.problem) {
            (true, _) => Self::Verified,
            (false, None) => Self::Pending,
            (false, Some(NftProblem::NotOwner)) => Self::NotOwner,
            (false, Some(NftProblem::NoSuchToken)) => Self::NoSuchToken,
            (false, Some(NftProblem::Unanswered)) => Self::Unanswered,
        }
    }
}

impl From<row::Model> for Nft {
    fn from(row: row::Model) -> Self {
        Self {
            id: row.id.0,
            user_id: row.user_id.map(|id| id.0),
            status: Standing::of(&row),
            nft_id: row.nft_id,
            chain: row.chain,
            standard: row.standard,
            contract_address: row.contract_address,
            token_id: row.token_id,
            wallet_address: row.wallet_address,
            verified: row.verified,
            last_verified: row.last_verified,
            checked_at: row.checked_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Which NFTs.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct NftQuery {
    /// Only those that are verified, or are not.
    verified: Option<bool>,
    /// Only this one.
    nft_id: Option<String>,
    /// The owner, for staff.
    user_id: Option<Uuid>,
}

/// The NFTs in the caller's sight, the newest first.
#[utoipa::path(get, path = "/nfts", tag = "nfts", params(NftQuery), responses(
    (status = 200, body = List<Nft>), (status = 400, body = Problem), (status = 401, body = Problem),
))]
async fn list_nfts(
    Caller(ctx): Caller,
    Listing((query, page)): Listing<NftQuery>,
) -> Result<Response, ApiError> {
    let filter = NftFilter {
        verified: query.verified,
        nft_id: query.nft_id,
        user: query.user_id.map(UserId),
    };
    let found = nft::nfts(&ctx, filter, page.request()).await?;
    page.answer(found.map(Nft::from))
}

/// A chain that can be asked.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChainOffer {
    #[schema(example = "ethereum")]
    name: String,
    /// How it tells who holds an NFT; the first is meant where none is named.
    #[schema(value_type = Vec<String>, example = json!(["erc721", "erc1155"]))]
    standards: Vec<NftStandard>,
}

impl From<NftChain> for ChainOffer {
    fn from(chain: NftChain) -> Self {
        Self {
            name: chain.name,
            standards: chain.standards,
        }
    }
}

/// The chains that can be asked who holds an NFT.
#[utoipa::path(get, path = "/nfts/chains", tag = "nfts", responses(
    (status = 200, body = Vec<ChainOffer>), (status = 304), (status = 401, body = Problem),
))]
async fn list_chains(Caller(ctx): Caller, headers: HeaderMap) -> Result<Response, ApiError> {
    let chains = nft::chains(&ctx)?.into_iter();
    tag::whole(&headers, &chains.map(ChainOffer::from).collect::<Vec<_>>())
}

/// What one of the caller's wallets is said to hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimBody {
    /// One of `GET /nfts/chains`.
    #[schema(example = "ethereum")]
    chain: String,
    /// `erc721`, `erc1155` or `solana`; the chain's first unless said.
    #[schema(value_type = Option<String>, example = "erc721")]
    standard: Option<NftStandard>,
    /// The NFT's contract; of Solana its collection, which need not be named.
    #[schema(example = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")]
    contract_address: Option<String>,
    /// The NFT's number in its contract, in decimal digits; of Solana the asset's address.
    #[schema(example = "42")]
    token_id: String,
    /// One of the caller's linked wallets.
    #[schema(example = "0x27b1fdb04752bbc536007a920d24acb045561c26")]
    wallet_address: String,
}

/// Have it verified that one of the caller's wallets holds an NFT. The chain is asked afterwards: a
/// notification tells, and so does the NFT's `status`. Asked again, it is looked at anew.
#[utoipa::path(post, path = "/nfts/verify", operation_id = "verify_nft", tag = "nfts",
    request_body = ClaimBody, responses(
    (status = 201, body = Nft), (status = 401, body = Problem), (status = 409, body = Problem),
    (status = 422, body = Problem),
))]
async fn verify(Caller(ctx): Caller, Json(body): Json<ClaimBody>) -> Result<Response, ApiError> {
    let new = NewClaim {
        chain: body.chain,
        standard: body.standard,
        contract_address: body.contract_address,
        token_id: body.token_id,
        wallet_address: body.wallet_address,
    };
    let nft = nft::verify(&ctx, new).await?;
    created(&format!("{API}/nfts/{}", nft.id), Nft::from(nft))
}

/// One NFT.
#[utoipa::path(get, path = "/nfts/{id}", tag = "nfts", params(("id" = Uuid, Path)), responses(
    (status = 200, body = Nft), (status = 304), (status = 404, body = Problem),
))]
async fn show_nft(
    Caller(ctx): Caller,
    Path(id): Path<NftOwnershipId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let nft = nft::nft(&ctx, id).await?;
    // Its person may be gone without a new version.
    tag::whole(&headers, &Nft::from(nft))
}
