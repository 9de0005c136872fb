//! What a document refers to, and what it would collide with.

use entity::identity::user::{self, UserRole};
use entity::identity::user_identity;
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

/// The column of a person's password.
pub(super) const PASSWORD: &str = "password_hash";
/// Who vouches for a person under one id only.
const CLERK: &str = "clerk";

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
    let person = draft.rows.first().filter(|row| row.table == "users");
    draft.without_password = person.is_some_and(|row| !row.cells.contains_key(PASSWORD));
    for row in &mut draft.rows {
        let (reason, column, detail) = match table::fit(row)? {
            None => continue,
            Some(Misfit::Missing(column)) => ("missing_required", column, "it is not there"),
            Some(Misfit::TooLong(column)) => {
                let detail = "the column is shorter, and nothing is cut";
                ("too_long", column, detail)
            }
            Some(Misfit::TooLarge(column)) => {
                let detail = "the column takes no number so large";
                ("bad_number", column, detail)
            }
            Some(Misfit::Unknown(column)) => {
                ("unknown_enum", column, "none of those that are known here")
            }
        };
        return Ok(Err(Reject::new(reason, column, detail)));
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

/// Look whether the person is here already, by another document or by themselves. Whoever vouches for them
/// says who they are; an e-mail address alone says it only where nothing speaks against it.
pub(super) async fn person(
    db: &impl ConnectionTrait,
    source: &str,
    collection: &str,
    draft: &Draft,
) -> Verdict<Who> {
    for person in &draft.persons {
        let (found, doubt) = match person {
            Person::Identity { provider, subject } => {
                (owner_of(db, provider, subject).await?, None)
            }
            Person::Email(key) => {
                let found = user::Entity::find()
                    .filter(user::Column::EmailKey.eq(key.as_str()))
                    .one(db)
                    .await?;
                match found {
                    Some(found) => (Some(found.id.0), doubt(db, draft, &found).await?),
                    None => (None, None),
                }
            }
        };
        let Some(id) = found else { continue };
        let is_sure = matches!(person, Person::Identity { .. });
        let other = ledger::record_of_row(db, source, collection, "users", id).await?;
        let detail = match (doubt, other) {
            (Some(doubt), _) => doubt.to_owned(),
            (None, Some(other)) if is_sure => format!("the same person as {}", other.external_id),
            (None, Some(other)) => format!("the e-mail address is that of {}", other.external_id),
            (None, None) => return Ok(Ok(Who::Here(id))),
        };
        return Ok(Err(Reject {
            same_as: is_sure.then_some(id),
            ..Reject::whole("duplicate_account", detail)
        }));
    }
    Ok(Ok(Who::New))
}

/// What speaks against it that a draft is the person who has the same e-mail address here.
async fn doubt(
    db: &impl ConnectionTrait,
    draft: &Draft,
    found: &user::Model,
) -> Result<Option<&'static str>, Error> {
    let names =
        |person: &Person| matches!(person, Person::Identity { provider, .. } if provider == CLERK);
    if draft.persons.iter().any(names) {
        let known = user_identity::Entity::find()
            .filter(user_identity::Column::UserId.eq(found.id))
            .filter(user_identity::Column::Provider.eq(CLERK))
            .one(db)
            .await?;
        if known.is_some() {
            return Ok(Some(
                "a person with another Clerk id has the e-mail address here",
            ));
        }
    }
    // What runs for a member of staff does so with their rights.
    let is_staff = found.role != UserRole::User;
    Ok(is_staff.then_some(
        "a member of staff has the e-mail address here, and an address alone does not prove that they are one: \
         give one of the two another address",
    ))
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
            if let Some(holder) = holder.filter(|holder| *holder != row.id) {
                let detail = format!("another row of {} has it", row.table);
                return Ok(Err(Reject {
                    holder: Some((row.table, holder)),
                    ..Reject::new("duplicate_key", &columns.join(", "), detail)
                }));
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
