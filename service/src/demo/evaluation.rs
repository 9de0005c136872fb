//! How flags answered, and of whom they were asked.

use chrono::{TimeDelta, Timelike};
use entity::configuration::{flag, flag_context, flag_evaluation};
use entity::id::UserId;
use serde_json::json;

use super::dice::Dice;
use super::rows::Rows;
use crate::secret::fingerprint;

/// How the flag answered, hour by hour, of the last ten days in which it was asked.
pub(super) fn of(rows: &Rows<'_>, dice: &Dice, flag: &flag::Model) -> Vec<flag_evaluation::Model> {
    let variants: Vec<&String> = flag
        .variants
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
        .collect();
    let last = flag.archived_at.unwrap_or(rows.now);
    let last = last - TimeDelta::microseconds(last.timestamp_micros() % 3_600_000_000);
    let mut all = Vec::new();
    for hours in 1..240 {
        let hour = last - TimeDelta::hours(hours);
        // Nobody asks at night.
        if hour < flag.created_at || !(6..22).contains(&hour.hour()) {
            continue;
        }
        for variant in &variants {
            let usual = **variant == flag.default_variant;
            all.push(flag_evaluation::Model {
                id: dice.id(hour),
                flag: flag.key.clone(),
                environment: "development".to_owned(),
                variant: (*variant).clone(),
                hour,
                count: dice.number(if usual { 90 } else { 5 }, if usual { 300 } else { 80 }),
                created_at: hour,
                updated_at: hour + TimeDelta::minutes(59),
            });
        }
    }
    all
}

/// Somebody of whom flags were asked.
pub(super) fn context(rows: &Rows<'_>, dice: &Dice, person: UserId) -> flag_context::Model {
    let seen = rows.now - dice.seconds(60, 2_000_000);
    let attributes = json!({
        "plan": dice.pick(&["free", "pilot", "team"]),
        "locale": dice.pick(&["en-GB", "en-US", "de-DE", "fr-FR"]),
    });
    flag_context::Model {
        id: dice.id(seen),
        environment: "development".to_owned(),
        context_hash: fingerprint(format!("{person}{attributes}").as_bytes()),
        targeting_key: person.to_string(),
        attributes,
        seen_at: seen,
        created_at: seen,
        updated_at: seen,
    }
}
