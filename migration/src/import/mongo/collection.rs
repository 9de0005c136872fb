//! The five collections, field by field.

use bson::{Bson, Document};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::value::{self, present};
use crate::import::draft::{Draft, Note, Person, Pointer, Reference, Reject, Wallet};
use crate::import::row::{Cell, Row};

/// Their names, parents first.
pub(super) const COLLECTIONS: [&str; 5] = [
    "accounts",
    "profiles",
    "videos",
    "notifications",
    "nft_ownership",
];

/// Where a JSON column keeps what has no column of its own.
const KEPT: &str = "_imported";
/// What nobody needs: the version key of Mongoose, and ids of a collection that is no more.
const IDLE: [&str; 3] = ["_id", "__v", "userId"];

const STATUSES: [&str; 4] = ["PENDING", "PROCESSING", "COMPLETED", "FAILED"];
const TYPES: [&str; 6] = [
    "VIDEO_COMPLETED",
    "VIDEO_FAILED",
    "SYSTEM_ANNOUNCEMENT",
    "NFT_VERIFIED",
    "PROFILE_UPDATE",
    "MISSION_COMPLETED",
];
/// Older types without a successor.
const FORMER: [&str; 3] = ["LORE_CLAIMED", "COMMENT_RECEIVED", "SYSTEM_NOTIFICATION"];

/// What a document of `collection` becomes.
pub(super) fn draft(collection: &str, id: &str, document: &Document) -> Result<Draft, Reject> {
    let mut fields = Fields {
        document,
        id,
        notes: Vec::new(),
        seen: Vec::from(IDLE),
    };
    let row_id = value::row_id(collection, id);
    let mut draft = match collection {
        "accounts" => account(&mut fields, row_id),
        "profiles" => profile(&mut fields, row_id),
        "videos" => video(&mut fields, row_id),
        "notifications" => notification(&mut fields, row_id),
        _ => nft_ownership(&mut fields, row_id),
    }?;
    for field in IDLE.iter().skip(1) {
        if document.contains_key(field) {
            fields.notes.push(Note::counted("dropped", field));
        }
    }
    draft.notes.append(&mut fields.notes);
    Ok(draft)
}

fn account(fields: &mut Fields<'_>, id: Uuid) -> Result<Draft, Reject> {
    let address = fields.required("walletAddress", Fields::text)?;
    if address.is_empty() {
        return Err(Reject::new(
            "missing_required",
            "walletAddress",
            "it is empty",
        ));
    }
    let Wallet { provider, subject } = Wallet::of(&address);
    let (created, updated) = fields.times()?;
    // Over there it had no rule, so it is no reason to refuse an account.
    let last_login = fields.time("lastLogin").unwrap_or_else(|_| {
        fields.notes.push(Note::listed("dropped", "lastLogin"));
        None
    });
    let user = Row::new("users", id)
        .with("role", Cell::Text("user".to_owned()))
        .with("status", Cell::Text("active".to_owned()))
        .with("last_login", time(last_login))
        .with("created_at", created.clone())
        .with("updated_at", updated.clone());
    let identity = Row::new("user_identities", id)
        .with("user_id", Cell::Id(id))
        .with("provider", Cell::Text(provider.to_owned()))
        .with("subject", Cell::Text(subject.clone()))
        .with("created_at", created)
        .with("updated_at", updated);
    fields.drop_others();
    Ok(Draft {
        rows: vec![user, identity],
        persons: vec![Person::Identity {
            provider: provider.to_owned(),
            subject,
        }],
        ..Draft::default()
    })
}

fn profile(fields: &mut Fields<'_>, id: Uuid) -> Result<Draft, Reject> {
    let username = fields.required("username", Fields::text)?;
    let bio = fields.text("bio")?;
    let avatar = fields.alias("avatar", "profileImage");
    let avatar = fields.text(avatar)?;
    let links = fields.alias("socialLinks", "social");
    let links = fields.json(links);
    let preferences = fields.json("preferences");
    let mut kept = Map::new();
    if let Some(public) = fields.truth("isPublic")? {
        fields.keep(&mut kept, "isPublic", json!(public));
    }
    let owner = fields.owner()?;
    let (created, updated) = fields.times()?;
    fields.keep_others(&mut kept);
    let row = Row::new("profiles", id)
        .with("username", Cell::Text(username))
        .with("bio", text(bio))
        .with("avatar", text(avatar))
        .with(
            "social_links",
            json_cell(&links.unwrap_or_else(|| json!({}))),
        )
        .with(
            "preferences",
            json_cell(&with_kept(preferences, kept).unwrap_or_else(|| json!({}))),
        )
        .with("created_at", created)
        .with("updated_at", updated);
    Ok(child(row, owner))
}

fn video(fields: &mut Fields<'_>, id: Uuid) -> Result<Draft, Reject> {
    let job_id = fields.required("jobId", Fields::text)?;
    let nft_id = fields.required("nftId", Fields::digits)?;
    let status = fields.status()?;
    let mut kept = Map::new();
    for field in ["duration", "fileSize"] {
        if let Some(number) = fields.whole(field)? {
            let exact = value::plain(&Bson::Int64(number), field, &mut fields.notes);
            fields.keep(&mut kept, field, exact);
        }
    }
    if let Some(resolution) = fields.text("resolution")? {
        fields.keep(&mut kept, "resolution", json!(resolution));
    }
    let error = fields.alias("errorMessage", "error");
    let error = fields.text(error)?;
    let metadata = fields.json("metadata");
    let owner = fields.owner()?;
    let (created, updated) = fields.times()?;
    let mut row = Row::new("videos", id)
        .with("job_id", Cell::Text(job_id))
        .with("nft_id", Cell::Text(nft_id))
        .with("status", Cell::Text(status))
        .with("error_message", text(error))
        .with("completed_at", time(fields.time("completedAt")?))
        .with(
            "is_public",
            Cell::Bool(fields.truth("isPublic")?.unwrap_or(false)),
        )
        .with("created_at", created)
        .with("updated_at", updated);
    for (field, column) in [
        ("title", "title"),
        ("description", "description"),
        ("videoUrl", "video_url"),
        ("thumbnailUrl", "thumbnail_url"),
    ] {
        row = row.with(column, text(fields.text(field)?));
    }
    fields.keep_others(&mut kept);
    let metadata = with_kept(metadata, kept).unwrap_or_else(|| json!({}));
    Ok(child(row.with("metadata", json_cell(&metadata)), owner))
}

fn notification(fields: &mut Fields<'_>, id: Uuid) -> Result<Draft, Reject> {
    let title = fields.required("title", Fields::text)?;
    let message = fields.required("message", Fields::text)?;
    let kind = fields.required("type", Fields::text)?.to_uppercase();
    if FORMER.contains(&kind.as_str()) {
        let detail = "an older type that none of ours stands for";
        return Err(Reject::new("unmapped_enum", "type", detail));
    }
    if !TYPES.contains(&kind.as_str()) {
        return Err(Reject::new("unknown_enum", "type", "none of the types"));
    }
    let read = fields.alias("isRead", "read");
    let read = fields.truth(read)?;
    let data = fields.json("data");
    let mut kept = Map::new();
    if let Some(at) = fields.time("readAt")? {
        fields.keep(&mut kept, "readAt", json!(at));
    }
    let owner = fields.owner()?;
    let (created, updated) = fields.times()?;
    fields.keep_others(&mut kept);
    let data = with_kept(data, kept);
    let row = Row::new("notifications", id)
        .with("type", Cell::Text(kind))
        .with("title", Cell::Text(title))
        .with("message", Cell::Text(message))
        .with("data", data.as_ref().map_or(Cell::Null, json_cell))
        .with("is_read", Cell::Bool(read.unwrap_or(false)))
        .with("created_at", created)
        .with("updated_at", updated);
    Ok(child(row, owner))
}

fn nft_ownership(fields: &mut Fields<'_>, id: Uuid) -> Result<Draft, Reject> {
    let nft_id = fields.required("nftId", Fields::digits)?;
    let contract = fields.required("contractAddress", Fields::text)?;
    let token = fields.digits("tokenId")?.unwrap_or_else(|| {
        fields.notes.push(Note::listed("defaulted", "tokenId"));
        nft_id.clone()
    });
    let verified = fields.truth("verified")?.unwrap_or_else(|| {
        fields.notes.push(Note::counted("defaulted", "verified"));
        false
    });
    let last = fields.time("lastVerified")?;
    let owner = fields.owner()?;
    let (created, updated) = fields.times()?;
    let row = Row::new("nft_ownership", id)
        .with("nft_id", Cell::Text(nft_id))
        .with("contract_address", Cell::Text(contract))
        .with("token_id", Cell::Text(token))
        .with("verified", Cell::Bool(verified))
        .with("last_verified", time(last))
        .with("checked_at", time(last))
        .with("created_at", created)
        .with("updated_at", updated);
    fields.drop_others();
    Ok(Draft {
        wallet: Some("wallet_address"),
        ..child(row, owner)
    })
}

/// A row with its owner.
fn child(row: Row, owner: Vec<Pointer>) -> Draft {
    Draft {
        rows: vec![row],
        references: vec![Reference {
            row: 0,
            column: "user_id",
            to: owner,
            reason: Some("dangling_account"),
        }],
        ..Draft::default()
    }
}

fn text(text: Option<String>) -> Cell {
    text.map_or(Cell::Null, Cell::Text)
}

fn time(time: Option<DateTime<Utc>>) -> Cell {
    time.map_or(Cell::Null, Cell::Time)
}

fn json_cell(value: &Value) -> Cell {
    Cell::Json(value.to_string())
}

/// The value with what else is kept. One that is no object stands beside it.
fn with_kept(value: Option<Value>, kept: Map<String, Value>) -> Option<Value> {
    if kept.is_empty() {
        return value;
    }
    let mut map = match value {
        None => Map::new(),
        Some(Value::Object(map)) => map,
        Some(other) => Map::from_iter([("value".to_owned(), other)]),
    };
    // Whoever has the same key already keeps it.
    let mut key = KEPT.to_owned();
    while map.contains_key(&key) {
        key.push('_');
    }
    map.insert(key, Value::Object(kept));
    Some(Value::Object(map))
}

/// A document's fields, and which of them were looked at.
struct Fields<'d> {
    document: &'d Document,
    id: &'d str,
    notes: Vec<Note>,
    seen: Vec<&'static str>,
}

impl Fields<'_> {
    fn text(&mut self, field: &'static str) -> value::Read<String> {
        self.seen.push(field);
        value::text(self.document, field, &mut self.notes)
    }

    fn digits(&mut self, field: &'static str) -> value::Read<String> {
        self.seen.push(field);
        value::digits(self.document, field, &mut self.notes)
    }

    fn whole(&mut self, field: &'static str) -> value::Read<i64> {
        self.seen.push(field);
        value::whole(self.document, field, &mut self.notes)
    }

    fn truth(&mut self, field: &'static str) -> value::Read<bool> {
        self.seen.push(field);
        value::truth(self.document, field)
    }

    fn time(&mut self, field: &'static str) -> value::Read<DateTime<Utc>> {
        self.seen.push(field);
        value::time(self.document, field, &mut self.notes)
    }

    fn json(&mut self, field: &'static str) -> Option<Value> {
        self.seen.push(field);
        let found = present(self.document, field)?;
        Some(value::plain(found, field, &mut self.notes))
    }

    fn required<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> value::Read<T>,
    ) -> Result<T, Reject> {
        let found = read(self, field)?;
        found.ok_or_else(|| Reject::new("missing_required", field, "it is not there"))
    }

    /// The name under which a field stands: its own, or an older one.
    fn alias(&mut self, new: &'static str, old: &'static str) -> &'static str {
        self.seen.extend([new, old]);
        match (present(self.document, new), present(self.document, old)) {
            (None, Some(_)) => {
                self.notes.push(Note::counted("renamed", old));
                old
            }
            (Some(one), Some(other)) if one != other => {
                self.notes.push(Note::listed("conflicting_alias", old));
                new
            }
            _ => new,
        }
    }

    /// When the document was made and last changed. What it does not say its id tells, or the other.
    fn times(&mut self) -> Result<(Cell, Cell), Reject> {
        let created = self.time("createdAt")?;
        let updated = self.time("updatedAt")?;
        if created.is_none() {
            self.notes.push(Note::counted("defaulted", "createdAt"));
        }
        if updated.is_none() {
            self.notes.push(Note::counted("defaulted", "updatedAt"));
        }
        let created = created
            .or_else(|| value::time_of(self.id))
            .or(updated)
            .unwrap_or(DateTime::UNIX_EPOCH);
        let updated = updated.unwrap_or(created);
        Ok((Cell::Time(created), Cell::Time(updated)))
    }

    /// The account that the document belongs to: by its id, else by its wallet.
    fn owner(&mut self) -> Result<Vec<Pointer>, Reject> {
        self.seen.push("accountId");
        let mut to = Vec::new();
        let id = match present(self.document, "accountId") {
            Some(Bson::ObjectId(id)) => Some(id.to_hex()),
            Some(Bson::String(text)) => value::object_id(text).map(hex::encode),
            _ => None,
        };
        if let Some(id) = id {
            to.push(Pointer::Document {
                collection: "accounts",
                id,
            });
        }
        let mut address = self.text("walletAddress")?;
        if address.is_none() && self.document.contains_key("createdBy") {
            address = self.text("createdBy")?;
        }
        if let Some(address) = address.filter(|address| !address.is_empty()) {
            to.push(Pointer::Wallet(Wallet::of(&address)));
        }
        Ok(to)
    }

    fn status(&mut self) -> Result<String, Reject> {
        let Some(status) = self.text("status")? else {
            self.notes.push(Note::listed("defaulted", "status"));
            return Ok("PENDING".to_owned());
        };
        let status = status.to_uppercase();
        match status.as_str() {
            "QUEUED" => {
                self.notes.push(Note::counted("renamed", "status queued"));
                Ok("PENDING".to_owned())
            }
            known if STATUSES.contains(&known) => Ok(status),
            _ => Err(Reject::new(
                "unknown_enum",
                "status",
                "none of the statuses",
            )),
        }
    }

    fn keep(&mut self, kept: &mut Map<String, Value>, field: &str, value: Value) {
        self.notes.push(Note::counted("kept_in_json", field));
        kept.insert(field.to_owned(), value);
    }

    /// Keep what nobody looked at.
    fn keep_others(&mut self, kept: &mut Map<String, Value>) {
        let document = self.document;
        for (field, value) in document {
            if !self.seen.contains(&field.as_str()) {
                let value = value::plain(value, field, &mut self.notes);
                let field = value::without_nul(field, field, &mut self.notes);
                self.keep(kept, &field, value);
            }
        }
    }

    /// Leave out what nobody looked at: there is no column for it.
    fn drop_others(&mut self) {
        for (field, _) in self.document {
            if !self.seen.contains(&field.as_str()) {
                self.notes.push(Note::counted("dropped", field));
            }
        }
    }
}
