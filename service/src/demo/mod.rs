//! The demo's data: the same people and the same 90 days of runs every time.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::UserId;
use entity::identity::user::UserRole;
use entity::pipeline::run::{self, RunStatus};
use entity::pipeline::{opportunity_card, stage_output};
use sea_orm::{EntityTrait, IntoActiveModel, Set};

use crate::ctx::{Ctx, Services};
use crate::error::Result;
use crate::identity::{EmailAddress, NewUser, Password, create_user};
use crate::secret::fingerprint;
use crate::write::Write;

/// The demo's admin.
pub const ADMIN: &str = "admin@demo.test";
/// Everybody's password in the demo.
pub const PASSWORD: &str = "chancery-demo";

const RUNS: i64 = 240;
const DAYS: i64 = 90;
const COMPANIES: [(&str, &str); 4] = [
    ("lactalis-canada", "Lactalis"),
    ("northwind", "Northwind"),
    ("globex", "Globex"),
    ("acme-foods", "Acme Foods"),
];

/// Fill an empty, migrated database.
pub async fn fill(services: &Arc<Services>) -> Result<()> {
    let ctx = Ctx::system(Arc::clone(services), "demo");
    let mut owners = Vec::new();
    for (email, name, role) in [
        (ADMIN, "Ada Admin", UserRole::Admin),
        ("op@demo.test", "Otto Operator", UserRole::Operator),
        ("ann@demo.test", "Ann Archer", UserRole::User),
        ("bob@demo.test", "Bob Baker", UserRole::User),
    ] {
        let new = NewUser {
            email: EmailAddress::new(email)?,
            name: Some(name.to_owned()),
            password: Some(Password::new(PASSWORD)?),
            role,
        };
        let user = create_user(&ctx, new).await?;
        if role == UserRole::User {
            owners.push(user.id);
        }
    }
    let tx = ctx.write().await?;
    runs(&tx, &owners).await?;
    tx.commit().await
}

async fn runs(tx: &Write, owners: &[UserId]) -> Result<()> {
    let begin = tx.now - TimeDelta::days(DAYS);
    for at in 0..RUNS {
        let created = begin + TimeDelta::minutes(at * DAYS * 24 * 60 / RUNS + at * 37 % 90);
        let owner = owners[usize::try_from(at).unwrap_or(0) * 7 % 10 % owners.len()];
        let run = one(tx, owner, at, created);
        let (id, stages, done) = (
            run.id,
            run.current_stage,
            run.status == RunStatus::Completed,
        );
        let row = sea_orm::ActiveModelTrait::reset_all(run.into_active_model());
        run::Entity::insert(row).exec_without_returning(tx).await?;
        let outputs: Vec<_> = (1..=stages)
            .map(|stage| output(tx, id, stage, at, created))
            .collect();
        if !outputs.is_empty() {
            stage_output::Entity::insert_many(outputs)
                .exec_without_returning(tx)
                .await?;
        }
        if done {
            let cards: Vec<_> = (1..=5)
                .map(|number| card(tx, id, owner, number, at, created))
                .collect();
            opportunity_card::Entity::insert_many(cards)
                .exec_without_returning(tx)
                .await?;
        }
    }
    Ok(())
}

fn one(tx: &Write, owner: UserId, at: i64, created: DateTime<Utc>) -> run::Model {
    let (company_id, company_name) = COMPANIES[usize::try_from(at).unwrap_or(0) % COMPANIES.len()];
    let (status, stage) = match at {
        _ if at >= RUNS - 4 => (RunStatus::Pending, 0),
        _ if at % 9 == 4 => (RunStatus::Failed, i32::try_from(at % 5).unwrap_or(0)),
        _ => (RunStatus::Completed, 5),
    };
    let ended = created + TimeDelta::minutes(20 + at % 50);
    let worked = status != RunStatus::Pending;
    run::Model {
        id: tx.fresh(),
        user_id: owner,
        company_id: company_id.to_owned(),
        company_name: company_name.to_owned(),
        document_name: format!("trend-report-{:03}.pdf", at + 1),
        document_url: format!("https://files.example.com/trend-report-{:03}.pdf", at + 1),
        document_upload_id: None,
        status,
        current_stage: stage,
        error_message: (status == RunStatus::Failed)
            .then(|| "the document holds no readable text".to_owned()),
        started_at: worked.then_some(created + TimeDelta::minutes(2)),
        completed_at: worked.then_some(ended),
        claimed_by: worked.then(|| format!("pipeline-{}", at % 3 + 1)),
        lease_token: None,
        lease_until: None,
        attempt: i32::from(worked),
        version: 1 + i64::from(stage),
        created_at: created,
        updated_at: if worked { ended } else { created },
    }
}

fn output(
    tx: &Write,
    run: entity::id::RunId,
    stage: i32,
    at: i64,
    created: DateTime<Utc>,
) -> stage_output::ActiveModel {
    let text = format!(
        "# Stage {stage}\n\nWhat stage {stage} found in report {}.",
        at + 1
    );
    let made = created + TimeDelta::minutes(2 + i64::from(stage) * 3);
    stage_output::ActiveModel {
        id: Set(tx.fresh()),
        run_id: Set(run),
        stage_number: Set(stage),
        content_hash: Set(fingerprint(text.as_bytes())),
        markdown_output: Set(text),
        json_output: Set(None),
        attempt: Set(1),
        started_at: Set(Some(made - TimeDelta::minutes(2))),
        duration_ms: Set(Some(60_000 + at * 131 % 90_000)),
        created_at: Set(made),
        updated_at: Set(made),
    }
}

fn card(
    tx: &Write,
    run: entity::id::RunId,
    owner: UserId,
    number: i32,
    at: i64,
    created: DateTime<Utc>,
) -> opportunity_card::ActiveModel {
    let made = created + TimeDelta::minutes(17);
    let line = |what: &str| {
        Set(format!(
            "{what} of opportunity {number} in report {}",
            at + 1
        ))
    };
    opportunity_card::ActiveModel {
        id: Set(tx.fresh()),
        run_id: Set(run),
        user_id: Set(owner),
        number: Set(number),
        title: line("Title"),
        tagline: line("Tagline"),
        problem: line("Problem"),
        solution: line("Solution"),
        why_now: line("Timing"),
        target_segment: line("Segment"),
        quick_win: line("Quick win"),
        starred: Set((at + i64::from(number)) % 6 == 0),
        version: Set(1),
        created_at: Set(made),
        updated_at: Set(made),
    }
}
