//! A document on its way to being rows.

use serde_json::Value;
use uuid::Uuid;

use super::row::{Cell, Row};

/// A document as it was read.
pub(super) struct Item<D> {
    /// Its id over there, if it has one.
    pub(super) id: Option<String>,
    /// Where it stands: a file and a line, a document's number, an offset.
    pub(super) position: Value,
    /// What it says, or why that cannot be read.
    pub(super) body: Result<D, String>,
}

/// What a document becomes.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The rows; the first is the document's own.
    pub(super) rows: Vec<Row>,
    /// What they refer to.
    pub(super) references: Vec<Reference>,
    /// Who it is, where the rows are a person.
    pub(super) persons: Vec<Person>,
    /// A wallet's column, which gets the address of the row's owner.
    pub(super) wallet: Option<&'static str>,
    /// What must be sealed before it is kept.
    pub(super) secret: Option<Vec<u8>>,
    /// What was noticed.
    pub(super) notes: Vec<Note>,
    /// Whether it says nothing of passwords: one that is here stays.
    pub(super) without_password: bool,
}

impl Draft {
    /// Give the document's own rows another id, and whatever names them.
    pub(super) fn rename(&mut self, to: Uuid) {
        let Some(from) = self.rows.first().map(|row| row.id) else {
            return;
        };
        for row in &mut self.rows {
            if row.id == from {
                row.id = to;
            }
            for cell in row.cells.values_mut() {
                if *cell == Cell::Id(from) {
                    *cell = Cell::Id(to);
                }
            }
        }
    }
}

/// A column of the first row that names another document.
#[derive(Debug)]
pub(super) struct Reference {
    /// The row's place among the draft's.
    pub(super) row: usize,
    /// The column.
    pub(super) column: &'static str,
    /// Where it may lead; the first that is there counts.
    pub(super) to: Vec<Pointer>,
    /// Why a document is refused whose reference leads nowhere; without a reason it becomes null.
    pub(super) reason: Option<&'static str>,
}

/// A way to name another document.
#[derive(Debug)]
pub(super) enum Pointer {
    /// By its id.
    Document {
        collection: &'static str,
        id: String,
    },
    /// By the wallet of an account.
    Wallet(Wallet),
}

/// How a person is known.
#[derive(Clone, Debug)]
pub(super) enum Person {
    /// By somebody who vouches.
    Identity { provider: String, subject: String },
    /// By the key of their e-mail address.
    Email(String),
}

/// A wallet, as `user_identities` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wallet {
    pub(super) provider: &'static str,
    pub(super) subject: String,
}

impl Wallet {
    /// The wallet of an address. One that begins with `0x` is the same in any letter case.
    pub(super) fn of(address: &str) -> Self {
        let front = address.get(..2).unwrap_or_default();
        if front.eq_ignore_ascii_case("0x") {
            return Self {
                provider: "wallet:evm",
                subject: address.to_ascii_lowercase(),
            };
        }
        Self {
            provider: "wallet:solana",
            subject: address.to_owned(),
        }
    }
}

/// Something noticed about a document that is taken all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// What, as it is counted: `dropped`, `nul_in_text`.
    pub(super) what: &'static str,
    /// About which field.
    pub(super) field: String,
    /// Whether the document is listed, and not only counted.
    pub(super) listed: bool,
}

impl Note {
    pub(super) fn counted(what: &'static str, field: &str) -> Self {
        Self {
            what,
            field: field.to_owned(),
            listed: false,
        }
    }

    pub(super) fn listed(what: &'static str, field: &str) -> Self {
        Self {
            what,
            field: field.to_owned(),
            listed: true,
        }
    }
}

/// Why a document is refused. Never with a value of it: that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reject {
    /// The reason's name.
    pub(super) reason: &'static str,
    /// The field that it is about.
    pub(super) field: Option<String>,
    /// What there is to say.
    pub(super) detail: String,
    /// The person that the document is another one of, beyond doubt.
    pub(super) same_as: Option<Uuid>,
    /// The row that has what only one may have: its table and key.
    pub(super) holder: Option<(&'static str, Uuid)>,
}

impl Reject {
    pub(super) fn new(reason: &'static str, field: &str, detail: impl Into<String>) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::whole(reason, detail)
        }
    }

    /// One that is about no field.
    pub(super) fn whole(reason: &'static str, detail: impl Into<String>) -> Self {
        Self {
            reason,
            field: None,
            detail: detail.into(),
            same_as: None,
            holder: None,
        }
    }
}
