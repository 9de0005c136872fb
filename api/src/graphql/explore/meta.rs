//! GraphQL types without Rust types, put into the library's registry.
//!
//! `async_graphql::registry` is public and hidden from its documentation, so it may change with any
//! version (the version is pinned). Every use that makes a type stands in this file; what reads a
//! running operation stands in `root.rs`.

use std::sync::Arc;

use async_graphql::Value;
use async_graphql::indexmap::IndexMap;
use async_graphql::registry::{
    CacheControl, Deprecation, MetaEnumValue, MetaField, MetaInputValue, MetaType, Registry,
};

/// The name of the Rust type behind the types that have none: the library refuses a second type of a
/// name only where both have one.
const ENGINE: &str = "the explore engine";

/// A field's name, type and sentence.
pub(super) fn field(name: &str, kind: impl Into<String>, doc: impl Into<String>) -> MetaField {
    MetaField {
        name: name.to_owned(),
        description: described(doc.into()),
        args: IndexMap::new(),
        ty: kind.into(),
        deprecation: Deprecation::NoDeprecated,
        cache_control: CacheControl::default(),
        external: false,
        requires: None,
        provides: None,
        visible: None,
        shareable: false,
        inaccessible: false,
        tags: Vec::new(),
        override_from: None,
        compute_complexity: None,
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    }
}

/// An argument of a field, or a field of an input.
pub(super) fn argument(
    name: &str,
    kind: impl Into<String>,
    doc: impl Into<String>,
) -> MetaInputValue {
    MetaInputValue {
        name: name.to_owned(),
        description: described(doc.into()),
        ty: kind.into(),
        deprecation: Deprecation::NoDeprecated,
        default_value: None,
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        is_secret: false,
        directive_invocations: Vec::new(),
    }
}

/// `field` with arguments.
pub(super) fn with(mut field: MetaField, arguments: Vec<MetaInputValue>) -> MetaField {
    let arguments = arguments
        .into_iter()
        .map(|argument| (argument.name.clone(), argument));
    field.args = arguments.collect();
    field
}

/// An object. `rust` is the type that answers for it, where there is one.
pub(super) fn object_type(
    name: &str,
    doc: &str,
    fields: Vec<MetaField>,
    rust: Option<&'static str>,
) -> MetaType {
    MetaType::Object {
        name: name.to_owned(),
        description: described(doc.to_owned()),
        fields: named(fields),
        cache_control: CacheControl::default(),
        extends: false,
        shareable: false,
        resolvable: true,
        keys: None,
        visible: None,
        inaccessible: false,
        interface_object: false,
        tags: Vec::new(),
        is_subscription: false,
        rust_typename: Some(rust.unwrap_or(ENGINE)),
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    }
}

/// Register an object.
pub(super) fn object(registry: &mut Registry, name: &str, doc: &str, fields: Vec<MetaField>) {
    add(registry, name, object_type(name, doc, fields, None));
}

/// Register an interface and who has it.
pub(super) fn interface<'a>(
    registry: &mut Registry,
    name: &str,
    doc: &str,
    fields: Vec<MetaField>,
    objects: impl Iterator<Item = &'a str> + Clone,
) {
    let possible_types = objects.clone().map(ToOwned::to_owned).collect();
    let interface = MetaType::Interface {
        name: name.to_owned(),
        description: described(doc.to_owned()),
        fields: named(fields),
        possible_types,
        extends: false,
        inaccessible: false,
        tags: Vec::new(),
        keys: None,
        visible: None,
        rust_typename: Some(ENGINE),
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    };
    add(registry, name, interface);
    for object in objects {
        registry.add_implements(object, name);
    }
}

/// Register an input.
pub(super) fn input(registry: &mut Registry, name: &str, doc: &str, fields: Vec<MetaInputValue>) {
    let fields = fields.into_iter().map(|field| (field.name.clone(), field));
    let input = MetaType::InputObject {
        name: name.to_owned(),
        description: described(doc.to_owned()),
        input_fields: fields.collect(),
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        rust_typename: Some(ENGINE),
        oneof: false,
        directive_invocations: Vec::new(),
    };
    add(registry, name, input);
}

/// Register a few words, each with its sentence.
pub(super) fn enumeration(
    registry: &mut Registry,
    name: &str,
    doc: &str,
    words: impl Iterator<Item = (String, String)>,
) {
    let value = |(name, doc): (String, String)| {
        let value = MetaEnumValue {
            name: name.clone(),
            description: described(doc),
            deprecation: Deprecation::NoDeprecated,
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            directive_invocations: Vec::new(),
        };
        (name, value)
    };
    let words = MetaType::Enum {
        name: name.to_owned(),
        description: described(doc.to_owned()),
        enum_values: words.map(value).collect(),
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        rust_typename: Some(ENGINE),
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    };
    add(registry, name, words);
}

/// Register a scalar, and which values are of it.
pub(super) fn scalar(
    registry: &mut Registry,
    name: &str,
    doc: &str,
    valid: impl Fn(&Value) -> bool + Send + Sync + 'static,
) {
    let scalar = MetaType::Scalar {
        name: name.to_owned(),
        description: described(doc.to_owned()),
        is_valid: Some(Arc::new(valid)),
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        specified_by_url: None,
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    };
    add(registry, name, scalar);
}

/// A type that a Rust type was registered for before stays. A test sees to it that this is so only of
/// scalars, and of enumerations with the same words.
fn add(registry: &mut Registry, name: &str, kind: MetaType) {
    registry.types.entry(name.to_owned()).or_insert(kind);
}

fn named(fields: Vec<MetaField>) -> IndexMap<String, MetaField> {
    let fields = fields.into_iter().map(|field| (field.name.clone(), field));
    fields.collect()
}

fn described(doc: String) -> Option<String> {
    Some(doc).filter(|doc| !doc.is_empty())
}
