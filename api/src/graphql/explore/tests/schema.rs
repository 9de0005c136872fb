//! The schema as clients see it.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, Type, TypeKind, TypeSystemDefinition};
use async_graphql::registry::{MetaType, Registry};
use async_graphql::{OutputType, SimpleObject};
use service::explore::catalog::{camel_case, catalog, screaming_case};

use super::super::register::{self, SHARED};
use crate::graphql::analytics::AnalyticsQuery;
use crate::graphql::execute::types;
use crate::graphql::system::SystemQuery;

/// Every type with the names in it, and every type that is referred to.
fn schema() -> (BTreeMap<String, BTreeSet<String>>, BTreeSet<String>) {
    let document = parse_schema(crate::graphql::sdl()).unwrap();
    let (mut types, mut referred) = (BTreeMap::new(), BTreeSet::new());
    let mut refer = |kind: &Type| {
        let mut base = &kind.base;
        while let BaseType::List(inner) = base {
            base = &inner.base;
        }
        referred.insert(base.to_string());
    };
    for definition in document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else {
            continue;
        };
        let mut names = BTreeSet::new();
        match &definition.node.kind {
            TypeKind::Object(object) => {
                for field in &object.fields {
                    names.insert(field.node.name.node.to_string());
                    refer(&field.node.ty.node);
                    for argument in &field.node.arguments {
                        names.insert(argument.node.name.node.to_string());
                        refer(&argument.node.ty.node);
                    }
                }
            }
            TypeKind::InputObject(object) => {
                for field in &object.fields {
                    names.insert(field.node.name.node.to_string());
                    refer(&field.node.ty.node);
                }
            }
            TypeKind::Enum(words) => {
                let words = words.values.iter();
                names.extend(words.map(|word| word.node.value.node.to_string()));
            }
            _ => {}
        }
        types.insert(definition.node.name.node.to_string(), names);
    }
    (types, referred)
}

#[test]
fn every_type_that_is_referred_to_exists() {
    let (types, referred) = schema();
    let known = ["Int", "Float", "String", "Boolean", "ID"];
    for name in referred {
        assert!(
            types.contains_key(&name) || known.contains(&name.as_str()),
            "{name}"
        );
    }
    for entity in catalog().entities() {
        for what in [
            "",
            "Connection",
            "Edge",
            "Filter",
            "Order",
            "Column",
            "Aggregate",
            "Group",
        ] {
            assert!(
                types.contains_key(&format!("{}{what}", entity.name)),
                "{what}"
            );
        }
    }
    assert!(types["PageInfo"].contains("startCursor"));
}

#[test]
fn a_secret_column_has_no_name_in_the_schema() {
    let (types, _) = schema();
    let open: BTreeSet<&str> = catalog()
        .entities()
        .iter()
        .flat_map(|entity| entity.columns.iter().map(|column| column.field.as_str()))
        .collect();
    let mut secrets = 0;
    for entity in catalog().entities() {
        for secret in entity.resource.declaration.secrets {
            secrets += 1;
            let field = camel_case(secret);
            let words = [
                field.clone(),
                screaming_case(&field),
                format!("{}_ASC", screaming_case(&field)),
                (*secret).to_owned(),
            ];
            for (name, names) in &types {
                // Another table may have an open column of that name.
                if open.contains(field.as_str()) && !name.starts_with(&entity.name) {
                    continue;
                }
                for word in &words {
                    assert!(!names.contains(word), "{name}.{word}");
                }
            }
        }
    }
    assert!(secrets > 5, "there are secrets");
}

#[test]
fn a_relation_is_non_null_only_where_no_scope_hides_its_row() {
    let sdl = crate::graphql::sdl();
    let field = |kind: &str, field: &str| {
        let start = sdl.find(&format!("\ntype {kind} ")).unwrap();
        let body = &sdl[start..start + sdl[start..].find("\n}").unwrap()];
        let line = body.lines().find(|line| line.trim().starts_with(field));
        line.unwrap().trim().to_owned()
    };
    for (kind, name, line) in [
        ("Run", "user:", "user: User!"),
        ("RunEvent", "run:", "run: Run!"),
        ("Message", "thread:", "thread: Thread!"),
        // A card is its owner's, and its run may be somebody else's.
        ("OpportunityCard", "run:", "run: Run"),
    ] {
        assert_eq!(field(kind, name), line);
    }
}

/// A type that somebody wrote without a look at the entities.
#[derive(Debug, SimpleObject)]
#[graphql(name = "RunGroup")]
struct Stray {
    members: i32,
}

#[test]
fn no_type_that_is_written_by_hand_has_the_name_of_an_entitys() {
    let mut engine = Registry::default();
    register::all(&mut engine);
    assert!(engine.types.len() > 300, "{}", engine.types.len());
    let same = |registry: &Registry, name: &str| {
        let rust = engine.types[name].rust_typename();
        registry.types[name].rust_typename() == rust
    };
    let all = types();
    for name in engine
        .types
        .keys()
        .filter(|name| !SHARED.contains(&name.as_str()))
    {
        assert!(same(&all, name), "{name} is written by hand as well");
    }
    let mut hand = Registry::default();
    AnalyticsQuery::create_type_info(&mut hand);
    SystemQuery::create_type_info(&mut hand);
    assert!(!hand.types.contains_key("RunConnection"), "written by hand");
    let words = |registry: &Registry, name: &str| match &registry.types[name] {
        MetaType::Enum { enum_values, .. } => enum_values.keys().cloned().collect::<BTreeSet<_>>(),
        _ => panic!("{name} is no enumeration"),
    };
    for name in SHARED {
        assert_eq!(words(&hand, name), words(&engine, name), "{name}");
    }

    // It would be found, whichever is registered first.
    let mut registry = Registry::default();
    Stray::create_type_info(&mut registry);
    register::all(&mut registry);
    assert!(!same(&registry, "RunGroup"));
    let late = std::panic::catch_unwind(|| {
        let mut registry = Registry::default();
        register::all(&mut registry);
        Stray::create_type_info(&mut registry);
    });
    assert!(late.is_err());
}
