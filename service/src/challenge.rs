//! Challenges: something begun that waits for its answer. Good once, and not for long; kept as a hash
//! of what the answer must bring.

use chrono::TimeDelta;
use entity::id::UserId;
use entity::identity::auth_challenge::{AuthChallengeKind, Column, Entity, Model};
use entity::types::Encrypted;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use crate::error::Result;
use crate::secret::fingerprint;
use crate::write::Write;

/// What begins.
#[derive(Clone, Debug)]
pub(crate) struct Begun<'a> {
    pub(crate) kind: AuthChallengeKind,
    /// What the answer must bring.
    pub(crate) token: &'a str,
    /// How long it may take.
    pub(crate) lifetime: TimeDelta,
    /// Who begins it, where that matters.
    pub(crate) user: Option<UserId>,
    pub(crate) provider: Option<String>,
    /// What we keep to check the answer, sealed for [`place`].
    pub(crate) secret: Option<Encrypted>,
    pub(crate) redirect_to: Option<String>,
}

/// Where the secret of the challenge with this token is sealed for.
pub(crate) fn place(token: &str) -> String {
    format!("auth_challenges/{}/secret", fingerprint(token.as_bytes()))
}

/// Put down what begins.
pub(crate) async fn begin(tx: &Write, begun: Begun<'_>) -> Result<Model> {
    let row = Model {
        id: tx.fresh(),
        kind: begun.kind,
        token_hash: fingerprint(begun.token.as_bytes()),
        user_id: begun.user,
        provider: begun.provider,
        secret: begun.secret,
        redirect_to: begun.redirect_to,
        expires_at: tx.now + begun.lifetime,
        used_at: None,
        created_at: tx.now,
        updated_at: tx.now,
    };
    let inserted = row.clone().into_active_model().reset_all();
    Entity::insert(inserted).exec_without_returning(tx).await?;
    Ok(row)
}

/// The challenge that `token` answers, which is used up by that. Of many who answer at once, one gets
/// it.
pub(crate) async fn answer(
    tx: &Write,
    kind: AuthChallengeKind,
    token: &str,
) -> Result<Option<Model>> {
    let used = Entity::update_many()
        .col_expr(Column::UsedAt, Expr::val(tx.now))
        .col_expr(Column::UpdatedAt, Expr::val(tx.now))
        .filter(Column::TokenHash.eq(fingerprint(token.as_bytes())))
        .filter(Column::Kind.eq(kind))
        .filter(Column::UsedAt.is_null())
        .filter(Column::ExpiresAt.gt(tx.now))
        .exec_with_returning(tx)
        .await?;
    Ok(used.into_iter().next())
}
