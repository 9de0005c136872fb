//! What a document refers to, and what it would collide with.

use entity::identity::{user, user_identity};
use entity::platform::import_record;
use sea_orm_migration::sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};
use uuid::Uuid;

use super::draft::{Draft, Note, Person, Pointer, Reject, Wallet};
use super::ledger;
use super::row::Cell;
use super::table::{self, Misfit};
use crate::error::Error;

/// The answer to a question about a document.
pub(super) type Verdict<T> = Result<Result<T, Reject>, Error>;

/// Fill the draft's references, and look whether its rows fit their tables.
pub(super) async fn resolve(
    db: &impl ConnectionTrait,
    source: &str,
    draft: &mut Draft,
) -> Verdict<()> {
    for reference in std::mem::take(&mut draft.references) {
        let mut found: Option<Uuid> = None;
        let mut differs = false;
        for pointer in &reference.to {
            let Some(id) = target(db, source, pointer).await? else {
                continue;
            };
            match found {
                None => found = Some(id),
                Some(first) => differs |= first != id,
            }
        }
        if differs {
            let note = Note::listed("conflicting_reference", reference.column);
            draft.notes.push(note);
        }
        let cell = match (found, reference.reason) {
            (Some(id), _) => Cell::Id(id),
            (None, Some(reason)) => {
                let detail = "it leads to nothing that was imported";
                return Ok(Err(Reject::new(reason, reference.column, detail)));
            }
            (None, None) => {
                if !reference.to.is_empty() {
                    let note = Note::listed("dangling_reference", reference.column);
                    draft.notes.push(note);
                }
                Cell::Null
            }
        };
        if let (Some(column), Some(owner)) = (draft.wallet, found) {
            let wallet = wallet_of(db, owner, &reference.to).await?;
            let Some(wallet) = wallet else {
                let detail = "its owner has no wallet";
                return Ok(Err(Reject::new("dangling_account", column, detail)));
            };
            draft.rows[reference.row]
                .cells
                .insert(column, Cell::Text(wallet));
        }
        draft.rows[reference.row]
            .cells
            .insert(reference.column, cell);
    }
    for row in &mut draft.rows {
        match table::fit(row)? {
            None => {}
            Some(Misfit::Missing(column)) => {
                return Ok(Err(Reject::new(
                    "missing_required",
                    column,
                    "it is not there",
                )));
            }
            Some(Misfit::TooLong(column)) => {
                let detail = "the column is shorter, and nothing is cut";
                return Ok(Err(Reject::new("too_long", column, detail)));
            }
            Some(Misfit::TooBig(column)) => {
                let detail = "the column takes no number beyond 32 bits";
                return Ok(Err(Reject::new("bad_number", column, detail)));
            }
        }
    }
    Ok(Ok(()))
}

async fn target(
    db: &impl ConnectionTrait,
    source: &str,
    pointer: &Pointer,
) -> Result<Option<Uuid>, Error> {
    match pointer {
        Pointer::Document { collection, id } => {
            if let Some(known) = ledger::record(db, source, collection, id).await? {
                return Ok(Some(known.row_id));
            }
            let others = ledger::duplicates_of(collection);
            let known = ledger::record(db, source, &others, id).await?;
            Ok(known.map(|known| known.row_id))
        }
        Pointer::Wallet(wallet) => owner_of(db, wallet.provider, &wallet.subject).await,
    }
}

async fn owner_of(
    db: &impl ConnectionTrait,
    provider: &str,
    subject: &str,
) -> Result<Option<Uuid>, Error> {
    let found = user_identity::Entity::find()
        .filter(user_identity::Column::Provider.eq(provider))
        .filter(user_identity::Column::Subject.eq(subject))
        .one(db)
        .await?;
    Ok(found.map(|row| row.user_id.0))
}

/// The address of a person's wallet: the one that is named, if it is theirs, else their oldest.
async fn wallet_of(
    db: &impl ConnectionTrait,
    owner: Uuid,
    named: &[Pointer],
) -> Result<Option<String>, Error> {
    let theirs = user_identity::Entity::find()
        .filter(user_identity::Column::UserId.eq(owner))
        .filter(user_identity::Column::Provider.starts_with("wallet:"))
        .order_by_asc(user_identity::Column::CreatedAt)
        .order_by_asc(user_identity::Column::Id)
        .all(db)
        .await?;
    let is_named = |row: &&user_identity::Model| {
        let wallet = |pointer: &Pointer| match pointer {
            Pointer::Wallet(Wallet { provider, subject }) => {
                row.provider == *provider && row.subject == *subject
            }
            Pointer::Document { .. } => false,
        };
        named.iter().any(wallet)
    };
    let chosen = theirs.iter().find(is_named).or(theirs.first());
    Ok(chosen.map(|row| row.subject.clone()))
}

/// Who a new document is, if that person is here.
pub(super) enum Who {
    /// Nobody yet.
    New,
    /// Somebody who was here before.
    Here(Uuid),
}

/// Look whether the person is here already, by another document or by themselves.
pub(super) async fn person(
    db: &impl ConnectionTrait,
    source: &str,
    collection: &str,
    draft: &Draft,
) -> Verdict<Who> {
    for person in &draft.persons {
        let found = match person {
            Person::Identity { provider, subject } => owner_of(db, provider, subject).await?,
            Person::Email(key) => {
                let found = user::Entity::find()
                    .filter(user::Column::EmailKey.eq(key.as_str()))
                    .one(db)
                    .await?;
                found.map(|row| row.id.0)
            }
        };
        let Some(id) = found else { continue };
        let other = ledger::record_of_row(db, source, collection, "users", id).await?;
        let Some(other) = other else {
            return Ok(Ok(Who::Here(id)));
        };
        return Ok(Err(Reject {
            reason: "duplicate_account",
            field: None,
            detail: format!("the same person as {}", other.external_id),
            same_as: Some(id),
        }));
    }
    Ok(Ok(Who::New))
}

/// Look whether another row has what only one may have.
pub(super) async fn unique(
    db: &impl ConnectionTrait,
    draft: &Draft,
    known: Option<&import_record::Model>,
) -> Verdict<()> {
    for row in &draft.rows {
        for columns in table::uniques(row.table)? {
            let holder = table::holder(db, row, &columns).await?;
            if holder.is_some_and(|holder| holder != row.id) {
                let detail = format!("another row of {} has it", row.table);
                return Ok(Err(Reject::new(
                    "duplicate_key",
                    &columns.join(", "),
                    detail,
                )));
            }
        }
        if known.is_none()
            && ledger::row_hash(db, row.table, row.id).await?.is_none()
            && table::holder(db, row, &["id"]).await?.is_some()
        {
            let detail = format!("a row of {} has it that no import made", row.table);
            return Ok(Err(Reject::new("duplicate_key", "id", detail)));
        }
    }
    Ok(Ok(()))
}
