//! What people prefer. It stands in their profile, which is made where it is not there.

use entity::identity::profile::Model;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::store;
use crate::actor::Grant;
use crate::check::{Check, web_address};
use crate::ctx::Ctx;
use crate::error::{Common, Result};
use crate::expect::Expect;
use crate::write::Write;

/// The most bytes of a person's preferences.
const MOST: usize = 64 * 1024;
/// The most bytes of an address that a profile shows.
const ADDRESS: usize = 2_048;

/// What a person prefers, by key, and the tag of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Preferences {
    /// By key.
    pub values: Value,
    /// The profile's version; 0 where there is none yet.
    pub version: i64,
}

/// What the caller prefers.
pub async fn preferences(ctx: &Ctx) -> Result<Preferences> {
    ctx.actor.need(Grant::Read)?;
    let user = ctx.actor.person()?;
    let found = store::profile(&ctx.read()?, user).await?;
    Ok(found.map_or_else(Preferences::none, Preferences::of))
}

/// Change what the caller prefers, as a merge patch (RFC 7396): members replace, `null` removes.
pub async fn prefer(ctx: &Ctx, patch: Value, expect: &Expect) -> Result<Preferences> {
    ctx.actor.need(Grant::Write)?;
    let user = ctx.actor.person()?;
    let mut check = Check::default();
    if !patch.is_object() {
        check.wrong("", "must be an object");
    }
    check.small_json("", &patch, MOST);
    check.done()?;

    let tx = ctx.write().await?;
    store::hold(&tx, user).await?;
    let found = store::profile(&tx, user).await?;
    let before = found
        .clone()
        .map_or_else(Preferences::none, Preferences::of);
    expect.check(&before.version.to_string())?;
    let mut values = before.values.clone();
    merge(&mut values, patch);
    if values == before.values {
        return Ok(before);
    }
    if values.to_string().len() > MOST {
        return Err(Common::invalid("", format!("makes more than {MOST} bytes in all")).into());
    }
    let profile = match found {
        Some(mut profile) => {
            profile.preferences = values;
            profile.version += 1;
            profile.updated_at = tx.now;
            store::update_profile(&tx, &profile).await?;
            profile
        }
        None => make(&tx, user, values).await?,
    };
    tx.commit().await?;
    Ok(Preferences::of(profile))
}

/// A profile for a person who has none. The name is one that nobody else has, until they choose.
async fn make(tx: &Write, user: entity::id::UserId, preferences: Value) -> Result<Model> {
    let profile = Model {
        id: tx.fresh(),
        user_id: user,
        username: format!("user-{}", user.0.simple()),
        bio: None,
        avatar: None,
        social_links: Value::Object(Map::new()),
        preferences,
        version: 1,
        created_at: tx.now,
        updated_at: tx.now,
    };
    store::insert_profile(tx, profile.clone()).await?;
    Ok(profile)
}

/// Refuse what no profile has: staff write all of it.
pub(crate) fn check_profile(
    username: &str,
    avatar: Option<&str>,
    links: &Value,
    preferences: &Value,
) -> Result<()> {
    let mut check = Check::default();
    check.text("/username", username, true, 255);
    // One that was put here is known by its id.
    let picture = |text: &str| text.parse::<Uuid>().is_ok() || web_address(text, ADDRESS).is_some();
    if avatar.is_some_and(|avatar| !picture(avatar)) {
        check.wrong("/avatar", "is neither an address nor the id of an upload");
    }
    let link = |value: &Value| value.as_str().and_then(|text| web_address(text, ADDRESS));
    match links {
        Value::Object(links) => {
            for (name, _) in links.iter().filter(|(_, value)| link(value).is_none()) {
                check.wrong(format!("/social_links/{name}"), "is no address");
            }
        }
        _ => check.wrong("/social_links", "must be an object"),
    }
    check.small_json("/social_links", links, MOST);
    if !preferences.is_object() {
        check.wrong("/preferences", "must be an object");
    }
    check.small_json("/preferences", preferences, MOST);
    Ok(check.done()?)
}

fn merge(into: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *into = patch;
        return;
    };
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    if let Value::Object(into) = into {
        for (key, value) in patch {
            if value.is_null() {
                into.remove(&key);
            } else {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
    }
}

impl Preferences {
    fn none() -> Self {
        Self {
            values: Value::Object(Map::new()),
            version: 0,
        }
    }

    fn of(profile: Model) -> Self {
        Self {
            values: profile.preferences,
            version: profile.version,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_merge_patch_is_that_of_the_rfc() {
        for (before, patch, after) in [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
            (
                json!({"a":{"b":"c"}}),
                json!({"a":{"b":"d","c":null}}),
                json!({"a":{"b":"d"}}),
            ),
            (
                json!({}),
                json!({"a":{"bb":{"ccc":null}}}),
                json!({"a":{"bb":{}}}),
            ),
        ] {
            let mut value = before.clone();
            merge(&mut value, patch.clone());
            assert_eq!(value, after, "{before} + {patch}");
        }
    }
}
