//! Somebody who claims NFTs, a chain that takes its time, and a process that is frozen meanwhile.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use entity::media::nft_ownership;
use entity::platform::job::{self, JobState};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use service::Ctx;
use service::clock::SystemClock;
use service::ctx::Services;
use service::settings::Settings;
use tests::{Client, Letter, Receiver, Reply, Wallet};
use tokio::sync::Notify;

use crate::database::Database;
use crate::journey::with_wallet;
use crate::server::Server;
use crate::{EMAIL, PASSWORD};

const CONTRACT: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const KIND: &str = "nft.verify";
/// What the frozen process holds: as much as one does at once, unless somebody sets it.
pub(super) const TOKENS: [u64; 4] = [1, 2, 3, 4];
/// By which the database knows the sessions of the one that is frozen.
const FIRST: &str = "drill-first";

/// A token's claim and its job.
pub(super) type Held = (nft_ownership::Model, job::Model);

/// When a token was asked about, and what lets the answer go.
type Asked = Vec<(DateTime<Utc>, Arc<Notify>)>;

/// A chain that keeps its answers back until they are let go.
pub(super) struct Chain {
    node: Receiver,
    asked: Arc<Mutex<BTreeMap<u64, Asked>>>,
}

impl Chain {
    /// One that keeps the first `patient` answers about each token back. It was behind when it was asked
    /// first: only later it knows that `wallet` holds all.
    async fn start(wallet: &Wallet, patient: usize) -> Self {
        let asked: Arc<Mutex<BTreeMap<u64, Asked>>> = Arc::default();
        let (kept, wallet) = (Arc::clone(&asked), wallet.address());
        let node = Receiver::start(move |_, letter| {
            let (id, token) = question(letter);
            let mut kept = kept.lock().unwrap();
            let about = kept.entry(token).or_default();
            let told = Arc::new(Notify::new());
            about.push((Utc::now(), Arc::clone(&told)));
            let somebody = CONTRACT;
            let holder = if about.len() == 1 { somebody } else { &wallet };
            let holder = holder.trim_start_matches("0x").to_lowercase();
            let said = json!({ "jsonrpc": "2.0", "id": id, "result": format!("0x{holder:0>64}") });
            let reply = Reply::json(200, &said);
            if about.len() > patient {
                return reply;
            }
            Reply::Once(told, Box::new(reply))
        });
        Self {
            node: node.await,
            asked,
        }
    }

    /// When it was asked about a token.
    pub(super) fn asked(&self, token: u64) -> Vec<DateTime<Utc>> {
        let asked = self.asked.lock().unwrap();
        let about = asked.get(&token).into_iter().flatten();
        about.map(|(at, _)| *at).collect()
    }

    /// Let an answer go, from 0, whether or not it has been asked for.
    pub(super) fn answer(&self, token: u64, which: usize) {
        let asked = self.asked.lock().unwrap();
        asked[&token][which].1.notify_one();
    }

    /// As an operator would set it.
    pub(super) fn settings(&self) -> Vec<(&'static str, String)> {
        let chain = json!([{ "name": "ethereum", "url": self.node.url, "standards": ["erc721"] }]);
        vec![
            ("CHANCERY_SETTING_NFTS__CHAINS", chain.to_string()),
            (
                "CHANCERY_SETTING_OUTBOUND__ALLOWED_NETWORKS",
                "127.0.0.0/8".to_owned(),
            ),
            // So that an answer is still waited for when the process goes on.
            ("CHANCERY_SETTING_OUTBOUND__TIMEOUT", "25".to_owned()),
            ("CHANCERY_SETTING_JOBS__LEASE", "10".to_owned()),
            ("CHANCERY_METRICS_LISTEN", "127.0.0.1:0".to_owned()),
        ]
    }
}

/// `ownerOf`: the id of the question, and the token.
fn question(letter: &Letter) -> (Value, u64) {
    let asked = letter.json();
    let data = asked["params"][0]["data"].as_str().unwrap();
    let token = u64::from_str_radix(&data[data.len() - 16..], 16).unwrap();
    (asked["id"].clone(), token)
}

/// Somebody who claims NFTs, and a process that looks whether it is true.
pub(super) struct Scene {
    pub(super) database: Database,
    /// A way to the database past the processes.
    db: Arc<Services>,
    pub(super) chain: Chain,
    door: Server,
    /// Who works at the jobs, where that is not the door.
    worker: Option<Server>,
    ann: Client,
    wallet: Wallet,
}

impl Scene {
    /// The chain keeps `patient` answers about each token back.
    pub(super) async fn open(database: Database, patient: usize) -> Self {
        let wallet = Wallet::evm(7);
        let chain = Chain::start(&wallet, patient).await;
        Server::prepare(&database.url, database.data(), EMAIL, PASSWORD);
        let mut settings = chain.settings();
        let worker = (!database.is_file()).then(|| {
            let worker = start(Server::worker, &database, FIRST, &settings);
            settings.push(("CHANCERY_NO_JOBS", "true".to_owned()));
            worker
        });
        let door = start(Server::serve, &database, "drill-door", &settings);
        let ann = with_wallet(&door.base, &wallet).await;
        let db = database
            .services(Settings::default(), Arc::new(SystemClock))
            .await;
        Self {
            database,
            db,
            chain,
            door,
            worker,
            ann,
            wallet,
        }
    }

    /// The process that has the jobs.
    pub(super) fn holder(&self) -> &Server {
        self.worker.as_ref().unwrap_or(&self.door)
    }

    pub(super) async fn claim(&self, token: u64) {
        let claim = json!({
            "chain": "ethereum", "contract_address": CONTRACT, "token_id": token.to_string(),
            "wallet_address": self.wallet.address(),
        });
        let claimed = self.ann.post("/api/v1/nfts/verify", claim).await;
        assert_eq!(claimed.status, 201, "{}", claimed.body);
    }

    /// Claim all, and wait until the holder asks for all at once.
    pub(super) async fn claim_all(&self) {
        for token in TOKENS {
            self.claim(token).await;
        }
        self.until_asked(1).await;
    }

    pub(super) async fn until_asked(&self, times: usize) {
        let asked = async || {
            let mut tokens = TOKENS.into_iter();
            tokens.all(|token| self.chain.asked(token).len() >= times)
        };
        until("a question about each", asked).await;
    }

    /// Each token's claim and job.
    pub(super) async fn look(&self) -> BTreeMap<u64, Held> {
        let reader = self.db.db.read().unwrap();
        let jobs = job::Entity::find().filter(job::Column::Kind.eq(KIND));
        let jobs = jobs.all(&reader).await.unwrap();
        let rows = nft_ownership::Entity::find().all(&reader).await.unwrap();
        let of = |row: &nft_ownership::Model| {
            let about = |job: &&job::Model| job.payload["ownership"] == json!(row.id);
            jobs.iter().find(about).unwrap().clone()
        };
        let each = rows.into_iter().map(|row| {
            let job = of(&row);
            (row.token_id.parse().unwrap(), (row, job))
        });
        each.collect()
    }

    pub(super) async fn until_done(&self, tokens: &[u64]) {
        let done = async || {
            let all = self.look().await;
            let mut jobs = tokens.iter().map(|token| &all[token].1);
            jobs.all(|job| job.state == JobState::Succeeded)
        };
        until("the end of the jobs", done).await;
    }

    /// Let the holder stand still; since when the claims are no longer in force.
    ///
    /// Not in the middle of a write: what that holds nobody goes past on either engine, until it ends.
    pub(super) async fn freeze(&self) -> BTreeMap<u64, DateTime<Utc>> {
        loop {
            self.holder().freeze();
            if self.is_at_rest().await {
                break;
            }
            self.holder().thaw();
        }
        let all = self.look().await;
        let held = all.into_iter().map(|(token, (_, job))| {
            assert_eq!((job.state, job.fence), (JobState::Running, 1), "{job:?}");
            (token, job.lease_until.unwrap())
        });
        held.collect()
    }

    async fn is_at_rest(&self) -> bool {
        if self.database.is_file() {
            let ctx = Ctx::system(Arc::clone(&self.db), "drill");
            return ctx.write().await.is_ok();
        }
        let sessions = async |that| self.database.sessions(&self.db, FIRST, that).await;
        let quiet = async || sessions("state = 'active'").await == 0;
        until("the end of its statements", quiet).await;
        sessions("state LIKE 'idle in transaction%'").await == 0
    }

    /// How many of its tries the holder says ended so.
    pub(super) async fn tries(&self, outcome: &str) -> usize {
        let told = self.holder().metrics().await;
        let (kind, outcome) = (format!("kind=\"{KIND}\""), format!("outcome=\"{outcome}\""));
        let mut lines = told
            .lines()
            .filter(|line| line.starts_with("chancery_jobs_tries_total{"))
            .filter(|line| line.contains(&kind) && line.contains(&outcome));
        let count = lines.next().and_then(|line| line.rsplit(' ').next());
        count.map_or(0, |count| count.parse().unwrap())
    }

    /// How often Ann was told that something of hers was verified.
    pub(super) async fn told(&self) -> usize {
        let told = self.ann.get("/api/v1/notifications").await.body;
        let told = told["items"].as_array().unwrap();
        assert!(told.iter().all(|one| one["type"] == "NFT_VERIFIED"));
        told.len()
    }

    pub(super) async fn close(self) {
        for process in [Some(self.door), self.worker].into_iter().flatten() {
            assert!(process.stop(), "it ends well");
        }
        self.db.db.disconnect().await;
    }
}

pub(super) fn start(
    how: fn(&str, &Path, &[(&str, &str)]) -> Server,
    database: &Database,
    name: &str,
    settings: &[(&'static str, String)],
) -> Server {
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    how(&database.named(name), database.data(), &settings)
}

pub(super) async fn until(what: &str, look: impl AsyncFn() -> bool) {
    let end = Instant::now() + Duration::from_mins(1) * crate::patience();
    while !look().await {
        assert!(Instant::now() < end, "{what}: waited for in vain");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
