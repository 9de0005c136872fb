//! The people of the demo: the four who sign in by password, and those who came later.

use chrono::{DateTime, TimeDelta, Utc};
use entity::id::UserId;
use entity::identity::user::{self, UserRole, UserStatus};
use entity::identity::{api_key, login_failure, profile, session, user_identity};
use serde_json::json;

use super::dice::Dice;
use super::rows::Rows;
use super::{ADMIN, DAYS, credential};
use crate::error::Result;

/// The four who sign in by password.
pub(super) const FOUR: [(&str, &str, UserRole); 4] = [
    (ADMIN, "Ada Admin", UserRole::Admin),
    ("op@demo.test", "Otto Operator", UserRole::Operator),
    ("ann@demo.test", "Ann Archer", UserRole::User),
    ("bob@demo.test", "Bob Baker", UserRole::User),
];

const OTHERS: [&str; 44] = [
    "Cleo Carver",
    "Dora Dyer",
    "Emil Elder",
    "Fay Fletcher",
    "Gus Gardner",
    "Hana Harper",
    "Ivo Ironside",
    "Jana Joiner",
    "Kurt Keeper",
    "Lena Locksmith",
    "Milo Mason",
    "Nora Netmaker",
    "Olaf Ostler",
    "Pia Potter",
    "Quin Quarrier",
    "Rita Roper",
    "Sven Sawyer",
    "Tess Tanner",
    "Ugo Usher",
    "Vera Vintner",
    "Walt Weaver",
    "Xena Xylograph",
    "Yuri Yeoman",
    "Zoe Zither",
    "Alma Apiarist",
    "Bert Brewer",
    "Cora Chandler",
    "Dirk Drover",
    "Edda Engraver",
    "Finn Fuller",
    "Greta Glover",
    "Hugo Hatter",
    "Inga Inker",
    "Jens Jeweller",
    "Kaja Knitter",
    "Lars Limner",
    "Mona Miller",
    "Nils Nailer",
    "Olga Oiler",
    "Paul Plumer",
    "Rosa Ranger",
    "Sina Smith",
    "Theo Thatcher",
    "Ulla Upholder",
];

/// Somebody, as the other chapters need them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person {
    pub(super) id: UserId,
    pub(super) since: DateTime<Utc>,
}

/// Everybody.
#[derive(Debug)]
pub(super) struct People {
    pub(super) admin: Person,
    pub(super) operator: Person,
    /// Ann and Bob first, then the others: who is further back does less.
    pub(super) users: Vec<Person>,
    /// Those who may not act any more, with since when.
    pub(super) suspended: Vec<(Person, DateTime<Utc>)>,
    /// The wallets of those who have one.
    pub(super) wallets: Vec<(UserId, String)>,
}

impl People {
    /// The four who sign in by password, in the order of [`FOUR`].
    pub(super) fn four(&self) -> [Person; 4] {
        [self.admin, self.operator, self.users[0], self.users[1]]
    }

    /// Somebody who was there at `at`: mostly one of the first.
    pub(super) fn at(&self, dice: &Dice, at: DateTime<Utc>) -> Person {
        let there = self.users.partition_point(|person| person.since <= at);
        *dice.favour(&self.users[..there.max(2)])
    }
}

/// Write the people, with their keys and sessions. `hashes` are the four's passwords.
pub(super) async fn write(rows: &mut Rows<'_>, hashes: Vec<String>) -> Result<People> {
    let dice = Dice::of("people");
    let users = accounts(rows, &dice, hashes);
    let person = |row: &user::Model| Person {
        id: row.id,
        since: row.created_at,
    };
    let identities = identities(rows, &dice, &users);
    let wallets = identities
        .iter()
        .filter(|row| row.provider.starts_with("wallet:"))
        .map(|row| (row.user_id, row.subject.clone()))
        .collect();
    let people = People {
        admin: person(&users[0]),
        operator: person(&users[1]),
        users: users[2..].iter().map(person).collect(),
        suspended: users
            .iter()
            .filter(|user| user.status == UserStatus::Suspended)
            .map(|user| (person(user), user.updated_at))
            .collect(),
        wallets,
    };
    let profiles = users.iter().map(|user| profile_of(&dice, user)).collect();
    let sessions = credential::sessions(rows, &dice, &users);
    let keys = credential::keys(rows, &dice, &people);
    let failures = credential::failures(rows, &dice);
    rows.put(user::Entity, users).await?;
    rows.put(user_identity::Entity, identities).await?;
    rows.put(profile::Entity, profiles).await?;
    rows.put(session::Entity, sessions).await?;
    rows.put(api_key::Entity, keys).await?;
    rows.put(login_failure::Entity, failures).await?;
    Ok(people)
}

fn accounts(rows: &Rows<'_>, dice: &Dice, hashes: Vec<String>) -> Vec<user::Model> {
    let begin = rows.days_ago(DAYS + 2);
    let row = |email: String, name: &str, role, password_hash, created_at| user::Model {
        id: dice.id(created_at),
        email_key: Some(email.clone()),
        email: Some(email),
        name: Some(name.to_owned()),
        password_hash,
        role,
        status: UserStatus::Active,
        last_login: None,
        version: 1,
        created_at,
        updated_at: created_at,
    };
    let four = FOUR.iter().zip(hashes).zip(0..);
    let mut users: Vec<user::Model> = four
        .map(|(((email, name, role), hash), at)| {
            let since = begin + TimeDelta::hours(at);
            row((*email).to_owned(), name, *role, Some(hash), since)
        })
        .collect();
    let joined = dice.moments(rows.now, OTHERS.len(), TimeDelta::hours(5));
    users.extend(OTHERS.iter().zip(joined).map(|(name, since)| {
        let first = name.split(' ').next().unwrap_or(name).to_lowercase();
        row(
            format!("{first}@demo.test"),
            name,
            UserRole::User,
            None,
            since,
        )
    }));
    for (at, user) in users.iter_mut().enumerate() {
        let idle = dice.number::<u64>(1, 40) * if at < 4 { 1 } else { 6 };
        let login = (rows.now - dice.seconds(600, 3_600) * i32::try_from(idle).unwrap_or(1))
            .max(user.created_at);
        user.last_login = Some(login);
        if at == 21 || at == 37 {
            user.status = UserStatus::Suspended;
            user.version = 2;
            user.updated_at = (login + TimeDelta::minutes(30)).min(rows.now);
        }
    }
    users
}

fn identities(rows: &Rows<'_>, dice: &Dice, users: &[user::Model]) -> Vec<user_identity::Model> {
    let mut all = Vec::new();
    for (at, user) in users.iter().enumerate().skip(2) {
        let (provider, subject) = match at % 4 {
            0 => ("clerk", format!("user_{}", dice.hex::<12>())),
            1 => (
                "https://login.example.com",
                format!("oidc|{}", dice.hex::<8>()),
            ),
            2 => ("wallet:evm", format!("0x{}", dice.hex::<20>())),
            _ => ("wallet:solana", format!("demo{}", dice.hex::<16>())),
        };
        all.push(user_identity::Model {
            id: dice.id(user.created_at),
            user_id: user.id,
            provider: provider.to_owned(),
            subject,
            last_used_at: user.last_login.filter(|login| *login <= rows.now),
            created_at: user.created_at,
            updated_at: user.created_at,
        });
    }
    all
}

fn profile_of(dice: &Dice, user: &user::Model) -> profile::Model {
    const BIOS: [&str; 5] = [
        "Looks after the harbour depots.",
        "Reads the reports so that others need not.",
        "Bakes, measures, bakes again.",
        "Collects airships.",
        "Answers tickets before they are written.",
    ];
    let email = user.email.as_deref().unwrap_or_default();
    let username = email.split('@').next().unwrap_or_default();
    profile::Model {
        id: dice.id(user.created_at),
        user_id: user.id,
        username: username.to_owned(),
        bio: dice.percent(70).then(|| dice.word(&BIOS).to_owned()),
        avatar: None,
        social_links: json!({ "website": format!("https://people.example.com/{username}") }),
        preferences: json!({
            "theme": dice.pick(&["light", "dark", "system"]),
            "language": dice.pick(&["en", "en", "de", "fr"]),
            "notifications": { "email": dice.percent(60), "in_app": true },
        }),
        version: 1,
        created_at: user.created_at,
        updated_at: user.created_at,
    }
}
