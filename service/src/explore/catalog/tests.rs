//! What must be true of every entity in the catalogue.

use std::collections::BTreeSet;

use entity::registry::resources;

use super::*;

#[test]
fn every_entity_is_there_under_names_of_its_own() {
    let mut fields = BTreeSet::new();
    let mut types = BTreeSet::new();
    for entity in catalog().entities() {
        assert!(types.insert(&entity.name), "{}", entity.name);
        assert!(fields.insert(&entity.single), "{}", entity.single);
        assert!(fields.insert(&entity.plural), "{}", entity.plural);
    }
    assert_eq!(types.len(), resources().len());
}

#[test]
fn a_secret_column_has_no_name_here() {
    for entity in catalog().entities() {
        for secret in entity.resource.declaration.secrets {
            assert!(
                entity.position(secret).is_none(),
                "{}.{secret}",
                entity.name
            );
            assert!(
                entity.member(&camel_case(secret)).is_none(),
                "{}.{secret}",
                entity.name
            );
        }
    }
}

#[test]
fn no_word_is_there_twice() {
    for column in catalog()
        .entities()
        .iter()
        .flat_map(|entity| &entity.columns)
    {
        let Kind::Enum(words) = column.kind else {
            continue;
        };
        let names: BTreeSet<_> = words.values.iter().map(|word| &word.value).collect();
        assert_eq!(names.len(), words.values.len(), "{}", words.name);
    }
}

#[test]
fn a_row_of_a_parent_table_leads_back() {
    let run = catalog().of_type("Run").unwrap();
    let Some(Member::Relation(cards)) = run.member("cards") else {
        panic!("no cards")
    };
    let cards = &run.relations[cards];
    assert!(cards.many);
    assert_eq!(cards.target().name, "OpportunityCard");
    assert_eq!(cards.target().columns[cards.to].field, "runId");
    let unique = cards
        .target()
        .uniques
        .iter()
        .any(|unique| unique.len() == 2);
    assert!(unique, "the number of a card is unique within its run");
    let Some(Member::Relation(user)) = run.member("user") else {
        panic!("no user")
    };
    assert!(run.relations[user].required);
}
