//! NFTs with who holds them, the videos made for them, and what people were told.

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::UserId;
use entity::media::nft_ownership::{self, NftProblem, NftStandard};
use entity::media::video::{self, VideoStatus};
use serde_json::json;

use super::CHAIN as EVM;
use super::dice::Dice;
use super::notification;
use super::people::People;
use super::rows::Rows;
use super::text::{self, Words};
use crate::error::Result;

const VIDEOS: usize = 190;
/// How many of them are under way.
const OPEN: i64 = 7;

/// That of the others.
const SOLANA: &str = "solana";

/// Write the chapter.
pub(super) async fn write(rows: &mut Rows<'_>, people: &People) -> Result<()> {
    let dice = Dice::of("media");
    let words = text::read(include_str!("words/media.txt")).remove(0);
    let nfts = nfts(rows, &dice, people);
    let videos = videos(rows, &dice, &words, &nfts);
    let told = notification::all(rows, &dice, &words, people, (&nfts, &videos));
    rows.put(nft_ownership::Entity, nfts).await?;
    rows.put(video::Entity, videos).await?;
    rows.put(entity::media::notification::Entity, told).await
}

fn nfts(rows: &Rows<'_>, dice: &Dice, people: &People) -> Vec<nft_ownership::Model> {
    let contract = format!("0x{}", dice.hex::<20>());
    let mut all = Vec::new();
    let mut number = 100_u32;
    let mut row = |user_id: Option<UserId>, wallet: &str, at: DateTime<Utc>, verified: bool| {
        number += dice.number::<u32>(1, 40);
        let checked = (at + dice.seconds(60, 900_000)).min(rows.now);
        let evm = wallet.starts_with("0x");
        let (chain, standard) = if evm {
            (EVM, NftStandard::Erc721)
        } else {
            (SOLANA, NftStandard::Solana)
        };
        // An asset of Solana has an address, and is its own contract here.
        let asset = format!("demo{number:0>40}");
        let (contract_address, token_id, nft_id) = if evm {
            let token = number.to_string();
            (
                contract.clone(),
                token,
                format!("{chain}:{contract}:{number}"),
            )
        } else {
            (asset.clone(), asset.clone(), format!("{chain}:{asset}"))
        };
        nft_ownership::Model {
            id: dice.id(at),
            nft_id,
            user_id,
            wallet_address: wallet.to_owned(),
            contract_address,
            token_id,
            chain: Some(chain.to_owned()),
            standard: Some(standard),
            verified,
            last_verified: verified.then_some(checked),
            checked_at: Some(checked),
            problem: (!verified).then_some(NftProblem::NotOwner),
            version: 2,
            created_at: at,
            updated_at: checked,
        }
    };
    for (user, wallet) in &people.wallets {
        let owner = people.users.iter().find(|person| person.id == *user);
        let since = owner.map_or(rows.now, |person| person.since);
        for _ in 0..dice.number::<u32>(1, 4) {
            let at = (since + dice.seconds(300, 400_000)).min(rows.now);
            all.push(row(Some(*user), wallet, at, dice.percent(82)));
        }
    }
    // Wallets that nobody here has shown to be theirs.
    for _ in 0..12 {
        let wallet = format!("0x{}", dice.hex::<20>());
        let at = rows.days_ago(dice.number(2, 88));
        all.push(row(None, &wallet, at, dice.percent(40)));
    }
    // One that was sold: the holder before is still known, and is not verified any more.
    let first = all
        .iter()
        .find(|row| row.chain.as_deref() == Some(EVM))
        .cloned();
    if let (Some(first), Some(last)) = (first, all.last_mut()) {
        last.nft_id = first.nft_id;
        last.token_id = first.token_id;
        last.verified = false;
        last.problem = Some(NftProblem::NotOwner);
    }
    all
}

fn videos(
    rows: &Rows<'_>,
    dice: &Dice,
    words: &Words,
    nfts: &[nft_ownership::Model],
) -> Vec<video::Model> {
    let held: Vec<_> = nfts
        .iter()
        .filter_map(|nft| Some((nft, nft.user_id.filter(|_| nft.verified)?)))
        .collect();
    let mut all = Vec::new();
    let moments = dice.moments(rows.now, VIDEOS, TimeDelta::minutes(15));
    for (number, at) in moments.into_iter().enumerate() {
        let left = i64::try_from(VIDEOS - number).unwrap_or(i64::MAX);
        // Those that are open are of the last minutes: what nobody speaks of fails by schedule.
        let at = if left > OPEN {
            at
        } else {
            rows.now - TimeDelta::minutes(2 * left)
        };
        let there: Vec<_> = held.iter().filter(|(nft, _)| nft.created_at < at).collect();
        if there.is_empty() {
            continue;
        }
        let (nft, owner) = **dice.favour(&there);
        let status = match dice.number::<u32>(0, 99) {
            _ if left <= 3 => VideoStatus::Pending,
            _ if left <= OPEN => VideoStatus::Processing,
            0..=11 => VideoStatus::Failed,
            _ => VideoStatus::Completed,
        };
        all.push(one(dice, words, (nft, owner), at, status));
    }
    all
}

fn one(
    dice: &Dice,
    words: &Words,
    (nft, user_id): (&nft_ownership::Model, UserId),
    at: DateTime<Utc>,
    status: VideoStatus,
) -> video::Model {
    let sent = status != VideoStatus::Pending;
    let done = status == VideoStatus::Completed;
    let ended = at + dice.seconds(70, 800);
    let name = dice.hex::<8>();
    let file = |kind: &str| done.then(|| format!("https://media.example.com/{name}.{kind}"));
    video::Model {
        id: dice.id(at),
        user_id,
        nft_id: nft.nft_id.clone(),
        job_id: format!("video-{name}"),
        status,
        title: Some(words.say(dice, words, "title")),
        description: Some(words.say(dice, words, "description")),
        video_url: file("mp4"),
        thumbnail_url: file("webp"),
        error_message: (status == VideoStatus::Failed)
            .then(|| words.one(dice, "failed").to_owned()),
        provider: sent.then(|| "video-generator".to_owned()),
        provider_job_id: sent.then(|| format!("gen_{}", dice.hex::<10>())),
        submitted_at: sent.then(|| at + TimeDelta::seconds(5)),
        completed_at: done.then_some(ended),
        is_public: done && dice.percent(35),
        metadata: json!({
            "seconds": dice.pick(&[4, 6, 8]), "format": dice.pick(&["16:9", "9:16", "1:1"]),
            "seed": dice.number::<u32>(1, 999_999),
        }),
        version: match status {
            VideoStatus::Pending => 1,
            VideoStatus::Processing => 2,
            VideoStatus::Completed | VideoStatus::Failed => 3,
        },
        created_at: at,
        updated_at: match status {
            VideoStatus::Pending => at,
            VideoStatus::Processing => at + TimeDelta::seconds(5),
            VideoStatus::Completed | VideoStatus::Failed => ended,
        },
    }
}
