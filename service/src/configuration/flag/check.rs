//! What a flag must be like.

use entity::configuration::flag::{FlagKind, Model};
use serde_json::Value;

use crate::check::Check;
use crate::configuration::change::TEXT;

/// The most variants.
const VARIANTS: usize = 50;
/// The most bytes of all variants, as JSON.
const BYTES: usize = 64 * 1024;
/// The most characters of a variant's name, and of the owner's.
const NAME: usize = 255;

/// What is wrong with a flag as it will stand.
pub(super) fn flag(check: &mut Check, row: &Model) {
    check.maybe("/description", row.description.as_ref(), TEXT);
    check.maybe("/owner", row.owner.as_ref(), NAME);
    check.time("/expires_at", row.expires_at);
    check.small_json("/variants", &row.variants, BYTES);
    let Some(variants) = row.variants.as_object() else {
        return check.wrong("/variants", "must be an object");
    };
    if variants.is_empty() || variants.len() > VARIANTS {
        let detail = format!("must have 1 to {VARIANTS} variants");
        check.wrong("/variants", detail);
    }
    for (name, value) in variants.iter().take(VARIANTS) {
        // RFC 6901, section 3.
        let place = format!("/variants/{}", name.replace('~', "~0").replace('/', "~1"));
        check.text(&place, name, true, NAME);
        if !is_one(row.kind, value) {
            check.wrong(place, format!("must be {}", what(row.kind)));
        }
    }
    if !variants.contains_key(&row.default_variant) {
        check.wrong("/default_variant", "is none of the variants");
    }
}

/// What is wrong with the reason of a write.
pub(super) fn reason(check: &mut Check, reason: Option<&String>) {
    check.maybe("/reason", reason, TEXT);
}

fn is_one(kind: FlagKind, value: &Value) -> bool {
    match kind {
        FlagKind::Boolean => value.is_boolean(),
        FlagKind::String => value.is_string(),
        FlagKind::Number => value.is_number(),
        FlagKind::Object => value.is_object(),
    }
}

fn what(kind: FlagKind) -> &'static str {
    match kind {
        FlagKind::Boolean => "true or false",
        FlagKind::String => "a text",
        FlagKind::Number => "a number",
        FlagKind::Object => "an object",
    }
}
