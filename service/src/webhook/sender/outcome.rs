//! What came of a call, and what follows from it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity::media::notification::NotificationType;
use entity::webhook::attempt;
use entity::webhook::delivery::{self, WebhookDeliveryState as State};
use entity::webhook::endpoint::{self, WebhookEndpointStatus};
use serde_json::json;

use super::post::{Brought, Letter};
use super::store;
use crate::chance::{Chance, bytes};
use crate::error::Result;
use crate::notification::{News, notify};
use crate::outbound::{Answer, HeaderMap, header};
use crate::signal::Signal;
use crate::webhook::emit::emit;
use crate::webhook::event::Event;
use crate::webhook::setting::{DISABLE_AFTER, LONGEST_RETRY_AFTER, SCHEDULE};
use crate::write::Write;

/// As much of an answer is kept.
const KEPT: usize = 2_048;

/// Gone (RFC 9110, section 15.5.11): nothing will be taken there any more.
const GONE: u16 = 410;

/// What came of a call.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) letter: Letter,
    pub(super) brought: Brought,
    pub(super) took: Duration,
}

impl Outcome {
    /// Whether the endpoint took it.
    pub(super) fn is_good(&self) -> bool {
        self.status()
            .is_some_and(|status| (200..300).contains(&status))
    }

    fn status(&self) -> Option<u16> {
        match &self.brought {
            Brought::Answer(answer) => Some(answer.status),
            Brought::Nothing(_) | Brought::Unsendable => None,
        }
    }

    /// Why it did not count.
    fn error(&self) -> Option<String> {
        match &self.brought {
            Brought::Answer(_) if self.is_good() => None,
            Brought::Answer(Answer { status, .. }) if (300..400).contains(status) => Some(format!(
                "the answer was {status}: redirects are not followed"
            )),
            Brought::Answer(answer) => Some(format!("the answer was {}", answer.status)),
            Brought::Nothing(failure) => Some(failure.to_string()),
            Brought::Unsendable => Some("it could not be signed".to_owned()),
        }
    }
}

/// A delivery whose endpoint is told no more, and all others of the endpoint that are due.
pub(super) async fn give_up(tx: &Write, claimed: &delivery::Model) -> Result<()> {
    store::settle(tx, claimed, State::Failed, None).await?;
    store::give_up(tx, claimed.endpoint_id).await?;
    tx.signal(Signal::DeliveryMoved(claimed.id));
    Ok(())
}

/// Write down what came of a call. Nothing, where its claim is not in force any more.
pub(super) async fn write(tx: &Write, outcome: &Outcome) -> Result<()> {
    let Letter {
        delivery, endpoint, ..
    } = &outcome.letter;
    let next = if outcome.is_good() || outcome.status() == Some(GONE) {
        None
    } else {
        next_at(tx, outcome)
    };
    let state = match next {
        _ if outcome.is_good() => State::Delivered,
        Some(_) => State::Pending,
        None => State::Failed,
    };
    if !store::settle(tx, delivery, state, next).await? {
        return Ok(());
    }
    let attempt = attempt::Model {
        id: tx.fresh(),
        delivery_id: delivery.id,
        number: 0,
        status: outcome.status().map(i32::from),
        duration_ms: i64::try_from(outcome.took.as_millis()).unwrap_or(i64::MAX),
        error: outcome.error(),
        answer: match &outcome.brought {
            Brought::Answer(answer) => Some(kept(&answer.body)),
            Brought::Nothing(_) | Brought::Unsendable => None,
        },
        created_at: tx.now,
        updated_at: tx.now,
    };
    store::insert_attempt(tx, attempt).await?;
    health(tx, endpoint, outcome).await?;
    tx.signal(Signal::DeliveryMoved(delivery.id));
    Ok(())
}

/// What the call says of the endpoint.
async fn health(tx: &Write, known: &endpoint::Model, outcome: &Outcome) -> Result<()> {
    let good = outcome.is_good();
    if good && known.failing_since.is_none() {
        // What others found meanwhile is theirs to tell.
        return Ok(());
    }
    let Some(endpoint) = store::endpoint_held(tx, known.id).await? else {
        return Ok(());
    };
    if good {
        if endpoint.failing_since.is_some() && endpoint.status == WebhookEndpointStatus::Enabled {
            store::note_health(tx, endpoint.id, None).await?;
        }
        return Ok(());
    }
    if endpoint.status == WebhookEndpointStatus::Disabled {
        return Ok(());
    }
    let since = endpoint.failing_since.unwrap_or(tx.now);
    if endpoint.failing_since.is_none() {
        store::note_health(tx, endpoint.id, Some(since)).await?;
    }
    let patience = tx.services().configuration.get(&DISABLE_AFTER);
    let reason = if outcome.status() == Some(GONE) {
        "the endpoint answered 410: it is gone".to_owned()
    } else if tx.now - since >= TimeDelta::from_std(patience).unwrap_or(TimeDelta::MAX) {
        format!("nothing but failures for {}", span(patience))
    } else {
        return Ok(());
    };
    disable(tx, &endpoint, &reason).await
}

/// Tell an endpoint no more, and tell its owner so.
async fn disable(tx: &Write, endpoint: &endpoint::Model, reason: &str) -> Result<()> {
    let disabled = store::disable(tx, endpoint, reason).await?;
    tracing::info!(endpoint = %disabled.id, reason, "a webhook endpoint was disabled");
    emit(tx, Event::disabled(&disabled)).await?;
    if let Some(user) = disabled.user_id {
        let news = News {
            kind: NotificationType::SystemAnnouncement,
            title: "A webhook endpoint was disabled".to_owned(),
            message: format!("{}: {reason}.", disabled.url),
            data: Some(json!({ "webhook_endpoint_id": disabled.id, "reason": reason })),
        };
        notify(tx, user, news).await?;
    }
    Ok(())
}

/// When the next try is; none after the last of the schedule.
fn next_at(tx: &Write, outcome: &Outcome) -> Option<DateTime<Utc>> {
    let services = tx.services();
    let schedule = services.configuration.get(&SCHEDULE);
    let tried = usize::try_from(outcome.letter.delivery.attempt).unwrap_or(usize::MAX);
    let wait = spread(*schedule.get(tried)?, &*services.chance);
    let asked = match &outcome.brought {
        Brought::Answer(answer) => retry_after(&answer.headers, tx.now),
        Brought::Nothing(_) | Brought::Unsendable => None,
    };
    let most = services.configuration.get(&LONGEST_RETRY_AFTER);
    let wait = wait.max(asked.unwrap_or_default().min(most));
    // The engines keep microseconds.
    let micros = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
    tx.now.checked_add_signed(TimeDelta::microseconds(micros))
}

/// A fifth more or less, so that what failed together does not come back together.
fn spread(wait: Duration, chance: &dyn Chance) -> Duration {
    let dice = f64::from(u32::from_be_bytes(bytes(chance))) / f64::from(u32::MAX);
    wait.mul_f64(0.8 + 0.4 * dice)
}

/// How long a receiver asks us to wait (RFC 9110, section 10.2.3): seconds, or a date.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(value).ok()?;
    (date.to_utc() - now).to_std().ok()
}

/// The beginning of an answer, as text that every engine keeps.
fn kept(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(KEPT)]).replace('\0', "\u{fffd}");
    let mut end = text.len().min(KEPT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

/// A time for people: in days where it is whole days, else in hours.
fn span(time: Duration) -> String {
    let hours = time.as_secs() / 3_600;
    match hours {
        _ if hours >= 24 && hours.is_multiple_of(24) => format!("{} days", hours / 24),
        _ => format!("{hours} hours"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chance::SystemChance;
    use crate::outbound::HeaderValue;

    #[test]
    fn a_receiver_may_ask_for_time() {
        let now = DateTime::from_timestamp(1_445_412_420, 0).unwrap();
        for (value, expected) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(60)),
            ("Wed, 21 Oct 2015 07:26:00 GMT", None),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(value));
            let asked = retry_after(&headers, now).map(|time| time.as_secs());
            assert_eq!(asked, expected, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn a_try_waits_a_fifth_more_or_less(seconds in 0_u32..100_000) {
            let wait = Duration::from_secs(seconds.into());
            let wait = spread(wait, &SystemChance).as_secs_f64();
            let (least, most) = (f64::from(seconds) * 0.799, f64::from(seconds) * 1.201);
            prop_assert!((least..=most).contains(&wait), "{} of {}", wait, seconds);
        }

        #[test]
        fn any_answer_is_kept_so_far(body: Vec<u8>, times in 1_usize..200) {
            let text = kept(&body.repeat(times));
            prop_assert!(text.len() <= KEPT && !text.contains('\0'));
        }
    }
}
