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

/// What is wrong with `content`, if anything is.
pub(super) fn fault(entity: MessageEntity, content: &str) -> Option<String> {
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
            (User, &long, false),
            (Tool, &long, true),
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
