//! An address that gives an export to whoever has it, for a few minutes: a browser downloads it
//! without the headers that a page would send.
//!
//! The address holds all of the question, sealed, and by what its maker acted. Who they are today is
//! looked up when it is used, so that it gives what they may read then; it is over as soon as their
//! session or key is.

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::UserId;
use entity::types::Encrypted;
use serde::{Deserialize, Serialize};

use crate::actor::Grant;
use crate::audit;
use crate::ctx::Ctx;
use crate::error::{Common, Result};
use crate::explore::error::Error as Refusal;
use crate::identity::{Token, again};

/// How long a link is good.
const LIFE: TimeDelta = TimeDelta::minutes(5);
/// The longest question, in bytes: an address of 12 KiB comes through the usual proxies.
const LONGEST: usize = 8 * 1024;
/// Where the sealed question belongs.
const PLACE: &str = "export/link";

/// What a link holds.
#[derive(Serialize, Deserialize)]
struct Sealed {
    user: UserId,
    token: Token,
    until: DateTime<Utc>,
    question: String,
}

/// A link.
#[derive(Clone, Debug)]
pub struct Link {
    /// What the address says.
    pub token: String,
    /// When it is over.
    pub expires_at: DateTime<Utc>,
}

/// Make a link to `question` for the caller, about rows that are called `list`.
pub async fn make(ctx: &Ctx, list: &'static str, question: String) -> Result<Link> {
    ctx.actor.need(Grant::Read)?;
    let user = ctx.actor.person()?;
    let token = Token::of(&ctx.actor).ok_or(Common::Unauthenticated)?;
    if question.len() > LONGEST {
        let detail = format!(
            "with its variables it has more than the {LONGEST} bytes that a link holds: name it by \
             its hash"
        );
        return Err(Common::invalid("/document", detail).into());
    }
    // Who gave rows away is known afterwards.
    let tx = ctx.write().await?;
    let until = tx.now + LIFE;
    let entry = audit::Entry {
        action: "export_link",
        resource_type: list,
        resource_id: String::new(),
        before: None,
        after: None,
    };
    audit::record(&tx, entry).await?;
    tx.commit().await?;
    let sealed = Sealed {
        user,
        token,
        until,
        question,
    };
    let plain = serde_json::to_vec(&sealed).map_err(crate::error::Error::internal)?;
    let services = &ctx.services;
    let Encrypted(token) = services.keyring.seal(&*services.chance, PLACE, &plain);
    Ok(Link {
        token,
        expires_at: until,
    })
}

/// The question of a link, and the context of its maker as they are today. `ctx` is whose request
/// brings it: nobody in particular, or the maker.
pub async fn open(ctx: &Ctx, token: &str) -> Result<(Ctx, String)> {
    let sealed = Encrypted(token.to_owned());
    let plain = ctx.services.keyring.open(PLACE, &sealed);
    let plain = plain.map_err(|_| Refusal::BadLink)?;
    let sealed: Sealed = serde_json::from_slice(&plain).map_err(|_| Refusal::BadLink)?;
    if ctx.actor.user().is_some_and(|user| user != sealed.user) {
        return Err(Refusal::BadLink.into());
    }
    if sealed.until <= ctx.now() {
        return Err(Refusal::LinkOver.into());
    }
    let maker = match again(&ctx.services, sealed.token).await {
        Err(error) if error.kind() == crate::error::Kind::Unauthenticated => {
            return Err(Refusal::LinkOver.into());
        }
        maker => maker?,
    };
    Ok((ctx.acting_as(maker), sealed.question))
}
