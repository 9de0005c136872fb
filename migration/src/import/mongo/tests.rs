//! A document is the same whatever it was written down in: it gives the same rows, or is refused for
//! the same reason.

use bson::{Binary, Bson, DateTime, Document, Timestamp, oid::ObjectId, spec::BinarySubtype};
use proptest::prelude::*;

use super::collection::{COLLECTIONS, draft};
use super::{json, value};
use crate::import::row::Row;

const FIELDS: [&str; 24] = [
    "__v",
    "accountId",
    "bio",
    "contractAddress",
    "createdAt",
    "data",
    "duration",
    "fileSize",
    "isPublic",
    "isRead",
    "jobId",
    "message",
    "metadata",
    "nftId",
    "other",
    "preferences",
    "read",
    "status",
    "title",
    "tokenId",
    "type",
    "updatedAt",
    "username",
    "walletAddress",
];

fn leaf() -> impl Strategy<Value = Bson> {
    prop_oneof![
        Just(Bson::Null),
        any::<bool>().prop_map(Bson::Boolean),
        any::<i32>().prop_map(Bson::Int32),
        any::<i64>().prop_map(Bson::Int64),
        any::<f64>().prop_map(Bson::Double),
        (-1_000_i32..1_000).prop_map(|whole| Bson::Double(whole.into())),
        "[a-zA-Z0x\\PC\0]{0,12}".prop_map(Bson::String),
        prop_oneof![
            Just("pending"),
            Just("Queued"),
            Just("NFT_VERIFIED"),
            Just("lore_claimed"),
            Just("0xABcd"),
            Just("2024-05-20T20:55:13.879Z"),
        ]
        .prop_map(|text| Bson::String(text.to_owned())),
        any::<[u8; 12]>().prop_map(|bytes| Bson::ObjectId(ObjectId::from_bytes(bytes))),
        // What writes the relaxed form here knows no year of five digits.
        (-70_000_000_000_000_i64..253_402_300_800_000)
            .prop_map(|millis| Bson::DateTime(DateTime::from_millis(millis))),
        any::<(u32, u32)>()
            .prop_map(|(time, increment)| Bson::Timestamp(Timestamp { time, increment })),
        proptest::collection::vec(any::<u8>(), 0..5).prop_map(|bytes| {
            Bson::Binary(Binary {
                subtype: BinarySubtype::Generic,
                bytes,
            })
        }),
        Just(Bson::MinKey),
    ]
}

fn any_value() -> impl Strategy<Value = Bson> {
    leaf().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Bson::Array),
            proptest::collection::btree_map("[a-z.]{0,3}", inner, 0..4)
                .prop_map(|map| Bson::Document(map.into_iter().collect())),
        ]
    })
}

fn any_document() -> impl Strategy<Value = Document> {
    let field = proptest::sample::select(&FIELDS[..]);
    proptest::collection::btree_map(field, any_value(), 0..12).prop_map(|map| {
        map.into_iter()
            .map(|(field, value)| (field.to_owned(), value))
            .collect()
    })
}

/// The rows' hashes and what was noticed, or why it was refused.
fn result(collection: &str, document: &Document) -> Result<Vec<String>, String> {
    match draft(collection, "6642e1c4890000000100003a", document) {
        Err(reject) => Err(format!("{} {:?}", reject.reason, reject.field)),
        Ok(draft) => {
            let mut told: Vec<String> = draft.rows.iter().map(Row::hash).collect();
            told.push(format!("{:?}", draft.references));
            let notes = draft.notes.iter();
            let mut notes: Vec<String> = notes.map(|note| format!("{note:?}")).collect();
            notes.sort();
            told.extend(notes);
            Ok(told)
        }
    }
}

proptest! {
    #[test]
    fn a_document_means_the_same_in_every_encoding(document in any_document()) {
        let bytes = document.to_vec().expect("BSON");
        let read = Document::from_reader(&bytes[..]).expect("a document");
        let canonical = Bson::Document(document.clone()).into_canonical_extjson().to_string();
        let relaxed = Bson::Document(document).into_relaxed_extjson().to_string();
        for collection in COLLECTIONS {
            let wanted = result(collection, &read);
            for text in [&canonical, &relaxed] {
                let read = json::document(text).expect("a document");
                prop_assert_eq!(&result(collection, &read), &wanted, "{}: {}", collection, text);
            }
        }
    }

    #[test]
    fn an_object_id_is_in_its_rows_id_and_sorts_like_it(one in any::<[u8; 12]>(), other in any::<[u8; 12]>()) {
        let id = |bytes: [u8; 12]| value::row_id("videos", &hex::encode(bytes));
        prop_assert_eq!(id(one) == id(other), one == other);
        prop_assert_eq!(id(one) < id(other), one < other);
        prop_assert_eq!(id(one).get_version_num(), 7);
    }
}
