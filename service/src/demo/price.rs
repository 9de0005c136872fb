//! The models of the demo, and what their tokens cost.

use chrono::{DateTime, TimeDelta, Utc};
use entity::analytics::model_price;
use entity::conversation::token_consumption::TokenType;

use super::dice::Dice;
use super::rows::Rows;

/// The models, the most used first, with micro-dollars for a million tokens: read anew, read from
/// the cache, written.
pub(super) const MODELS: [(&str, [i64; 3]); 4] = [
    ("heron-2-flash", [150_000, 40_000, 600_000]),
    ("heron-2-pro", [2_500_000, 620_000, 10_000_000]),
    ("atlas-mini", [250_000, 25_000, 2_000_000]),
    ("atlas-large", [15_000_000, 1_500_000, 75_000_000]),
];

/// What the three prices are of.
pub(super) const TYPES: [TokenType; 3] = [
    TokenType::InputNoncached,
    TokenType::InputCached,
    TokenType::Completion,
];

/// Every model's prices since before the demo's time; the dearest became cheaper a month ago.
pub(super) fn all(rows: &Rows<'_>, dice: &Dice) -> Vec<model_price::Model> {
    let midnight = |days| {
        let at: DateTime<Utc> = rows.days_ago(days);
        at - TimeDelta::microseconds(at.timestamp_micros() % 86_400_000_000)
    };
    let row = |model: &str, kind, price, valid_from| model_price::Model {
        id: dice.id(valid_from),
        model: model.to_owned(),
        kind,
        micro_dollars_per_million: price,
        valid_from,
        version: 1,
        created_at: valid_from,
        updated_at: valid_from,
    };
    let mut all = Vec::new();
    for (model, prices) in MODELS {
        for (kind, price) in TYPES.into_iter().zip(prices) {
            all.push(row(model, kind, price, midnight(120)));
            if model == "atlas-large" {
                all.push(row(model, kind, price * 2 / 3, midnight(30)));
            }
        }
    }
    all
}
