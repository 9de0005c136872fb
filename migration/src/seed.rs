//! Rows to begin with, by name. Sown twice, they are there once.

use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};
use entity::id::{OpportunityCardId, RunId, UserId, UserIdentityId};
use entity::identity::{user, user_identity};
use entity::pipeline::{opportunity_card, run};
use sea_orm_migration::sea_orm::sea_query::OnConflict;
use sea_orm_migration::sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, IntoActiveModel, Iterable,
    PrimaryKeyToColumn,
};

use crate::error::Error;
use crate::lock;
use crate::status;

/// What sowing answers: a line of what there is now, or why not.
pub type Sown<'s> = Pin<Box<dyn Future<Output = Result<String, String>> + 's>>;

/// Rows that whoever embeds the commands can give, beside our own.
pub struct Seed<'s> {
    /// By which it is asked for.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// Sows it, unless it is there.
    pub sow: Box<dyn Fn() -> Sown<'s> + 's>,
}

/// The name of our own.
pub(crate) const PIPELINE_TEST: &str = "pipeline-test";

/// What it is.
pub(crate) const ABOUT_PIPELINE_TEST: &str =
    "the opportunity pipeline's test: a person, a completed run, its five cards";

/// The last figures of the ids, which are the same everywhere.
const USER: u8 = 1;
const IDENTITY: u8 = 2;
const RUN: u8 = 3;
const CARDS: u8 = 0x10;

fn id<I: FromStr>(last: u8) -> Result<I, Error> {
    let text = format!("00000000-0000-7000-8000-0000000000{last:02x}");
    I::from_str(&text).map_err(|_| Error::Option(format!("{text} is no id")))
}

#[expect(
    clippy::disallowed_methods,
    reason = "nobody has given this program a clock"
)]
fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// Refuse a database that lacks a step: a seed is for the whole schema, whoever brings it.
pub(crate) async fn check_schema(db: &DatabaseConnection) -> Result<(), Error> {
    match status(db).await?.pending.first() {
        None => Ok(()),
        Some(first) => Err(Error::Option(format!(
            "{first} is not applied, and a seed is for the whole schema: `migrate up` first"
        ))),
    }
}

/// Sow our own, in one transaction, and tell how many rows were not there. A writer of `SQLite` waits
/// for its turn as long as `patience`.
pub(crate) async fn pipeline_test(
    db: &DatabaseConnection,
    patience: Duration,
) -> Result<u64, Error> {
    let tx = lock::begin_write(&db.into(), patience).await?;
    let mut new = sow(&tx, person()?).await?;
    new += sow(&tx, identity()?).await?;
    new += sow(&tx, a_run()?).await?;
    for number in 1..=5 {
        new += sow(&tx, card(number)?).await?;
    }
    tx.commit().await?;
    Ok(new)
}

/// Put the row in, unless one of its id is there: whatever became of that, it stays.
async fn sow<M>(db: &impl ConnectionTrait, row: M) -> Result<u64, DbErr>
where
    M: sea_orm_migration::sea_orm::ModelTrait
        + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
    <M::Entity as EntityTrait>::ActiveModel:
        sea_orm_migration::sea_orm::ActiveModelTrait<Entity = M::Entity> + Send,
{
    use sea_orm_migration::sea_orm::ActiveModelTrait as _;
    let keys = <M::Entity as EntityTrait>::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column);
    let there = OnConflict::columns(keys).do_nothing().to_owned();
    M::Entity::insert(row.into_active_model().reset_all())
        .on_conflict(there)
        .exec_without_returning(db)
        .await
}

fn person() -> Result<user::Model, Error> {
    let now = now();
    Ok(user::Model {
        id: id(USER)?,
        email: Some("test@example.com".to_owned()),
        email_key: Some("test@example.com".to_owned()),
        name: Some("Test User".to_owned()),
        password_hash: None,
        role: user::UserRole::User,
        status: user::UserStatus::Active,
        last_login: None,
        version: 1,
        created_at: now,
        updated_at: now,
    })
}

fn identity() -> Result<user_identity::Model, Error> {
    let now = now();
    Ok(user_identity::Model {
        id: id::<UserIdentityId>(IDENTITY)?,
        user_id: id(USER)?,
        provider: "clerk".to_owned(),
        subject: "test_user_123".to_owned(),
        last_used_at: None,
        created_at: now,
        updated_at: now,
    })
}

fn a_run() -> Result<run::Model, Error> {
    let now = now();
    Ok(run::Model {
        id: id::<RunId>(RUN)?,
        user_id: id::<UserId>(USER)?,
        company_id: "lactalis-canada".to_owned(),
        company_name: "Lactalis".to_owned(),
        document_name: "test-report.pdf".to_owned(),
        document_url: "https://example.com/test.pdf".to_owned(),
        document_upload_id: None,
        status: run::RunStatus::Completed,
        current_stage: 5,
        error_message: None,
        started_at: Some(now),
        completed_at: Some(now),
        claimed_by: None,
        lease_token: None,
        lease_until: None,
        attempt: 1,
        version: 1,
        created_at: now,
        updated_at: now,
    })
}

fn card(number: u8) -> Result<opportunity_card::Model, Error> {
    let now = now();
    Ok(opportunity_card::Model {
        id: id::<OpportunityCardId>(CARDS + number)?,
        run_id: id(RUN)?,
        user_id: id(USER)?,
        number: number.into(),
        title: format!("Test Opportunity {number}"),
        tagline: format!("Test tagline {number}"),
        problem: "Test problem".to_owned(),
        solution: "Test solution".to_owned(),
        why_now: "Test timing".to_owned(),
        target_segment: "Test segment".to_owned(),
        quick_win: "Test quick win".to_owned(),
        starred: false,
        version: 1,
        created_at: now,
        updated_at: now,
    })
}
