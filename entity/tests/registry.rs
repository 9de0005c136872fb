//! What must be true of every entity, whatever it is about.

use std::collections::{BTreeMap, BTreeSet};

use entity::declare::Index;
use entity::docs;
use entity::registry::{Resource, resource, resources};
use entity::scope::Rule;
use sea_orm::{ColumnType, DbBackend};

/// Indexes that find rows and list none, so that their order needs no tie-break.
const LOOKUPS: &[&str] = &[
    "uploads_status_expires_at_idx",
    "webhook_attempts_delivery_id_number_idx",
    "saved_views_user_id_resource_idx",
    "saved_reports_user_id_resource_idx",
    "import_records_row_table_row_id_idx",
];

fn has(resource: &Resource, column: &str) -> bool {
    resource.columns.iter().any(|c| c.name == column)
}

fn column(part: &str) -> &str {
    part.split_whitespace()
        .next()
        .expect("a part names a column")
}

fn each_index(mut look: impl FnMut(&Resource, &Index)) {
    for resource in resources() {
        for index in resource.declaration.indexes {
            look(resource, index);
        }
    }
}

#[test]
fn every_table_is_registered_once() {
    let mut seen = BTreeSet::new();
    for resource in resources() {
        assert!(seen.insert(resource.table), "{} twice", resource.table);
    }
    assert_eq!(seen.len(), 70);
}

#[test]
fn parents_come_first() {
    let mut seen = BTreeSet::new();
    for resource in resources() {
        seen.insert(resource.table);
        for relation in resource
            .relations
            .iter()
            .filter(|relation| relation.guarded)
        {
            assert!(
                seen.contains(relation.table.as_str()),
                "{} stands before {}",
                resource.table,
                relation.table
            );
        }
    }
}

#[test]
fn every_relation_leads_to_a_registered_key_or_from_it() {
    for from in resources() {
        for relation in &from.relations {
            let to = resource(&relation.table)
                .unwrap_or_else(|| panic!("{}.{}", from.table, relation.name));
            assert!(
                has(from, &relation.from),
                "{}.{}",
                from.table,
                relation.from
            );
            assert!(has(to, &relation.to), "{}.{}", to.table, relation.to);
        }
    }
}

#[test]
fn relation_names_are_unique_within_a_table() {
    for resource in resources() {
        let mut seen = BTreeSet::new();
        for relation in &resource.relations {
            assert!(
                seen.insert(&relation.name),
                "{}.{}",
                resource.table,
                relation.name
            );
        }
    }
}

#[test]
fn every_foreign_key_has_its_rule_and_an_index() {
    for resource in resources() {
        for relation in resource
            .relations
            .iter()
            .filter(|relation| relation.guarded)
        {
            let name = format!("{}.{}", resource.table, relation.from);
            assert!(relation.on_delete.is_some(), "{name} has no ON DELETE rule");
            let unique = resource
                .columns
                .iter()
                .any(|c| c.name == relation.from && c.unique);
            let indexed = resource
                .declaration
                .indexes
                .iter()
                .any(|index| index.filter.is_none() && column(index.parts[0]) == relation.from);
            assert!(unique || indexed, "{name} is not indexed");
        }
    }
}

#[test]
fn every_scope_stands_on_a_column() {
    for resource in resources() {
        match resource.rule {
            Rule::Own(column) => assert!(has(resource, column), "{}.{column}", resource.table),
            Rule::Via(column, parent) => {
                assert!(has(resource, column), "{}.{column}", resource.table);
                assert!(resources().iter().any(|r| r.name == parent), "{parent}");
            }
            Rule::Public | Rule::Staff => {}
        }
    }
}

#[test]
fn a_table_with_a_person_in_it_is_scoped() {
    // Its rows are nobody's business but the house's, though they remember who began them.
    let staff = ["auth_challenges"];
    for resource in resources().iter().filter(|r| has(r, "user_id")) {
        assert!(
            !matches!(resource.rule, Rule::Staff) || staff.contains(&resource.table),
            "{}",
            resource.table
        );
    }
}

#[test]
fn every_index_stands_on_columns_and_has_a_short_name_of_its_own() {
    let mut names = BTreeSet::new();
    each_index(|resource, index| {
        let name = index.name_on(resource.table);
        assert!(name.len() <= 63, "{name} is cut by PostgreSQL");
        for part in index.parts {
            assert!(has(resource, column(part)), "{name}: {part}");
        }
        assert!(names.insert(name.clone()), "{name} twice");
    });
}

#[test]
fn every_list_index_ends_in_the_key() {
    each_index(|resource, index| {
        let name = index.name_on(resource.table);
        if !index.unique && index.parts.len() > 1 && !LOOKUPS.contains(&name.as_str()) {
            let last = index.parts.last().expect("an index has parts");
            assert_eq!(column(last), resource.key, "{name}");
        }
    });
}

#[test]
fn every_indexed_text_is_bounded() {
    let conversation = |resource: &Resource| resource.domain == "conversation";
    each_index(|resource, index| {
        for part in index.parts {
            let found = resource.columns.iter().find(|c| c.name == column(part));
            let kind = &found.expect("checked elsewhere").kind;
            let unbounded = matches!(kind, ColumnType::Text)
                || matches!(
                    kind,
                    ColumnType::String(sea_orm::sea_query::StringLen::None)
                );
            assert!(
                !unbounded || conversation(resource),
                "{}.{part}",
                resource.table
            );
        }
    });
}

#[test]
fn every_secret_is_a_column() {
    for resource in resources() {
        for secret in resource.declaration.secrets {
            assert!(has(resource, secret), "{}.{secret}", resource.table);
        }
    }
}

#[test]
fn every_table_of_ours_knows_when_its_rows_were_made_and_changed() {
    for resource in resources().iter().filter(|r| r.domain != "conversation") {
        assert_eq!(resource.key, "id", "{}", resource.table);
        assert!(
            has(resource, "created_at") && has(resource, "updated_at"),
            "{}",
            resource.table
        );
    }
}

#[test]
fn an_enum_has_one_definition() {
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for resource in resources() {
        for column in &resource.columns {
            if let ColumnType::Enum { name, variants } = &column.kind {
                let values: Vec<_> = variants.iter().map(ToString::to_string).collect();
                let first = seen
                    .entry(name.to_string())
                    .or_insert_with(|| values.clone());
                assert_eq!(*first, values, "{name}");
            }
        }
    }
}

#[test]
fn columns_have_ddl_for_both_engines() {
    for resource in resources() {
        for engine in [DbBackend::Sqlite, DbBackend::Postgres] {
            assert_eq!((resource.column_defs)(engine).len(), resource.columns.len());
        }
    }
}

#[test]
fn every_entity_column_and_relation_is_described() {
    for resource in resources() {
        let table = resource.table;
        let docs = docs::of(resource.domain, resource.name).expect(table);
        assert!(!docs.doc.is_empty(), "{table}");
        for column in &resource.columns {
            let field = docs.column(column.name);
            assert!(
                !field.expect(column.name).doc.is_empty(),
                "{table}.{}",
                column.name
            );
        }
        for relation in &resource.relations {
            let field = docs.relation(&relation.name);
            let field = field.unwrap_or_else(|| panic!("{table}: {}", relation.name));
            assert!(!field.doc.is_empty(), "{table}.{}", field.name);
        }
    }
}

#[test]
fn what_is_encrypted_is_secret() {
    for resource in resources() {
        let docs = docs::of(resource.domain, resource.name).expect(resource.table);
        for field in docs.fields.iter().filter(|field| field.kind == "Encrypted") {
            let secret = resource.declaration.secrets.contains(&field.column);
            assert!(secret, "{}.{}", resource.table, field.column);
        }
    }
}
