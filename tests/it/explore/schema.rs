//! What the schema offers: nothing secret, and nothing that the reference does not know.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use service::explore::catalog::{Entity, camel_case, catalog, screaming_case};

use super::figures::takes;
use super::fixture::{Filled, ask, each};
use super::world::Viewer;

/// The names that every type has: of fields, inputs and words.
type Types = BTreeMap<String, BTreeSet<String>>;

async fn types(filled: &Filled) -> Types {
    let query = "{ __schema { types { name
        fields { name args { name } } inputFields { name } enumValues { name }
    } } }";
    let answer = ask(filled.client(Viewer::Admin), query, json!({})).await;
    let types = answer.body["data"]["__schema"]["types"].as_array();
    let types = types.unwrap_or_else(|| panic!("{}", answer.body)).iter();
    types
        .map(|kind| {
            let mut names = BTreeSet::new();
            for list in ["fields", "inputFields", "enumValues"] {
                for member in kind[list].as_array().into_iter().flatten() {
                    names.insert(text(member));
                    names.extend(member["args"].as_array().into_iter().flatten().map(text));
                }
            }
            (text(kind), names)
        })
        .collect()
}

fn text(value: &Value) -> String {
    value["name"].as_str().unwrap().to_owned()
}

/// The names under which a column could come out.
fn names(column: &str) -> Vec<String> {
    let field = camel_case(column);
    let order = screaming_case(&field);
    vec![
        format!("{order}_ASC"),
        format!("{order}_DESC"),
        order,
        field,
        column.to_owned(),
    ]
}

#[test]
fn no_secret_has_a_name() {
    each(async |filled| {
        let types = types(filled).await;
        let mut secrets = 0;
        for entity in catalog().entities() {
            let columns = entity.resource.columns.iter();
            for secret in columns.filter(|column| column.secret) {
                secrets += 1;
                let open = catalog().entities().iter().any(|other| {
                    let columns = other.columns.iter();
                    let mut fields = columns.map(|column| column.field.clone());
                    let relations = other.relations.iter();
                    fields.any(|field| field == camel_case(secret.name))
                        || relations
                            .into_iter()
                            .any(|to| to.field == camel_case(secret.name))
                });
                for (kind, members) in &types {
                    // A name that is a secret here may be open elsewhere.
                    let its = of_entity(kind, entity);
                    if !its && open {
                        continue;
                    }
                    for name in names(secret.name) {
                        let elsewhere = !its && !kind.contains(&entity.name);
                        let told = members.contains(&name) && !(elsewhere && handwritten(kind));
                        assert!(!told, "{kind} tells {name} of {}", entity.name);
                    }
                }
            }
        }
        assert!(secrets > 10, "the registry has secrets");
    });
}

/// Whether a type is one of the entity's own.
fn of_entity(kind: &str, entity: &Entity) -> bool {
    let rest = kind.strip_prefix(entity.name.as_str());
    let known = [
        "",
        "Filter",
        "Order",
        "Column",
        "GroupKeys",
        "Group",
        "GroupBy",
        "GroupOrder",
        "Having",
        "Aggregate",
        "Sum",
        "Avg",
        "Min",
        "Max",
        "CountDistinct",
        "Create",
        "Update",
        "Input",
        "Patch",
        "Change",
        "Changes",
        "Insert",
    ];
    rest.is_some_and(|rest| known.contains(&rest))
}

/// Whether a type is made by nobody's catalogue, so that its words have their own meaning.
fn handwritten(kind: &str) -> bool {
    let mut entities = catalog().entities().iter();
    !entities.any(|entity| kind.starts_with(&entity.name))
}

#[test]
fn the_reference_knows_all_that_can_be_asked() {
    each(async |filled| {
        let types = types(filled).await;
        let is = |kind: String, wanted: Vec<String>| {
            let found = types
                .get(&kind)
                .unwrap_or_else(|| panic!("there is no {kind}"));
            let wanted: BTreeSet<String> = wanted.into_iter().collect();
            assert_eq!(*found, wanted, "{kind}");
        };
        let owned =
            |names: &[&str]| -> Vec<String> { names.iter().map(|&name| name.to_owned()).collect() };
        for entity in catalog().entities() {
            let name = |what: &str| format!("{}{what}", entity.name);
            let columns = || entity.columns.iter();
            let fields: Vec<String> = columns().map(|column| column.field.clone()).collect();
            let relations = entity
                .relations
                .iter()
                .map(|relation| relation.field.clone());
            let relations: Vec<String> = relations.collect();

            let mut row = [fields.clone(), relations.clone(), owned(&["nodeId"])].concat();
            if entity.relations.iter().any(|relation| relation.many) {
                row.extend(owned(&[
                    "first", "after", "last", "before", "filter", "orderBy",
                ]));
            }
            is(entity.name.clone(), row);
            let mut filter = [fields, relations, owned(&["and", "or", "not"])].concat();
            if entity.is_searchable() {
                filter.push("search".to_owned());
            }
            is(name("Filter"), filter);
            is(
                name("Connection"),
                owned(&[
                    "nodes",
                    "edges",
                    "pageInfo",
                    "totalCount",
                    "estimatedCount",
                    "aggregate",
                    "groupBy",
                    "by",
                    "timeZone",
                    "having",
                    "orderBy",
                    "first",
                    "others",
                ]),
            );
            let ordered = columns().filter(|column| takes("countDistinct", column.kind));
            let ordered: Vec<String> = ordered
                .map(|column| screaming_case(&column.field))
                .collect();
            let terms = ordered
                .iter()
                .flat_map(|name| [format!("{name}_ASC"), format!("{name}_DESC")]);
            is(name("Order"), terms.collect());
            is(name("Column"), ordered);
            for (function, kind) in [
                ("sum", "Sum"),
                ("avg", "Avg"),
                ("min", "Min"),
                ("max", "Max"),
                ("countDistinct", "CountDistinct"),
            ] {
                let taken = columns().filter(|column| takes(function, column.kind));
                let taken: Vec<String> = taken.map(|column| column.field.clone()).collect();
                if !taken.is_empty() {
                    is(name(kind), taken);
                }
            }
        }
    });
}
