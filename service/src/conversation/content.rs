//! What a message may hold, so that both engines take it and index it alike.
//!
//! `USER` and `AI_MESSAGE` content is read by a trigger: as `jsonb` on `PostgreSQL`, by the
//! JSON functions of `SQLite`. What one of them would refuse, or read differently, is refused here.

use std::fmt;

use entity::conversation::message::MessageEntity;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use crate::check::has_nul;

/// The most bytes of text that a message's `content` member may have.
///
/// A `tsvector` holds at most 1 MiB of words with their positions. The parser makes up to four
/// bytes of it from one byte of text (a URL of short parts is indexed whole, by host and by path).
pub const INDEXED_BYTES: usize = 200_000;

/// The most bytes that a message's content may have, whoever says it: a page holds a hundred.
pub const CONTENT_BYTES: usize = 1024 * 1024;

/// The most decimals of a number: `jsonb` keeps 16,383.
const SCALE: u64 = 16_000;

/// What is wrong with `content`, if anything is.
pub(super) fn fault(entity: MessageEntity, content: &str) -> Option<String> {
    if content.len() > CONTENT_BYTES {
        let length = content.len();
        return Some(format!("has {length} bytes; {CONTENT_BYTES} is the most"));
    }
    if content.contains('\0') {
        return Some("must not contain U+0000".to_owned());
    }
    match entity {
        MessageEntity::User | MessageEntity::AiMessage => indexed(content),
        MessageEntity::AiTool | MessageEntity::Tool => None,
    }
}

fn indexed(content: &str) -> Option<String> {
    let json: Value = match serde_json::from_str(content) {
        Ok(json) => json,
        Err(error) => return Some(format!("must be JSON: {error}")),
    };
    if has_nul(&json) {
        return Some("must not contain U+0000".to_owned());
    }
    if let Some(number) = numbers(content).find(|number| scale(number) > SCALE) {
        let start: String = number.chars().take(20).collect();
        return Some(format!("has a number with too many decimals: {start}"));
    }
    // One engine would index the first of two members, the other the last.
    if serde_json::from_str::<ContentMembers>(content).is_ok_and(|members| members.0 > 1) {
        return Some("has more than one member `content`".to_owned());
    }
    let length = match json.get("content") {
        None | Some(Value::Null) => 0,
        Some(Value::String(text)) => text.len(),
        Some(other) => other.to_string().len(),
    };
    (length > INDEXED_BYTES)
        .then(|| format!("has {length} bytes in its member `content`; {INDEXED_BYTES} is the most"))
}

/// The numbers in a JSON text, as they are written.
fn numbers(json: &str) -> impl Iterator<Item = &str> {
    // Strings out, then whatever lies between the marks that remain.
    let mut quoted = false;
    let mut escaped = false;
    let part_of_none = move |letter: char| {
        let inside = quoted;
        if letter == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && letter == '\\' && !escaped;
        inside || letter == '"' || letter.is_whitespace() || "[]{}:,".contains(letter)
    };
    let parts = json.split(part_of_none);
    parts.filter(|part| part.starts_with(|letter: char| letter == '-' || letter.is_ascii_digit()))
}

/// How many decimals `jsonb` would keep of a number, or how large its exponent is.
fn scale(number: &str) -> u64 {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, tail)| tail.len());
    // What does not even fit is larger than every limit.
    let exponent: i64 = exponent.parse().unwrap_or(i64::MAX);
    exponent.unsigned_abs().saturating_add(decimals as u64)
}

/// How many members of an object are called `content`.
struct ContentMembers(usize);

impl<'de> Deserialize<'de> for ContentMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counter;

        impl<'de> Visitor<'de> for Counter {
            type Value = ContentMembers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut count = 0;
                while let Some((name, IgnoredAny)) = map.next_entry::<String, _>()? {
                    count += usize::from(name == "content");
                }
                Ok(ContentMembers(count))
            }
        }

        deserializer.deserialize_map(Counter)
    }
}

#[cfg(test)]
mod tests {
    use MessageEntity::{AiMessage, AiTool, Tool, User};

    use super::*;

    #[test]
    fn what_a_message_may_hold() {
        let long = format!("{{\"content\":\"{}\"}}", "a".repeat(INDEXED_BYTES + 1));
        let most = "a".repeat(CONTENT_BYTES);
        let more = "a".repeat(CONTENT_BYTES + 1);
        let decimals = format!("{{\"n\":0.{}}}", "1".repeat(20_000));
        for (entity, content, fits) in [
            (User, r#"{"content":"hello"}"#, true),
            (User, r#"{"role":"user"}"#, true),
            (User, r#"{"content":null}"#, true),
            (User, r#"{"content":[1,{"content":2}]}"#, true),
            (AiMessage, r#""just a text""#, true),
            (AiMessage, "hello", false),
            (AiMessage, "", false),
            (AiMessage, r#"{"content":"a","content":"b"}"#, false),
            (AiMessage, r#"{"content":"a","conten\u0074":"b"}"#, false),
            (User, r#"{"content":"a\u0000b"}"#, false),
            (User, r#"{"deep":{"a\u0000":1}}"#, false),
            (User, r#"{"content":"\ud800"}"#, false),
            (User, r#"{"content":1e400}"#, false),
            (User, r#"{"n":[-1.5e-300, 0.25E+2]}"#, true),
            (User, r#"{"n":1e-20000}"#, false),
            (User, "[0e-99999999999999999999]", false),
            (User, r#"{"a":"\"1e-20000","b":"\\"}"#, true),
            (User, &decimals, false),
            (User, &long, false),
            (Tool, &long, true),
            (Tool, &most, true),
            (Tool, &more, false),
            (Tool, "no JSON at all", true),
            (AiTool, "", true),
            (Tool, "nul \0", false),
        ] {
            let found = fault(entity, content);
            let start: String = content.chars().take(40).collect();
            assert_eq!(found.is_none(), fits, "{entity:?} {start}: {found:?}");
        }
    }
}
