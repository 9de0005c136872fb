//! Sessions, keys and failed sign-ins. None of them opens anything: their hashes are no text's.

use chrono::TimeDelta;
use entity::id::ApiKeyId;
use entity::identity::user::{self, UserStatus};
use entity::identity::{api_key, login_failure, session};

use super::dice::Dice;
use super::people::{People, Person};
use super::rows::Rows;
use crate::secret::fingerprint;

/// The open sessions, and a few that ended.
pub(super) fn sessions(rows: &Rows<'_>, dice: &Dice, users: &[user::Model]) -> Vec<session::Model> {
    const AGENTS: [&str; 3] = [
        "Mozilla/5.0 (X11; Linux x86_64) Demo/1.0",
        "Mozilla/5.0 (Macintosh; Apple Silicon) Demo/1.0",
        "chancery-client/1.0",
    ];
    let mut all = Vec::new();
    for (at, user) in users.iter().enumerate() {
        let Some(login) = user.last_login else {
            continue;
        };
        let expires_at = login + rows.session_lifetime();
        if expires_at <= rows.now {
            continue;
        }
        let suspended = user.status == UserStatus::Suspended;
        let seen = (login + dice.seconds(60, 7_200)).min(rows.now);
        all.push(session::Model {
            id: dice.id(login),
            user_id: user.id,
            // The hash of no token: nobody can have it.
            token_hash: dice.hex::<32>(),
            method: if at < 4 { "password" } else { "oidc" }.to_owned(),
            user_agent: Some(dice.word(&AGENTS).to_owned()),
            ip: Some(format!("192.0.2.{}", dice.number::<u8>(2, 250))),
            last_seen_at: seen,
            expires_at,
            revoked_at: (suspended || dice.percent(12)).then_some(seen),
            created_at: login,
            updated_at: seen,
        });
    }
    all
}

/// Keys for programs: in use, replaced, expired, never used.
pub(super) fn keys(rows: &Rows<'_>, dice: &Dice, people: &People) -> Vec<api_key::Model> {
    let ann = people.users[0];
    let bob = people.users[1];
    let key = |id: ApiKeyId, owner: Person, name: &str, scopes: &[&str], made: i64| {
        let created_at = rows.days_ago(made);
        api_key::Model {
            id,
            user_id: owner.id,
            name: name.to_owned(),
            prefix: dice.hex::<8>(),
            // The hash of no secret: nobody can have it.
            secret_hash: dice.hex::<32>(),
            scopes: scopes.iter().copied().collect(),
            expires_at: None,
            last_used_at: Some(rows.now - dice.seconds(120, 90_000)),
            revoked_at: None,
            replaced_by: None,
            created_at,
            updated_at: created_at,
        }
    };
    let id = |made: i64| dice.id(rows.days_ago(made));
    let fresh = key(id(20), people.admin, "pipeline worker", &["worker"], 20);
    let mut old = key(
        id(85),
        people.admin,
        "pipeline worker (old)",
        &["worker"],
        85,
    );
    old.revoked_at = Some(rows.days_ago(19));
    old.last_used_at = Some(rows.days_ago(19));
    old.replaced_by = Some(fresh.id);
    let mut trial = key(id(60), bob, "trial script", &["read"], 60);
    trial.expires_at = Some(rows.days_ago(30));
    trial.last_used_at = Some(rows.days_ago(33));
    let mut unused = key(id(3), ann, "spreadsheet", &["read"], 3);
    unused.last_used_at = None;
    unused.expires_at = Some(rows.days_ago(-87));
    vec![
        fresh,
        old,
        key(id(70), people.admin, "video generator", &["webhook"], 70),
        key(id(44), people.operator, "nightly report", &["read"], 44),
        key(id(51), ann, "notebook", &["read", "write"], 51),
        trial,
        unused,
    ]
}

/// Somebody who tried addresses that are nobody's.
pub(super) fn failures(rows: &Rows<'_>, dice: &Dice) -> Vec<login_failure::Model> {
    (0..8).map(|at| failure(rows, dice, at)).collect()
}

fn failure(rows: &Rows<'_>, dice: &Dice, at: i64) -> login_failure::Model {
    let window = rows.now - TimeDelta::hours(20 + at * 17);
    let window = window - TimeDelta::microseconds(window.timestamp_micros() % 900_000_000);
    login_failure::Model {
        id: dice.id(window),
        account_hash: fingerprint(format!("nobody-{at}@demo.test").as_bytes()),
        address: format!("198.51.100.{}", dice.number::<u8>(2, 250)),
        window_start: window,
        count: dice.number(1, 5),
        created_at: window,
        updated_at: window,
    }
}
