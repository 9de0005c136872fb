//! A row of every kind, all of them Ann's.

use crate::upload::tus;
use entity::id::VideoId;
use entity::media::notification::NotificationType;
use entity::media::video::VideoStatus;
use entity::media::{nft_ownership, video};
use entity::webhook::source::WebhookScheme;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use service::notification::{News, notify};
use service::webhook::inbound::{NewSource, create_source};
use tests::{Client, TestApp, Wallet, run_body, stage_body};

/// The ids of the rows that the table speaks of.
pub(super) struct Rows {
    /// A run that waits.
    pub(super) waiting: String,
    /// A run that a worker holds.
    pub(super) held: String,
    /// The worker's token.
    pub(super) lease: Value,
    /// A card of a completed run.
    pub(super) card: String,
    pub(super) key: String,
    /// A session that is not the one that asks.
    pub(super) session: String,
    pub(super) thread: String,
    pub(super) message: String,
    /// A document.
    pub(super) upload: String,
    /// A document of which nothing is here yet.
    pub(super) begun: String,
    pub(super) endpoint: String,
    pub(super) delivery: String,
    /// A source, which is nobody's own.
    pub(super) source: String,
    /// A provider that nobody has declared.
    pub(super) provider: String,
    pub(super) identity: String,
    pub(super) agent: String,
    pub(super) workflow: String,
    /// An execution that waits.
    pub(super) pending: String,
    /// An execution that a worker holds.
    pub(super) running: String,
    /// The worker's token for that.
    pub(super) execution_lease: Value,
    /// A template, which is nobody's.
    pub(super) template: String,
    pub(super) notification: String,
    pub(super) nft: String,
    /// A video that waits.
    pub(super) video: String,
}

fn id(answer: &Value) -> String {
    answer["id"].as_str().unwrap().to_owned()
}

/// A notification, an NFT and a video, as their jobs would have left them.
async fn media(app: &TestApp, ann: &Client) -> (String, String, String) {
    let user = ann.id().await;
    let tx = app.system().write().await.unwrap();
    let news = News {
        kind: NotificationType::SystemAnnouncement,
        title: "t".to_owned(),
        message: "m".to_owned(),
        data: None,
    };
    let notification = notify(&tx, user, news).await.unwrap().to_string();
    let nft = nft_ownership::Model {
        id: tx.fresh(),
        nft_id: "ethereum:0x1:1".to_owned(),
        user_id: Some(user),
        wallet_address: "0x1".to_owned(),
        contract_address: "0x1".to_owned(),
        token_id: "1".to_owned(),
        chain: None,
        standard: None,
        verified: false,
        last_verified: None,
        checked_at: None,
        problem: None,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    let id = tx.fresh::<VideoId>();
    let video = video::Model {
        id,
        user_id: user,
        nft_id: nft.nft_id.clone(),
        job_id: id.to_string(),
        status: VideoStatus::Pending,
        title: None,
        description: None,
        video_url: None,
        thumbnail_url: None,
        error_message: None,
        provider: None,
        provider_job_id: None,
        submitted_at: None,
        completed_at: None,
        is_public: false,
        metadata: json!({}),
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    let ids = (notification, nft.id.to_string(), id.to_string());
    let nft = nft_ownership::Entity::insert(nft.into_active_model());
    nft.exec_without_returning(&tx).await.unwrap();
    let video = video::Entity::insert(video.into_active_model());
    video.exec_without_returning(&tx).await.unwrap();
    tx.commit().await.unwrap();
    ids
}

impl Rows {
    pub(super) async fn make(app: &TestApp, ann: &Client, worker: &Client, admin: &Client) -> Self {
        let run = async |name| id(&ann.post("/api/v1/runs", run_body(name)).await.body);
        let claim = async || {
            let claim = json!({ "worker": "w" });
            worker.post("/api/v1/runs/claim", claim).await.body
        };
        let done = run("done.pdf").await;
        let token = claim().await["lease_token"].clone();
        for stage in 1..=5 {
            let path = format!("/api/v1/runs/{done}/stages/{stage}");
            let handed = worker.put(&path, stage_body(stage, &token)).await;
            assert_eq!(handed.status, 200, "{}", handed.body);
        }
        let done = ann.get(&format!("/api/v1/runs/{done}")).await.body;
        let held = run("held.pdf").await;
        let lease = claim().await["lease_token"].clone();
        let waiting = run("waiting.pdf").await;

        let key = json!({ "name": "k", "scopes": ["read"] });
        let key = ann.post("/api/v1/me/keys", key).await.body;
        let mine = ann.get("/api/v1/me/sessions").await.body;
        app.sign_in("ann@example.test").await;
        let sessions = ann.get("/api/v1/me/sessions").await.body;
        let mut sessions = sessions["items"].as_array().unwrap().iter();
        let session = sessions.find(|session| session["id"] != mine["items"][0]["id"]);
        let thread = json!({ "title": "t" });
        let thread = id(&ann.post("/api/v1/threads", thread).await.body);
        let message = json!({ "entity": "USER", "content": { "content": "walrus" } });
        let messages = format!("/api/v1/threads/{thread}/messages");
        let message = ann.post(&messages, message).await.body;
        let document = "/api/v1/uploads/document";
        let upload = ann.upload(document, "a.txt", "", b"text").await.body;
        let begun = tus::begin(ann, "b.txt", 4).await;
        let endpoint = json!({ "url": "https://8.8.8.8/", "event_types": ["run.created"] });
        let endpoint = id(&ann.post("/api/v1/webhook-endpoints", endpoint).await.body);
        let testing = format!("/api/v1/webhook-endpoints/{endpoint}/test");
        let delivery = id(&ann.post(&testing, json!({})).await.body);
        let source = NewSource {
            name: "generator".to_owned(),
            scheme: WebhookScheme::Standard,
            secret: None,
        };
        let source = create_source(&app.system(), source).await.unwrap();
        let link = json!({ "purpose": "link" });
        let nonce = ann.post("/api/v1/auth/wallet/nonce", link).await.body;
        let (wallet, now) = (Wallet::evm(1), chrono::Utc::now());
        let text = wallet.message(&app.base, nonce["nonce"].as_str().unwrap(), now);
        let identities = "/api/v1/me/identities/wallet";
        let identity = ann.post(identities, wallet.sign(&text)).await.body;
        let template = json!({ "name": "t" });
        let template = admin.post("/api/v1/agent-templates", template).await.body;
        let agent = ann
            .post("/api/v1/agents", json!({ "name": "a" }))
            .await
            .body;
        let workflow = json!({ "name": "w", "definition": {} });
        let workflow = ann.post("/api/v1/workflows", workflow).await.body;
        let executions = format!("/api/v1/agents/{}/executions", id(&agent));
        let running = ann.post(&executions, json!({})).await.body;
        let claim = json!({ "worker": "w" });
        let claim = worker.post("/api/v1/executions/claim", claim).await.body;
        let pending = ann.post(&executions, json!({})).await.body;
        let (notification, nft, video) = media(app, ann).await;
        let flag = json!({
            "key": "new-board", "kind": "boolean", "variants": { "on": true, "off": false },
            "default_variant": "off",
        });
        assert_eq!(admin.post("/api/v1/flags", flag).await.status, 201);
        let setting = "/api/v1/settings/features.max_agents_per_user";
        let set = admin.with("if-match", "\"0\"");
        let set = set.put(setting, json!({ "value": 7 })).await;
        assert_eq!(set.status, 200, "{}", set.body);
        Self {
            endpoint,
            delivery,
            source: source.row.id.to_string(),
            provider: "nowhere".to_owned(),
            identity: id(&identity),
            agent: id(&agent),
            workflow: id(&workflow),
            pending: id(&pending),
            running: id(&running),
            execution_lease: claim["lease_token"].clone(),
            template: id(&template),
            notification,
            nft,
            video,
            waiting,
            held,
            lease,
            card: id(&done["cards"][0]),
            key: id(&key),
            session: id(session.unwrap()),
            thread,
            message: id(&message),
            upload: id(&upload),
            begun: id(&begun.body),
        }
    }

    /// Every id, to be sure that no stranger hears one.
    pub(super) fn ids(&self) -> [&str; 20] {
        [
            &self.waiting,
            &self.held,
            &self.card,
            &self.key,
            &self.session,
            &self.thread,
            &self.message,
            &self.upload,
            &self.begun,
            &self.endpoint,
            &self.delivery,
            &self.source,
            &self.agent,
            &self.identity,
            &self.workflow,
            &self.pending,
            &self.running,
            &self.notification,
            &self.nft,
            &self.video,
        ]
    }
}
